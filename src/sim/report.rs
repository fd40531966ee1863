//! What came of a rehearsal: what was done to whom, when and why, what the participants lost with the scripts and
//! without, and what did not work.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{
    Approval, Asked, Failure, Fault, Note, Rehearsal, Sent, Setup, clock, rehearsal::people, rows::Times,
    silence::Evening, stage::seconds,
};
use crate::{
    domain::{Mode, counted},
    sandbox::{Outcome, Totals, World},
    store::{RunRow, WriteRow},
};

/// How many lines of a kind are shown to a person; all are in the JSON.
const SHOWN: usize = 60;

/// Why runs ended as they did, or events did not run: as often as it was so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The automation.
    pub automation: String,
    /// `failed`, `skipped`, `dropped` and their like.
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// How often.
    pub count: u64,
}

impl Reason {
    /// In a line, without its outcome.
    pub(super) fn told(&self) -> String {
        let times = if self.count == 1 { "once".to_owned() } else { format!("{} times", self.count) };
        format!("{}: {} ({times})", self.automation, self.reason)
    }
}

/// See the module.
pub struct Report {
    /// The seed: with it, everything comes again.
    pub seed: u64,
    /// The name of the configuration that the participants were in.
    pub experiment: String,
    /// When it began and ended, in microseconds since 1970.
    pub time: (i64, i64),
    /// What came of the participants with the scripts.
    pub with: Outcome,
    /// What would have come of the same participants without.
    pub without: Outcome,
    /// Every write of the automations, oldest first; what only waited in a plan stands there.
    pub writes: Vec<WriteRow>,
    /// Every run and every event that did not run, oldest first.
    pub runs: Vec<RunRow>,
    /// What a person was asked, oldest first.
    pub plans: Vec<Asked>,
    /// What people would have been told, oldest first.
    pub messages: Vec<Sent>,
    /// When plans are approved, where an automation waits for that.
    pub approval: Option<Approval>,
    /// What went wrong on purpose, and webhooks.
    pub notes: Vec<Note>,
    /// The names of the automations that took part.
    pub automations: Vec<String>,
    /// Those of which no event came, each with what is known about why.
    pub silent: Vec<(String, String)>,
    /// The session that the participants are in, and those that are there without anybody in them.
    pub sessions: (String, Vec<String>),
    /// How many entries the journal has no room for. Nothing of this report is missing for it.
    pub dropped: usize,
    /// Makes times of the store times of the rehearsal.
    pub(super) times: Times,
}

impl Report {
    /// Sums a rehearsal up, and plays the same evening once more without the daemon.
    pub fn of(rehearsal: &mut Rehearsal, setup: &Setup) -> Result<Self, Failure> {
        let time = (rehearsal.start(), rehearsal.now());
        let mut runs = rehearsal.runs()?;
        runs.reverse();
        let times = rehearsal.times(&runs);
        let mut writes = rehearsal.writes()?;
        writes.retain(|write| write.effect.state != "planned");
        let notes = rehearsal.notes();
        let sessions = rehearsal.sessions();
        let silent = silent(setup, &runs, &sessions.0);
        let waits = setup.config.automations.iter().any(|automation| automation.mode == Mode::Approve);
        Ok(Self {
            seed: setup.seed,
            experiment: setup.scenario.participants.config.clone(),
            time,
            with: rehearsal.outcome(),
            without: without_daemon(setup, &notes, time.1)?,
            writes,
            runs,
            plans: rehearsal.plans()?,
            messages: rehearsal.messages(),
            approval: waits.then_some(setup.approval),
            notes,
            automations: setup
                .config
                .automations
                .iter()
                .map(|automation| automation.name.to_string())
                .collect(),
            silent,
            sessions,
            dropped: rehearsal.dropped(),
            times,
        })
    }

    /// Whether a run failed: the rehearsal shows a fault of a script.
    pub fn failed(&self) -> bool {
        self.runs.iter().any(|run| run.outcome == "failed")
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let length = (self.time.1 - self.time.0) / 1_000_000;
        let _ = writeln!(
            text,
            "{}: {}, {}:{:02} h of virtual time, seed {}\n",
            self.experiment,
            counted(self.with.players.len(), "participant", "participants"),
            length / 3600,
            length / 60 % 60,
            self.seed
        );
        let (session, empty) = &self.sessions;
        if !empty.is_empty() {
            let _ = writeln!(text, "All of them are in {session}; nobody is in {}.\n", empty.join(", "));
        }
        self.tell_writes(&mut text);
        self.tell_plans(&mut text);
        self.tell_messages(&mut text);
        self.tell_runs(&mut text);
        self.tell_people(&mut text);
        self.tell_notes(&mut text);
        if self.dropped > 0 {
            let lacking = counted(self.dropped, "entry", "entries");
            let _ = writeln!(text, "\nThe journal lacks its last {lacking}: there were too many.");
        }
        text
    }

