//! What always holds, whatever goes wrong: stated here once, and checked after every rehearsal of the simulation test.
//!
//! The sandbox's own history and the journal of what was really sent are laid beside what the daemon's store says.

mod guards;
mod notices;
mod observed;
mod plans;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    Failure, Rehearsal,
    journal::{Call, Fault, What},
    stage::{Micros, seconds, timestamp},
};
use crate::{
    config::{KeyRule, OverlapPolicy, Trigger},
    domain::{AutomationName, EventId, EventKind, Held, RunId},
    effects::BY_WHOM,
    store::WriteRow,
};

/// The longest that a run may take in the automations of the test: the default of `time_limit`.
const LONGEST: Micros = 10 * 60 * 1_000_000;

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
    no_poll_item_is_lost(rehearsal, &mut broken)?;
    an_event_runs_once(rehearsal, &mut broken)?;
    no_more_runs_at_once_than_allowed(rehearsal, &mut broken);
    only_restart_interrupts(rehearsal, &mut broken)?;
    what_stands_for_others_says_how_many(rehearsal, &mut broken)?;
    observed::nothing_is_told_twice(rehearsal, &mut broken)?;
    notices::what_scripts_tell_is_kept_once(rehearsal, &writes, &mut broken)?;
    notices::no_news_is_forgotten(rehearsal, &mut broken)?;
    plans::what_is_decided_about_a_plan_is_done(rehearsal, &writes, &mut broken)?;
    plans::nothing_is_sent_before_it_is_approved(rehearsal, &mut broken)?;
    guards::no_run_passes_its_limit(rehearsal, &writes, &mut broken)?;
    guards::the_log_tells_of_every_write(rehearsal, &writes, &mut broken)?;
    Ok(broken)
}

/// Every event ran or was dropped for a reason, every run has ended, and no write is still `claimed`; except for what
/// began lately and is under way. The daemon's own times say nothing about that, since faults set its clock: the journal
/// knows when runs really began, and events are numbered in the order in which they came.
fn nothing_is_left_open(
    rehearsal: &Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let runs = rehearsal.runs()?;
    let (began, long_ago) = {
        let state = rehearsal.stage.lock();
        (state.journal.began().clone(), state.now - LONGEST)
    };
    let lately = |run: i64| began.get(&run).is_some_and(|began| *began > long_ago);
    let old_event = runs.iter().filter(|row| row.run.is_some_and(|run| !lately(run)));
    let old_event = old_event.filter_map(|row| row.event).max().unwrap_or(i64::MIN);
    let mut under_way = HashSet::new();
    for row in runs {
        let event = format!("event {:?} of {}", row.event, row.automation);
        match (row.outcome.as_str(), row.run) {
            ("running", Some(run)) if lately(run) => {
                under_way.insert(run);
            }
            ("accepted", None) if row.event > Some(old_event) => {}
            ("accepted" | "running", _) => broken.push(format!("{event} is still {}", row.outcome)),
            ("dropped", _) if row.reason.as_deref().unwrap_or("").is_empty() => {
                broken.push(format!("{event} was dropped without a reason"));
            }
            ("dropped", _) | (_, Some(_)) => {}
            (outcome, None) => broken.push(format!("{event} is {outcome}, and never ran")),
        }
    }
    let left =
        writes.iter().filter(|write| write.effect.state == "claimed" && !under_way.contains(&write.run));
    for write in left {
        broken.push(format!("{} of run {} is still claimed", write.effect.action, write.run));
    }
    Ok(())
}

/// Whoever was in the session long enough was listed by a poll, and has become an event, where the very first poll counts
/// too, unless the automation is held. In the automations of the test, an item's key is a player's name.
fn no_poll_item_is_lost(rehearsal: &mut Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let long_ago = seconds(rehearsal.now() - LONGEST);
    let joined = rehearsal.outcome().players.into_iter().filter(|player| player.joined < long_ago);
    let joined: HashSet<String> = joined.map(|player| player.player.to_string()).collect();
    let started = rehearsal.players()?.into_iter().filter(|player| player["started"] == true);
    let started = started.filter_map(|player| Some(player["name"].as_str()?.to_owned()));
    let listed: Vec<String> = started.filter(|name| joined.contains(name)).collect();
    let items: HashSet<(String, String)> = rehearsal.poll_items()?.into_iter().collect();
    let now = timestamp(rehearsal.now());
    let holds = rehearsal.director.history(|history| history.holds(now))?;
    for automation in &rehearsal.director.config().automations {
        let held = |held: &Held| matches!(held, Held::Automation(name) if *name == automation.name);
        if holds.iter().any(|hold| held(&hold.held)) {
            continue;
        }
        let whole = |trigger: &Trigger| matches!(trigger, Trigger::Poll(poll) if poll.backfill && poll.stays.is_none());
        if !automation.triggers.iter().any(whole) {
            continue;
        }
        for player in &listed {
            if !items.contains(&(automation.name.to_string(), player.clone())) {
                broken.push(format!("{}: the item {player} became no event", automation.name));
            }
        }
    }
    Ok(())
}

