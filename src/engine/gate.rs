//! `rate_limit` and `cooldown`: what is dropped because too much came, or because it was done a moment ago.

use std::time::Duration;

use jiff::Timestamp;

use super::{key::for_key, recent::Recent};
use crate::{
    config::Pace,
    domain::{Rate, counted, format_duration},
};

#[derive(Debug)]
pub(super) struct Gate {
    /// The events that were let through.
    rate: Option<(Rate, Recent)>,
    /// The ends of runs that succeeded.
    cooldown: Option<(Duration, Recent)>,
}

impl Gate {
    pub(super) fn new(pace: &Pace) -> Self {
        Self {
            rate: pace.rate_limit.map(|rate| (rate, Recent::new(rate.per))),
            cooldown: pace.cooldown.map(|cooldown| (cooldown, Recent::new(cooldown))),
        }
    }

    /// Whether an event that was taken in at `at` is one too many; otherwise it counts from now on.
    pub(super) fn too_many(&mut self, key: &str, at: Timestamp) -> Option<String> {
        let (rate, passed) = self.rate.as_mut()?;
        if passed.count(key, at) >= rate.most {
            let what = counted(rate.most, "event", "events");
            let per = format_duration(rate.per);
            return Some(format!(
                "{what}{} came within {per} before it (rate_limit = \"{rate}\")",
                for_key(key)
            ));
        }
        passed.note(key, at);
        None
    }

    /// Whether the last run that succeeded is too short ago.
    pub(super) fn too_soon(&self, key: &str, now: Timestamp) -> Option<String> {
        let (cooldown, successes) = self.cooldown.as_ref()?;
        let cooldown = format_duration(*cooldown);
        (successes.count(key, now) > 0).then(|| {
            format!("a run{} succeeded less than {cooldown} before (cooldown = \"{cooldown}\")", for_key(key))
        })
    }

    /// An event was let through before the engine started.
    pub(super) fn passed(&mut self, key: &str, at: Timestamp) {
        if let Some((_, passed)) = &mut self.rate {
            passed.note(key, at);
        }
    }

    pub(super) fn succeeded(&mut self, key: &str, at: Timestamp) {
        if let Some((_, successes)) = &mut self.cooldown {
            successes.note(key, at);
        }
    }

    pub(super) fn set_back(&mut self, now: Timestamp) {
        if let Some((_, passed)) = &mut self.rate {
            passed.set_back(now);
        }
        if let Some((_, successes)) = &mut self.cooldown {
            successes.set_back(now);
        }
    }
}
