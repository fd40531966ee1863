//! The plans of a daemon, and the person who looks at them.

use std::{collections::BTreeMap, sync::Arc};

use super::{Director, LOOK, Micros, Planned, SEND_AGAIN};
use crate::{
    dispatch::Happened,
    domain::{AutomationName, Effect, Mode, RunId},
    engine::Input,
    sim::{approval::Approval, journal::What},
    store::{Decided, PlanRow, StoreError},
};

/// Who decides, as the intervention log names them.
const PERSON: &str = "a person";

/// What the rehearsal knows of plans.
pub(super) struct Plans {
    approval: Approval,
    /// Those that wait, and whose they are.
    waiting: BTreeMap<RunId, AutomationName>,
    /// Whether a look at them is planned.
    look_planned: bool,
    /// Runs that have ended since plans were noted last.
    pub(super) ended: Vec<RunId>,
    /// The daemon has started since then, which ends runs as well.
    pub(super) started: bool,
}

/// What a person decides about a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Verdict {
    Approve,
    Reject,
}

impl Plans {
    pub(super) fn new(approval: Approval) -> Self {
        Self { approval, waiting: BTreeMap::new(), look_planned: false, ended: Vec::new(), started: false }
    }
}

impl Director {
    /// Takes what is new of plans into the journal.
    pub(super) fn note_plans(&mut self) -> Result<(), StoreError> {
        let Some(daemon) = self.daemon.as_ref().filter(|_| !self.stage.lock().dead) else { return Ok(()) };
        let plans = &mut self.plans;
        if plans.ended.is_empty() && !plans.started && plans.waiting.is_empty() {
            return Ok(());
        }
        plans.started = false;
        let history = daemon.tools.store.history();
        let wait = history.plans_waiting()?;
        let mut news = wait.clone();
        // The time of a plan may be over before its run is.
        news.extend(plans.ended.drain(..));
        let known = |run: &RunId| plans.waiting.contains_key(run);
        let gone: Vec<RunId> = plans.waiting.keys().filter(|run| !wait.contains(run)).copied().collect();
        let (mut came, mut decided) = (Vec::new(), Vec::new());
        for run in news.into_iter().filter(|run| !known(run)) {
            came.extend(history.plan(run)?);
        }
        for run in gone {
            decided.extend(history.plan(run)?);
        }
        for plan in came {
            self.plan_came(&plan);
            if plan.state != "waiting" {
                decided.push(plan);
            }
        }
        for plan in decided {
            self.plan_decided(RunId(plan.run), plan.state, plan.note);
        }
        Ok(())
    }

    /// A plan waits. The person looks some time after it came, unless they are about to look anyway.
    fn plan_came(&mut self, plan: &PlanRow) {
        let Ok(automation) = AutomationName::new(&plan.automation) else { return };
        let run = RunId(plan.run);
        let now = {
            let mut state = self.stage.lock();
            let now = state.now;
            let came = What::Planned {
                run,
                automation: automation.clone(),
                reason: plan.reason.clone(),
                wants: plan.effects.iter().map(Effect::told).collect(),
            };
            state.journal.add(now, came);
            now
        };
        let asks = self.asks(&automation);
        self.plans.waiting.insert(run, automation);
        if let Approval::After(time) = self.plans.approval
            && asks
            && !self.plans.look_planned
        {
            self.plans.look_planned = true;
            let time = Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX / 4);
            self.plan(now.saturating_add(time), Planned::Look);
        }
    }

    fn plan_decided(&mut self, run: RunId, state: String, note: Option<String>) {
        self.plans.waiting.remove(&run);
        let mut stage = self.stage.lock();
        let now = stage.now;
        stage.journal.add(now, What::PlanDecided { run, state, note });
    }

    /// Whether its plans are what its mode asks a person about. What a guard stopped is nothing to approve without a
    /// thought.
    fn asks(&self, automation: &AutomationName) -> bool {
        self.automation(automation).is_some_and(|automation| automation.mode == Mode::Approve)
    }

    /// The person approves everything that waits; so does a second one, a moment later, who has the same notice.
    pub(super) fn look_at_plans(&mut self, at: Micros) -> Result<(), StoreError> {
        self.plans.look_planned = false;
        let waiting = self.plans.waiting.iter().filter(|(_, automation)| self.asks(automation));
        let waiting: Vec<RunId> = waiting.map(|(run, _)| *run).collect();
        for run in waiting {
            self.plan(at + LOOK, Planned::Decision(run, Verdict::Approve));
            self.decide_plan(at, run, Verdict::Approve)?;
        }
        Ok(())
    }

    /// A person decides about a plan now, in the way of a command.
    pub(in crate::sim) fn decide_about(&mut self, run: RunId, verdict: Verdict) {
        let now = self.stage.lock().now;
        self.plan(now, Planned::Decision(run, verdict));
    }

    /// The decision of a person reaches the daemon, once there is one.
    pub(super) fn decide_plan(&mut self, at: Micros, run: RunId, verdict: Verdict) -> Result<(), StoreError> {
        let Some(daemon) = &self.daemon else {
            self.plan(at + SEND_AGAIN, Planned::Decision(run, verdict));
            return Ok(());
        };
        let now = self.stage.lock().daemon_now();
        let store = &daemon.tools.store;
        let decided = match verdict {
            Verdict::Approve => store.approve(run, PERSON.to_owned(), now, |_| true).wait(),
            Verdict::Reject => store.reject(run, format!("{PERSON} rejected it"), now).wait(),
        };
        match decided {
            Ok(Decided::Now(event)) => {
                let (state, note) = match verdict {
                    Verdict::Approve => ("approved", format!("by {PERSON}")),
                    Verdict::Reject => ("rejected", format!("{PERSON} rejected it")),
                };
                self.plan_decided(run, state.to_owned(), Some(note));
                let mut state = self.stage.lock();
                // It may crash before it begins with it.
                state.step();
                if let Some(event) = event.filter(|_| !state.dead) {
                    state.happened.push(Happened::Input(Input::Accepted(Arc::new(event))));
                }
                Ok(())
            }
            Ok(Decided::Held(_) | Decided::UnderWay) => {
                self.plan(at + LOOK, Planned::Decision(run, verdict));
                Ok(())
            }
            // Another one has taken its place, or its time was over.
            Ok(Decided::Before(_) | Decided::Unknown | Decided::Removed(_)) => Ok(()),
            Err(_) if self.stage.lock().dead => {
                self.plan(at + SEND_AGAIN, Planned::Decision(run, verdict));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
