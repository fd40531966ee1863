//! Events that the daemon makes of what it sees itself: its own start, the failure of a run, what was observed.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Dispatcher, Step};
use crate::{
    config::{Automation, Config, Trigger},
    domain::{AutomationName, Detail, Event, EventKind, Observation, Outcome, RunId, RunReport},
    engine::Input,
    store::{Change, NewEvent},
    watch::{LookError, Rule},
};

impl Dispatcher {
    /// What is observed was looked at.
    pub(super) fn looked(&mut self, events: Vec<Event>, failure: Option<&LookError>, step: &mut Step) {
        step.inputs.extend(events.into_iter().map(|event| Input::Accepted(Arc::new(event))));
        step.inputs.push_back(Input::Looked);
        let failure = failure.map(ToString::to_string);
        if failure != self.look_failure {
            match &failure {
                Some(why) => tracing::warn!("the sessions cannot be looked at: {why}"),
                None => tracing::info!("the sessions can be looked at again"),
            }
            self.look_failure = failure;
        }
    }

    /// Sees to it that what automations wait for is looked at.
    pub(super) fn set_rules(&mut self, now: Timestamp, config: &Config) {
        let watch = config.watch.clone();
        let automations = self.automations.values().map(AsRef::as_ref);
        let mut rules = Rule::of(automations, &watch);
        // The order of a map is nobody's; events are to come in the same order each time.
        rules.sort_by(|one, two| one.automation.cmp(&two.automation));
        self.tools.watch.set_rules(watch, rules);
        self.tools.watch.tell_of_server(config.tells_of_server());
        self.engine.look_every(now, self.tools.watch.every());
    }

    /// The daemon has started.
    pub(super) fn tell_of_start(&self, now: Timestamp, step: &mut Step) {
        let starts = |trigger: &Trigger| matches!(trigger, Trigger::Started);
        for automation in self.in_order().filter(|automation| automation.triggers.iter().any(starts)) {
            let about = Map::new();
            self.observe(now, automation, EventKind::Daemon, "started", json!({}), about, step);
        }
    }

    /// A run has failed: those that wait for it are told. What such a run fails itself is told to nobody, or two of them would go
    /// on for ever.
    pub(super) fn tell_of_failure(
        &self,
        now: Timestamp,
        run: RunId,
        event: &Event,
        report: &RunReport,
        step: &mut Step,
    ) {
        if !matches!(report.outcome, Outcome::Failed | Outcome::Halted) || event.kind == EventKind::Run {
            return;
        }
        let failed = &event.automation;
        for automation in self.in_order().filter(|automation| waits_for(automation, failed)) {
            let run = json!({
                "id": run, "automation": failed, "outcome": report.outcome.as_str(), "reason": report.reason,
            });
            let about = Map::from_iter([("run".to_owned(), run)]);
            let subject = json!({"automation": failed});
            self.observe(now, automation, EventKind::Run, "failed", subject, about, step);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    fn observe(
        &self,
        at: Timestamp,
        automation: &Automation,
        kind: EventKind,
        what: &str,
        subject: Value,
        about: Map<String, Value>,
        step: &mut Step,
    ) {
        let detail = Detail::Observed(Box::new(Observation { what: what.to_owned(), subject, about }));
        let event = NewEvent { automation: automation.name.clone(), kind, at, detail };
        let event = event.numbered(self.tools.store.new_event_id());
        step.changes.push(Change::Accepted(event.clone()));
        step.inputs.push_back(Input::Accepted(Arc::new(event)));
    }

    fn in_order(&self) -> impl Iterator<Item = &Automation> {
        let mut automations: Vec<&Automation> = self.automations.values().map(AsRef::as_ref).collect();
        automations.sort_by(|one, two| one.name.cmp(&two.name));
        automations.into_iter()
    }
}

fn waits_for(automation: &Automation, failed: &AutomationName) -> bool {
    automation.name != *failed
        && automation.triggers.iter().any(|trigger| match trigger {
            Trigger::OtherRuns(runs) => runs.names(failed),
            _ => false,
        })
}
