//! What people would have been told in a rehearsal.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Report, journal::headline, report::since_start};
use crate::notify::Message;

/// How many are shown to a person; all are in the JSON.
const SHOWN: usize = 60;

/// A message that would have gone out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When, in microseconds since the beginning.
    pub at: i64,
    /// What, and to which channel.
    pub message: Message,
}

impl Sent {
    /// In a few words.
    pub(super) fn headline(&self) -> &str {
        headline(&self.message)
    }

    /// For programs and tests; times are seconds.
    pub(super) fn json(&self) -> Value {
        let Message { title, text, urgent, channel, kind, .. } = &self.message;
        json!({
            "at": (self.at / 1000) as f64 / 1e3,
            "channel": channel,
            "kind": kind,
            "title": title,
            "text": text,
            "urgent": urgent,
        })
    }
}

impl Report {
    pub(super) fn tell_messages(&self, text: &mut String) {
        if self.messages.is_empty() {
            return;
        }
        let _ = writeln!(text, "What people would have been told");
        for sent in self.messages.iter().take(SHOWN) {
            let channel = sent.message.channel.as_str();
            let _ = writeln!(text, "  {}  {channel:<16} {}", since_start(sent.at), sent.headline());
        }
        if self.messages.len() > SHOWN {
            let _ = writeln!(text, "  ... and {} more: see --json", self.messages.len() - SHOWN);
        }
        text.push('\n');
    }
}
