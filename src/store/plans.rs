//! Plans: what a run wanted to write, held for a person.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use super::{
    History, Store, StoreError, dead,
    effects::{effect, insert_all},
    holds,
    inbox::{self, NewEvent},
    interventions, millis,
    news::{self, PlanNews},
    runs,
    writer::Pending,
};
use crate::domain::{AutomationName, Detail, Effect, Event, EventKind, Reader, RunId, TraceLine};

const EXPIRED: &str = "its plan expired before anybody approved it";

/// Why writes are held back, and for how long.
#[derive(Clone, Debug)]
pub struct PlanHead {
    /// The automation.
    pub automation: AutomationName,
    /// Why, in a sentence.
    pub reason: String,
    /// Until when a person can approve.
    pub expires: Timestamp,
}

/// A plan in the store. It is named by the run that wanted it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanRow {
    /// The run.
    pub run: i64,
    /// The automation.
    pub automation: String,
    /// When it was made, in milliseconds since 1970.
    pub made: i64,
    /// When it expires.
    pub expires: i64,
    /// Why it waits.
    pub reason: String,
    /// `waiting`, `approved`, `rejected`, `expired` or `replaced`.
    pub state: String,
    /// When that was decided.
    pub decided: Option<i64>,
    /// Why it was rejected.
    pub note: Option<String>,
    /// The writes: one entry a player, or one.
    pub effects: Vec<Effect>,
}

/// What became of a decision about a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// It is decided; approving gives the event that carries it out.
    Now(Option<Event>),
    /// There is no such plan.
    Unknown,
    /// It was decided before, or its time was over: its state.
    Before(String),
    /// Its automation is not in the configuration any more.
    Removed(AutomationName),
    /// Everything is held, for this reason: it would not be carried out.
    Held(String),
    /// Its run goes on, and may want more.
    UnderWay,
}

impl Decided {
    /// Why nothing was decided now, if nothing was, and what to do about it.
    pub fn why_not(&self, run: RunId, reader: Reader) -> Option<String> {
        match self {
            Self::Now(_) => None,
            Self::Unknown => {
                let list = reader.told("`uproctor plans`", "the page Plans");
                Some(format!("there is no plan {run}: {list} lists those that wait"))
            }
            Self::Removed(name) => Some(format!(
                "{name} is not in the configuration any more; plan {run} waits on: put {name} back, or reject the plan"
            )),
            Self::Held(reason) => {
                let resume = reader.told("`uproctor resume`", "the button Resume at the top of the page");
                Some(format!("everything is paused: {reason}; plan {run} waits on. {resume} lets it go on"))
            }
            Self::UnderWay => Some(format!(
                "run {run} is still under way and may want more: approve plan {run} once it has ended"
            )),
            Self::Before(state) => {
                let has = if state == "expired" { "has" } else { "was already" };
                let all = reader.told("`uproctor plans --all`", "its page");
                Some(format!("plan {run} {has} {state}: {all} says when"))
            }
        }
    }
}

