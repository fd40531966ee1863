//! Dead letters: runs that need a person.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::{History, Store, StoreError, holds, inbox, millis, news, plans, runs, standing, writer::Pending};
use crate::domain::{
    AutomationName, Effect, Event, EventId, EventKind, Mode, Outcome, Reader, RunId, RunReport,
};

/// A dead letter. It is named by its run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The run.
    pub run: i64,
    /// Its automation.
    pub automation: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `failed`, `halted`, `interrupted`, `uncertain`, `tripped` or `expired`.
    pub kind: String,
    /// Why, in a sentence.
    pub reason: String,
    /// `open`, `retried`, `resumed` or `discarded`.
    pub state: String,
    /// When that was.
    pub closed: Option<i64>,
    /// Why it was discarded.
    pub note: Option<String>,
}

/// What a person does about a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The event runs once more, from the beginning.
    Retry,
    /// The event runs once more, but what had been done, or may have been, is not done again.
    Resume,
    /// Nothing: for this reason.
    Discard(String),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Closed {
    /// It is closed; retrying and resuming give the new event.
    Now(Option<Event>),
    /// There is no such dead letter.
    Unknown,
    /// It was closed before: its state.
    Before(String),
    /// It has no event that could run again: a poll that failed.
    NoEvent,
    /// Its automation is not in the configuration any more.
    Removed(AutomationName),
    /// Its automation, or everything, is held for this reason: the event would not run.
    Held(String),
    /// Its run is still under way and may do more: in its place it would be done twice.
    UnderWay,
}

impl Closed {
    /// Why it was not closed now, if it was not, and what to do about it.
    pub fn why_not(&self, run: RunId, reader: Reader) -> Option<String> {
        match self {
            Self::Now(_) => None,
            Self::Unknown => {
                let list = reader.told("`uproctor dead`", "the page Dead letters");
                Some(format!("run {run} is no dead letter: {list} lists them"))
            }
            Self::Before(state) => Some(format!("the dead letter of run {run} was {state} before")),
            Self::Removed(name) => Some(format!(
                "{name} is not in the configuration any more: put it back, or discard the dead letter of run {run}"
            )),
            Self::Held(reason) => {
                let resume = reader.told(
                    "`uproctor resume NAME` first, or `uproctor resume` where everything is paused",
                    "press Resume first, at the top of the page or at its automation",
                );
                Some(format!("run {run} cannot go on while it is paused: {reason}; {resume}"))
            }
            Self::UnderWay => {
                Some(format!("run {run} is still under way: decide about it once it has ended"))
            }
            Self::NoEvent => {
                Some(format!("run {run} was a poll, which is asked again by itself: discard it"))
            }
        }
    }
}

/// In whose place the runs of events go on. It is asked at the start of each run, so it is kept beside the store.
pub(super) type Resumptions = Arc<Mutex<HashMap<EventId, RunId>>>;

pub(super) fn resumptions(connection: &Connection) -> rusqlite::Result<Resumptions> {
    let mut all = connection.prepare("SELECT event, run FROM resumption")?;
    let all = all.query_map([], |row| Ok((EventId(row.get(0)?), RunId(row.get(1)?))))?;
    Ok(Arc::new(Mutex::new(all.collect::<rusqlite::Result<_>>()?)))
}

impl Store {
    /// The run in whose place the run of this event goes on, if it does.
    pub fn resumes(&self, event: EventId) -> Option<RunId> {
        self.resumptions.lock().unwrap_or_else(PoisonError::into_inner).get(&event).copied()
    }

    /// Closes a dead letter, unless what it asks for would not be done.
    /// `known` says whether there is such an automation.
    pub fn close_dead_letter(
        &self,
        run: RunId,
        remedy: Remedy,
        now: Timestamp,
        known: impl Fn(&AutomationName) -> bool + Send + 'static,
    ) -> Pending<Closed> {
        let id = self.new_event_id();
        let (resumptions, resumes) = (Arc::clone(&self.resumptions), remedy == Remedy::Resume);
        let close = move |connection: &Connection| {
            let state: Option<String> = connection
                .prepare_cached("SELECT state FROM dead_letter WHERE run = ?1")?
                .query_row([run.0], |row| row.get(0))
                .optional()?;
            match state.as_deref() {
                None => return Ok(Closed::Unknown),
                Some("open") => {}
                Some(state) => return Ok(Closed::Before(state.to_owned())),
            }
            let (state, note) = match &remedy {
                Remedy::Retry => ("retried", None),
                Remedy::Resume => ("resumed", None),
                Remedy::Discard(reason) => ("discarded", Some(reason.as_str())),
            };
            let event = if let Remedy::Discard(_) = remedy {
                None
            } else {
                let Some(event) = event_of(connection, run)? else { return Ok(Closed::NoEvent) };
                if runs::is_under_way(connection, run)? {
                    return Ok(Closed::UnderWay);
                }
                if !known(&event.automation) {
                    return Ok(Closed::Removed(event.automation));
                }
                let alone = event.kind != EventKind::Plan;
                if let Some(reason) = holds::why_held(connection, event.automation.as_str(), alone, now)? {
                    return Ok(Closed::Held(reason));
                }
                // What it wanted is wanted anew; approving both would do it twice.
                plans::give_way(connection, run, &format!("run {run} was {state}"), now)?;
                let event = Event { id, at: now, ..event };
                inbox::insert(connection, &event)?;
                if remedy == Remedy::Resume {
                    connection
                        .prepare_cached("INSERT INTO resumption (event, run) VALUES (?1, ?2)")?
                        .execute(params![id.0, run.0])?;
                }
                Some(event)
            };
            connection
                .prepare_cached(
                    "UPDATE dead_letter SET state = ?2, closed = ?3, note = ?4, event = ?5 WHERE run = ?1",
                )?
                .execute(params![run.0, state, millis(now), note, event.as_ref().map(|event| event.id.0)])?;
            Ok(Closed::Now(event))
        };
        self.writer.submit_then(close, move |closed| {
            if let Some(Closed::Now(Some(event))) = closed
                && resumes
            {
                resumptions.lock().unwrap_or_else(PoisonError::into_inner).insert(event.id, run);
            }
        })
    }
}

