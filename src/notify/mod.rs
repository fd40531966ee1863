//! Notices: people are told, wherever they are, by the services that they have.
//!
//! What has happened is in the store as news, written down together with what it is about. [`Notifier`] decides who is told
//! of it (`decide.rs`, `words.rs`), which gives notices; what scripts say are notices from the start. Those that are due for
//! a channel go out as one message (`message.rs`), shaped as its service wants it, a file each. What became of it is written
//! down: a notice goes out at least once, also across crashes, and one that nobody takes is given up after a day, and said.

mod backoff;
mod current;
mod decide;
mod deliver;
mod discord;
mod email;
mod mask;
mod mattermost;
mod message;
mod ntfy;
mod sender;
mod slack;
mod teams;
mod telegram;
mod text;
mod verdict;
mod webhook;
mod words;

#[cfg(test)]
mod tests;

pub use current::{Current, Setup};
pub use deliver::{deliver, sample};
pub use message::Message;
pub use sender::Notifier;
pub use verdict::{Failure, Whose};