/// Whoever was told that a webhook is taken, or was taken before, finds its event in the store, once for each message.
fn no_webhook_is_lost(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let known: HashSet<i64> = rehearsal.runs()?.iter().filter_map(|run| run.event).collect();
    let state = rehearsal.stage.lock();
    let (mut taken, mut answered) = (HashSet::new(), HashSet::new());
    for entry in state.journal.entries() {
        let What::Webhook { outcome, .. } = &entry.what else { continue };
        let event = |before: &str| outcome.strip_prefix(before).and_then(|event| event.parse::<i64>().ok());
        if let Some(event) = event("taken as event ")
            && !taken.insert(event)
        {
            broken.push(format!("two webhooks were taken as event {event}"));
        }
        answered.extend(event("taken as event ").or(event("known, as event ")));
    }
    for event in answered.difference(&known) {
        broken.push(format!("the webhook taken as event {event} is not in the store"));
    }
    let sent = rehearsal.webhooks();
    if sent != u64::try_from(answered.len()).unwrap_or(u64::MAX) {
        broken.push(format!("{sent} webhooks were sent, and {} were taken", answered.len()));
    }
    Ok(())
}

/// For one decision of a script about a player or a session, the server acts once at most, and the ledger says that it may
/// have.
fn one_act_a_decision(rehearsal: &Rehearsal, writes: &[WriteRow], broken: &mut Vec<String>) {
    let state = rehearsal.stage.lock();
    let mut runs = HashMap::new();
    let mut sent: HashMap<(i64, &'static str, Option<String>), i64> = HashMap::new();
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
    let (may_have_acted, came_to_nothing) = (["claimed", "done", "uncertain"], ["failed", "refused"]);
    for ((run, action, player), times) in sent {
        // A step of somebody who has come to the end meanwhile does nothing, and the server says 200 all the same. Where
        // steps were made is looked up in its own history, see `the_ledger_tells_the_story`.
        let steps = matches!(action, "players.advance" | "players.revert" | "players.end");
        let decided = writes.iter().filter(|write| {
            let effect = &write.effect;
            write.run == run
                && effect.action == action
                && effect.player == player
                && (may_have_acted.contains(&effect.state.as_str())
                    || steps && came_to_nothing.contains(&effect.state.as_str()))
        });
        let decided = i64::try_from(decided.count()).unwrap_or(i64::MAX);
        if times > decided {
            let whom = player.as_deref().unwrap_or("the session");
            broken.push(format!(
                "run {run}: {action} of {whom} was done {times} times for {decided} decisions"
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
        for (action, context) in [
            ("players.advance", "advance_by_one"),
            ("players.revert", "revert_by_one"),
            ("players.end", "put_to_end"),
        ] {
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
            // A person who approves a plan knows what else runs.
            What::RunStarted { run, automation, kind, .. } if *kind != EventKind::Plan => {
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
        let event_row = rehearsal.director.history(|history| history.event(EventId(event)))?;
        let count = event_row.map_or(0, |event| event.count);
        if count != others + 1 {
            broken.push(format!("event {event} stands for {others} others, and says it is {count} in all"));
        }
    }
    Ok(())
}

/// The action of a call that acts once more with each sending. Older servers toggle a session's labels.
fn relative(call: &Call) -> Option<&'static str> {
    let action = call.path.trim_end_matches('/').rsplit('/').next()?;
    let found = [
        ("advance", "players.advance"),
        ("revert", "players.revert"),
        ("end", "players.end"),
        ("message", "players.message"),
        ("redirect", "players.redirect"),
        ("dropout", "players.dropout"),
        ("active", "sessions.active"),
        ("testing", "sessions.testing"),
    ];
    let writes = call.method != http::Method::GET;
    found.into_iter().find_map(|(name, found)| (writes && name == action).then_some(found))
}

/// The players that a call is about; none where it is about a session.
fn players(call: &Call) -> Vec<Option<String>> {
    let body: Value =
        call.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    match body["unames"].as_array() {
        Some(names) => names.iter().filter_map(Value::as_str).map(|name| Some(name.to_owned())).collect(),
        None => vec![None],
    }
}
