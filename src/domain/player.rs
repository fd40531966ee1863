//! What players are doing, in the words of those who run experiments.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state a player is in, as observed. The first that holds, in the order of `watch/classify.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Has not come, or has come and not begun.
    NotStarted,
    /// On a page, there, and not for long.
    Thinking,
    /// On a page, there, and for longer than `patience`.
    Stalled,
    /// Not heard of for two minutes, in several looks.
    Absent,
    /// On a wait page, and there; nobody of the group is behind.
    Waiting,
    /// On a wait page, and there; somebody of the group is behind.
    Blocked,
    /// Blocked by somebody who is gone: absent, dropped out, or past a deadline.
    Victim,
    /// On a page whose time was up more than 15 seconds ago.
    Expired,
    /// At the end.
    Finished,
    /// Marked as dropped out.
    Dropped,
    /// It cannot be told.
    Unknown,
}

impl Class {
    /// The word that scripts and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Thinking => "thinking",
            Self::Stalled => "stalled",
            Self::Absent => "absent",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Victim => "victim",
            Self::Expired => "expired",
            Self::Finished => "finished",
            Self::Dropped => "dropped",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be so of a player and start an automation: `on = { player = "stalled" }`. Unlike classes, several can hold at
/// once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlayerCondition {
    /// Came: a room or a link handed out the place.
    Joined,
    /// Is on a page, one or another.
    Page,
    /// Is on an ordinary page, there, and does not go on.
    Stalled,
    /// Has not been heard of for two minutes or longer.
    Absent,
    /// Is on a wait page, and there.
    Waiting,
    /// Is on a wait page, there, and somebody of the group is behind.
    Blocked,
    /// The same, and that somebody is gone.
    Victim,
    /// Is on a page whose time is up.
    Expired,
    /// Is at the end.
    Finished,
    /// Is marked as dropped out.
    Dropped,
}

impl PlayerCondition {
    /// Every one, by the word that the configuration has for it.
    pub const ALL: [(&'static str, Self); 10] = [
        ("joined", Self::Joined),
        ("page", Self::Page),
        ("stalled", Self::Stalled),
        ("absent", Self::Absent),
        ("waiting", Self::Waiting),
        ("blocked", Self::Blocked),
        ("victim", Self::Victim),
        ("expired", Self::Expired),
        ("finished", Self::Finished),
        ("dropped", Self::Dropped),
    ];

    /// The word that the configuration has for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }

    /// Whether it happens at an instant, rather than lasting: what happened before anybody watched for it is no news.
    pub fn is_step(self) -> bool {
        matches!(self, Self::Joined | Self::Page | Self::Finished | Self::Dropped)
    }
}

/// What scripts see of a player that is observed.
pub const OBSERVED: [&str; 21] = [
    "session",
    "name",
    "label",
    "class",
    "reason",
    "page",
    "kind",
    "show_page",
    "page_order",
    "started",
    "finished",
    "dropped",
    "online",
    "dwell",
    "entered",
    "silent",
    "seen",
    "deadline",
    "group",
    "mates",
    "held_up_by",
];

/// Where in the page order a player is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Before the first page.
    Initialize,
    /// An ordinary page.
    Page,
    /// `app/#Name`: waits for others.
    Wait,
    /// `#Name` or `app/#StartApp`: never shown, walked through.
    Marker,
    /// Past the last page.
    End,
}

impl PageKind {
    /// The kind of a page by its name, as the server's own pages are called.
    pub fn of(page: &str) -> Self {
        match page.split_once('/') {
            None if page.starts_with('#') => Self::Marker,
            Some((_, "#StartApp")) => Self::Marker,
            Some((_, name)) if name.starts_with('#') && name != "#LandingPage" => Self::Wait,
            _ => Self::Page,
        }
    }

    /// The word that scripts see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Page => "page",
            Self::Wait => "wait",
            Self::Marker => "marker",
            Self::End => "end",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_page_tells_its_kind() {
        for (page, kind) in [
            ("survey/Risk", PageKind::Page),
            ("survey/#LandingPage", PageKind::Page),
            ("survey/#StartApp", PageKind::Marker),
            ("#RoundEnd", PageKind::Marker),
            ("#{", PageKind::Marker),
            ("pair/#Sync", PageKind::Wait),
            ("pair/#GroupPlease", PageKind::Wait),
            ("", PageKind::Page),
        ] {
            assert_eq!(PageKind::of(page), kind, "{page}");
        }
    }
}
