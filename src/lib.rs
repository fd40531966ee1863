//! Uproctor runs uproot experiments while nobody watches.
//!
//! The library holds everything; the binary only calls [`cli::main`]. Modules are listed in the order in which they
//! may import one another: each from those above it only. `tests/tidy` holds that order.

pub mod domain;

pub mod environment;

pub mod api;
