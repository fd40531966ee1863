//! What holds of plans.

use std::collections::{HashMap, HashSet};

use http::Method;

use crate::{
    domain::{Effect, EventKind, Mode},
    sim::{Failure, Rehearsal, journal::What, stage::micros},
    store::WriteRow,
};

/// How long a plan may wait past its time: that long a daemon is away, and its clock is set by as much.
const LATE: i64 = 10 * 60 * 1_000_000;

/// What is approved is carried out, once, and nothing but what was asked for. What is rejected, replaced or expired never
/// is. No plan waits for ever.
pub(super) fn what_is_decided_about_a_plan_is_done(
    rehearsal: &Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut wanted = HashMap::new();
    for entry in rehearsal.stage.lock().journal.entries() {
        if let What::Planned { run, wants, .. } = &entry.what {
            wanted.insert(run.0, wants.clone());
        }
    }
    let now = rehearsal.now();
    let mut carried_out = HashSet::new();
    for asked in rehearsal.plans()? {
        let (plan, state) = (&asked.plan, asked.plan.state.as_str());
        let told = format!("plan {} of {} is {state}", plan.run, plan.automation);
        match (state, &asked.run) {
            ("approved", Some(row)) => {
                carried_out.insert(row.event);
                let asked_for: Vec<String> = plan.effects.iter().map(Effect::told).collect();
                if wanted.get(&plan.run) != Some(&asked_for) {
                    broken.push(format!("{told}, and is not what a person was shown"));
                }
                let mut left = asked_for.len();
                let mut places = HashSet::new();
                for write in writes.iter().filter(|write| Some(write.run) == row.run) {
                    let effect = &write.effect;
                    let place = (effect.ordinal, &effect.action, &effect.target, &effect.player);
                    let is_wanted = plan.effects.iter().any(|wanted| {
                        (i64::from(wanted.ordinal), &wanted.action, &wanted.target, &wanted.player) == place
                    });
                    if !is_wanted || left == 0 {
                        broken.push(format!("{told}, and did what it did not want: {}", effect.action));
                    }
                    // Rows about nobody in particular have nothing else to be known by.
                    if effect.player.is_some() && !places.insert(place) {
                        broken.push(format!("{told}, and did {} twice", effect.action));
                    }
                    left = left.saturating_sub(1);
                }
            }
            ("approved", None) => broken.push(format!("{told}, and nothing came of it")),
            ("waiting", None) => {
                let over = micros(plan.expires as f64 / 1e3);
                if over + LATE < now {
                    broken.push(format!("{told}, though its time is over"));
                }
            }
            (_, None) => {}
            (_, Some(row)) => broken.push(format!("{told}, and event {:?} carries it out", row.event)),
        }
    }
    let of_plans = rehearsal.runs()?.into_iter().filter(|row| row.kind == "plan");
    for row in of_plans.filter(|row| !carried_out.contains(&row.event)) {
        broken.push(format!("event {:?} of {} carries out a plan once more", row.event, row.automation));
    }
    Ok(())
}

/// A run of an automation that waits for approval sends nothing, and one that carries a plan out begins after it was
/// approved.
pub(super) fn nothing_is_sent_before_it_is_approved(
    rehearsal: &Rehearsal,
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let of_run = rehearsal.plans()?.into_iter().filter_map(|asked| Some((asked.run?.run?, asked.plan.run)));
    let of_run: HashMap<i64, i64> = of_run.collect();
    let state = rehearsal.stage.lock();
    let (mut asking, mut approved) = (HashMap::new(), HashSet::new());
    for entry in state.journal.entries() {
        match &entry.what {
            What::PlanDecided { run, state, .. } if state == "approved" => {
                approved.insert(run.0);
            }
            What::RunStarted { run, automation, kind, actor } => {
                let settings = rehearsal.director.automation(automation);
                let is_approved = || of_run.get(&run.0).is_some_and(|plan| approved.contains(plan));
                if *kind == EventKind::Plan {
                    if !is_approved() {
                        broken.push(format!("run {run} carries out what nobody has approved"));
                    }
                } else if settings.is_some_and(|settings| settings.mode == Mode::Approve) {
                    asking.insert(*actor, *run);
                }
            }
            What::Call(call) if call.method != Method::GET => {
                if let Some(run) = asking.get(&call.actor) {
                    broken.push(format!("run {run} was to ask first, and sent {}", call.path));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
