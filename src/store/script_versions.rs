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
    /// Keeps the texts that are in use from now on; one that is kept already stays as it is.
    pub fn keep_scripts(&self, scripts: Vec<ScriptVersion>, now: Timestamp) -> Pending<()> {
        self.writer.submit(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO script_version (name, hash, first, source) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?;
            for ScriptVersion { name, hash, source } in &scripts {
                insert.execute(params![name, hash, millis(now), source])?;
            }
            Ok(())
        })
    }
}

impl History {
    /// The versions of a script, newest first: hash, and when it was first in use, in milliseconds since 1970.
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
                .prepare_cached("SELECT source FROM script_version WHERE name = ?1 AND hash = ?2")?
                .query_row([name, hash], |row| row.get(0))
                .optional()
        })
    }
}
