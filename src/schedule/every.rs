//! A grid of elapsed time: every so long, counted from an anchor, whatever the clocks on the wall do.

use std::time::Duration;

use jiff::Timestamp;

/// Why a period makes no grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EveryError {
    /// Shorter than the millisecond in which instants are kept, so that two of them would be the same.
    #[error("{period:?} is too short a period: the shortest is 1ms")]
    TooShort {
        /// The period, as it was given.
        period: Duration,
    },
    /// Longer than time itself goes.
    #[error("{period:?} is too long a period: the longest is a century")]
    TooLong {
        /// The period, as it was given.
        period: Duration,
    },
}

/// An anchored grid of instants. It goes on in both directions from its anchor, so that the same anchor and period
/// name the same instants however often and whenever they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Every {
    period: Duration,
    anchor: Timestamp,
}

impl Every {
    /// A grid of one instant each `period`, of which `anchor` is one.
    pub fn new(period: Duration, anchor: Timestamp) -> Result<Every, EveryError> {
        if period < Duration::from_millis(1) {
            return Err(EveryError::TooShort { period });
        }
        if period > Duration::from_secs(100 * 366 * 86_400) {
            return Err(EveryError::TooLong { period });
        }
        Ok(Every { period, anchor })
    }

    /// The first instant of the grid after `after`, which is strictly later. `None` only at the end of time.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        // Both fit easily: a period is at most a century, an instant at most ten thousand years.
        let period = i128::try_from(self.period.as_nanos()).ok()?;
        let anchor = self.anchor.as_nanosecond();
        let passed = (after.as_nanosecond() - anchor).div_euclid(period);
        Timestamp::from_nanosecond(anchor + (passed + 1) * period).ok()
    }

    /// How far apart the instants are.
    pub fn period(&self) -> Duration {
        self.period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_grid_goes_on_in_both_directions_from_its_anchor() {
        let grid = Every::new(Duration::from_secs(90), at("2026-06-01T00:00:10Z")).unwrap();
        for (after, next) in [
            ("2026-06-01T00:00:10Z", "2026-06-01T00:01:40Z"),
            ("2026-06-01T00:01:39.999Z", "2026-06-01T00:01:40Z"),
            ("2026-06-01T00:00:09Z", "2026-06-01T00:00:10Z"),
            ("2026-05-31T23:58:41Z", "2026-06-01T00:00:10Z"),
            ("2026-05-31T23:58:39Z", "2026-05-31T23:58:40Z"),
        ] {
            assert_eq!(grid.next_after(at(after)), Some(at(next)), "after {after}");
        }
        assert_eq!(grid.next_after(Timestamp::MAX), None);
    }

    #[test]
    fn periods_that_make_no_grid_are_refused() {
        for bad in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
            assert!(Every::new(bad, Timestamp::UNIX_EPOCH).is_err(), "{bad:?} was taken");
        }
        assert!(Every::new(Duration::from_millis(1), Timestamp::UNIX_EPOCH).is_ok());
    }
}
