//! Reading the store: what ran, what it did, and why something did not run.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use super::{StoreError, open};
use crate::domain::{AutomationName, Detail, EventId, RunId};

/// A store that is only read. Works beside a daemon that has it open.
pub struct History {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// One event and its run, as `uproctor runs` lists them. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRow {
    /// The run, if there was one.
    pub run: Option<i64>,
    /// The event, except for a poll that failed.
    pub event: Option<i64>,
    /// The automation.
    pub automation: String,
    /// Whom or what the event is about: `SESSION/PLAYER`, a session, a room, the key of a poll's item, an automation that
    /// failed.
    pub about: Option<String>,
    /// What started it: the event's kind, or `poll` for a poll that failed.
    pub kind: String,
    /// When it came, or when the run started.
    pub at: i64,
    /// When the run started.
    pub started: Option<i64>,
    /// When the run ended.
    pub ended: Option<i64>,
    /// `dry-run` or `live`.
    pub mode: Option<String>,
    /// `accepted`, `running`, `dropped`, or how the run ended: `done`, `skipped`, `failed`, `interrupted`.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
}

/// An event whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventRow {
    /// Its number.
    pub id: i64,
    /// When it was taken in, in milliseconds since 1970.
    pub at: i64,
    /// How many events it stands for.
    pub count: u32,
    /// What came with it: JSON as in [`crate::domain::Detail`].
    pub detail: Value,
}

/// One write, as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectRow {
    /// The script's call among the run's writes, from 1.
    pub ordinal: i64,
    /// What was to be done, for example `players.advance`.
    pub action: String,
    /// Session, room or host.
    pub target: Option<String>,
    /// The player.
    pub player: Option<String>,
    /// The arguments.
    pub arguments: Value,
    /// What had to be true.
    pub precondition: Option<Value>,
    /// `claimed`, `done`, `failed`, `uncertain`, `refused` or `would`.
    pub state: String,
    /// What the server said, or why it was not sent.
    pub note: Option<String>,
    /// When it was written down, in milliseconds since 1970.
    pub claimed: i64,
    /// When it was settled.
    pub settled: Option<i64>,
}

/// One run whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDetail {
    /// The row of the list.
    #[serde(flatten)]
    pub row: RunRow,
    /// The script's file.
    pub script: String,
    /// SHA-256 of its text.
    pub script_hash: String,
    /// What started it.
    pub trigger: Option<EventRow>,
    /// What it did, line by line: `at`, `kind`, `text`, `millis`, and the script's `line`.
    pub trace: Vec<Value>,
    /// What it wrote.
    pub effects: Vec<EffectRow>,
}

/// One write and the run that made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WriteRow {
    /// The run.
    pub run: i64,
    /// Its automation.
    pub automation: String,
    /// Its mode.
    pub mode: String,
    /// The write.
    #[serde(flatten)]
    pub effect: EffectRow,
}

/// Which runs to list.
#[derive(Clone, Debug)]
pub struct RunsFilter {
    /// Of one automation only.
    pub automation: Option<AutomationName>,
    /// Only what failed or was interrupted.
    pub failed: bool,
    /// At most so many, the newest.
    pub limit: u32,
}

pub(super) const ROW: &str =
    "run.id, event.id, coalesce(event.automation, run.automation), coalesce(event.kind, 'poll'),
    coalesce(event.at, run.started), run.started, run.ended, run.mode,
    coalesce(run.outcome, event.state, 'running'), coalesce(run.reason, event.reason)";

/// What an event may be about, as a JSON array; it stands behind [`ROW`].
pub(super) const ABOUT: &str = "CASE WHEN json_valid(event.detail) THEN json_extract(event.detail,
    '$.observed.subject.player', '$.observed.subject.session', '$.observed.subject.room', '$.observed.subject.automation',
    '$.manual.payload.player', '$.manual.payload.session', '$.poll.key') END";

pub(super) fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        run: row.get(0)?,
        event: row.get(1)?,
        automation: row.get(2)?,
        kind: row.get(3)?,
        at: row.get(4)?,
        started: row.get(5)?,
        ended: row.get(6)?,
        mode: row.get(7)?,
        outcome: row.get(8)?,
        reason: row.get(9)?,
        about: row.get::<_, Option<String>>(10)?.and_then(|found| first_text(&found)),
    })
}

/// The first text of a JSON array.
fn first_text(array: &str) -> Option<String> {
    let found: Vec<Value> = serde_json::from_str(array).ok()?;
    found.iter().find_map(Value::as_str).map(str::to_owned)
}

