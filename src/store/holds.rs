//! What is not to be acted on. A hold lasts through restarts, until its time is over or a person resumes.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{History, Store, StoreError, cursors, instant, millis, news, open, writer::Pending};
use crate::domain::{AutomationName, Held, Hold, PlayerName, SessionName};

/// Holds something while another program has the store and cannot be asked. Whoever writes to the server looks at the
/// holds in the store before each write.
pub fn hold_beside(path: &Path, hold: &Hold) -> Result<(), StoreError> {
    let mut connection = open::beside_another(path)?;
    let mut write = || {
        let transaction = connection.transaction()?;
        put(&transaction, hold)?;
        transaction.commit()
    };
    write().map_err(|error| StoreError::from_sqlite(path, &error))
}

impl Store {
    /// Holds something, in place of an earlier hold on the same thing.
    pub fn hold(&self, hold: Hold) -> Pending<()> {
        self.writer.submit(move |connection| put(connection, &hold))
    }

    /// Lets go of something at `now`; says whether it was held.
    pub fn release(&self, held: Held, now: Timestamp) -> Pending<bool> {
        self.writer.submit(move |connection| let_go(connection, &held, now))
    }

    /// The holds whose time is over at `now` are news, once.
    pub fn tell_of_ended_holds(&self, now: Timestamp) -> Pending<()> {
        self.writer.submit(move |connection| {
            let ended: Vec<Option<Hold>> = connection
                .prepare_cached(
                    "UPDATE hold SET told = 1 WHERE until <= ?1 AND NOT told
                     RETURNING kind, session, name, since, until, reason",
                )?
                .query_map([millis(now)], hold)?
                .collect::<Result<_, _>>()?;
            for Hold { held, until, reason, .. } in ended.into_iter().flatten() {
                news::resumed(connection, &held, &over(&reason), until.unwrap_or(now))?;
            }
            Ok(())
        })
    }

    /// Lets go of something while no daemon runs; says whether it was held. What was due meanwhile is not made up for:
    /// the clocks start anew. While a daemon runs, its engine sees to that.
    pub fn release_without_daemon(&self, held: Held, now: Timestamp) -> Pending<bool> {
        self.writer.submit(move |connection| {
            let was_held = let_go(connection, &held, now)?;
            let of = match &held {
                Held::Everything => "%",
                Held::Automation(name) => name.as_str(),
                Held::Session(_) | Held::Player(..) => return Ok(was_held),
            };
            if was_held {
                connection
                    .prepare_cached("DELETE FROM cursor WHERE name = ?1 AND (?2 = '%' OR automation = ?2)")?
                    .execute(params![cursors::CLOCK, of])?;
            }
            Ok(was_held)
        })
    }
}

impl History {
    /// Everything that is held at `now`, oldest first.
    pub fn holds(&self, now: Timestamp) -> Result<Vec<Hold>, StoreError> {
        self.read(|connection| {
            let rows: Vec<Option<Hold>> = connection
                .prepare_cached(
                    "SELECT kind, session, name, since, until, reason FROM hold
                     WHERE until IS NULL OR until > ?1 ORDER BY since, kind, session, name",
                )?
                .query_map([millis(now)], hold)?
                .collect::<Result<_, _>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    /// Whether the time of a hold is over at `now` and nobody was told: see [`Store::tell_of_ended_holds`].
    pub fn has_untold_end(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM hold WHERE until <= ?1 AND NOT told)")?
                .query_row([millis(now)], |row| row.get(0))
        })
    }
}

/// Why work for an automation would not be done at `now`: everything is held, or, with `alone`, the automation is.
pub(super) fn why_held(
    connection: &Connection,
    automation: &str,
    alone: bool,
    now: Timestamp,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT reason FROM hold WHERE (kind = 'everything' OR (?2 AND kind = 'automation' AND name = ?1))
                AND (until IS NULL OR until > ?3) ORDER BY kind DESC LIMIT 1",
        )?
        .query_row(params![automation, alone, millis(now)], |row| row.get(0))
        .optional()
}

pub(super) fn put(connection: &Connection, hold: &Hold) -> rusqlite::Result<()> {
    let (kind, session, name) = columns(&hold.held);
    let is_held: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM hold WHERE kind = ?1 AND session = ?2 AND name = ?3
                AND (until IS NULL OR until > ?4))",
        )?
        .query_row(params![kind, session, name, millis(hold.since)], |row| row.get(0))?;
    if !is_held {
        news::held(connection, hold)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO hold (kind, session, name, since, until, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (kind, session, name) DO UPDATE SET
                since = excluded.since, until = excluded.until, reason = excluded.reason, told = 0",
        )?
        .execute(params![kind, session, name, millis(hold.since), hold.until.map(millis), hold.reason])?;
    Ok(())
}

fn let_go(connection: &Connection, held: &Held, now: Timestamp) -> rusqlite::Result<bool> {
    let (kind, session, name) = columns(held);
    let gone: Option<(Option<i64>, String, bool)> = connection
        .prepare_cached(
            "DELETE FROM hold WHERE kind = ?1 AND session = ?2 AND name = ?3 RETURNING until, reason, told",
        )?
        .query_row(params![kind, session, name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((until, reason, told)) = gone else { return Ok(false) };
    let was_held = until.is_none_or(|until| until > millis(now));
    let why = if was_held { "somebody resumed it".to_owned() } else { over(&reason) };
    if was_held || !told {
        news::resumed(connection, held, &why, now)?;
    }
    Ok(was_held)
}

/// Why what was held for a time goes on.
fn over(reason: &str) -> String {
    format!("the time of its pause is over ({reason})")
}

fn columns(held: &Held) -> (&'static str, &str, &str) {
    match held {
        Held::Everything => ("everything", "", ""),
        Held::Automation(name) => ("automation", "", name.as_str()),
        Held::Session(session) => ("session", session.as_str(), ""),
        Held::Player(session, player) => ("player", session.as_str(), player.as_str()),
    }
}

/// `None` for a row that a later version wrote.
fn hold(row: &Row<'_>) -> rusqlite::Result<Option<Hold>> {
    let (kind, session, name): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let session = SessionName::new(&session).ok();
    let held = match kind.as_str() {
        "everything" => Some(Held::Everything),
        "automation" => AutomationName::new(&name).ok().map(Held::Automation),
        "session" => session.map(Held::Session),
        "player" => {
            session.zip(PlayerName::new(&name).ok()).map(|(session, player)| Held::Player(session, player))
        }
        _ => None,
    };
    let (since, until): (i64, Option<i64>) = (row.get(3)?, row.get(4)?);
    let reason = row.get(5)?;
    Ok(held.map(|held| Hold { held, since: instant(since), until: until.map(instant), reason }))
}
