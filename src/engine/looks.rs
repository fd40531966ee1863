//! When what is observed is looked at: on a grid of its own, never twice at once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Default)]
pub(super) struct Looks {
    every: Option<SignedDuration>,
    /// When the next is due; none while one is under way, or where none is wanted.
    next: Option<Timestamp>,
    under_way: bool,
}

impl Looks {
    /// Looks this often from now on.
    pub(super) fn set_every(&mut self, now: Timestamp, every: Option<Duration>) {
        self.every = every.map(|every| SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX));
        self.next = match (self.every, self.next) {
            (None, _) => None,
            (Some(every), Some(next)) => Some(next.min(after(now, every))),
            (Some(_), None) if self.under_way => None,
            (Some(_), None) => Some(now),
        };
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Whether one is due; it then counts as begun.
    pub(super) fn begin(&mut self, now: Timestamp) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.next = None;
            self.under_way = true;
        }
        due
    }

    /// It has ended.
    pub(super) fn ended(&mut self, now: Timestamp) {
        self.under_way = false;
        self.next = self.every.map(|every| after(now, every));
    }

    /// The clock was set back: the next is not to be far away.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        if let (Some(every), Some(next)) = (self.every, self.next) {
            self.next = Some(next.min(after(now, every)));
        }
    }
}

fn after(now: Timestamp, every: SignedDuration) -> Timestamp {
    now.saturating_add(every).unwrap_or(Timestamp::MAX)
}
