//! What the engine has to know of the past when it starts.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{History, StoreError, instant, millis};
use crate::domain::{AutomationName, Event, EventId, Outcome, PastRun};

/// The columns from which [`event`] makes an event.
pub(super) const EVENT: &str = "event.id, event.automation, event.kind, event.at, event.count, event.detail";

impl History {
    /// The runs of an automation that started after `since`, in the order of their starts.
    pub fn runs_since(
        &self,
        automation: &AutomationName,
        since: Timestamp,
    ) -> Result<Vec<PastRun>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {EVENT}, run.started, run.ended, run.outcome FROM run JOIN event ON event.id = run.event
                     WHERE run.automation = ?1 AND run.started > ?2 ORDER BY run.started, run.id"
                ))?
                .query_map(params![automation.as_str(), millis(since)], past_run)?
                .filter_map(Result::transpose)
                .collect()
        })
    }

    /// How many runs of an automation failed since the last one that did not. A poll that failed is no run, and one that
    /// was interrupted says nothing; nor does one that carried out a plan.
    pub fn failures_in_a_row(&self, automation: &AutomationName) -> Result<u32, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    // The subquery walks back from the newest run and stops at the first that fits.
                    "WITH own (id, outcome) AS (
                        SELECT run.id, outcome FROM run JOIN event ON event.id = run.event
                        WHERE run.automation = ?1 AND event.kind <> 'plan'
                     )
                     SELECT count(*) FROM own WHERE outcome = 'failed' AND id >
                        coalesce((SELECT id FROM own WHERE outcome IN ('done', 'skipped') ORDER BY id DESC LIMIT 1), 0)",
                )?
                .query_row([automation.as_str()], |row| row.get(0))
        })
    }

    /// The event that an instant of a clock became, if it has fired.
    pub fn occurrence(
        &self,
        automation: &AutomationName,
        instant: Timestamp,
    ) -> Result<Option<EventId>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT event FROM occurrence WHERE automation = ?1 AND instant = ?2")?
                .query_row(params![automation.as_str(), millis(instant)], |row| row.get(0).map(EventId))
                .optional()
        })
    }
}

/// Events that wait for their run, oldest first.
pub(super) fn accepted(connection: &Connection) -> rusqlite::Result<Vec<Event>> {
    let events: Vec<Option<Event>> = connection
        // The index of what is open is found by its own condition, word for word.
        .prepare(&format!(
            "SELECT {EVENT} FROM event WHERE state IN ('accepted', 'running') AND state = 'accepted' ORDER BY id"
        ))?
        .query_map([], event)?
        .collect::<Result<_, _>>()?;
    Ok(events.into_iter().flatten().collect())
}

/// An event out of its columns, the first ones of a row. One that does not read is left out, and the log says so.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Option<Event>> {
    let id: i64 = row.get(0)?;
    let (automation, kind, detail): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(5)?);
    let (at, count): (i64, u32) = (row.get(3)?, row.get(4)?);
    let read = || -> Result<Event, String> {
        Ok(Event {
            id: EventId(id),
            automation: AutomationName::new(&automation).map_err(|error| error.to_string())?,
            kind: serde_json::from_value(kind.into()).map_err(|error| error.to_string())?,
            at: instant(at),
            count,
            detail: serde_json::from_str(&detail).map_err(|error| error.to_string())?,
        })
    };
    Ok(read()
        .inspect_err(|error| tracing::error!(event = id, error, "an event in the store does not read"))
        .ok())
}

fn past_run(row: &Row<'_>) -> rusqlite::Result<Option<PastRun>> {
    let started: i64 = row.get(6)?;
    let (ended, outcome): (Option<i64>, Option<String>) = (row.get(7)?, row.get(8)?);
    let outcome: Option<Outcome> = outcome.and_then(|outcome| serde_json::from_value(outcome.into()).ok());
    let ended = ended.map(instant).zip(outcome);
    Ok(event(row)?.map(|event| PastRun { event, started: instant(started), ended }))
}
