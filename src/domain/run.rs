//! One execution of a script for one event.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Event;

/// Whether an automation's writes are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Reads for real; writes are only written down.
    DryRun,
    /// Reads for real; writes wait in a plan until a person approves them.
    Approve,
    /// Writes are carried out.
    Live,
}

impl Mode {
    /// The word in `config.toml` and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::Approve => "approve",
            Self::Live => "live",
        }
    }

    /// What stands before each line of a log about a run of this mode: what its script says was done may only have been
    /// written down.
    pub fn mark(self) -> &'static str {
        match self {
            Self::DryRun => "[dry-run] ",
            Self::Approve => "[approve] ",
            Self::Live => "",
        }
    }

    /// Whose memory its runs have, `dry-run` or `live`: what a dry run notes down did not happen. What waits for
    /// approval is decided once and not decided again, so it has the memory of live runs.
    pub fn memory(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::Approve | Self::Live => "live",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The script came to its end.
    Done,
    /// The script called `skip(reason)`: there was nothing to do.
    Skipped,
    /// An error, a limit, a refusal or `fail(reason)`.
    Failed,
    /// A guard, a hold or a pause stopped it.
    Halted,
    /// The daemon stopped while it ran, or a newer event took its place. It is never run again by itself, since what it had done is done.
    Interrupted,
}

impl Outcome {
    /// The word in the store and in answers to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Halted => "halted",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The most characters of a reason that are kept: it stands in lists, log lines and notices.
const LONGEST_REASON: usize = 10_000;

/// How a run ended, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// How.
    pub outcome: Outcome,
    /// Why, in a sentence: the reason given to `skip` or `fail`, or the error with its place in the script.
    pub reason: Option<String>,
    /// Whether a guard stopped its writes: what it wanted is in its plan, and its automation is held.
    pub tripped: bool,
}

impl RunReport {
    /// The script came to its end.
    pub fn done() -> Self {
        Self { outcome: Outcome::Done, reason: None, tripped: false }
    }

    /// It failed for this reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, reason)
    }

    /// It ended in this way for this reason.
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
            reason.truncate(end);
            reason.push_str(" ...");
        }
        Self { outcome, reason: Some(reason), tripped: false }
    }
}

/// A run of the past, as far as what it means for later ones.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRun {
    /// What it was for.
    pub event: Event,
    /// When it started.
    pub started: Timestamp,
    /// When and how it ended.
    pub ended: Option<(Timestamp, Outcome)>,
}

/// One line of what a run did, in the order in which it did it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What kind of line it is.
    pub kind: TraceKind,
    /// The line, for a person.
    pub text: String,
    /// For a call: how long it took, in milliseconds.
    pub millis: Option<i64>,
    /// The line of the script that it comes from, from 1, if it comes from one.
    pub line: Option<u32>,
}

/// What a line of a run's trace tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceKind {
    /// `log::debug`.
    Debug,
    /// `log::info` and `print`.
    Info,
    /// `log::warn`.
    Warn,
    /// `log::error`.
    Error,
    /// A call that only read.
    Call,
    /// A wait.
    Wait,
}

impl TraceKind {
    /// The word in the store and in answers to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Call => "call",
            Self::Wait => "wait",
        }
    }
}
