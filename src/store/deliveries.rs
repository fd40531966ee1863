//! The webhook messages of the last days, so that none is taken twice.
//!
//! A message's place among all others is on another page each time, and a commit writes whole pages. So the messages are written
//! down in the order in which they come (`arrival`), and many of them together are put in their places (`delivery`). Until
//! then they are found in memory (`recent`): a temporary table, which SQLite takes back together with the rest where a
//! job fails.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::millis;
use crate::domain::{EventId, HookName};

/// How long a message is remembered: 7 days.
const REMEMBERED: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many messages are put in their places together.
pub(super) const TOGETHER: i64 = 4096;
/// After how many events the messages that are too old are taken out, which looks at all of them.
const SWEEP: i64 = 16 * TOGETHER;

/// By what a webhook message is known again.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The webhook.
    pub hook: HookName,
    /// The sender's id and a hash, whichever the scheme can trust. One that was seen makes the message a repetition.
    pub messages: Vec<String>,
}

/// Makes `recent` anew, on the connection that writes.
pub(super) fn open(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA temp_store = memory;
         CREATE TEMP TABLE recent (
             hook TEXT NOT NULL,
             message TEXT NOT NULL,
             event INTEGER NOT NULL,
             at INTEGER NOT NULL,
             PRIMARY KEY (hook, message)
         ) STRICT, WITHOUT ROWID;
         INSERT OR REPLACE INTO recent SELECT hook, message, event, at FROM arrival ORDER BY id;",
    )
}

/// The event that a message became when it was taken before.
pub(super) fn taken(
    connection: &Connection,
    Delivery { hook, messages }: &Delivery,
    at: Timestamp,
) -> rusqlite::Result<Option<EventId>> {
    let mut known = connection.prepare_cached(
        "SELECT event FROM recent WHERE hook = ?1 AND message = ?2 AND at >= ?3
         UNION ALL SELECT event FROM delivery WHERE hook = ?1 AND message = ?2 AND at >= ?3",
    )?;
    let oldest = millis(at) - REMEMBERED;
    for message in messages {
        let first = known.query_row(params![hook.as_str(), message, oldest], |row| row.get(0).map(EventId));
        if let Some(first) = first.optional()? {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

/// Remembers a message as that of an event.
pub(super) fn remember(
    connection: &Connection,
    Delivery { hook, messages }: &Delivery,
    event: EventId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let at = millis(at);
    for message in messages {
        let row = params![hook.as_str(), message, event.0, at];
        connection
            .prepare_cached("INSERT INTO arrival (hook, message, event, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(row)?;
        // The rows are numbered from 1 on whenever the table was emptied.
        let count = connection.last_insert_rowid();
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO recent (hook, message, event, at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(row)?;
        if count >= TOGETHER {
            put_in_their_places(connection)?;
        }
    }
    // What is too old is passed over above; now and then it is also taken out.
    if event.0 % SWEEP == 0 {
        connection.prepare_cached("DELETE FROM delivery WHERE at < ?1")?.execute([at - REMEMBERED])?;
    }
    Ok(())
}

fn put_in_their_places(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "INSERT OR REPLACE INTO delivery SELECT hook, message, event, at FROM recent ORDER BY hook, message;
         DELETE FROM recent;
         DELETE FROM arrival;",
    )
}
