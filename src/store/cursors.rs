//! Where clocks and polls stand.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{History, StoreError, inbox::to_json};
use crate::domain::{AutomationName, Mode};

pub(super) const CLOCK: &str = "clock";
/// Dry runs have a memory of their own: whom they only would have greeted is still to be greeted.
pub(super) fn poll_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Live | Mode::Approve => "poll",
        Mode::DryRun => "poll/dry-run",
    }
}

/// Up to where an automation's clocks were looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockCursor {
    /// Every instant up to this one has been dealt with.
    pub at: Timestamp,
    /// The schedule this was true of. After a change of the schedule the cursor starts anew: instants of a schedule
    /// that was not there yet were not missed.
    pub schedule: String,
}

/// Where an automation's poll stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PollCursor {
    /// What `poll()` gave as `cursor`, for `event.cursor` of the next one.
    pub value: Value,
    /// The keys that the last believed list held; empty where the script keeps a cursor of its own.
    pub keys: Vec<String>,
    /// How many polls in a row gave a list too short to be believed.
    pub doubts: u32,
}

impl History {
    /// The clock's cursor, if it has one.
    pub fn clock_cursor(&self, automation: &AutomationName) -> Result<Option<ClockCursor>, StoreError> {
        self.cursor(automation, CLOCK)
    }

    /// The poll's cursor, if it has polled before.
    pub fn poll_cursor(
        &self,
        automation: &AutomationName,
        mode: Mode,
    ) -> Result<Option<PollCursor>, StoreError> {
        self.cursor(automation, poll_name(mode))
    }

    fn cursor<T: DeserializeOwned>(
        &self,
        automation: &AutomationName,
        name: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let json: Option<Vec<u8>> = self.read(|connection| {
            connection
                .prepare_cached("SELECT CAST(value AS BLOB) FROM cursor WHERE automation = ?1 AND name = ?2")?
                .query_row(params![automation.as_str(), name], |row| row.get(0))
                .optional()
        })?;
        json.map(|json| serde_json::from_slice(&json)).transpose().map_err(|error| StoreError::Cursor {
            path: self.path().to_owned(),
            automation: automation.clone(),
            name,
            message: error.to_string(),
        })
    }
}

pub(super) fn put(
    connection: &Connection,
    automation: &AutomationName,
    name: &str,
    value: &impl Serialize,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO cursor (automation, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (automation, name) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![automation.as_str(), name, to_json(value)?])?;
    Ok(())
}
