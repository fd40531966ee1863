//! Rehearsal: engine, store and scripts, unchanged, against the sandbox, in virtual time and from a seed.

mod approval;
mod arrange;
mod director;
mod elsewhere;
mod env;
mod expect;
mod faults;
mod html;
mod invariants;
mod journal;
mod messages;
mod plans;
mod rehearsal;
mod report;
mod rows;
mod silence;
mod stage;

#[cfg(test)]
mod tests;

pub use approval::{Approval, ApprovalError};
pub use arrange::{generation_named, name_of};
pub use expect::{Expectations, SUFFIX, Verdict};
pub use faults::Faults;
pub use invariants::broken;
pub use journal::{Entry, Fault, Journal, Note, What, clock};
pub use messages::Sent;
pub use plans::Asked;
pub use rehearsal::{Failure, Rehearsal, Setup};
pub use report::Report;