impl History {
    /// Opens a store for reading.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: Mutex::new(open::for_reading(path)?), path: path.to_owned() })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // A reader that panicked leaves a connection that reads as well as before.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection).map_err(|error| StoreError::from_sqlite(&self.path, &error))
    }

    /// Events and their runs, newest first.
    pub fn runs(&self, filter: &RunsFilter) -> Result<Vec<RunRow>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "WITH list (run, event, automation, kind, at, started, ended, mode, outcome, reason) AS (
                    SELECT {ROW} FROM event LEFT JOIN run ON run.event = event.id
                    UNION ALL
                    SELECT {ROW} FROM run LEFT JOIN event ON event.id = run.event WHERE run.event IS NULL
                 ),
                 shown AS (
                    SELECT * FROM list
                    WHERE (?1 IS NULL OR automation = ?1) AND (NOT ?2 OR outcome IN ('failed', 'halted', 'interrupted'))
                    ORDER BY at DESC, event DESC, run DESC LIMIT ?3
                 )
                 SELECT shown.*, {ABOUT} FROM shown LEFT JOIN event ON event.id = shown.event
                 ORDER BY shown.at DESC, shown.event DESC, shown.run DESC"
            );
            let automation = filter.automation.as_ref().map(AutomationName::as_str);
            connection
                .prepare_cached(&sql)?
                .query_map(params![automation, filter.failed, filter.limit], run_row)?
                .collect()
        })
    }

    /// The run that was started last.
    pub fn newest_run(&self) -> Result<Option<RunId>, StoreError> {
        self.read(|connection| {
            let newest: Option<i64> =
                connection.prepare_cached("SELECT max(id) FROM run")?.query_row([], |row| row.get(0))?;
            Ok(newest.map(RunId))
        })
    }

    /// The run of an event, if there is one, and how the event stands.
    pub fn of_event(&self, event: EventId) -> Result<Option<RunRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {ROW}, {ABOUT} FROM event LEFT JOIN run ON run.event = event.id WHERE event.id = ?1"
                ))?
                .query_row([event.0], run_row)
                .optional()
        })
    }

    /// One event.
    pub fn event(&self, event: EventId) -> Result<Option<EventRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT id, at, count, detail FROM event WHERE id = ?1")?
                .query_row([event.0], |row| {
                    let (id, at, count) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    Ok(EventRow { id, at, count, detail: json(&row.get::<_, String>(3)?) })
                })
                .optional()
        })
    }

    /// What came with the event that a run was for; none where it does not read, or there is no such run.
    pub fn detail_of(&self, run: RunId) -> Result<Option<Detail>, StoreError> {
        self.read(|connection| {
            let text: Option<String> = connection
                .prepare_cached("SELECT detail FROM event WHERE id = (SELECT event FROM run WHERE id = ?1)")?
                .query_row([run.0], |row| row.get(0))
                .optional()?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        })
    }

    /// All writes that were written down at `since` (milliseconds since 1970) or later, oldest first.
    pub fn writes_since(&self, since: i64) -> Result<Vec<WriteRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {WRITE} FROM effect JOIN run ON run.id = effect.run
                     WHERE claimed >= ?1 ORDER BY claimed, effect.run, ordinal, row"
                ))?
                .query_map([since], write_row)?
                .collect()
        })
    }

    /// One run with all it did.
    pub fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(&format!(
                    "SELECT {ROW}, {ABOUT}, run.script, run.script_hash, event.detail, event.count FROM run
                     LEFT JOIN event ON event.id = run.event WHERE run.id = ?1"
                ))?
                .query_row([run.0], |row| {
                    let detail: Option<String> = row.get(13)?;
                    Ok((run_row(row)?, row.get(11)?, row.get(12)?, detail.zip(row.get(14)?)))
                })
                .optional()?;
            let Some((row, script, script_hash, detail)) = found else { return Ok(None) };
            let trigger = row.event.zip(detail).map(|(id, (detail, count))| {
                let detail = json(&detail);
                EventRow { id, at: row.at, count, detail }
            });
            Ok(Some(RunDetail {
                row,
                script,
                script_hash,
                trigger,
                trace: trace(connection, run)?,
                effects: effects(connection, run)?,
            }))
        })
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn trace(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<Value>> {
    connection
        .prepare_cached("SELECT at, kind, text, millis, line FROM trace WHERE run = ?1 ORDER BY seq")?
        .query_map([run.0], |row| {
            Ok(serde_json::json!({
                "at": row.get::<_, i64>(0)?,
                "kind": row.get::<_, String>(1)?,
                "text": row.get::<_, String>(2)?,
                "millis": row.get::<_, Option<i64>>(3)?,
                "line": row.get::<_, Option<i64>>(4)?,
            }))
        })?
        .collect()
}

const EFFECT: &str =
    "ordinal, action, target, player, arguments, precondition, state, note, claimed, settled";

fn effects(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<EffectRow>> {
    connection
        .prepare_cached(&format!("SELECT {EFFECT} FROM effect WHERE run = ?1 ORDER BY ordinal, row"))?
        .query_map([run.0], effect_row)?
        .collect()
}

fn effect_row(row: &Row<'_>) -> rusqlite::Result<EffectRow> {
    Ok(EffectRow {
        ordinal: row.get(0)?,
        action: row.get(1)?,
        target: row.get(2)?,
        player: row.get(3)?,
        arguments: json(&row.get::<_, String>(4)?),
        precondition: row.get::<_, Option<String>>(5)?.as_deref().map(json),
        state: row.get(6)?,
        note: row.get(7)?,
        claimed: row.get(8)?,
        settled: row.get(9)?,
    })
}

/// A write and its run, of a join of the two; the effect's columns stand first.
pub(super) const WRITE: &str = "ordinal, action, target, player, arguments, precondition, state, note, claimed, settled, \
                                run.id, run.automation, run.mode";

pub(super) fn write_row(row: &Row<'_>) -> rusqlite::Result<WriteRow> {
    Ok(WriteRow { effect: effect_row(row)?, run: row.get(10)?, automation: row.get(11)?, mode: row.get(12)? })
}
