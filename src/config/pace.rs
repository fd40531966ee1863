//! `debounce`, `throttle`, `rate_limit` and `cooldown`: how often an automation runs, for each key.

use std::time::Duration;

use super::reader::{Placed, Section};
use crate::domain::{Rate, format_duration, parse_rate};

/// How often an automation runs, for each key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// `debounce`: events that come shortly after one another become one.
    pub debounce: Option<Debounce>,
    /// `throttle`: more runs than this wait.
    pub throttle: Option<Rate>,
    /// `rate_limit`: more events than this are dropped.
    pub rate_limit: Option<Rate>,
    /// `cooldown`: for so long after a run that succeeded, events are dropped.
    pub cooldown: Option<Duration>,
}

/// `debounce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debounce {
    /// `quiet`: how long no event may have come.
    pub quiet: Duration,
    /// `max_wait`: the longest that the first of them waits, however many follow. None: as long as they keep coming.
    pub max_wait: Option<Duration>,
}

impl Pace {
    pub(super) fn read(section: &mut Section<'_, '_>, from_outside: bool) -> Self {
        let debounce = Debounce::read(section, from_outside);
        let throttle = section.parsed("throttle", parse_rate);
        let rate_limit = section.parsed("rate_limit", parse_rate);
        let cooldown = section.duration("cooldown", Duration::from_secs(1));
        if let (Some(throttle), Some(limit)) = (&throttle, &rate_limit)
            && limit.value.most <= throttle.value.most
            && limit.value.per >= throttle.value.per
        {
            let message = format!(
                "`throttle` has no effect: `rate_limit = \"{}\"` drops what would have to wait",
                limit.value
            );
            section.source.warn_help(throttle.span.clone(), message, "leave one of the two out");
        }
        let value = |rate: Placed<Rate>| rate.value;
        Self {
            debounce,
            throttle: throttle.map(value),
            rate_limit: rate_limit.map(value),
            cooldown: cooldown.map(|cooldown| cooldown.value),
        }
    }
}

impl Debounce {
    fn read(section: &mut Section<'_, '_>, from_outside: bool) -> Option<Self> {
        let mut table = section.table("debounce", "`debounce`")?;
        let span = table.span.clone();
        let quiet_given = table.has("quiet");
        let quiet = table.duration("quiet", Duration::from_millis(1));
        let max_wait = table.duration("max_wait", Duration::from_millis(1));
        table.finish();
        if !quiet_given {
            section.source.error_help(
                span.clone(),
                "`debounce` does not say how long it has to be quiet",
                "write `debounce = { quiet = \"10s\", max_wait = \"1m\" }`",
            );
        }
        let quiet = quiet?;
        if let Some(max_wait) = &max_wait
            && max_wait.value < quiet.value
        {
            let help = format!("write at least `max_wait = \"{}\"`", format_duration(quiet.value));
            section.source.error_help(max_wait.span.clone(), "`max_wait` is shorter than `quiet`", help);
        }
        if !from_outside {
            let message = "`debounce` has no use here: the events of a clock do not come in bursts";
            section.source.warn_help(span, message, "leave it out; it is for webhooks and polls");
        }
        Some(Self { quiet: quiet.value, max_wait: max_wait.map(|max_wait| max_wait.value) })
    }
}
