//! What a person is asked in a rehearsal, and what they say.

use std::collections::HashMap;

use super::{Failure, Rehearsal};
use crate::{
    domain::{EventId, RunId},
    sim::{director::Verdict, plans::Asked},
    store::RunRow,
};

impl Rehearsal {
    /// Every plan of a run that has ended, oldest first.
    pub fn plans(&self) -> Result<Vec<Asked>, Failure> {
        let plans = self.director.history(|history| history.plans(true))?;
        let mut carried_out = self.carried_out()?;
        let state = self.stage.lock();
        let asked = plans.into_iter().rev().filter_map(|plan| {
            let times = state.journal.plans().get(&plan.run)?;
            let since_start = |at: i64| (at - self.start).max(0);
            Some(Asked {
                came: since_start(times.came),
                decided: times.decided.map(since_start),
                run: carried_out.remove(&plan.run),
                plan,
            })
        });
        Ok(asked.collect())
    }

    /// The runs that carry plans out, by the runs that wanted them.
    fn carried_out(&self) -> Result<HashMap<i64, RunRow>, Failure> {
        let mut found = HashMap::new();
        for row in self.runs()?.into_iter().filter(|row| row.kind == "plan") {
            let Some(event) = row.event else { continue };
            let event = self.director.history(|history| history.event(EventId(event)))?;
            if let Some(plan) = event.and_then(|event| event.detail["plan"]["run"].as_i64()) {
                found.insert(plan, row);
            }
        }
        Ok(found)
    }

    /// A person approves a plan that waits now.
    pub fn approve(&mut self, plan: i64) -> Result<(), Failure> {
        self.decide(plan, Verdict::Approve)
    }

    /// A person rejects a plan that waits now.
    pub fn reject(&mut self, plan: i64) -> Result<(), Failure> {
        self.decide(plan, Verdict::Reject)
    }

    fn decide(&mut self, plan: i64, verdict: Verdict) -> Result<(), Failure> {
        let found = self.director.history(|history| history.plan(RunId(plan)))?;
        match found.map(|found| found.state) {
            Some(state) if state == "waiting" => {}
            Some(state) => return Err(Failure::NoPlan(format!("plan {plan} does not wait: it is {state}"))),
            None => {
                return Err(Failure::NoPlan(format!("there is no plan {plan} here: `r.plans()` lists them")));
            }
        }
        self.director.decide_about(RunId(plan), verdict);
        Ok(())
    }
}