impl Store {
    /// Writes effects down that wait for a person, with the call that they belong to: JSON that whoever planned it reads.
    pub fn plan_effects(
        &self,
        run: RunId,
        head: PlanHead,
        call: Value,
        effects: Vec<Effect>,
        at: Timestamp,
        trace: (u32, Vec<TraceLine>),
    ) -> Pending<()> {
        self.writer.submit(move |connection| {
            runs::trace(connection, run, trace.0, &trace.1)?;
            connection
                .prepare_cached(
                    "INSERT INTO plan (run, automation, made, expires, reason, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, 'waiting') ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    run.0,
                    head.automation.as_str(),
                    millis(at),
                    millis(head.expires),
                    head.reason
                ])?;
            let ordinal = effects.first().map_or(0, |effect| effect.ordinal);
            connection
                .prepare_cached("INSERT INTO planned (run, ordinal, call) VALUES (?1, ?2, ?3)")?
                .execute(params![run.0, ordinal, call.to_string()])?;
            insert_all(connection, run, &effects, at)
        })
    }

    /// Approves a plan: commits the event that carries it out. `by` names who approves, and `known` says whether there is such an
    /// automation.
    pub fn approve(
        &self,
        run: RunId,
        by: String,
        now: Timestamp,
        known: impl Fn(&AutomationName) -> bool + Send + 'static,
    ) -> Pending<Decided> {
        let event = self.new_event_id();
        self.writer.submit(move |connection| {
            expire(connection, now)?;
            let automation = match waiting(connection, run)? {
                Ok(automation) => automation,
                Err(decided) => return Ok(decided),
            };
            let Ok(automation) = AutomationName::new(&automation) else { return Ok(Decided::Unknown) };
            // What it still wanted would be in a plan that is decided.
            if runs::is_under_way(connection, run)? {
                return Ok(Decided::UnderWay);
            }
            if !known(&automation) {
                return Ok(Decided::Removed(automation));
            }
            // A person may approve the plan of an automation that is held.
            if let Some(reason) = holds::why_held(connection, automation.as_str(), false, now)? {
                return Ok(Decided::Held(reason));
            }
            decide(connection, run, "approved", Some(&format!("by {by}")), now)?;
            let detail = Detail::Plan { run };
            let event = NewEvent { automation, kind: EventKind::Plan, at: now, detail }.numbered(event);
            inbox::insert(connection, &event)?;
            Ok(Decided::Now(Some(event)))
        })
    }

    /// Rejects a plan: nothing of it is done.
    pub fn reject(&self, run: RunId, reason: String, now: Timestamp) -> Pending<Decided> {
        self.writer.submit(move |connection| {
            expire(connection, now)?;
            if let Err(decided) = waiting(connection, run)? {
                return Ok(decided);
            }
            decide(connection, run, "rejected", Some(&reason), now)?;
            Ok(Decided::Now(None))
        })
    }

    /// Ends the plans whose time is over; gives their runs.
    pub fn expire_plans(&self, now: Timestamp) -> Pending<Vec<RunId>> {
        self.writer.submit(move |connection| expire(connection, now))
    }
}

impl History {
    /// The plans, newest first: those that wait, or all.
    pub fn plans(&self, all: bool) -> Result<Vec<PlanRow>, StoreError> {
        self.read(|connection| {
            let mut plans: Vec<PlanRow> = connection
                .prepare_cached(&format!(
                    "SELECT {PLAN} FROM plan WHERE ?1 OR state = 'waiting' ORDER BY made DESC, run DESC LIMIT 1000"
                ))?
                .query_map([all], plan)?
                .collect::<Result<_, _>>()?;
            for plan in &mut plans {
                plan.effects = planned(connection, plan.run)?;
            }
            Ok(plans)
        })
    }

    /// The plan of a run, if it has one.
    pub fn plan(&self, run: RunId) -> Result<Option<PlanRow>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!("SELECT {PLAN} FROM plan WHERE run = ?1"))?
                .query_row([run.0], plan)
                .optional()?;
            let Some(mut plan) = found else { return Ok(None) };
            plan.effects = planned(connection, run.0)?;
            Ok(Some(plan))
        })
    }

    /// The calls of a plan in their order, each with the effects that it stands for.
    pub fn planned_calls(&self, run: RunId) -> Result<Vec<(Value, Vec<Effect>)>, StoreError> {
        self.read(|connection| {
            let calls: Vec<(u32, String)> = connection
                .prepare_cached("SELECT ordinal, call FROM planned WHERE run = ?1 ORDER BY ordinal")?
                .query_map([run.0], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let effects = planned(connection, run.0)?;
            let mut planned = Vec::new();
            for (ordinal, call) in calls {
                let call = serde_json::from_str(&call).unwrap_or_default();
                let of_call = effects.iter().filter(|effect| effect.ordinal == ordinal).cloned();
                planned.push((call, of_call.collect()));
            }
            Ok(planned)
        })
    }

    /// The plans that wait and whose runs have ended, in their order.
    pub fn plans_waiting(&self) -> Result<BTreeSet<RunId>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT plan.run FROM plan JOIN run ON run.id = plan.run
                     WHERE plan.state = 'waiting' AND run.ended IS NOT NULL",
                )?
                .query_map([], |row| Ok(RunId(row.get(0)?)))?
                .collect()
        })
    }

    /// When the next plan expires, if one waits. That of a run that is under way does not: what the run wants later belongs to it.
    pub fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let next: Option<i64> = connection
                .prepare_cached(
                    "SELECT min(plan.expires) FROM plan JOIN run ON run.id = plan.run
                     WHERE plan.state = 'waiting' AND run.ended IS NOT NULL",
                )?
                .query_row([], |row| row.get(0))?;
            Ok(next.map(super::instant))
        })
    }
}

