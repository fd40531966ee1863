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
    failures: u32,
    /// When it is due; none while one is under way.
    pub(super) next: Option<Timestamp>,
}

impl PollState {
    pub(super) fn start(now: Timestamp, poll: &Poll) -> Self {
        Self { every: poll.every, failures: 0, next: Some(now) }
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
        let next = now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
        let next = next.unwrap_or(Timestamp::MAX);
        self.next = Some(next);
        next
    }
}
