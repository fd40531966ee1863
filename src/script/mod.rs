//! Rhai scripts: compiled once, run in an engine of their own with limits, and given the Admin API as functions.

mod bindings;
mod check;
mod context;
mod depth;
mod engine;
mod entry;
mod error;
mod execute;
mod functions;
mod habits;
mod header;
mod library;
mod limits;
mod params;
mod placeholders;
mod prepare;
mod properties;
mod records;
mod variables;

pub use check::check;
pub use context::{Nap, Signal, Tools};
pub use execute::{PollFailure, PollYield, RunTask, poll, run};
pub use functions::{FunctionDoc, functions, markdown, write_definitions};
pub use habits::habit_at;
pub use header::{Parameter, Recipe};
pub use library::{Library, Script};
pub use limits::STACK;
pub use prepare::prepare;
