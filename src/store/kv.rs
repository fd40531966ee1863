//! What scripts remember between runs.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{History, Store, StoreError, inbox::to_json, instant, millis, writer::Pending};
use crate::domain::{AutomationName, Mode};

/// Whose memory it is. Dry runs have one of their own: what they noted down did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvScope(String);

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KvValue {
    /// The value.
    pub value: Value,
    /// When it is forgotten, if it is.
    pub expires: Option<Timestamp>,
}

impl KvScope {
    /// The memory of one automation.
    pub fn automation(name: &AutomationName, mode: Mode) -> Self {
        Self(format!("{}/{name}", mode.memory()))
    }

    /// The memory that all automations share.
    pub fn shared(mode: Mode) -> Self {
        Self(format!("{}/", mode.memory()))
    }
}

impl History {
    /// The value of a key, unless there is none or it has expired at `now`.
    pub fn kv_get(&self, scope: &KvScope, key: &str, now: Timestamp) -> Result<Option<Value>, StoreError> {
        self.read(|connection| Ok(get(connection, scope, key, now)?.map(|found| found.value)))
    }
}

impl Store {
    /// Sets a key. `expires` is when it is forgotten.
    pub fn kv_set(
        &self,
        scope: &KvScope,
        key: &str,
        value: Value,
        expires: Option<Timestamp>,
    ) -> Pending<()> {
        let (scope, key) = (scope.clone(), key.to_owned());
        let value = KvValue { value, expires };
        self.writer.submit(move |connection| put(connection, &scope, &key, &value))
    }

    /// Adds to a number, which is 0 where there is none, and gives the sum. `None` where the value is no whole
    /// number or the sum is none; the value then stays. A time to live stays as it is.
    pub fn kv_add(&self, scope: &KvScope, key: &str, amount: i64, now: Timestamp) -> Pending<Option<i64>> {
        let (scope, key) = (scope.clone(), key.to_owned());
        self.writer.submit(move |connection| {
            let found = get(connection, &scope, &key, now)?;
            let expires = found.as_ref().and_then(|found| found.expires);
            let before = found.map_or(Some(0), |found| found.value.as_i64());
            let Some(sum) = before.and_then(|before| before.checked_add(amount)) else { return Ok(None) };
            put(connection, &scope, &key, &KvValue { value: sum.into(), expires })?;
            Ok(Some(sum))
        })
    }

    /// Forgets a key; gives whether it was there.
    pub fn kv_delete(&self, scope: &KvScope, key: &str) -> Pending<bool> {
        let (scope, key) = (scope.clone(), key.to_owned());
        self.writer.submit(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM kv WHERE scope = ?1 AND key = ?2")?
                .execute(params![scope.0, key])?;
            Ok(gone > 0)
        })
    }

    /// Removes what has expired at `now`.
    pub fn kv_sweep(&self, now: Timestamp) -> Pending<usize> {
        self.writer.submit(move |connection| {
            connection.prepare_cached("DELETE FROM kv WHERE expires <= ?1")?.execute([millis(now)])
        })
    }
}

fn get(
    connection: &Connection,
    scope: &KvScope,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<KvValue>> {
    let row: Option<(String, Option<i64>)> = connection
        .prepare_cached(
            "SELECT value, expires FROM kv WHERE scope = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)",
        )?
        .query_row(params![scope.0, key, millis(now)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map(|(text, expires)| KvValue {
        // What does not read is as good as forgotten; only this program writes it.
        value: serde_json::from_str(&text).unwrap_or(Value::Null),
        expires: expires.map(instant),
    }))
}

fn put(connection: &Connection, scope: &KvScope, key: &str, value: &KvValue) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO kv (scope, key, value, expires) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
        )?
        .execute(params![scope.0, key, to_json(&value.value)?, value.expires.map(millis)])?;
    Ok(())
}
