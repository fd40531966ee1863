//! Uproctor runs uproot experiments while nobody watches.
//!
//! The library holds everything; the binary only hands over its arguments. Modules are listed in the order in which
//! they may import one another: each from those above it only. A test holds that order.

pub mod domain;

pub mod environment;

pub mod schedule;

pub mod signature;

pub mod config;

pub mod engine;

pub mod api;

pub mod store;

pub mod effects;

pub mod watch;

pub mod script;

pub mod cookbook;

pub mod dispatch;

pub mod sandbox;

pub mod notify;

pub mod sim;

pub mod live;

pub mod supervisor;

pub mod daemon;

pub mod web;

pub mod cli;
