//! One write to the world: what was to be done, and what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What became of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// Written down, about to be sent or under way.
    Claimed,
    /// The server said that it is done.
    Done,
    /// The server said no, or the request provably never left.
    Failed,
    /// It was sent and no answer came: it may have happened. A person looks.
    Uncertain,
    /// It was not sent, since a check before it said no.
    Refused,
    /// It was not sent, since the run is a dry run.
    Would,
    /// It is not sent yet: it waits in a plan for a person.
    Planned,
}

impl EffectState {
    /// The word in the store and in answers to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Refused => "refused",
            Self::Would => "would",
            Self::Planned => "planned",
        }
    }
}

impl fmt::Display for EffectState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One write as the store keeps it: a row per player where players are written to, else one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The place of the script's call among the run's writes, from 1. A call for three players is three rows with
    /// one ordinal.
    pub ordinal: u32,
    /// The capability that it needs, which is also the name of what is done: `players.advance`.
    pub action: String,
    /// The session or room that is written to, or the host of an outgoing request.
    pub target: Option<String>,
    /// The player that is written to.
    pub player: Option<String>,
    /// The arguments, as JSON.
    pub arguments: Value,
    /// What had to be true for it to be sent: for a step, `{"show_page": 3, "page": "app/Decision"}`.
    pub precondition: Option<Value>,
    /// Whether it moves a player or ends their part: the guard counts these.
    pub irreversible: bool,
    /// What became of it.
    pub state: EffectState,
    /// What the server said, or why it was not sent.
    pub note: Option<String>,
}

impl Effect {
    /// In a line: `players.advance lab P1 from app/Decide`.
    pub fn told(&self) -> String {
        let whom = [self.target.as_deref(), self.player.as_deref()];
        effect_in_a_line(&self.action, whom, &self.arguments, self.precondition.as_ref())
    }
}

/// An effect in a line, for whoever has its parts: what, on what and whom, how, and from which page.
pub fn effect_in_a_line(
    action: &str,
    whom: [Option<&str>; 2],
    arguments: &Value,
    precondition: Option<&Value>,
) -> String {
    let mut line = action.to_owned();
    for part in whom.into_iter().flatten() {
        line.push_str(&format!(" {part}"));
    }
    if arguments.as_object().is_some_and(|arguments| !arguments.is_empty()) {
        line.push_str(&format!(" {arguments}"));
    }
    if let Some(page) = precondition.and_then(|seen| seen["page"].as_str()) {
        line.push_str(&format!(" from {page}"));
    }
    line
}
