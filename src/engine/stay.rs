//! `for`: how long something has been so, as far as anybody looked. An event comes of it once, when it has lasted; it can come
//! again only after it has not been so.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Stays;

/// One thing that has been so since it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// For how long, leaving out the times in which nobody could look.
    pub lasted: Duration,
    /// When it was last seen to be so.
    pub confirmed: Timestamp,
    /// Whether its event has come.
    pub fired: bool,
}

impl Stay {
    /// It is seen for the first time.
    pub fn new(now: Timestamp) -> Self {
        Self { lasted: Duration::ZERO, confirmed: now, fired: false }
    }

    /// It is still so. A gap longer than looks are usually apart does not count, since nobody knows what was meanwhile, unless the
    /// configuration trusts in it. `every` is how far looks are apart.
    pub fn confirm(&mut self, now: Timestamp, rule: Stays, every: Duration) {
        // A clock that was set back tells nothing.
        let gap = Duration::try_from(now.duration_since(self.confirmed)).unwrap_or_default();
        if rule.trusts_gaps || gap <= usual(every) {
            self.lasted = self.lasted.saturating_add(gap);
        }
        self.confirmed = now;
    }

    /// Whether its event is due; it then counts as fired.
    pub fn fire(&mut self, rule: Stays) -> bool {
        let due = !self.fired && self.lasted >= rule.time;
        self.fired |= due;
        due
    }
}

/// The longest that two looks are apart when all is well: the server may take a while to answer.
fn usual(every: Duration) -> Duration {
    every.saturating_add(every / 2).saturating_add(Duration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(15);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    fn rule(trusts_gaps: bool) -> Stays {
        Stays { time: Duration::from_mins(1), trusts_gaps }
    }

    #[test]
    fn it_fires_once_when_it_has_lasted() {
        let mut stay = Stay::new(at(0));
        let fired: Vec<i64> = (1..10)
            .map(|look| look * 15)
            .filter(|second| {
                stay.confirm(at(*second), rule(false), EVERY);
                stay.fire(rule(false))
            })
            .collect();
        assert_eq!(fired, [60]);
    }

    #[test]
    fn a_gap_does_not_count_unless_it_is_trusted() {
        for (trusts_gaps, lasted) in [(false, 30), (true, 3630)] {
            let mut stay = Stay::new(at(0));
            for second in [15, 3615, 3630] {
                stay.confirm(at(second), rule(trusts_gaps), EVERY);
            }
            assert_eq!(stay.lasted, Duration::from_secs(lasted));
        }
    }

    #[test]
    fn a_clock_that_was_set_back_neither_counts_nor_resets() {
        let mut stay = Stay::new(at(1000));
        stay.confirm(at(1015), rule(false), EVERY);
        stay.confirm(at(15), rule(false), EVERY);
        stay.confirm(at(30), rule(false), EVERY);
        assert_eq!((stay.lasted, stay.confirmed), (Duration::from_secs(30), at(30)));
    }
}
