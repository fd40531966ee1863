//! What is not to be acted on, until when, and why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AutomationName, PlayerName, SessionName};

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// All automations: the red button.
    Everything,
    /// One automation.
    Automation(AutomationName),
    /// A session: no automation writes to it.
    Session(SessionName),
    /// A player: no automation acts on them.
    Player(SessionName, PlayerName),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Automation(name) => write!(f, "the automation {name}"),
            Self::Session(session) => write!(f, "the session {session}"),
            Self::Player(session, player) => write!(f, "player {player} of session {session}"),
        }
    }
}

/// A hold as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What is held.
    pub held: Held,
    /// Since when.
    pub since: Timestamp,
    /// Until when; none where a person has to resume it.
    pub until: Option<Timestamp>,
    /// Why, in a sentence.
    pub reason: String,
}

impl Hold {
    /// Whether it still holds.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}
