//! The commands as a user types them: bad scripts, bad servers, bad stores, and what is said about each.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests wait in real time and fail by panicking"
)]

mod api;
mod around;
mod arranged;
mod chat;
mod check;
mod console;
mod cookbook;
mod daemon;
mod disk;
mod docs;
mod first_day;
mod json_api;
mod kill;
mod lab;
mod ledger;
mod notify;
mod observe;
mod post;
mod project;
mod rehearse;
mod rehearsed_plans;
mod reload;
mod resumed;
mod safety;
mod scripts;
mod servers;
mod service;
mod shell;
mod stopping;
mod store;
mod stub;
mod wellbeing;
mod wishes;
