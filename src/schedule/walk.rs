//! The `cron` crate, kept to what it does well: walking the fields of one calendar without time zones.
//!
//! Asked as it is, it numbers weekdays from 1, requires a day to match both day fields, and does its own thing where
//! clocks change. So it gets plain numbers in its own order, at most one day field each, and a clock in UTC that
//! shows the wall time; the rest is in `cron.rs`.

use std::str::FromStr;

use ::cron::Schedule;
use chrono::{DateTime, Utc};

use super::{
    CronError,
    expression::Expression,
    field::{Field, Kind},
};

/// The wall time, in seconds as if it were Unix time, of the end of the last year that the crate knows.
const END: i64 = 4_133_980_800;

/// Walks the wall times that an expression matches.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    schedule: Schedule,
    /// By the days of the week, where the first one is by the days of the month: cron fires on either.
    or_else: Option<Schedule>,
}

impl Walk {
    pub(super) fn new(expression: &Expression) -> Result<Walk, CronError> {
        let all = "*".to_owned();
        let (day, weekday) = (list(&expression.day), list(&expression.weekday));
        if expression.has_two_day_fields() {
            return Ok(Walk {
                schedule: schedule(expression, &day, &all)?,
                or_else: Some(schedule(expression, &all, &weekday)?),
            });
        }
        Ok(Walk { schedule: schedule(expression, &day, &weekday)?, or_else: None })
    }

    /// The first wall time after `wall` that matches; both in seconds as if the clock stood in UTC.
    pub(super) fn next_after(&self, wall: i64) -> Option<i64> {
        // The crate counts years from 1970 and takes an earlier one for a late one.
        let wall = wall.max(-1);
        if wall >= END {
            return None;
        }
        let after: DateTime<Utc> = DateTime::from_timestamp(wall, 0)?;
        let next = |schedule: &Schedule| schedule.after(&after).next().map(|next| next.timestamp());
        let first = next(&self.schedule);
        match self.or_else.as_ref().and_then(next) {
            None => first,
            Some(second) => Some(first.map_or(second, |first| first.min(second))),
        }
    }
}

fn schedule(expression: &Expression, day: &str, weekday: &str) -> Result<Schedule, CronError> {
    let [second, minute, hour, month] =
        [&expression.second, &expression.minute, &expression.hour, &expression.month].map(list);
    let text = format!("{second} {minute} {hour} {day} {month} {weekday}");
    // Every value was checked by now, so this is a safeguard against a crate that changes its mind.
    Schedule::from_str(&text)
        .map_err(|error| CronError { at: 0, message: format!("the expression cannot be walked: {error}") })
}

/// A field in the crate's form: `*`, or a list of numbers, with weekdays from 1 for Sunday.
fn list(field: &Field) -> String {
    if field.is_all() {
        return "*".to_owned();
    }
    let first = u32::from(field.kind == Kind::Weekday);
    let values: Vec<String> = field.values().map(|value| (value + first).to_string()).collect();
    values.join(",")
}
