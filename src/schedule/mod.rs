//! When something is due: cron expressions, grids of elapsed time, and single instants, all in a named time zone.
//!
//! Everything here is a plain function of an instant: no clock is read, nothing waits, and the time zone database is
//! the one inside the binary, so that two machines agree about next Sunday. An instant is UTC throughout; a *wall
//! time* is what a clock on the wall shows, here counted in seconds as if that clock stood in UTC.

mod at;
mod cron;
mod every;
mod expression;
mod field;
mod walk;
mod warnings;
mod zone;

#[cfg(test)]
mod tests;

pub use at::{AtError, parse_at};
pub use cron::Cron;
pub use every::{Every, EveryError};
pub use expression::CronError;
pub use zone::{Zone, ZoneError, zone_database_version};
