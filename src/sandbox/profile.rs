//! Who one simulated participant is: everything that is decided before they arrive.

use std::sync::Arc;

/// One participant.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name: `p1`, `p2`, ... or the one of the file. Nobody else in the run has it.
    pub name: Arc<str>,
    /// Whatever this participant draws comes from here.
    pub stream: u64,
    /// Seconds from when they are expected until they open the link.
    pub arrives: f64,
    /// How much slower than the median they are, as a factor.
    pub pace: f64,
    /// The spread of their thinking: the sigma of a lognormal around the page's median.
    pub spread: f64,
    /// Whether they have a second tab open for a while.
    pub two_tabs: bool,
    /// Whether their tab is hidden, so that the browser lets it speak once a minute only.
    pub throttled: bool,
    /// Whether they happen to submit at the very moment at which an admin looks or steps.
    pub races: bool,
    /// The probability with which they go on after a message, once stalled.
    pub heeds: f64,
    /// Where they stop with the tab open.
    pub stalls_on: Option<Spot>,
    /// Where they close the tab.
    pub leaves_on: Option<Spot>,
    /// Seconds until they open it again; nothing where they never do.
    pub returns_after: Option<f64>,
}

impl Profile {
    /// Somebody who arrives at once, thinks as long as the pages say, and does nothing unusual.
    pub fn plain(name: &str, stream: u64) -> Self {
        Self {
            name: name.into(),
            stream,
            arrives: 0.0,
            pace: 1.0,
            spread: 0.0,
            two_tabs: false,
            throttled: false,
            races: false,
            heeds: 0.0,
            stalls_on: None,
            leaves_on: None,
            returns_after: None,
        }
    }
}

/// A place in a participant's way through the pages.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// The first page that they see at or behind this index of their page order.
    From(i64),
    /// The first page with this path.
    Page(Arc<str>),
}

impl Spot {
    /// Whether a page is that place.
    pub(super) fn is(&self, show_page: i64, path: &str) -> bool {
        match self {
            Self::From(index) => show_page >= *index,
            Self::Page(wanted) => **wanted == *path,
        }
    }
}

/// How a participant gets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// With a link of one's own.
    Player {
        /// The session.
        sname: Arc<str>,
        /// The player.
        uname: Arc<str>,
    },
    /// Through a room.
    Room {
        /// The room.
        room: Arc<str>,
        /// What one is known by there.
        label: Arc<str>,
    },
}
