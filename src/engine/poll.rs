//! Polls: never two at once, further apart after failures.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::PollResult;
use crate::config::Poll;

/// The longest wait after failures, unless the interval itself is longer.
const LONGEST: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct PollState {
    every: Duration,
    /// How long the wait for the next one is.
    wait: Duration,
    failures: u32,
    /// It is asked again after the one that is under way.
    wanted: bool,
    /// When it is due; none while one is under way.
    pub(super) next: Option<Timestamp>,
}

impl PollState {
    pub(super) fn start(now: Timestamp, poll: &Poll) -> Self {
        Self { every: poll.every, wait: Duration::ZERO, failures: 0, wanted: true, next: Some(now) }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// A poll has ended; gives when the next is due. After failures the interval doubles each time, and a server's
    /// `Retry-After` is kept to.
    pub(super) fn finished(&mut self, now: Timestamp, result: PollResult) -> Timestamp {
        let wait = match result {
            PollResult::Done => {
                self.failures = 0;
                self.every
            }
            PollResult::Failed { retry_after } => {
                self.failures = self.failures.saturating_add(1);
                let factor = 1_u32 << self.failures.min(16);
                let backoff = self.every.saturating_mul(factor).min(LONGEST.max(self.every));
                backoff.max(retry_after.unwrap_or_default())
            }
        };
        self.wait_for(now, wait)
    }

    /// While its automation is held, nothing is asked; gives when to look again.
    pub(super) fn pass_over(&mut self, now: Timestamp) -> Timestamp {
        self.wait_for(now, self.every)
    }

    /// The clock was set back: it is not to wait for longer than it was going to. Gives when it is due, if that moves.
    pub(super) fn set_back(&mut self, now: Timestamp) -> Option<Timestamp> {
        let latest = after(now, self.wait);
        (self.next? > latest).then(|| self.wait_for(now, self.wait))
    }

    fn wait_for(&mut self, now: Timestamp, wait: Duration) -> Timestamp {
        let next = after(now, wait);
        self.wait = wait;
        self.next = Some(next);
        next
    }
}

/// The poll of an automation whose settings are new, perhaps: no other one joins what is under way.
pub(super) fn change(now: Timestamp, state: Option<PollState>, poll: Option<&Poll>) -> Option<PollState> {
    match (state, poll) {
        (None, poll) => poll.map(|poll| PollState::start(now, poll)),
        (Some(state), None) => state.next.is_none().then_some(PollState { wanted: false, ..state }),
        (Some(state), Some(poll)) if state.every == poll.every => Some(PollState { wanted: true, ..state }),
        (Some(state), Some(poll)) => {
            let next = state.next.map(|next| next.min(after(now, poll.every)));
            Some(PollState { every: poll.every, wanted: true, next, ..state })
        }
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
