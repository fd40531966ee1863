//! Cron expressions in a time zone: which instants they name, across the days on which the clocks change.
//!
//! A *fixed* schedule names times of day (neither its minute nor its hour holds a `*` or a step). Each of its times
//! happens once a day: one that the clocks skip at the first instant after the gap, one that they show twice at the
//! first showing. Any other schedule is a *cadence* and follows real time: what the clocks skip vanishes, and an hour
//! shown twice is worked through twice.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{CronError, Zone, expression::Expression, walk::Walk, warnings};

/// A cron expression, ready to be asked when it is due. Cheap to clone.
#[derive(Clone)]
pub struct Cron {
    inner: Arc<Inner>,
}

struct Inner {
    text: String,
    expression: Expression,
    walk: Walk,
}

impl Cron {
    /// Reads an expression: minute, hour, day of month, month and day of week, with the second before them where six
    /// fields are written. Months and weekdays may be names; a weekday of 0 or of 7 is Sunday; `@hourly`, `@daily`
    /// (`@midnight`), `@weekly`, `@monthly` and `@yearly` (`@annually`) stand for what they say.
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let expression = Expression::parse(text)?;
        let walk = Walk::new(&expression)?;
        Ok(Cron { inner: Arc::new(Inner { text: text.to_owned(), expression, walk }) })
    }

    /// The first instant after `after` at which it is due on the clocks of `zone`: strictly later, and a whole
    /// second. `None` where there is none before the year 2101.
    pub fn next_after(&self, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let inner = &*self.inner;
        let is_fixed = inner.expression.is_fixed();
        let segments = zone.segments();
        let after = after.as_nanosecond().div_euclid(1_000_000_000);
        let after = i64::try_from(after).ok()?;

        let mut index = zone.segment_of(after);
        let mut segment = *segments.get(index)?;
        let mut wall = after + segment.offset;
        if is_fixed && index > 0 {
            // In the second showing of a fold its times have been: go on from where the clocks are new again.
            wall = wall.max(segment.start + segments[index - 1].offset - 1);
        }
        let mut next = inner.walk.next_after(wall)?;
        // Along the stretches of fixed offset until the wall time lies within one.
        loop {
            let instant = next - segment.offset;
            let following = match segments.get(index + 1) {
                Some(following) if instant >= following.start => *following,
                _ => return Timestamp::from_second(instant).ok(),
            };
            // The wall times on both sides of the change, and where the clocks show new ones after it.
            let (left, resumed) = (following.start + segment.offset, following.start + following.offset);
            if is_fixed && next < resumed {
                return Timestamp::from_second(following.start).ok();
            }
            let from = if is_fixed { resumed.max(left) } else { resumed };
            // What the walk found holds unless the change skips it, or takes the clocks back to before it.
            if next < from || from < left {
                next = inner.walk.next_after(from - 1)?;
            }
            segment = following;
            index += 1;
        }
    }

    /// How far apart the next two instants after `from` are. `None` where there are no two.
    pub fn period(&self, from: Timestamp, zone: &Zone) -> Option<Duration> {
        let first = self.next_after(from, zone)?;
        let second = self.next_after(first, zone)?;
        Duration::try_from(second.duration_since(first)).ok()
    }

    /// What may not be meant, each in a sentence: both day fields set, steps that do not divide, times that the clocks
    /// skip or show twice in the year after `from`, a schedule that is never due.
    pub fn warnings(&self, from: Timestamp, zone: &Zone) -> Vec<String> {
        warnings::warnings(&self.inner.expression, &self.inner.walk, from, zone)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({:?})", self.inner.text)
    }
}
