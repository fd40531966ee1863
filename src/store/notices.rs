//! The notices on their way out.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::{History, Store, StoreError, channels::arrived, effects, instant, millis, runs, writer::Pending};
use crate::domain::{AutomationName, ChannelName, Effect, NewNotice, Notice, NoticeKind, RunId, TraceLine};

/// What became of what a script wanted to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is on its way, as this notice.
    Now(i64),
    /// It was told before, as this notice.
    Before(i64),
}

/// A notice as `uproctor notify` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeRow {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub channel: String,
    /// By which rule; none where a script said it.
    pub kind: Option<String>,
    /// The automation.
    pub automation: Option<String>,
    /// The run.
    pub run: Option<i64>,
    /// A few words.
    pub title: String,
    /// The text.
    pub text: String,
    /// Whether it should wake somebody up.
    pub urgent: bool,
    /// The script's key for it.
    pub key: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
    /// `waiting`, `sent`, `dropped` (it had become idle) or `lost`.
    pub state: String,
    /// When that was settled.
    pub settled: Option<i64>,
    /// Why it was lost or dropped.
    pub why: Option<String>,
}

impl Store {
    /// Commits an effect of a script and the notice that it consists of, in one transaction, so that it is told once. With the
    /// key of a notice that was told to the channel less than `within` ago, nothing is told.
    pub fn tell(
        &self,
        run: RunId,
        effect: Effect,
        notice: NewNotice,
        within: Duration,
        trace: (u32, Vec<TraceLine>),
    ) -> Pending<Told> {
        let within = SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
        self.writer.submit(move |connection| {
            runs::trace(connection, run, trace.0, &trace.1)?;
            let since = notice.at.saturating_sub(within).unwrap_or(Timestamp::MIN);
            let told = match told_since(connection, &notice, since)? {
                Some(before) => Told::Before(before),
                None => Told::Now(insert(connection, &notice)?),
            };
            let mut effect = effect.clone();
            effect.note = Some(match told {
                Told::Now(id) => format!("notice {id}"),
                Told::Before(id) => format!("told before, as notice {id}"),
            });
            effects::insert_all(connection, run, &[effect], notice.at)?;
            Ok(told)
        })
    }

    /// It is decided who is told of news. Notices of the automations and channels in `hurried` that were to be gathered for
    /// longer go out with them.
    pub fn decide_news(
        &self,
        news: Vec<i64>,
        notices: Vec<NewNotice>,
        hurried: Vec<(ChannelName, AutomationName)>,
        now: Timestamp,
    ) -> Pending<()> {
        self.writer.submit(move |connection| {
            for notice in &notices {
                insert(connection, notice)?;
            }
            // After these, since some of them may be what is not to be gathered any longer.
            for (channel, automation) in &hurried {
                connection
                    .prepare_cached(
                        "UPDATE notice SET due = ?3 WHERE channel = ?1 AND automation = ?2 AND due > ?3
                         AND kind IS NOT NULL AND state = 'waiting'",
                    )?
                    .execute(params![channel.as_str(), automation.as_str(), millis(now)])?;
            }
            for id in &news {
                connection.prepare_cached("DELETE FROM news WHERE id = ?1")?.execute([id])?;
            }
            Ok(())
        })
    }

    /// Notices have gone out, as one message.
    pub fn notices_sent(&self, channel: ChannelName, notices: Vec<i64>, at: Timestamp) -> Pending<()> {
        self.writer.submit(move |connection| {
            let message = notices.first().copied();
            for id in &notices {
                connection
                    .prepare_cached(
                        "UPDATE notice SET state = 'sent', settled = ?2, message = ?3
                         WHERE id = ?1 AND state = 'waiting'",
                    )?
                    .execute(params![id, millis(at), message])?;
            }
            arrived(connection, &channel, at)
        })
    }

    /// Notices that need not go out any more.
    pub fn notices_dropped(&self, notices: Vec<i64>, why: String, at: Timestamp) -> Pending<()> {
        self.writer.submit(move |connection| {
            notices.iter().try_for_each(|id| settle(connection, *id, "dropped", &why, at))
        })
    }
}

