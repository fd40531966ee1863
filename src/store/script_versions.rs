//! The texts of scripts as they were in use: what a run did can be read beside the very text that did it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{History, Store, StoreError, millis, writer::Pending};

/// A text that was or is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptVersion {
    /// The file's name.
    pub name: String,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    /// The text.
    pub source: String,
}

impl Store {
    /// Notes that these texts are in use from now on; one that was in use already is not noted again.
    pub fn keep_scripts(&self, scripts: Vec<ScriptVersion>, now: Timestamp) -> Pending<()> {
        self.writer.submit(move |connection| {
            for ScriptVersion { name, hash, source } in &scripts {
                let last: Option<(String, i64)> = connection
                    .prepare_cached(
                        "SELECT hash, first FROM script_version WHERE name = ?1 ORDER BY first DESC LIMIT 1",
                    )?
                    .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                if last.as_ref().is_some_and(|(last, _)| last == hash) {
                    continue;
                }
                // Also where the clock was set back, the newest is the newest.
                let first = last.map_or(millis(now), |(_, before)| millis(now).max(before + 1));
                connection
                    .prepare_cached(
                        "INSERT INTO script_version (name, first, hash, source) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![name, first, hash, source])?;
            }
            Ok(())
        })
    }
}

impl History {
    /// The versions of a script, newest first: hash, and since when it was in use, in milliseconds since 1970.
    pub fn script_versions(&self, name: &str) -> Result<Vec<(String, i64)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT hash, first FROM script_version WHERE name = ?1 ORDER BY first DESC, hash LIMIT 100",
                )?
                .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    /// The text of a version.
    pub fn script_source(&self, name: &str, hash: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT source FROM script_version WHERE name = ?1 AND hash = ?2 LIMIT 1")?
                .query_row([name, hash], |row| row.get(0))
                .optional()
        })
    }
}
