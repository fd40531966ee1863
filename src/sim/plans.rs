//! What a person was asked in a rehearsal, and what came of it.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{Approval, Report, report::since_start};
use crate::{
    domain::{Effect, counted},
    effects::BY_MODE,
    store::{PlanRow, RunRow},
};

/// How many plans are shown to a person; all are in the JSON.
const SHOWN: usize = 60;
/// How many players of one action are named.
const WHOM: usize = 8;

/// A plan of a rehearsal. Times are microseconds since its beginning.
pub struct Asked {
    /// The plan.
    pub plan: PlanRow,
    /// When it came.
    pub came: i64,
    /// When it was decided.
    pub decided: Option<i64>,
    /// The run that carried it out, or that was to.
    pub run: Option<RunRow>,
}

impl Asked {
    /// What it wants, in a line.
    pub(super) fn wants(&self) -> String {
        let wants: Vec<String> = self.plan.effects.iter().map(Effect::told).collect();
        let why = if self.plan.reason == BY_MODE { "" } else { &format!(" ({})", self.plan.reason) };
        format!("{}{why}", wants.join("; "))
    }

    /// The actions that it wants, each with whom they are about.
    fn briefly(&self) -> String {
        let mut actions: Vec<(&str, Vec<&str>)> = Vec::new();
        for effect in &self.plan.effects {
            let whom = whom(&effect.player, &effect.target);
            match actions.last_mut() {
                Some((action, all)) if *action == effect.action => all.push(whom),
                _ => actions.push((&effect.action, vec![whom])),
            }
        }
        let told = actions.into_iter().map(|(action, all)| format!("{action} {}", named(&all)));
        told.collect::<Vec<_>>().join("; ")
    }

    /// For programs and tests; times are seconds.
    pub(super) fn json(&self) -> Value {
        let PlanRow { run: plan, automation, reason, state, note, effects, .. } = &self.plan;
        let seconds = |at: i64| (at / 1000) as f64 / 1e3;
        let carried_out = self
            .run
            .as_ref()
            .map(|row| json!({"run": row.run, "outcome": row.outcome, "reason": row.reason}));
        json!({
            "at": seconds(self.came),
            "decided": self.decided.map(seconds),
            "plan": plan,
            "automation": automation,
            "reason": reason,
            "state": state,
            "note": note,
            "writes": effects,
            "carried_out": carried_out,
        })
    }
}

fn whom<'a>(player: &'a Option<String>, target: &'a Option<String>) -> &'a str {
    player.as_deref().or(target.as_deref()).unwrap_or_default()
}

fn named(all: &[&str]) -> String {
    let more = all.len().saturating_sub(WHOM);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", all[..all.len().min(WHOM)].join(", "))
}

impl Report {
    /// What became of a plan, in a line.
    pub(super) fn came_of(&self, asked: &Asked) -> String {
        let state = &asked.plan.state;
        let mut told =
            asked.decided.map_or_else(|| state.clone(), |at| format!("{state} {}", since_start(at)));
        let Some(row) = &asked.run else {
            told.extend(asked.plan.note.iter().map(|note| format!(", {note}")));
            return told;
        };
        told.extend(row.run.map(|run| format!(", run {run}")));
        let mut became: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for write in self.writes.iter().filter(|write| Some(write.run) == row.run) {
            became
                .entry(&write.effect.state)
                .or_default()
                .push(whom(&write.effect.player, &write.effect.target));
        }
        if row.outcome != "done" || became.is_empty() {
            told.push_str(&format!(", {}", row.outcome));
            told.extend(row.reason.iter().map(|reason| format!(": {reason}")));
        }
        told.extend(became.into_iter().map(|(state, all)| format!("; {state}: {}", named(&all))));
        told
    }

    /// Who approves plans, and when; nothing where no automation waits for that and no plan was made.
    pub(super) fn who_approves(&self) -> Option<String> {
        let by_mode = match self.approval {
            Some(Approval::After(time)) if time.is_zero() => "Somebody approves plans at once".to_owned(),
            Some(approval @ Approval::After(_)) => {
                format!("Somebody looks {approval} after a plan came, and approves what waits then")
            }
            Some(Approval::Never) => "Nobody looks at plans, and they expire".to_owned(),
            None if self.plans.is_empty() => return None,
            None => return Some("A guard stopped these, and nobody approves them here.".to_owned()),
        };
        Some(format!("{by_mode}: `--approve` says when."))
    }

    /// How often a person was asked, and what came of it.
    pub(super) fn asked(&self) -> String {
        if self.plans.is_empty() {
            return "Nobody was asked anything.".to_owned();
        }
        let count = |state: &str| self.plans.iter().filter(|asked| asked.plan.state == state).count();
        let states = ["approved", "rejected", "expired", "replaced", "waiting"];
        let counts = states.into_iter().map(|state| (count(state), state)).filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, state)| format!("{count} {state}")).collect();
        let mut left = 0;
        let mut became: BTreeMap<&str, usize> = BTreeMap::new();
        for asked in self.plans.iter().filter(|asked| asked.plan.state == "approved") {
            left += asked.plan.effects.len();
            let run = asked.run.as_ref().and_then(|row| row.run);
            for write in self.writes.iter().filter(|write| Some(write.run) == run) {
                *became.entry(&write.effect.state).or_default() += 1;
            }
        }
        let plans = counted(self.plans.len(), "plan", "plans");
        let mut told = format!("{plans}: {}.", counts.join(", "));
        if left > 0 {
            told.push_str(&format!(" Of the writes in those approved, {left} in all: "));
            left = left.saturating_sub(became.values().sum());
            if left > 0 {
                became.insert("not begun", left);
            }
            let became: Vec<String> =
                became.iter().map(|(state, count)| format!("{count} {state}")).collect();
            told.push_str(&format!("{}.", became.join(", ")));
        }
        told
    }

    pub(super) fn tell_plans(&self, text: &mut String) {
        let Some(who) = self.who_approves() else { return };
        let _ = writeln!(text, "What a person was asked\n  {who}");
        for asked in self.plans.iter().take(SHOWN) {
            let plan = &asked.plan;
            let _ = writeln!(
                text,
                "  {}  {:<16} {}: {}",
                since_start(asked.came),
                plan.automation,
                asked.briefly(),
                self.came_of(asked)
            );
            if plan.reason != BY_MODE {
                let _ = writeln!(text, "           {}; that is not approved here", plan.reason);
            }
        }
        if self.plans.len() > SHOWN {
            let _ = writeln!(text, "  ... and {} more: see --json", self.plans.len() - SHOWN);
        }
        let _ = writeln!(text, "  {}\n", self.asked());
    }
}
