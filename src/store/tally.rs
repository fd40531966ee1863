//! Reading for counters: how events came to their end, and which have since the last time.

use rusqlite::{Row, params};

use super::{History, StoreError};

/// How an event stands, and how long its run took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The event's number.
    pub event: i64,
    /// Its automation.
    pub automation: String,
    /// Its kind.
    pub kind: String,
    /// `accepted`, `running`, `dropped`, or how the run ended.
    pub outcome: String,
    /// The run's mode, if there was a run.
    pub mode: Option<String>,
    /// How long the run took, in milliseconds, if it has ended.
    pub took: Option<i64>,
}

impl Stand {
    /// Whether it stays so.
    pub fn is_final(&self) -> bool {
        !matches!(self.outcome.as_str(), "accepted" | "running")
    }
}

const STAND: &str =
    "SELECT event.id, event.automation, event.kind, coalesce(run.outcome, event.state), run.mode,
    run.ended - run.started FROM event LEFT JOIN run ON run.event = event.id";

fn stand(row: &Row<'_>) -> rusqlite::Result<Stand> {
    Ok(Stand {
        event: row.get(0)?,
        automation: row.get(1)?,
        kind: row.get(2)?,
        outcome: row.get(3)?,
        mode: row.get(4)?,
        took: row.get(5)?,
    })
}

impl History {
    /// The last event's number.
    pub fn last_event(&self) -> Result<i64, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| row.get(0))
        })
    }

    /// The events that have not come to their end.
    pub fn open_events(&self) -> Result<Vec<i64>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT id FROM event WHERE state IN ('accepted', 'running')")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// How the events after one stand, at most so many, in order.
    pub fn stands_after(&self, event: i64, most: u32) -> Result<Vec<Stand>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{STAND} WHERE event.id > ?1 ORDER BY event.id LIMIT ?2"))?
                .query_map(params![event, most], stand)?
                .collect()
        })
    }

    /// How these events stand.
    pub fn stands_of(&self, events: &[i64]) -> Result<Vec<Stand>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{STAND} WHERE event.id = ?1"))?;
            let mut found = Vec::new();
            for event in events {
                found.extend(statement.query_map([event], stand)?.collect::<Result<Vec<_>, _>>()?);
            }
            Ok(found)
        })
    }

    /// How often polls have failed, by automation. One that fails the same way again and again counts once.
    pub fn failed_polls(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT automation, count(*) FROM run WHERE event IS NULL GROUP BY automation",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
                .collect()
        })
    }
}
