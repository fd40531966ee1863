//! What is held, as far as runs and their ends have to do with it.

use jiff::Timestamp;

use super::{Dispatcher, Step};
use crate::{
    domain::{AutomationName, Held, Hold, RunId},
    engine::Input,
    store::Change,
};

impl Dispatcher {
    /// Whether an automation is held, by the store. What cannot be read counts as held.
    pub(super) fn is_held(&self, now: Timestamp, automation: &AutomationName) -> bool {
        let is_it = |hold: &Hold| matches!(&hold.held, Held::Automation(name) if name == automation);
        self.tools.store.history().holds(now).map_or(true, |holds| holds.iter().any(is_it))
    }
}

impl Step {
    /// Something is held from now on.
    pub(super) fn hold(&mut self, hold: Option<Hold>) {
        if let Some(hold) = hold {
            self.changes.push(Change::Held(hold.clone()));
            self.inputs.push_back(Input::Hold(hold));
        }
    }
}

/// What the engine is told where a guard stopped a run.
pub(super) fn tripped(now: Timestamp, run: RunId, automation: &AutomationName) -> Hold {
    let reason = format!("a guard stopped run {run}");
    Hold { held: Held::Automation(automation.clone()), since: now, until: None, reason }
}
