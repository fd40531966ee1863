//! `/automations`: what each waits for, how it did, and whether it is paused.

use serde_json::{Value, json};

use super::{Reading, hold, millis, read};
use crate::{
    config::{Automation, Clock, Trigger},
    domain::{EventKind, Held, Hold, format_duration},
    web::{act, answer::Answer},
};

pub(in crate::web::api) fn all(reading: &Reading) -> Result<Value, Answer> {
    let holds = reading.holds()?;
    let automations = reading.routes.config.automations.iter();
    let all: Vec<Value> =
        automations.map(|one| automation(reading, one, &holds)).collect::<Result<_, _>>()?;
    Ok(json!({ "automations": all }))
}

pub(in crate::web::api) fn one(reading: &Reading) -> Result<Value, Answer> {
    let name = act::known(&reading.shared, reading.asked.name("automation"))?;
    let found = reading.routes.config.automations.iter().find(|one| one.name == name);
    let found = found.ok_or_else(|| super::not_found(format!("the automation {name} was just removed")))?;
    automation(reading, found, &reading.holds()?)
}

fn automation(reading: &Reading, automation: &Automation, holds: &[Hold]) -> Result<Value, Answer> {
    let due = automation.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Clock(clock, _) => Clock::next_after(clock, reading.now),
        _ => None,
    });
    let last = read(reading.history().last_runs(&automation.name, 1))?;
    let last = last.into_iter().next().map(|(run, started, outcome, took)| {
        json!({ "run": run, "started": started, "outcome": outcome, "took": took })
    });
    let held = holds.iter().find(|one| one.held == Held::Automation(automation.name.clone()));
    Ok(json!({
        "name": automation.name,
        "mode": automation.mode,
        "script": automation.script,
        "triggers": automation.triggers.iter().map(trigger).collect::<Vec<_>>(),
        "params": automation.params,
        "allow": automation.allow.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "next": due.min().map(millis),
        "last_run": last,
        "paused": held.map(hold),
    }))
}

/// What it waits for: the kind of the events that come of it, and the rest in words.
fn trigger(trigger: &Trigger) -> Value {
    let (kind, text) = match trigger {
        Trigger::Clock(clock, _) => (clock.kind().as_str(), clock.to_string()),
        Trigger::Webhook(webhook) => (EventKind::Webhook.as_str(), format!("/hooks/{}", webhook.hook)),
        Trigger::Poll(poll) => (EventKind::Poll.as_str(), format!("every {}", format_duration(poll.every))),
        Trigger::Observe(observe) => (observe.what.about(), observe.to_string()),
        Trigger::OtherRuns(_) => (EventKind::Run.as_str(), "a run that failed".to_owned()),
        Trigger::Started => (EventKind::Daemon.as_str(), "the daemon's start".to_owned()),
    };
    json!({ "kind": kind, "text": text })
}
