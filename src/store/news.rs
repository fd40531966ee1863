//! What has happened that rules may tell of. It is written down in the transaction of what it is about, so that neither is
//! there without the other, and waits until it is decided who is told.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{History, StoreError, instant, millis};
use crate::domain::{AutomationName, Held, Hold, News, NoticeKind, Outcome, RunId, RunReport};

impl History {
    /// What nobody has decided about yet, oldest first, at most `most`.
    pub fn news(&self, most: u32) -> Result<Vec<News>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, at, kinds, covered, automation, run, reason, again FROM news ORDER BY id LIMIT ?1",
                )?
                .query_map([most], news)?
                .collect()
        })
    }
}

fn news(row: &Row<'_>) -> rusqlite::Result<News> {
    let (kinds, covered): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    let automation: Option<String> = row.get(4)?;
    Ok(News {
        id: row.get(0)?,
        at: instant(row.get(1)?),
        kinds: kinds.split(' ').filter_map(|word| NoticeKind::named(word).ok()).collect(),
        covered: covered.and_then(|word| NoticeKind::named(&word).ok()),
        automation: automation.and_then(|name| AutomationName::new(&name).ok()),
        run: row.get::<_, Option<i64>>(5)?.map(RunId),
        reason: row.get(6)?,
        again: row.get(7)?,
    })
}

/// News without a number.
pub(super) struct Item<'a> {
    pub(super) kinds: &'a [NoticeKind],
    pub(super) covered: Option<NoticeKind>,
    pub(super) automation: Option<&'a str>,
    pub(super) run: Option<RunId>,
    pub(super) reason: &'a str,
    pub(super) again: bool,
}

pub(super) fn put(connection: &Connection, at: Timestamp, item: &Item<'_>) -> rusqlite::Result<()> {
    let kinds: Vec<&str> = item.kinds.iter().map(|kind| kind.as_str()).collect();
    connection
        .prepare_cached(
            "INSERT INTO news (at, kinds, covered, automation, run, reason, again)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            millis(at),
            kinds.join(" "),
            item.covered.map(NoticeKind::as_str),
            item.automation,
            item.run.map(|run| run.0),
            item.reason,
            item.again,
        ])?;
    Ok(())
}

/// A run needs a person.
pub(super) fn dead(connection: &Connection, run: RunId, at: Timestamp, reason: &str) -> rusqlite::Result<()> {
    let automation = automation_of(connection, run)?.map(|(automation, _)| automation);
    let kinds = &[NoticeKind::Dead];
    let automation = automation.as_deref();
    put(connection, at, &Item { kinds, covered: None, automation, run: Some(run), reason, again: false })
}

/// The server is away, or back.
pub(super) fn of_server(
    connection: &Connection,
    kind: NoticeKind,
    reason: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let kinds = &[kind];
    put(connection, at, &Item { kinds, covered: None, automation: None, run: None, reason, again: false })
}

/// Something is paused.
pub(super) fn held(connection: &Connection, hold: &Hold) -> rusqlite::Result<()> {
    of_hold(connection, NoticeKind::Held, &hold.held, &hold.reason, hold.since)
}

/// What was paused goes on.
pub(super) fn resumed(
    connection: &Connection,
    held: &Held,
    reason: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    of_hold(connection, NoticeKind::Resumed, held, reason, at)
}

/// A single session or player is only paused by a person, who knows it then.
fn of_hold(
    connection: &Connection,
    kind: NoticeKind,
    held: &Held,
    reason: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let automation = match held {
        Held::Everything => None,
        Held::Automation(name) => Some(name.as_str()),
        Held::Session(_) | Held::Player(..) => return Ok(()),
    };
    let kinds = &[kind];
    put(connection, at, &Item { kinds, covered: None, automation, run: None, reason, again: false })
}

/// A run has ended; `is_dead` says whether that made it a dead letter, and `plan` whether a plan of it waits: one that wants
/// the same as an earlier one is told of again only after a while.
pub(super) fn after_run(
    connection: &Connection,
    run: RunId,
    at: Timestamp,
    report: &RunReport,
    is_dead: bool,
    plan: Option<PlanNews>,
) -> rusqlite::Result<()> {
    let Some((automation, kind)) = automation_of(connection, run)? else { return Ok(()) };
    let name = Some(automation.as_str());
    let reason = report.reason.as_deref().unwrap_or_default();
    if let Some(plan) = plan {
        let (kinds, again) = (&[NoticeKind::Plan], plan == PlanNews::Again);
        put(
            connection,
            at,
            &Item { kinds, covered: None, automation: name, run: Some(run), reason: "", again },
        )?;
    }
    // Whoever starts one by hand sees what comes of it.
    let by_hand = kind.as_deref() == Some("manual");
    let mut kinds = Vec::new();
    if report.outcome == Outcome::Failed && !by_hand {
        kinds.push(NoticeKind::Failed);
    }
    if is_dead {
        kinds.push(NoticeKind::Dead);
    }
    if !kinds.is_empty() {
        let covered = report.tripped.then_some(NoticeKind::Held);
        let item = Item { kinds: &kinds, covered, automation: name, run: Some(run), reason, again: false };
        put(connection, at, &item)?;
    }
    // One run of a plan says nothing about the script.
    if by_hand || kind.as_deref() == Some("plan") {
        return Ok(());
    }
    let of = if kind.is_some() { Source::Run } else { Source::Poll };
    match report.outcome {
        Outcome::Failed => fails(connection, &automation, of, at),
        Outcome::Done | Outcome::Skipped => works(connection, &automation, of, at),
        Outcome::Halted | Outcome::Interrupted => Ok(()),
    }
}

/// A plan waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanNews {
    /// It wants what no other one wanted.
    New,
    /// It takes the place of one that wanted the same.
    Again,
}

/// What of an automation fails or works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Run,
    Poll,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Poll => "poll",
        }
    }
}

fn fails(connection: &Connection, automation: &str, of: Source, at: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO failing (automation, source, since, times) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT (automation, source) DO UPDATE SET times = times + 1",
        )?
        .execute(params![automation, of.as_str(), millis(at)])?;
    Ok(())
}

/// It works. That is news where it did not before, and is so once.
pub(super) fn works(
    connection: &Connection,
    automation: &str,
    of: Source,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let times: Option<i64> = connection
        .prepare_cached("DELETE FROM failing WHERE automation = ?1 AND source = ?2 RETURNING times")?
        .query_row(params![automation, of.as_str()], |row| row.get(0))
        .optional()?;
    let reason = match (times, of) {
        (None, _) => return Ok(()),
        (Some(1), Source::Run) => "it works again, after a run that failed".to_owned(),
        (Some(times), Source::Run) => format!("it works again, after {times} runs that failed"),
        (Some(_), Source::Poll) => "its poll works again".to_owned(),
    };
    let (kinds, automation) = (&[NoticeKind::Recovered], Some(automation));
    let item = Item { kinds, covered: None, automation, run: None, reason: &reason, again: false };
    put(connection, at, &item)
}

/// The automation of a run, and the kind of its event; there is none for a poll.
fn automation_of(connection: &Connection, run: RunId) -> rusqlite::Result<Option<(String, Option<String>)>> {
    connection
        .prepare_cached(
            "SELECT run.automation, event.kind FROM run LEFT JOIN event ON event.id = run.event WHERE run.id = ?1",
        )?
        .query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
