//! The uproot Admin API: one table of endpoints, and one client that speaks every generation of it.
//!
//! A [`Call`] says what is wanted in the words of the contract. The [`Client`] finds out which [`Generation`] the
//! server is, looks the endpoint up in the table, sends one request through the
//! [`Environment`](crate::environment::Environment) and gives back an [`Answer`] in the contract's shape, or an
//! [`ApiError`] that says whether the server can have acted.
//!
//! What is deliberately absent: repeating writes. [`Client::write`] makes exactly one attempt; whether a second is
//! right is decided where the state of the players can be read again.

mod answer;
mod call;
mod circuit;
mod client;
mod connection;
mod decode;
mod endpoint;
mod error;
mod export;
mod players;
mod refusal;
mod request;
mod retry;
mod row;
mod secret;
mod shape;
mod table;
mod version;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Table};
pub use call::Call;
pub use client::Client;
pub use connection::ServerHealth;
pub use endpoint::{Endpoint, Repeat, UnknownEndpoint};
pub use error::{ApiError, ErrorKind};
pub use players::{Field, Fields, Players};
pub use retry::{ATTEMPTS, backoff};
pub use version::{Generation, ServerVersion, VersionError};