/// A run has ended; says what is new of its plan, if it has one. A plan of an earlier run of its automation that wants exactly the
/// same is replaced by its own: a script that runs every minute would else ask for the same again and again.
pub(super) fn replace_older(
    connection: &Connection,
    run: RunId,
    now: Timestamp,
) -> rusqlite::Result<Option<PlanNews>> {
    let Ok(automation) = waiting(connection, run)? else { return Ok(None) };
    // People have the whole time to decide, from when it can be decided on.
    connection
        .prepare_cached("UPDATE plan SET expires = max(expires, ?2 + expires - made) WHERE run = ?1")?
        .execute(params![run.0, millis(now)])?;
    let older: Vec<i64> = connection
        .prepare_cached("SELECT run FROM plan WHERE automation = ?1 AND state = 'waiting' AND run < ?2")?
        .query_map(params![automation, run.0], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut news = PlanNews::New;
    if older.is_empty() {
        return Ok(Some(news));
    }
    let wanted = wants(connection, run.0)?;
    for plan in older {
        if wants(connection, plan)? == wanted {
            let note = format!("plan {run} wants the same");
            decide(connection, RunId(plan), "replaced", Some(&note), now)?;
            news = PlanNews::Again;
        }
    }
    Ok(Some(news))
}

/// What begins in the place of a run takes the place of its plan, if that waits.
pub(super) fn give_way(
    connection: &Connection,
    run: RunId,
    why: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    match waiting(connection, run)? {
        Ok(_) => decide(connection, run, "replaced", Some(why), now),
        Err(_) => Ok(()),
    }
}

/// What is new of the plan of a run that the daemon did not see to its end.
pub(super) fn left_behind(connection: &Connection, run: RunId) -> rusqlite::Result<Option<PlanNews>> {
    Ok(waiting(connection, run)?.is_ok().then_some(PlanNews::New))
}

/// What a plan wants to do to whom, from which page; when the player came there does not matter.
fn wants(connection: &Connection, run: i64) -> rusqlite::Result<Vec<Effect>> {
    let mut effects = planned(connection, run)?;
    for effect in &mut effects {
        effect.precondition = effect.precondition.take().map(|seen| seen["show_page"].clone());
    }
    Ok(effects)
}

pub(super) const PLAN: &str = "run, automation, made, expires, reason, state, decided, note";

pub(super) fn plan(row: &Row<'_>) -> rusqlite::Result<PlanRow> {
    Ok(PlanRow {
        run: row.get(0)?,
        automation: row.get(1)?,
        made: row.get(2)?,
        expires: row.get(3)?,
        reason: row.get(4)?,
        state: row.get(5)?,
        decided: row.get(6)?,
        note: row.get(7)?,
        effects: Vec::new(),
    })
}

pub(super) fn planned(connection: &Connection, run: i64) -> rusqlite::Result<Vec<Effect>> {
    connection
        .prepare_cached(
            "SELECT ordinal, action, target, player, arguments, precondition, irreversible, state, note
             FROM effect WHERE run = ?1 AND state = 'planned' ORDER BY ordinal, row",
        )?
        .query_map([run], effect)?
        .collect()
}

/// The automation of a plan that waits, or what to say of another.
fn waiting(connection: &Connection, run: RunId) -> rusqlite::Result<Result<String, Decided>> {
    let found: Option<(String, String)> = connection
        .prepare_cached("SELECT automation, state FROM plan WHERE run = ?1")?
        .query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match found {
        None => Err(Decided::Unknown),
        Some((automation, state)) if state == "waiting" => Ok(automation),
        Some((_, state)) => Err(Decided::Before(state)),
    })
}

fn decide(
    connection: &Connection,
    run: RunId,
    state: &str,
    note: Option<&str>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE plan SET state = ?2, decided = ?3, note = ?4 WHERE run = ?1")?
        .execute(params![run.0, state, millis(now), note])?;
    interventions::log_decision(connection, run, state, note, now)
}

fn expire(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<RunId>> {
    let over: Vec<i64> = connection
        .prepare_cached(
            "SELECT plan.run FROM plan JOIN run ON run.id = plan.run
             WHERE plan.state = 'waiting' AND plan.expires <= ?1 AND run.ended IS NOT NULL ORDER BY plan.run",
        )?
        .query_map([millis(now)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for run in &over {
        decide(connection, RunId(*run), "expired", None, now)?;
        if dead::put(connection, RunId(*run), now, "expired", EXPIRED)? {
            news::dead(connection, RunId(*run), now, EXPIRED)?;
        }
    }
    Ok(over.into_iter().map(RunId).collect())
}
