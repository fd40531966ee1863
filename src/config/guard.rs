//! `[guard]`: how much harm an automation can do before it is stopped.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{Timestamp, civil::Time};

use super::reader::{Placed, Section, Source};
use crate::{
    domain::{Pattern, Rate, parse_rate},
    schedule::Zone,
};

/// `[guard]`. What it counts are actions that cannot be taken back: advance, revert, end, redirect, dropout, and fields that say
/// where a player is.
#[derive(Clone, Debug)]
pub struct GuardSection {
    /// `max_players_per_run`: how many players one run may act on. Default 10.
    pub max_players_per_run: u32,
    /// `max_share_per_run`: or this share of the session, if that is more. Default 20 %.
    pub max_share_per_run: u32,
    /// `max_actions`: how many actions all automations together may make on one session. Default 30 per 10m.
    pub max_actions: Rate,
    /// `protected_sessions`: only read, never written to.
    pub protected_sessions: Vec<Pattern>,
    /// `quiet_hours`: nothing is written, in the daemon's time zone.
    pub quiet_hours: Vec<Hours>,
    /// The zone of the quiet hours.
    pub zone: Option<Zone>,
    /// `freeze`: for so long after the server came back nothing is done that cannot be taken back, since it does not know
    /// yet who is there. Default 2 min.
    pub freeze: Duration,
    /// `hands_off`: a player whom a person has moved is left alone for so long. Default 10 min.
    pub hands_off: Duration,
    /// `plans_expire`: how long a plan waits for a person. Default 10 min.
    pub plans_expire: Duration,
}

/// Hours of each day, from the first to before the second; past midnight where the second is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: Time,
    to: Time,
}

impl GuardSection {
    /// What holds where the section says nothing.
    pub(super) fn new() -> Self {
        Self {
            max_players_per_run: 10,
            max_share_per_run: 20,
            max_actions: Rate { most: 30, per: Duration::from_mins(10) },
            protected_sessions: Vec::new(),
            quiet_hours: Vec::new(),
            zone: None,
            freeze: Duration::from_mins(2),
            hands_off: Duration::from_mins(10),
            plans_expire: Duration::from_mins(10),
        }
    }

    pub(super) fn read(
        source: &Source<'_>,
        section: Option<Section<'_, '_>>,
        zone: Option<&Zone>,
        zone_given: bool,
    ) -> Self {
        let mut read = Self::new();
        let Some(mut section) = section else { return read };
        if let Some(number) = section.number("max_players_per_run", 1..=1_000_000) {
            read.max_players_per_run = u32::try_from(number.value).unwrap_or(read.max_players_per_run);
        }
        if let Some(share) = section.parsed("max_share_per_run", percent) {
            read.max_share_per_run = share.value;
        }
        if let Some(rate) = section.parsed("max_actions", parse_rate) {
            read.max_actions = rate.value;
        }
        let patterns = section.texts("protected_sessions").unwrap_or_default();
        read.protected_sessions = patterns.into_iter().map(|text| Pattern::new(text.value)).collect();
        for Placed { value, span } in section.texts("quiet_hours").unwrap_or_default() {
            match value.parse() {
                Ok(hours) => read.quiet_hours.push(hours),
                Err(HoursError(text)) => source.error_help(
                    span.clone(),
                    format!("{text:?} are no hours of the day"),
                    "write from and to, such as \"22:00-07:00\"",
                ),
            }
            if zone.is_none() && !zone_given {
                source.error_help(
                    span,
                    "`quiet_hours` need to know the time zone",
                    "add `timezone = \"Europe/Berlin\"` (or yours) to [daemon]",
                );
            }
        }
        read.zone = zone.cloned();
        for (key, length) in [
            ("freeze", &mut read.freeze),
            ("hands_off", &mut read.hands_off),
            ("plans_expire", &mut read.plans_expire),
        ] {
            if let Some(given) = section.duration(key, Duration::ZERO) {
                *length = given.value;
            }
        }
        section.finish();
        read
    }

    /// How many players of a session with so many one run may act on.
    pub fn players_per_run(&self, session: usize) -> usize {
        let share = session.saturating_mul(self.max_share_per_run as usize).div_ceil(100);
        share.max(self.max_players_per_run as usize)
    }

    /// The hours that are quiet at this instant, if some are.
    pub fn quiet_at(&self, now: Timestamp) -> Option<Hours> {
        let zone = self.zone.as_ref()?;
        let time = zone.time_zone().to_datetime(now).time();
        self.quiet_hours.iter().copied().find(|hours| hours.hold_at(time))
    }
}

/// `20%`.
fn percent(text: &str) -> Result<u32, String> {
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse().ok());
    number
        .filter(|number| *number <= 100)
        .ok_or_else(|| format!("{text:?} is not a share: write a percentage from \"0%\" to \"100%\""))
}

/// A text that names no hours.
#[derive(Debug)]
pub struct HoursError(String);

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let time = |text: &str| -> Option<Time> {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let both = text.split_once('-').and_then(|(from, to)| time(from).zip(time(to)));
        match both {
            Some((from, to)) if from != to => Ok(Self { from, to }),
            _ => Err(HoursError(text.to_owned())),
        }
    }
}

impl Hours {
    fn hold_at(self, time: Time) -> bool {
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_past_midnight() {
        let at = |hour, minute| Time::constant(hour, minute, 0, 0);
        let night: Hours = "22:00-07:00".parse().expect("hours");
        assert!(night.hold_at(at(22, 0)) && night.hold_at(at(3, 0)) && night.hold_at(at(6, 59)));
        assert!(!night.hold_at(at(7, 0)) && !night.hold_at(at(21, 59)));
        let noon: Hours = "12:00-13:30".parse().expect("hours");
        assert!(noon.hold_at(at(12, 0)) && !noon.hold_at(at(13, 30)) && !noon.hold_at(at(0, 0)));
        assert_eq!(night.to_string(), "22:00-07:00");
        for wrong in ["", "22:00", "22-07", "25:00-07:00", "07:00-07:00", "a-b"] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_may_act_on_ten_players_or_a_fifth() {
        let guard = GuardSection::new();
        assert_eq!(
            [0, 10, 49, 50, 51, 100, 2000].map(|n| guard.players_per_run(n)),
            [10, 10, 10, 10, 11, 20, 400]
        );
    }
}
