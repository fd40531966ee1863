//! What one participant is going to do, and when: of each kind there is at most one.

/// What a participant does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Opens the link, of a player or of a room.
    Knock,
    /// Loads the page.
    Load,
    /// Is done thinking: sends the form, or stalls.
    Submit,
    /// The browser goes on by itself, since the page's time is over.
    Expire,
    /// The wait page asks whether it may go on.
    Poll,
    /// Closes all tabs.
    Leave,
    /// Opens the link again.
    Return,
    /// Opens a second tab.
    OpenTab,
    /// Closes the second tab.
    CloseTab,
}

/// The acts in the order in which they come when they are due at the same moment.
const ACTS: [Act; 9] = [
    Act::Knock,
    Act::Load,
    Act::Submit,
    Act::Expire,
    Act::Poll,
    Act::Leave,
    Act::Return,
    Act::OpenTab,
    Act::CloseTab,
];

/// The times of acts, in seconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    due: [f64; ACTS.len()],
}

impl Agenda {
    /// Nothing to do.
    pub(super) fn new() -> Self {
        Self { due: [f64::INFINITY; ACTS.len()] }
    }

    /// Plans an act, instead of an earlier plan for the same.
    pub(super) fn set(&mut self, act: Act, at: f64) {
        self.due[act as usize] = at;
    }

    /// Gives a plan up.
    pub(super) fn clear(&mut self, act: Act) {
        self.due[act as usize] = f64::INFINITY;
    }

    /// Gives all plans up.
    pub(super) fn clear_all(&mut self) {
        *self = Self::new();
    }

    /// Whether an act is planned.
    pub(super) fn has(&self, act: Act) -> bool {
        self.due[act as usize].is_finite()
    }

    /// When the next act is due; infinity where there is none.
    pub(super) fn next_at(&self) -> f64 {
        self.due.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Takes the next act, if it is due at `now`.
    pub(super) fn take(&mut self, now: f64) -> Option<Act> {
        let next = self.next_at();
        if next > now {
            return None;
        }
        let act = ACTS.into_iter().find(|act| self.due[*act as usize] == next)?;
        self.clear(act);
        Some(act)
    }
}
