//! Lists of what needs a person, a page at a time: newest first, by the number of the run.

use rusqlite::params;

use super::{DeadLetter, History, PlanRow, StoreError, dead, plans};
use crate::domain::RunId;

impl History {
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
