//! How the channels do that notices go to.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{History, Store, StoreError, millis, notices::settle, open, writer::Pending};
use crate::domain::ChannelName;

/// How long notices that have gone out, or have not, are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A message failed. The channel is left alone until `next`.
#[derive(Clone, Debug)]
pub struct ChannelFailure {
    /// Why, in a sentence.
    pub why: String,
    /// When it is tried again.
    pub next: Timestamp,
    /// When it failed.
    pub at: Timestamp,
    /// The notices that are not tried again, and why.
    pub lost: Vec<(i64, String)>,
}

/// How a channel does. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChannelState {
    /// How many messages failed in a row.
    pub failures: u32,
    /// When it is tried again.
    pub next: Option<i64>,
    /// Why the last one failed.
    pub why: Option<String>,
    /// Since when they fail.
    pub since: Option<i64>,
    /// When a message last arrived.
    pub sent: Option<i64>,
    /// How many notices wait.
    pub waiting: u32,
    /// How many have been given up in the last 30 days.
    pub lost: u32,
}

/// A message has arrived that somebody sent by hand: the channel works. The store is made where there is none, and written
/// beside a daemon that has it.
pub fn channel_works(path: &Path, channel: &ChannelName, at: Timestamp) -> Result<(), StoreError> {
    let connection = match open::Lock::take(path) {
        Ok(_lock) => open::for_writing(path, open::Flush::EachCommit)?,
        Err(StoreError::InUse(_)) => open::beside_another(path)?,
        Err(error) => return Err(error),
    };
    arrived(&connection, channel, at).map_err(|error| StoreError::from_sqlite(path, &error))
}

/// The last message to a channel was taken.
pub(super) fn arrived(connection: &Connection, channel: &ChannelName, at: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO channel (name, failures, sent) VALUES (?1, 0, ?2)
             ON CONFLICT (name) DO UPDATE SET
                failures = 0, next = NULL, why = NULL, since = NULL, sent = excluded.sent",
        )?
        .execute(params![channel.as_str(), millis(at)])?;
    Ok(())
}

impl Store {
    /// A message was not taken. What is lost is not tried again.
    pub fn channel_failed(&self, channel: ChannelName, failure: ChannelFailure) -> Pending<()> {
        self.writer.submit(move |connection| {
            let ChannelFailure { why, next, at, lost } = &failure;
            connection
                .prepare_cached(
                    "INSERT INTO channel (name, failures, next, why, since) VALUES (?1, 1, ?2, ?3, ?4)
                     ON CONFLICT (name) DO UPDATE SET failures = failures + 1, next = excluded.next,
                        why = excluded.why, since = coalesce(since, excluded.since)",
                )?
                .execute(params![channel.as_str(), millis(*next), why, millis(*at)])?;
            lost.iter().try_for_each(|(id, why)| settle(connection, *id, "lost", why, *at))
        })
    }

    /// Channels that fail are tried at once: they may have been mended. What went out long ago is forgotten.
    pub fn refresh_channels(&self, now: Timestamp) -> Pending<()> {
        self.writer.submit(move |connection| {
            connection.execute("UPDATE channel SET next = NULL", [])?;
            let before = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
            connection
                .prepare_cached("DELETE FROM notice WHERE state <> 'waiting' AND settled < ?1")?
                .execute([millis(before)])?;
            Ok(())
        })
    }
}

impl History {
    /// The channels that notices wait for.
    pub fn channels_waiting(&self) -> Result<Vec<ChannelName>, StoreError> {
        self.read(|connection| {
            let names: Vec<String> = connection
                .prepare_cached("SELECT DISTINCT channel FROM notice WHERE state = 'waiting'")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(names.iter().filter_map(|name| ChannelName::new(name).ok()).collect())
        })
    }

    /// How a channel does.
    pub fn channel_state(&self, channel: &ChannelName) -> Result<ChannelState, StoreError> {
        self.read(|connection| {
            let state: Option<ChannelState> = connection
                .prepare_cached("SELECT failures, next, why, since, sent FROM channel WHERE name = ?1")?
                .query_row([channel.as_str()], |row| {
                    Ok(ChannelState {
                        failures: row.get(0)?,
                        next: row.get(1)?,
                        why: row.get(2)?,
                        since: row.get(3)?,
                        sent: row.get(4)?,
                        ..ChannelState::default()
                    })
                })
                .optional()?;
            let mut counted = connection.prepare_cached(
                "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'lost')
                 FROM notice WHERE channel = ?1",
            )?;
            let (waiting, lost) =
                counted.query_row([channel.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(ChannelState { waiting, lost, ..state.unwrap_or_default() })
        })
    }
}
