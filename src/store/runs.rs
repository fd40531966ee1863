//! What the engine decided, written down one step at a time.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    ClockCursor, OpenEffect, Store, cursors, dead, effects, holds, inbox, millis, news, plans, standing,
    writer::Pending,
};
use crate::domain::{AutomationName, Event, EventId, Hold, Mode, Outcome, RunId, RunReport, TraceLine};

/// A run that is about to start.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// Its number.
    pub run: RunId,
    /// The event it is for; none for a poll that failed.
    pub event: Option<EventId>,
    /// The automation.
    pub automation: AutomationName,
    /// Whether its writes are carried out.
    pub mode: Mode,
    /// The script's file.
    pub script: String,
    /// SHA-256 of the script's text, in hexadecimal.
    pub script_hash: String,
    /// When.
    pub at: Timestamp,
}

/// One thing to be written down. What belongs to one step is applied in one transaction.
#[derive(Clone, Debug)]
pub enum Change {
    /// A clock's instant became an event.
    Occurrence {
        /// The instant.
        instant: Timestamp,
        /// The event.
        event: Event,
    },
    /// Something that the daemon itself saw became an event.
    Accepted(Event),
    /// An event that is only written down to say why it does not run.
    NotRun {
        /// The event.
        event: Event,
        /// Why.
        reason: String,
    },
    /// Several events have become one.
    Gathered {
        /// The one that stands for all.
        event: EventId,
        /// How many they are.
        count: u32,
    },
    /// Something is held.
    Held(Hold),
    /// A clock was looked at up to an instant.
    Clock {
        /// The automation.
        automation: AutomationName,
        /// Up to where.
        cursor: ClockCursor,
    },
    /// An event is not run.
    Dropped {
        /// The event.
        event: EventId,
        /// Why.
        reason: String,
    },
    /// A run starts.
    Started(RunStart),
    /// A run has ended.
    Ended {
        /// The run.
        run: RunId,
        /// When.
        at: Timestamp,
        /// How.
        report: RunReport,
        /// What its trace held since it was last written, and the number of the first of these lines.
        trace: (u32, Vec<TraceLine>),
    },
}

/// What a daemon that ended without finishing had left open.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Events that wait for their run, oldest first.
    pub events: Vec<Event>,
    /// Runs that were under way; they are marked as interrupted.
    pub interrupted: usize,
    /// Writes whose answer never came. They are still `claimed`: somebody has to find out what became of them.
    pub open: Vec<OpenEffect>,
}

impl Store {
    /// Writes the changes of one step down, all or none.
    pub fn apply(&self, changes: Vec<Change>) -> Pending<()> {
        self.writer.submit(move |connection| changes.iter().try_for_each(|change| apply(connection, change)))
    }

    /// Writes lines of a run's trace down; `first` is the number of the first.
    pub fn trace(&self, run: RunId, first: u32, lines: Vec<TraceLine>) -> Pending<()> {
        self.writer.submit(move |connection| trace(connection, run, first, &lines))
    }

    /// Closes what an earlier daemon left open. Nothing of it is run or sent again: what had been sent may have
    /// happened.
    pub fn recover(&self, now: Timestamp) -> Pending<Recovered> {
        self.writer.submit(move |connection| recover(connection, now))
    }
}

fn apply(connection: &Connection, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Occurrence { instant, event } => {
            inbox::insert(connection, event)?;
            connection
                .prepare_cached("INSERT INTO occurrence (automation, instant, event) VALUES (?1, ?2, ?3)")?
                .execute(params![event.automation.as_str(), millis(*instant), event.id.0])?;
        }
        Change::Accepted(event) => inbox::insert(connection, event)?,
        Change::NotRun { event, reason } => inbox::put(connection, event, "dropped", Some(reason))?,
        Change::Gathered { event, count } => {
            connection
                .prepare_cached("UPDATE event SET count = ?2 WHERE id = ?1")?
                .execute(params![event.0, count])?;
        }
        Change::Held(hold) => holds::put(connection, hold)?,
        Change::Clock { automation, cursor } => cursors::put(connection, automation, cursors::CLOCK, cursor)?,
        Change::Dropped { event, reason } => {
            connection
                .prepare_cached("UPDATE event SET state = 'dropped', reason = ?2 WHERE id = ?1")?
                .execute(params![event.0, reason])?;
            dead::not_begun(connection, *event, reason)?;
        }
        Change::Started(start) => {
            connection
                .prepare_cached(
                    "INSERT INTO run (id, event, automation, mode, script, script_hash, started)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    start.run.0,
                    start.event.map(|event| event.0),
                    start.automation.as_str(),
                    start.mode.as_str(),
                    start.script,
                    start.script_hash,
                    millis(start.at),
                ])?;
            connection
                .prepare_cached("UPDATE event SET state = 'running' WHERE id = ?1")?
                .execute([start.event.map(|event| event.0)])?;
        }
        Change::Ended { run, at, report, trace: (first, lines) } => {
            trace(connection, *run, *first, lines)?;
            connection
                .prepare_cached("UPDATE run SET ended = ?2, outcome = ?3, reason = ?4 WHERE id = ?1")?
                .execute(params![run.0, millis(*at), report.outcome.as_str(), report.reason])?;
            let is_dead = dead::after_run(connection, *run, *at, report)?;
            let plan = plans::replace_older(connection, *run, *at)?;
            news::after_run(connection, *run, *at, report, is_dead, plan)?;
            connection
                .prepare_cached(
                    "UPDATE event SET state = 'done' WHERE id = (SELECT event FROM run WHERE id = ?1)",
                )?
                .execute([run.0])?;
        }
    }
    Ok(())
}

pub(super) fn trace(
    connection: &Connection,
    run: RunId,
    first: u32,
    lines: &[TraceLine],
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO trace (run, seq, at, kind, text, millis, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (seq, line) in (first..).zip(lines) {
        insert.execute(params![
            run.0,
            seq,
            line.at,
            line.kind.as_str(),
            line.text,
            line.millis,
            line.line
        ])?;
    }
    Ok(())
}

/// Whether a run has begun and not ended.
pub(super) fn is_under_way(connection: &Connection, run: RunId) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM run WHERE id = ?1 AND ended IS NULL")?.exists([run.0])
}

fn recover(connection: &Connection, now: Timestamp) -> rusqlite::Result<Recovered> {
    let open_effects = effects::open(connection)?;
    let report = RunReport::new(Outcome::Interrupted, "the daemon stopped while it ran");
    let interrupted: Vec<i64> = connection
        .prepare(
            "UPDATE run SET ended = ?1, outcome = 'interrupted', reason = ?2 WHERE ended IS NULL RETURNING id",
        )?
        .query_map(params![millis(now), report.reason], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for run in &interrupted {
        let is_dead = dead::after_run(connection, RunId(*run), now, &report)?;
        let plan = plans::left_behind(connection, RunId(*run))?;
        news::after_run(connection, RunId(*run), now, &report, is_dead, plan)?;
    }
    let interrupted = interrupted.len();
    // The index of what is open is found by its own condition, word for word.
    connection.execute(
        "UPDATE event SET state = 'done' WHERE state IN ('accepted', 'running') AND state = 'running'",
        [],
    )?;
    Ok(Recovered { events: standing::accepted(connection)?, interrupted, open: open_effects })
}
