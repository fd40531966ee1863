//! Plain data that every other module speaks in: names, times, events, runs, effects. No input or output.

mod duration;
mod name;

pub use duration::{DurationError, format_duration, parse_duration};
pub use name::{AutomationName, ConfigName, HookName, NameError, PlayerName, RoomName, SessionName};
