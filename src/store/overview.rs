//! Reading for the console: what happened lately, and how much there is.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::{
    History, StoreError,
    history::{ABOUT, ROW, RunRow, WRITE, WriteRow, run_row, write_row},
};
use crate::domain::{AutomationName, EventId};

/// How many runs back writes are looked for: a bound for a store with a long history.
const RUNS_BACK: i64 = 5000;

/// Which events to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct EventsFilter {
    /// Of one automation only.
    pub automation: Option<AutomationName>,
    /// Only of this kind, as [`RunRow::kind`] has it.
    pub kind: Option<String>,
    /// Only those that stand so, as [`RunRow::outcome`] has it.
    pub outcome: Option<String>,
    /// Only those before this event.
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: u32,
}

/// How much there is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Bytes of the database.
    pub bytes: i64,
    /// Events, all of them.
    pub events: i64,
    /// Events that wait for their turn.
    pub waiting: i64,
    /// Runs under way.
    pub running: i64,
    /// Writes that were sent and of which nothing was heard yet.
    pub claimed: i64,
    /// Entries of the intervention log.
    pub interventions: i64,
}

/// How much waits for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Plans.
    pub plans: i64,
    /// Dead letters.
    pub dead: i64,
}

impl History {
    /// Changes whenever anybody else has committed anything.
    pub fn commits(&self) -> Result<i64, StoreError> {
        self.read(|connection| connection.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Events and their runs, newest first, with a higher number than `least`, which bounds how far back those that fit are looked for.
    pub(super) fn events_above(&self, least: i64, filter: &EventsFilter) -> Result<Vec<RunRow>, StoreError> {
        self.read(|connection| {
            let automation = filter.automation.as_ref().map(AutomationName::as_str);
            connection
                .prepare_cached(&format!(
                    "SELECT {ROW}, {ABOUT} FROM event LEFT JOIN run ON run.event = event.id
                     WHERE (?1 IS NULL OR event.automation = ?1) AND (?2 IS NULL OR event.kind = ?2)
                     AND (?3 IS NULL OR coalesce(run.outcome, event.state) = ?3) AND (?4 IS NULL OR event.id < ?4) AND event.id > ?6
                     ORDER BY event.id DESC LIMIT ?5"
                ))?
                .query_map(
                    params![
                        automation,
                        filter.kind,
                        filter.outcome,
                        filter.before.map(|id| id.0),
                        filter.limit,
                        least
                    ],
                    run_row,
                )?
                .collect()
        })
    }

    /// How the last runs of an automation ended, oldest first: number, when it started, outcome, what it took in milliseconds.
    pub fn last_runs(
        &self,
        automation: &AutomationName,
        most: u32,
    ) -> Result<Vec<(i64, i64, String, i64)>, StoreError> {
        self.read(|connection| {
            let mut rows: Vec<_> = connection
                .prepare_cached(
                    "SELECT id, started, coalesce(outcome, 'running'), coalesce(ended, started) - started FROM run
                     WHERE automation = ?1 ORDER BY id DESC LIMIT ?2",
                )?
                .query_map(params![automation.as_str(), most], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect::<Result<Vec<_>, _>>()?;
            rows.reverse();
            Ok(rows)
        })
    }

    /// The last writes on a session, or on one player of it, newest first: those that reached the server, were held back or would
    /// have been made.
    pub fn writes_on(
        &self,
        session: &str,
        player: Option<&str>,
        most: u32,
    ) -> Result<Vec<WriteRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {WRITE} FROM effect JOIN run ON run.id = effect.run
                     WHERE effect.run > (SELECT coalesce(max(id), 0) FROM run) - {RUNS_BACK}
                     AND target = ?1 AND (?2 IS NULL OR player = ?2)
                     ORDER BY effect.run DESC, ordinal DESC, row DESC LIMIT ?3"
                ))?
                .query_map(params![session, player, most], write_row)?
                .collect()
        })
    }

    /// How much waits for a person.
    pub fn waits_for_people(&self) -> Result<Waits, StoreError> {
        self.read(|connection| {
            let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get(0));
            Ok(Waits {
                plans: count("SELECT count(*) FROM plan WHERE state = 'waiting'")?,
                dead: count("SELECT count(*) FROM dead_letter WHERE state = 'open'")?,
            })
        })
    }

    /// How much there is.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        self.read(|connection| {
            let one = |sql: &str| {
                connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional().map(Option::unwrap_or_default)
            };
            let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            Ok(Sizes {
                bytes: pragma("page_count")?.saturating_mul(pragma("page_size")?),
                events: one("SELECT count(*) FROM event")?,
                waiting: one("SELECT count(*) FROM event WHERE state IN ('accepted', 'running') AND state = 'accepted'")?,
                running: one("SELECT count(*) FROM run WHERE ended IS NULL")?,
                claimed: one("SELECT count(*) FROM effect WHERE state = 'claimed'")?,
                interventions: one("SELECT coalesce(max(seq), 0) FROM intervention")?,
            })
        })
    }
}
