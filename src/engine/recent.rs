//! What happened lately, for each key: the memory of `throttle`, `rate_limit` and `cooldown`.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// Below this many keys the old ones are not looked for.
const FEW: usize = 64;

/// Instants within the last `per`, for each key.
#[derive(Debug)]
pub(super) struct Recent {
    per: SignedDuration,
    times: HashMap<String, VecDeque<Timestamp>>,
    /// At this many keys, those that nothing happened for lately are forgotten.
    sweep_at: usize,
}

impl Recent {
    pub(super) fn new(per: Duration) -> Self {
        let per = SignedDuration::try_from(per).unwrap_or(SignedDuration::MAX);
        Self { per, times: HashMap::new(), sweep_at: FEW }
    }

    /// Notes that it happened for this key.
    pub(super) fn note(&mut self, key: &str, at: Timestamp) {
        let since = before(at, self.per);
        if let Some(times) = self.times.get_mut(key) {
            while times.front().is_some_and(|old| *old <= since) {
                times.pop_front();
            }
            // Nearly always the last one; a clock that was set back, or a restart, can bring an earlier one.
            let place = times.partition_point(|other| *other <= at);
            times.insert(place, at);
            return;
        }
        if self.times.len() >= self.sweep_at {
            self.times.retain(|_, times| times.back().is_some_and(|last| *last > since));
            self.sweep_at = FEW.max(2 * self.times.len());
        }
        self.times.insert(key.to_owned(), VecDeque::from([at]));
    }

    /// How often it happened for this key in the time that ends at `now`.
    pub(super) fn count(&self, key: &str, now: Timestamp) -> usize {
        let since = before(now, self.per);
        self.times.get(key).map_or(0, |times| {
            times.partition_point(|at| *at <= now) - times.partition_point(|at| *at <= since)
        })
    }

    /// From when on the last `most` of them lie no longer within one such time; `None` where there are fewer.
    pub(super) fn free_at(&self, key: &str, most: usize) -> Option<Timestamp> {
        let times = self.times.get(key)?;
        let first = times.get(times.len().checked_sub(most)?)?;
        Some(first.saturating_add(self.per).unwrap_or(Timestamp::MAX))
    }

    /// The clock was set back: what seems to lie in the future happened just now.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        for at in self.times.values_mut().flatten() {
            *at = (*at).min(now);
        }
    }
}

fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
