//! What people are told of: the words of `on` in `[[notify]]`, what has happened, and a notice on its way to a channel.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AutomationName, ChannelName, RunId, did_you_mean};

/// What a rule can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A run failed.
    Failed,
    /// An automation that had failed works again, or the server is back.
    Recovered,
    /// An automation, or everything, is paused.
    Held,
    /// What was paused goes on.
    Resumed,
    /// A plan waits for approval.
    Plan,
    /// A run needs a person.
    Dead,
    /// The uproot server cannot be reached.
    ServerDown,
}

impl NoticeKind {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 7] =
        [Self::Failed, Self::Recovered, Self::Held, Self::Resumed, Self::Plan, Self::Dead, Self::ServerDown];

    /// The word in the configuration and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::Plan => "plan",
            Self::Dead => "dead",
            Self::ServerDown => "server_down",
        }
    }

    /// The one with this word. The error is the word that was probably meant, if there is one.
    pub fn named(word: &str) -> Result<Self, Option<&'static str>> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| did_you_mean(word, Self::ALL.iter().map(|kind| kind.as_str())))
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that has happened and that rules may tell of. It is written down together with what it is about, and decided
/// about afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Its number in the store.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What it is: a run that failed may need a person too.
    pub kinds: Vec<NoticeKind>,
    /// Whoever is told of this is not told once more by these news.
    pub covered: Option<NoticeKind>,
    /// The automation, if it is about one.
    pub automation: Option<AutomationName>,
    /// The run, if it is about one.
    pub run: Option<RunId>,
    /// Why, or what, in a sentence.
    pub reason: String,
    /// It was told before in the same words: not news enough to be told at once.
    pub again: bool,
}

/// A notice that has no number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// To whom.
    pub channel: ChannelName,
    /// By which rule; none where a script said it.
    pub kind: Option<NoticeKind>,
    /// The automation that it is about, or that said it.
    pub automation: Option<AutomationName>,
    /// The run that it is about, or that said it.
    pub run: Option<RunId>,
    /// What a script knows it by, so that it is told once.
    pub key: Option<String>,
    /// A few words.
    pub title: String,
    /// The text.
    pub text: String,
    /// It should wake somebody up.
    pub urgent: bool,
    /// When it happened.
    pub at: Timestamp,
    /// When it is to go out.
    pub due: Timestamp,
}

/// A notice that waits in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub notice: NewNotice,
}