impl History {
    /// The dead letters, newest first: those that are open, or all.
    pub fn dead_letters(&self, all: bool) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {LETTER} FROM dead_letter WHERE ?1 OR state = 'open' ORDER BY at DESC, run DESC LIMIT 1000"
                ))?
                .query_map([all], letter)?
                .collect()
        })
    }

    /// The dead letter of a run, if it is one.
    pub fn dead_letter(&self, run: RunId) -> Result<Option<DeadLetter>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {LETTER} FROM dead_letter WHERE run = ?1"))?
                .query_row([run.0], letter)
                .optional()
        })
    }
}

pub(super) const LETTER: &str = "run, automation, at, kind, reason, state, closed, note";

pub(super) fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        run: row.get(0)?,
        automation: row.get(1)?,
        at: row.get(2)?,
        kind: row.get(3)?,
        reason: row.get(4)?,
        state: row.get(5)?,
        closed: row.get(6)?,
        note: row.get(7)?,
    })
}

/// What was begun in the place of a dead letter does not run: that is open again, with the reason.
pub(super) fn not_begun(connection: &Connection, event: EventId, reason: &str) -> rusqlite::Result<()> {
    let note = format!("what was begun in its place did not run: {reason}");
    connection
        .prepare_cached(
            "UPDATE dead_letter SET state = 'open', closed = NULL, event = NULL, note = ?2 WHERE event = ?1",
        )?
        .execute(params![event.0, note])?;
    Ok(())
}

/// A run has ended. It becomes a dead letter where its event does not come again by itself; says whether it did.
pub(super) fn after_run(
    connection: &Connection,
    run: RunId,
    at: Timestamp,
    report: &RunReport,
) -> rusqlite::Result<bool> {
    let kind = match report.outcome {
        _ if report.tripped => "tripped",
        Outcome::Failed => "failed",
        Outcome::Halted => "halted",
        Outcome::Interrupted => "interrupted",
        Outcome::Done | Outcome::Skipped => return Ok(false),
    };
    if kind != "tripped" && comes_again(connection, run, report.outcome)? {
        return Ok(false);
    }
    put(connection, run, at, kind, report.reason.as_deref().unwrap_or_default())
}

/// The periods of `every` come again; whoever triggers by hand sees what came of it, unless the daemon ended before; a poll is asked
/// again. But what went on in the place of a dead letter closed it: nothing else would still tell of it.
fn comes_again(connection: &Connection, run: RunId, outcome: Outcome) -> rusqlite::Result<bool> {
    let found: Option<(String, String, bool)> = connection
        .prepare_cached(
            "SELECT event.kind, run.mode, EXISTS (SELECT 1 FROM dead_letter WHERE dead_letter.event = event.id)
             FROM run JOIN event ON event.id = run.event WHERE run.id = ?1",
        )?
        .query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(match found {
        None => true,
        Some((_, _, true)) => false,
        Some((kind, mode, false)) => match kind.as_str() {
            "every" => true,
            "manual" => outcome != Outcome::Interrupted || mode == Mode::DryRun.as_str(),
            _ => false,
        },
    })
}

/// Writes of a run may have happened or not.
pub(super) fn uncertain<'a>(
    connection: &Connection,
    run: RunId,
    at: Timestamp,
    effects: impl Iterator<Item = &'a Effect>,
) -> rusqlite::Result<()> {
    let what: Vec<String> = effects
        .map(|effect| match (&effect.player, &effect.target) {
            (Some(player), Some(session)) => format!("{} of {player} in {session}", effect.action),
            (_, Some(target)) => format!("{} of {target}", effect.action),
            _ => effect.action.clone(),
        })
        .collect();
    let reason = format!("nobody knows whether this happened: {}", what.join(", "));
    if put(connection, run, at, "uncertain", &reason)? {
        news::dead(connection, run, at, &reason)?;
    }
    Ok(())
}

/// Adds a dead letter; says whether it is new. What a run is one for first stays its reason.
pub(super) fn put(
    connection: &Connection,
    run: RunId,
    at: Timestamp,
    kind: &str,
    reason: &str,
) -> rusqlite::Result<bool> {
    let added = connection
        .prepare_cached(
            "INSERT INTO dead_letter (run, automation, at, kind, reason, state)
             SELECT id, automation, ?2, ?3, ?4, 'open' FROM run WHERE id = ?1 ON CONFLICT DO NOTHING",
        )?
        .execute(params![run.0, millis(at), kind, reason])?;
    Ok(added > 0)
}

fn event_of(connection: &Connection, run: RunId) -> rusqlite::Result<Option<Event>> {
    let event = connection
        .prepare_cached(&format!(
            "SELECT {} FROM run JOIN event ON event.id = run.event WHERE run.id = ?1",
            standing::EVENT
        ))?
        .query_row([run.0], standing::event)
        .optional()?;
    Ok(event.flatten())
}
