//! Lists, a page at a time, newest first: events by their number, what needs a person by the number of the run.

use rusqlite::params;

use super::{DeadLetter, EventsFilter, History, PlanRow, RunRow, StoreError, dead, plans};
use crate::domain::{EventId, RunId};

/// How many events back those that fit are looked for in one go: nobody else reads meanwhile.
const BACK: i64 = 100_000;

impl History {
    /// Events and their runs, and before which event there may be more.
    pub fn page_of_events(
        &self,
        filter: &EventsFilter,
    ) -> Result<(Vec<RunRow>, Option<EventId>), StoreError> {
        let end = self.last_event()?.saturating_add(1);
        let end = filter.before.map_or(end, |before| before.0.min(end));
        let least = (end - BACK).max(1) - 1;
        let rows = self.events_above(least, filter)?;
        let is_full = rows.len() >= filter.limit as usize;
        let last = rows.last().and_then(|row| row.event).filter(|_| is_full);
        let next = last.unwrap_or(least + 1);
        Ok((rows, (next > 1).then_some(EventId(next))))
    }

    /// Plans, those that wait or all, of runs before one if it is given.
    pub fn page_of_plans(
        &self,
        all: bool,
        before: Option<RunId>,
        most: u32,
    ) -> Result<Vec<PlanRow>, StoreError> {
        self.read(|connection| {
            let mut found: Vec<PlanRow> = connection
                .prepare_cached(&format!(
                    "SELECT {} FROM plan WHERE (?1 OR state = 'waiting') AND (?2 IS NULL OR run < ?2)
                     ORDER BY run DESC LIMIT ?3",
                    plans::PLAN
                ))?
                .query_map(params![all, before.map(|run| run.0), most], plans::plan)?
                .collect::<Result<_, _>>()?;
            for plan in &mut found {
                plan.effects = plans::planned(connection, plan.run)?;
            }
            Ok(found)
        })
    }

    /// Dead letters, those that are open or all, of runs before one if it is given.
    pub fn page_of_dead_letters(
        &self,
        all: bool,
        before: Option<RunId>,
        most: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {} FROM dead_letter WHERE (?1 OR state = 'open') AND (?2 IS NULL OR run < ?2)
                     ORDER BY run DESC LIMIT ?3",
                    dead::LETTER
                ))?
                .query_map(params![all, before.map(|run| run.0), most], dead::letter)?
                .collect()
        })
    }
}
