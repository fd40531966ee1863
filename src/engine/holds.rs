//! Holds: what is paused, by a person or by the breaker.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::{AutomationName, Held, Hold, Outcome};

/// After so many failed runs in a row an automation is held. The place for `[guard] max_failures`.
const MAX_FAILURES: u32 = 5;

/// What is held as a whole. Sessions and players are held at the door to the server, not here.
#[derive(Debug, Default)]
pub(super) struct Holds {
    everything: Option<Hold>,
    automations: HashMap<AutomationName, Hold>,
}

impl Holds {
    pub(super) fn put(&mut self, hold: Hold) {
        match &hold.held {
            Held::Everything => self.everything = Some(hold),
            Held::Automation(name) => {
                self.automations.insert(name.clone(), hold);
            }
            Held::Session(_) | Held::Player(..) => {}
        }
    }

    pub(super) fn release(&mut self, held: &Held) {
        match held {
            Held::Everything => self.everything = None,
            Held::Automation(name) => {
                self.automations.remove(name);
            }
            Held::Session(_) | Held::Player(..) => {}
        }
    }

    /// Why an automation is paused at `now`, if it is, and how to resume it. A hold whose time is over needs nobody.
    pub(super) fn reason(&self, now: Timestamp, automation: &AutomationName) -> Option<String> {
        if let Some(hold) = self.everything.as_ref().filter(|hold| hold.holds_at(now)) {
            return Some(format!("paused: {}; `uproctor resume`", hold.reason));
        }
        let hold = self.automations.get(automation).filter(|hold| hold.holds_at(now))?;
        Some(format!("paused: {}; `uproctor resume {automation}`", hold.reason))
    }
}

/// Counts the runs of one automation that failed in a row.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: u32,
}

impl Breaker {
    /// `failures`: how many of the last runs in the store failed in a row. Each fifth of them was a hold, written in one
    /// transaction with it; where it is gone, a person resumed.
    pub(super) fn new(failures: u32) -> Self {
        Self { failures: failures % MAX_FAILURES }
    }

    /// A run has ended: gives why its automation is to be held, if it is. A run that was interrupted says nothing about
    /// its script.
    pub(super) fn ended(&mut self, outcome: Outcome) -> Option<String> {
        match outcome {
            Outcome::Done | Outcome::Skipped => self.failures = 0,
            Outcome::Interrupted | Outcome::Halted => {}
            Outcome::Failed => self.failures += 1,
        }
        if self.failures < MAX_FAILURES {
            return None;
        }
        self.failures = 0;
        Some(format!("{MAX_FAILURES} runs failed in a row"))
    }
}