impl History {
    /// The notices of a channel that are due, oldest first, at most `most`.
    pub fn notices_due(
        &self,
        channel: &ChannelName,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(|connection| {
            let rows: Vec<Option<Notice>> = connection
                .prepare_cached(
                    "SELECT id, channel, kind, automation, run, key, title, text, urgent, at, due FROM notice
                     WHERE state = 'waiting' AND channel = ?1 AND due <= ?2 ORDER BY id LIMIT ?3",
                )?
                .query_map(params![channel.as_str(), millis(now), most], notice)?
                .collect::<Result<_, _>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    /// When the last notice of a kind about an automation was due at a channel, whether it waits or has gone out.
    pub fn last_due(
        &self,
        channel: &ChannelName,
        kind: NoticeKind,
        automation: Option<&AutomationName>,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let due: Option<i64> = connection
                .prepare_cached(
                    "SELECT max(due) FROM notice WHERE channel = ?1 AND kind = ?2 AND automation IS ?3",
                )?
                .query_row(
                    params![channel.as_str(), kind.as_str(), automation.map(AutomationName::as_str)],
                    |row| row.get(0),
                )?;
            Ok(due.map(instant))
        })
    }

    /// When the messages left that a channel got since then, oldest first.
    pub fn messages_since(
        &self,
        channel: &ChannelName,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT max(settled) FROM notice WHERE state = 'sent' AND channel = ?1 AND settled > ?2
                     GROUP BY message ORDER BY 1",
                )?
                .query_map(params![channel.as_str(), millis(since)], |row| Ok(instant(row.get(0)?)))?
                .collect()
        })
    }

    /// Whether there is something to tell, now or later.
    pub fn has_something_to_tell(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM news) OR EXISTS (SELECT 1 FROM notice WHERE state = 'waiting')",
                )?
                .query_row([], |row| row.get(0))
        })
    }

    /// When the next notice is due, if one waits.
    pub fn next_notice(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let due: Option<i64> = connection
                .prepare_cached("SELECT min(due) FROM notice WHERE state = 'waiting'")?
                .query_row([], |row| row.get(0))?;
            Ok(due.map(instant))
        })
    }

    /// The notices after the one with this number, in order.
    pub fn notices_after(&self, id: i64) -> Result<Vec<NoticeRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {ROW} FROM notice WHERE id > ?1 ORDER BY id"))?
                .query_map([id], notice_row)?
                .collect()
        })
    }

    /// The newest notices that were given up, or, with `all`, all of them.
    pub fn notices(&self, all: bool) -> Result<Vec<NoticeRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {ROW} FROM notice WHERE ?1 OR state = 'lost' ORDER BY id DESC LIMIT 200"
                ))?
                .query_map([all], notice_row)?
                .collect()
        })
    }
}

const ROW: &str = "id, channel, kind, automation, run, title, text, urgent, key, at, state, settled, why";

fn notice_row(row: &Row<'_>) -> rusqlite::Result<NoticeRow> {
    Ok(NoticeRow {
        id: row.get(0)?,
        channel: row.get(1)?,
        kind: row.get(2)?,
        automation: row.get(3)?,
        run: row.get(4)?,
        title: row.get(5)?,
        text: row.get(6)?,
        urgent: row.get(7)?,
        key: row.get(8)?,
        at: row.get(9)?,
        state: row.get(10)?,
        settled: row.get(11)?,
        why: row.get(12)?,
    })
}

/// `None` for a row whose names do not read.
fn notice(row: &Row<'_>) -> rusqlite::Result<Option<Notice>> {
    let (channel, kind): (String, Option<String>) = (row.get(1)?, row.get(2)?);
    let automation: Option<String> = row.get(3)?;
    let Ok(channel) = ChannelName::new(&channel) else { return Ok(None) };
    let notice = NewNotice {
        channel,
        kind: kind.and_then(|word| NoticeKind::named(&word).ok()),
        automation: automation.and_then(|name| AutomationName::new(&name).ok()),
        run: row.get::<_, Option<i64>>(4)?.map(RunId),
        key: row.get(5)?,
        title: row.get(6)?,
        text: row.get(7)?,
        urgent: row.get(8)?,
        at: instant(row.get(9)?),
        due: instant(row.get(10)?),
    };
    Ok(Some(Notice { id: row.get(0)?, notice }))
}

fn insert(connection: &Connection, notice: &NewNotice) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO notice (channel, kind, automation, run, key, title, text, urgent, at, due, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting')",
        )?
        .execute(params![
            notice.channel.as_str(),
            notice.kind.map(NoticeKind::as_str),
            notice.automation.as_ref().map(AutomationName::as_str),
            notice.run.map(|run| run.0),
            notice.key,
            notice.title,
            notice.text,
            notice.urgent,
            millis(notice.at),
            millis(notice.due),
        ])?;
    Ok(connection.last_insert_rowid())
}

/// The notice with the same key that the channel was told of since then; one that was lost does not count.
fn told_since(
    connection: &Connection,
    notice: &NewNotice,
    since: Timestamp,
) -> rusqlite::Result<Option<i64>> {
    let Some(key) = &notice.key else { return Ok(None) };
    connection
        .prepare_cached(
            "SELECT id FROM notice WHERE channel = ?1 AND key = ?2 AND at > ?3 AND state <> 'lost'
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![notice.channel.as_str(), key, millis(since)], |row| row.get(0))
        .optional()
}

pub(super) fn settle(
    connection: &Connection,
    id: i64,
    state: &str,
    why: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE notice SET state = ?2, why = ?3, settled = ?4 WHERE id = ?1 AND state = 'waiting'",
        )?
        .execute(params![id, state, why, millis(at)])?;
    Ok(())
}
