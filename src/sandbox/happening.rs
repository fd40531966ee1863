//! What participants live through, as a report or a console tells it.

use std::sync::Arc;

/// One thing that happened to one participant.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When, in seconds since 1970.
    pub at: f64,
    /// The session; empty before the participant has a place in one.
    pub session: Arc<str>,
    /// The player; the participant's own name before there is one.
    pub player: Arc<str>,
    /// What happened.
    pub what: What,
}

/// What can happen to a participant.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Waits in a room for the session to begin.
    Lobby,
    /// A room does not let them in.
    Refused,
    /// Has a place in a session.
    Joined,
    /// Sees a page.
    Page {
        /// `app/Name`.
        path: Arc<str>,
    },
    /// Waits for others.
    Waits {
        /// `app/#Name`.
        path: Arc<str>,
    },
    /// Does nothing any more, with the tab open.
    Stalled,
    /// Closed the tab, and will be back.
    Left,
    /// Opened the tab again.
    Returned,
    /// Closed the tab for good.
    DroppedOut,
    /// Got a message.
    Message(String),
    /// Was sent to another address.
    Redirected(String),
    /// The server fails to show the page.
    Broken,
    /// Sees the last page.
    Finished,
}

impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.player, self.what)
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lobby => f.write_str("waits in the lobby"),
            Self::Refused => f.write_str("is not let in"),
            Self::Joined => f.write_str("arrives"),
            Self::Page { path } => write!(f, "sees {path}"),
            Self::Waits { path } => write!(f, "waits for others on {path}"),
            Self::Stalled => f.write_str("stalls: the tab is open, and nothing happens"),
            Self::Left => f.write_str("closes the tab"),
            Self::Returned => f.write_str("is back"),
            Self::DroppedOut => f.write_str("closes the tab for good"),
            Self::Message(text) => write!(f, "reads: {text}"),
            Self::Redirected(url) => write!(f, "is sent to {url}"),
            Self::Broken => f.write_str("gets an error page from the server"),
            Self::Finished => f.write_str("has finished"),
        }
    }
}