    /// When a write was written down, in microseconds since the beginning.
    pub(super) fn written(&self, write: &WriteRow) -> i64 {
        self.times.since_start(Some(write.run), write.effect.claimed)
    }

    fn tell_writes(&self, text: &mut String) {
        if self.writes.is_empty() {
            let _ = writeln!(text, "The automations did nothing to anybody.\n");
            return;
        }
        let _ = writeln!(text, "What the automations did");
        for write in self.writes.iter().take(SHOWN) {
            let effect = &write.effect;
            let whom = effect.player.as_deref().or(effect.target.as_deref()).unwrap_or("");
            let on = effect.precondition.as_ref().and_then(|found| found["page"].as_str()).unwrap_or("");
            let note = effect.note.as_deref().unwrap_or("");
            let detail = match effect.arguments["text"].as_str() {
                Some(text) if effect.action == "notify.send" => text.lines().next().unwrap_or_default(),
                _ if note.is_empty() => on,
                _ => note,
            };
            let _ = writeln!(
                text,
                "  {}  {:<16} {:<18} {:<8} {:<9} {detail}  (run {})",
                since_start(self.written(write)),
                write.automation,
                effect.action,
                whom,
                effect.state,
                write.run
            );
        }
        more(text, self.writes.len());
        text.push('\n');
    }

    fn tell_runs(&self, text: &mut String) {
        let _ = writeln!(text, "Runs");
        for name in &self.automations {
            let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
            for run in self.runs.iter().filter(|run| run.automation == *name) {
                *outcomes.entry(&run.outcome).or_default() += 1;
            }
            let told: Vec<String> =
                outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            let told = if told.is_empty() { "no event came".to_owned() } else { told.join(", ") };
            let _ = writeln!(text, "  {name:<18} {told}");
        }
        for (name, why) in &self.silent {
            let _ = writeln!(text, "  {name}: nothing happened: {why}");
        }
        let reasons = self.reasons();
        for reason in reasons.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}: {}", reason.outcome, reason.told());
        }
        more(text, reasons.len());
        text.push('\n');
    }

    /// Why runs ended as they did, or events did not run, each reason once: failures first, then what came most often.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut counts: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        // What came of plans stands with them.
        let told = |run: &&RunRow| run.kind != "plan" || run.outcome != "done";
        for run in self.runs.iter().filter(told) {
            if let Some(reason) = &run.reason {
                *counts.entry((&run.automation, &run.outcome, reason)).or_default() += 1;
            }
        }
        let mut reasons: Vec<Reason> = counts
            .into_iter()
            .map(|((automation, outcome, reason), count)| Reason {
                automation: automation.to_owned(),
                outcome: outcome.to_owned(),
                reason: reason.to_owned(),
                count,
            })
            .collect();
        reasons.sort_by_key(|reason| (reason.outcome != "failed", std::cmp::Reverse(reason.count)));
        reasons
    }

    fn tell_people(&self, text: &mut String) {
        let (with, without) = (self.with.totals(), self.without.totals());
        let _ = writeln!(text, "{:<34} {:>12} {:>12}", "The participants", "with scripts", "without");
        let count = |text: &mut String, what: &str, a: u64, b: u64| {
            let _ = writeln!(text, "  {what:<32} {a:>12} {b:>12}");
        };
        let time = |text: &mut String, what: &str, a: f64, b: f64| {
            let _ = writeln!(text, "  {what:<32} {:>12} {:>12}", minutes(a), minutes(b));
        };
        count(text, "arrived", with.players, without.players);
        count(text, "finished", with.finished, without.finished);
        if with.redirected + without.redirected > 0 {
            count(text, "sent to another address", with.redirected, without.redirected);
        }
        count(text, "closed the tab for good", with.dropped_out, without.dropped_out);
        count(text, "still there at the end", with.under_way, without.under_way);
        time(text, "waited for others", with.waited, without.waited);
        time(text, "stalled", with.stalled, without.stalled);
        time(text, "had an error page", with.broken, without.broken);
        time(text, "time lost in all", with.lost, without.lost);
        if with.broken > without.broken {
            text.push_str(
                "  The scripts bring participants to error pages: somebody is stepped past a page whose answer others need.\n",
            );
        }
        text.push('\n');
    }

    fn tell_notes(&self, text: &mut String) {
        if self.notes.is_empty() {
            return;
        }
        let _ = writeln!(text, "What went wrong on purpose, and what came from outside");
        for note in self.notes.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}  {}", since_start(note.at - self.time.0), note.text);
        }
        more(text, self.notes.len());
    }

    /// For a program; its fields stand in `docs/rehearsal.md`. All times are seconds since the beginning.
    pub fn json(&self) -> Value {
        let writes: Vec<Value> = self.writes.iter().map(|write| self.times.write(write)).collect();
        let runs: Vec<Value> = self.runs.iter().map(|run| self.times.run(run)).collect();
        let notes: Vec<Value> = self
            .notes
            .iter()
            .map(|note| json!({"at": (note.at - self.time.0) as f64 / 1e6, "text": note.text}))
            .collect();
        let reasons: Vec<Value> = self
            .reasons()
            .iter()
            .map(|Reason { automation, outcome, reason, count }| {
                json!({"automation": automation, "outcome": outcome, "reason": reason, "count": count})
            })
            .collect();
        let silent: Vec<Value> =
            self.silent.iter().map(|(name, why)| json!({"automation": name, "why": why})).collect();
        json!({
            "seed": self.seed,
            "experiment": self.experiment,
            "seconds": (self.time.1 - self.time.0) as f64 / 1e6,
            "with": totals(&self.with.totals()),
            "without": totals(&self.without.totals()),
            "writes": writes,
            "runs": runs,
            "plans": self.plans.iter().map(Asked::json).collect::<Vec<_>>(),
            "messages": self.messages.iter().map(Sent::json).collect::<Vec<_>>(),
            "approve": self.approval.map(|approval| approval.to_string()),
            "notes": notes,
            "reasons": reasons,
            "silent": silent,
            "empty_sessions": self.sessions.1,
            "journal_lacks": self.dropped,
        })
    }
}

