//! What always holds, whatever goes wrong: stated here once, and checked after every rehearsal of the simulation test.
//!
//! The sandbox's own history and the journal of what was really sent are laid beside what the daemon's store says.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    Failure, Rehearsal,
    journal::{Call, Fault, What},
};
use crate::{
    config::{KeyRule, OverlapPolicy},
    domain::{AutomationName, EventId, RunId},
    effects::BY_WHOM,
    store::WriteRow,
};

/// The longest that a run may take in the automations of the test, in milliseconds: the default of `time_limit`.
const LONGEST: i64 = 10 * 60 * 1000;

/// Everything that is broken, a sentence each; nothing is the usual answer. The rehearsal must have come to rest: no
/// fault lately, and some time to work off what was left.
pub fn broken(rehearsal: &mut Rehearsal) -> Result<Vec<String>, Failure> {
    let writes = rehearsal.writes()?;
    let mut broken = Vec::new();
    nothing_is_left_open(rehearsal, &writes, &mut broken)?;
    no_webhook_is_lost(rehearsal, &mut broken)?;
    one_act_a_decision(rehearsal, &writes, &mut broken);
    the_ledger_tells_the_story(rehearsal, &writes, &mut broken)?;
    no_poll_item_runs_twice(rehearsal, &mut broken)?;
    an_event_runs_once(rehearsal, &mut broken)?;
    no_more_runs_at_once_than_allowed(rehearsal, &mut broken);
    only_restart_interrupts(rehearsal, &mut broken)?;
    what_stands_for_others_says_how_many(rehearsal, &mut broken)?;
    Ok(broken)
}

/// Every event is decided about, every run has ended, and no write is still `claimed`; except for what began lately and
/// is under way.
fn nothing_is_left_open(
    rehearsal: &Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let now = rehearsal.stage.lock().daemon_now().as_millisecond();
    let mut under_way = HashSet::new();
    for run in rehearsal.runs()? {
        let lately = now - run.started.unwrap_or(run.at) < LONGEST;
        if matches!(run.outcome.as_str(), "accepted" | "running") {
            if lately {
                under_way.extend(run.run);
            } else {
                broken.push(format!("event {:?} of {} is still {}", run.event, run.automation, run.outcome));
            }
        }
        if run.outcome == "dropped" && run.reason.as_deref().unwrap_or("").is_empty() {
            broken.push(format!("event {:?} of {} was dropped without a reason", run.event, run.automation));
        }
    }
    let left =
        writes.iter().filter(|write| write.effect.state == "claimed" && !under_way.contains(&write.run));
    for write in left {
        broken.push(format!("{} of run {} is still claimed", write.effect.action, write.run));
    }
    Ok(())
}

/// Whoever was told that a webhook is taken finds its event in the store, once for each message.
fn no_webhook_is_lost(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let known: HashSet<i64> = rehearsal.runs()?.iter().filter_map(|run| run.event).collect();
    let state = rehearsal.stage.lock();
    let mut taken = HashSet::new();
    for entry in state.journal.entries() {
        let What::Webhook { outcome, .. } = &entry.what else { continue };
        let Some(event) = outcome.strip_prefix("taken as event ").and_then(|event| event.parse::<i64>().ok())
        else {
            continue;
        };
        if !known.contains(&event) {
            broken.push(format!("the webhook taken as event {event} is not in the store"));
        }
        if !taken.insert(event) {
            broken.push(format!("two webhooks were taken as event {event}"));
        }
    }
    let sent = rehearsal.webhooks();
    if sent != u64::try_from(taken.len()).unwrap_or(u64::MAX) {
        broken.push(format!("{sent} webhooks were sent, and {} were taken", taken.len()));
    }
    Ok(())
}

