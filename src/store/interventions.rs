//! The intervention log: what was done to whom, when and why, for the paper. It is only ever added to, and each entry's hash covers
//! the one before, so that a change to what stands there shows.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{History, StoreError, instant, millis};
use crate::domain::{Effect, RunId};

/// One entry as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervention {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// The entry: a JSON text, of which every byte counts for the hash.
    pub entry: String,
    /// SHA-256 of the hash before and the entry, in hexadecimal.
    pub hash: String,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing.
    #[error("entry {0} is missing")]
    Gap(i64),
    /// An entry or its hash was changed.
    #[error("entry {0} was changed after it was written")]
    Changed(i64),
}

impl History {
    /// The entries after `after`, at most `most`, in order.
    pub fn interventions(&self, after: i64, most: u32) -> Result<Vec<Intervention>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT seq, entry, hash FROM intervention WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                )?
                .query_map(params![after, most], |row| {
                    Ok(Intervention { seq: row.get(0)?, entry: row.get(1)?, hash: row.get(2)? })
                })?
                .collect()
        })
    }

    /// The number of the newest entry; 0 where there is none.
    pub fn last_intervention(&self) -> Result<i64, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT coalesce(max(seq), 0) FROM intervention")?
                .query_row([], |row| row.get(0))
        })
    }
}

/// Checks one more entry against the hash before it, which is empty before the first.
pub fn verify(before: &str, expected: i64, entry: &Intervention) -> Result<(), Broken> {
    if entry.seq != expected {
        return Err(Broken::Gap(expected));
    }
    if link(before, &entry.entry) == entry.hash { Ok(()) } else { Err(Broken::Changed(entry.seq)) }
}

/// Logs an effect that has come to its end, or that waits for a person. `claimed` is when it was decided, in milliseconds.
pub(super) fn log_effect(
    connection: &Connection,
    run: RunId,
    effect: &Effect,
    claimed: i64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let origin = origin(connection, run)?;
    add(
        connection,
        at,
        &json!({
            "action": effect.action,
            "target": effect.target,
            "player": effect.player,
            "arguments": effect.arguments,
            "observed": effect.precondition,
            "decision": effect.state,
            "decided": instant(claimed).to_string(),
            "answer": effect.note,
            "origin": origin,
        }),
    )
}

/// Logs what a person decided about a plan.
pub(super) fn log_decision(
    connection: &Connection,
    run: RunId,
    decision: &str,
    note: Option<&str>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let origin = origin(connection, run)?;
    add(connection, at, &json!({ "action": "plan", "decision": decision, "answer": note, "origin": origin }))
}

/// Where an entry comes from: the run, its automation and mode, its script, and what started it. What carries out a plan does what the
/// script wanted as it was when the plan was made.
fn origin(connection: &Connection, run: RunId) -> rusqlite::Result<Value> {
    let found = connection
        .prepare_cached(
            "SELECT run.automation, run.mode, coalesce(planned.script, run.script),
                coalesce(planned.script_hash, run.script_hash), event.id, event.kind
             FROM run LEFT JOIN event ON event.id = run.event
             LEFT JOIN run AS planned ON event.kind = 'plan' AND planned.id = event.detail ->> '$.plan.run'
             WHERE run.id = ?1",
        )?
        .query_row([run.0], |row| {
            Ok(json!({
                "run": run,
                "automation": row.get::<_, String>(0)?,
                "mode": row.get::<_, String>(1)?,
                "script": row.get::<_, String>(2)?,
                "script_hash": row.get::<_, String>(3)?,
                "event": row.get::<_, Option<i64>>(4)?,
                "trigger": row.get::<_, Option<String>>(5)?,
            }))
        })
        .optional()?;
    Ok(found.unwrap_or_else(|| json!({ "run": run })))
}

fn add(connection: &Connection, at: Timestamp, entry: &Value) -> rusqlite::Result<()> {
    let last: Option<(i64, String)> = connection
        .prepare_cached("SELECT seq, hash FROM intervention ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, before) = last.unwrap_or_default();
    let mut entry = entry.clone();
    entry["at"] = json!(instant(millis(at)).to_string());
    entry["seq"] = json!(seq + 1);
    let entry = entry.to_string();
    let hash = link(&before, &entry);
    connection
        .prepare_cached("INSERT INTO intervention (seq, entry, hash) VALUES (?1, ?2, ?3)")?
        .execute(params![seq + 1, entry, hash])?;
    Ok(())
}

/// The hash of an entry: of the hash before it, a line break, and its text.
fn link(before: &str, entry: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(b"\n");
    hash.update(entry.as_bytes());
    hex::encode(hash.finalize())
}