/// The automations of which no event came, and why.
fn silent(setup: &Setup, runs: &[RunRow], session: &str) -> Vec<(String, String)> {
    let evening = Evening { config: &setup.config, scenario: &setup.scenario, session, start: setup.start };
    let silent = setup.config.automations.iter().filter(|automation| {
        let came = |run: &RunRow| run.automation == automation.name.as_str();
        !runs.iter().any(came)
    });
    silent.map(|automation| (automation.name.to_string(), evening.why_nothing(automation))).collect()
}

/// The same evening without the daemon: the server restarts as it did with it.
fn without_daemon(setup: &Setup, notes: &[Note], until: i64) -> Result<Outcome, Failure> {
    let (mut world, ..) = people(setup)?;
    let mut outcome = Outcome::new();
    let mut advance = |world: &mut World, to: f64| {
        // From one participant to the next, so that what happened does not pile up.
        while let Some(at) = world.next().filter(|at| *at <= to) {
            world.advance(at);
            world.happenings().iter().for_each(|happening| outcome.observe(happening));
        }
    };
    for note in notes {
        if let Some(Fault::ServerRestart(away)) = note.fault {
            advance(&mut world, seconds(note.at));
            world.restart_server(seconds(note.at), seconds(away));
        }
    }
    advance(&mut world, seconds(until));
    outcome.end(seconds(until));
    Ok(outcome)
}

/// `H:MM:SS` since the beginning.
pub(super) fn since_start(micros: i64) -> String {
    let at = clock(micros.max(0));
    at.rsplit_once('.').map_or(at.clone(), |(seconds, _)| seconds.to_owned())
}

fn totals(totals: &Totals) -> Value {
    json!({
        "players": totals.players,
        "finished": totals.finished,
        "dropped_out": totals.dropped_out,
        "redirected": totals.redirected,
        "under_way": totals.under_way,
        "messages": totals.messages,
        "waited": totals.waited,
        "stalled": totals.stalled,
        "away": totals.away,
        "broken": totals.broken,
        "lost": totals.lost,
    })
}

fn minutes(seconds: f64) -> String {
    format!("{:.1} min", seconds / 60.0)
}

fn more(text: &mut String, all: usize) {
    if all > SHOWN {
        let _ = writeln!(text, "  ... and {} more: see --json", all - SHOWN);
    }
}