/// For one decision of a script about a player, the server acts once at most, and the ledger says that it may have.
fn one_act_a_decision(rehearsal: &Rehearsal, writes: &[WriteRow], broken: &mut Vec<String>) {
    let state = rehearsal.stage.lock();
    let mut runs = HashMap::new();
    let mut sent: HashMap<(i64, &'static str, String), i64> = HashMap::new();
    for entry in state.journal.entries() {
        match &entry.what {
            What::RunStarted { run, actor, .. } => {
                runs.insert(*actor, run.0);
            }
            What::Call(call) if call.outcome.starts_with('2') => {
                let (Some(run), Some(action)) = (runs.get(&call.actor), relative(call)) else { continue };
                for player in players(call) {
                    *sent.entry((*run, action, player)).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    for ((run, action, player), times) in sent {
        let decided = writes.iter().filter(|write| {
            let effect = &write.effect;
            write.run == run
                && effect.action == action
                && effect.player.as_deref() == Some(&*player)
                && matches!(effect.state.as_str(), "claimed" | "done" | "uncertain")
        });
        let decided = i64::try_from(decided.count()).unwrap_or(i64::MAX);
        if times > decided {
            broken.push(format!(
                "run {run}: {action} of {player} was done {times} times for {decided} decisions"
            ));
        }
    }
}

/// Each step in the server's history that an admin made stands in the ledger as done or uncertain, and each one that the
/// ledger calls done is in the history.
fn the_ledger_tells_the_story(
    rehearsal: &mut Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let session = rehearsal.sessions[0].clone();
    let data = rehearsal.ask(&format!("sessions/{session}/data/"))?;
    let count = |player: &str, action: &str, states: &[&str]| {
        let matching = writes.iter().filter(|write| {
            let effect = &write.effect;
            effect.action == action
                && effect.player.as_deref() == Some(player)
                && effect.target.as_deref() == Some(&*session)
                && states.contains(&effect.state.as_str())
        });
        matching.count()
    };
    for player in &rehearsal.players {
        let changes = data["data"][player]["show_page"].as_array().cloned().unwrap_or_default();
        for (action, context) in [("players.advance", "advance_by_one"), ("players.end", "put_to_end")] {
            let moved =
                changes.iter().filter(|change| change[4].as_str().unwrap_or("").contains(context)).count();
            let done = count(player, action, &["done"]);
            let maybe = done + count(player, action, &["uncertain"]);
            if moved > maybe {
                broken.push(format!(
                    "{player}: the server made {moved} x {action}, and the ledger knows of {maybe}"
                ));
            }
            let unsure = writes.iter().filter(|write| {
                let note = write.effect.note.as_deref().unwrap_or("");
                write.effect.player.as_deref() == Some(&**player) && note.ends_with(BY_WHOM)
            });
            if action == "players.advance" && done > moved + unsure.count() {
                broken.push(format!(
                    "{player}: the ledger says {done} x {action} done, the server made {moved}"
                ));
            }
        }
    }
    Ok(())
}

/// An item of a poll starts one run, also across crashes.
fn no_poll_item_runs_twice(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for (automation, key) in rehearsal.poll_items()? {
        if !seen.insert((automation.clone(), key.clone())) {
            broken.push(format!("{automation}: the item {key} became two events"));
        }
    }
    Ok(())
}

/// What a run had done is done: its event never runs again, whatever ended it.
fn an_event_runs_once(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for run in rehearsal.runs()? {
        if let Some(event) = run.event
            && !seen.insert(event)
        {
            broken.push(format!("event {event} of {} ran twice", run.automation));
        }
    }
    Ok(())
}

/// However often the daemon starts again, an automation without a `key` has one run under way, or `max` with `parallel`.
fn no_more_runs_at_once_than_allowed(rehearsal: &Rehearsal, broken: &mut Vec<String>) {
    let state = rehearsal.stage.lock();
    let mut under_way: HashMap<RunId, AutomationName> = HashMap::new();
    for entry in state.journal.entries() {
        match &entry.what {
            What::RunStarted { run, automation, .. } => {
                under_way.insert(*run, automation.clone());
                let now = under_way.values().filter(|other| *other == automation).count();
                let Some(settings) = rehearsal.director.automation(automation) else { continue };
                let most = match settings.overlap.policy {
                    OverlapPolicy::Parallel(most) => most,
                    _ => 1,
                };
                if settings.overlap.key == KeyRule::Automation && now > most {
                    broken
                        .push(format!("{automation}: {now} runs were under way at once, and {most} may be"));
                }
            }
            What::RunEnded { run, .. } => {
                under_way.remove(run);
            }
            What::Fault(Fault::Crash) => under_way.clear(),
            _ => {}
        }
    }
}

/// A run that did not come to its end says why: its daemon crashed, or a newer event took its place where that may be.
fn only_restart_interrupts(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let crashes = rehearsal
        .stage
        .lock()
        .journal
        .entries()
        .iter()
        .any(|entry| matches!(entry.what, What::Fault(Fault::Crash)));
    for run in rehearsal.runs()? {
        let reason = run.reason.as_deref().unwrap_or("");
        let settings = run.automation.parse().ok().and_then(|name| rehearsal.director.automation(&name));
        let restarts = settings.is_some_and(|settings| settings.overlap.policy == OverlapPolicy::Restart);
        let explained = match reason {
            "a newer event took its place (overlap = \"restart\")" => restarts,
            "the daemon stopped while it ran" => crashes,
            _ => false,
        };
        if run.outcome == "interrupted" && !explained {
            broken.push(format!("run {:?} of {} was interrupted: {reason:?}", run.run, run.automation));
        }
    }
    Ok(())
}

/// An event that debounce dropped names one that stands for it; that one has a run or a reason of its own, and knows how
/// many it stands for.
fn what_stands_for_others_says_how_many(
    rehearsal: &Rehearsal,
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let Some(store) = rehearsal.director.store() else { return Ok(()) };
    let mut others: HashMap<i64, u32> = HashMap::new();
    for run in rehearsal.runs()? {
        let reason = run.reason.unwrap_or_default();
        let stands =
            reason.strip_prefix("event ").and_then(|rest| rest.strip_suffix(" stands for it (debounce)"));
        if let Some(event) = stands.and_then(|event| event.parse().ok()) {
            *others.entry(event).or_default() += 1;
        }
    }
    for (event, others) in others {
        let count = store.history().event(EventId(event))?.map_or(0, |event| event.count);
        if count != others + 1 {
            broken.push(format!("event {event} stands for {others} others, and says it is {count} in all"));
        }
    }
    Ok(())
}

/// The action of a call that acts once more with each sending.
fn relative(call: &Call) -> Option<&'static str> {
    let action = call.path.trim_end_matches('/').rsplit('/').next()?;
    [
        ("advance", "players.advance"),
        ("revert", "players.revert"),
        ("message", "players.message"),
        ("redirect", "players.redirect"),
        ("dropout", "players.dropout"),
    ]
    .into_iter()
    .find_map(|(name, found)| (name == action && call.method == http::Method::POST).then_some(found))
}

fn players(call: &Call) -> Vec<String> {
    let body: Value =
        call.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let names = body["unames"].as_array().cloned().unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
