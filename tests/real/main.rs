//! Uproctor against real uproot servers. `tests/install-uproot` has to have been run before.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests wait in real time, fail by panicking and say why on standard error"
)]

mod ambiguity;
mod command;
mod conformance;
mod cookbook;
mod daemon;
mod endpoints;
mod harness;
mod lost;
mod observe;
mod room;
mod support;
