//! Events on their way in: each is committed before anybody is told that it was taken.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::Value;

use super::{Delivery, PollCursor, Store, cursors, millis, news, timers, writer::Pending};
use crate::config::Stays;
use crate::domain::{AutomationName, Detail, Event, EventId, EventKind, Mode};

/// An event that has no number yet.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The automation that it is for.
    pub automation: AutomationName,
    /// What kind of thing it is.
    pub kind: EventKind,
    /// When it was taken in.
    pub at: Timestamp,
    /// What came with it.
    pub detail: Detail,
}

impl NewEvent {
    /// The same with a number.
    pub fn numbered(self, id: EventId) -> Event {
        let Self { automation, kind, at, detail } = self;
        Event { id, automation, kind, at, count: 1, detail }
    }
}

/// What became of a webhook message.
#[derive(Clone, Debug, PartialEq)]
pub enum Acceptance {
    /// It is new and committed.
    New(Arc<Event>),
    /// It was taken before, as this event.
    Duplicate(EventId),
}

/// One item that `poll()` gave.
#[derive(Clone, Debug, PartialEq)]
pub struct PollItem {
    /// What it is known by.
    pub key: String,
    /// Which version of it this is; the empty text where the script tells none.
    pub version: String,
    /// The whole item.
    pub item: Value,
}

/// What a poll brought.
#[derive(Clone, Debug)]
pub struct PollOutcome {
    /// The automation.
    pub automation: AutomationName,
    /// Whether its runs are dry runs.
    pub mode: Mode,
    /// When the poll ended.
    pub at: Timestamp,
    /// What `poll()` gave.
    pub items: Vec<PollItem>,
    /// Where the poll stands now.
    pub cursor: PollCursor,
    /// What becomes of the items.
    pub intake: Intake,
}

/// What becomes of the items of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// The first poll only learns what is there: the items are remembered and start nothing.
    Prime,
    /// Each that was not seen before becomes an event.
    Each,
    /// Each becomes an event once it has been listed for long enough.
    Lasting {
        /// How long.
        rule: Stays,
        /// How far polls are apart.
        every: Duration,
    },
    /// The list is not believed: nothing follows from it.
    Nothing,
}

impl Store {
    /// Takes a webhook message in, unless it was taken before. `then` gets a new event as soon as it is committed, whether or
    /// not anybody waits for that; it must not wait itself.
    pub fn accept_webhook(
        &self,
        event: NewEvent,
        delivery: Delivery,
        then: impl FnOnce(Arc<Event>) + Send + 'static,
    ) -> Pending<Acceptance> {
        let event = Arc::new(event.numbered(self.new_event_id()));
        let arrivals = Arc::clone(&self.arrivals);
        // Here, where many do it at once: the writing thread is one for all.
        let detail = serde_json::to_string(&event.detail).map_err(|error| error.to_string());
        let take_in = move |connection: &Connection| {
            if let Some(first) = arrivals.take_in(connection, &delivery, event.id, event.at)? {
                return Ok(Acceptance::Duplicate(first));
            }
            let detail = detail.as_deref().map_err(|error| not_json(error.as_str().into()))?;
            put_as(connection, &event, detail, "accepted", None)?;
            Ok(Acceptance::New(Arc::clone(&event)))
        };
        self.writer.submit_then(take_in, move |accepted| {
            if let Some(Acceptance::New(event)) = accepted {
                then(Arc::clone(event));
            }
        })
    }

    /// Takes in what a person asked for.
    pub fn accept_manual(&self, event: NewEvent) -> Pending<Event> {
        let event = event.numbered(self.new_event_id());
        self.writer.submit(move |connection| {
            insert(connection, &event)?;
            Ok(event.clone())
        })
    }

    /// Takes in the items of a poll that were not seen before, and moves its cursor in the same transaction.
    pub fn accept_poll(&self, outcome: PollOutcome) -> Pending<Vec<Event>> {
        let ids = self.ids.clone();
        self.writer.submit(move |connection| {
            let mut events = Vec::new();
            // No automation's name holds a slash.
            let memory = match outcome.mode {
                Mode::Live | Mode::Approve => outcome.automation.to_string(),
                Mode::DryRun => format!("dry-run/{}", outcome.automation),
            };
            let new = match outcome.intake {
                Intake::Nothing => Vec::new(),
                Intake::Prime | Intake::Each => {
                    let unseen = unseen(connection, &memory, &outcome.items, outcome.at)?;
                    if outcome.intake == Intake::Prime { Vec::new() } else { unseen }
                }
                Intake::Lasting { rule, every } => {
                    timers::lasted(connection, &memory, &outcome.items, outcome.at, rule, every)?
                }
            };
            for PollItem { key, item, .. } in new {
                let event = Event {
                    id: ids.next_event(),
                    automation: outcome.automation.clone(),
                    kind: EventKind::Poll,
                    at: outcome.at,
                    count: 1,
                    detail: Detail::Poll { key, item },
                };
                insert(connection, &event)?;
                events.push(event);
            }
            cursors::put(connection, &outcome.automation, cursors::poll_name(outcome.mode), &outcome.cursor)?;
            if outcome.intake != Intake::Nothing {
                news::works(connection, outcome.automation.as_str(), news::Source::Poll, outcome.at)?;
            }
            Ok(events)
        })
    }
}

/// The items that were not there before; they are remembered.
fn unseen(
    connection: &Connection,
    memory: &str,
    items: &[PollItem],
    at: Timestamp,
) -> rusqlite::Result<Vec<PollItem>> {
    let mut new = Vec::new();
    for item in items {
        let added = connection
            .prepare_cached(
                "INSERT INTO seen (automation, key, version, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![memory, item.key, item.version, millis(at)])?;
        if added > 0 {
            new.push(item.clone());
        }
    }
    Ok(new)
}

/// Takes an event in, to be run.
pub(super) fn insert(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    put(connection, event, "accepted", None)
}

/// Writes an event down, and why it is not to be run, if it is not.
pub(super) fn put(
    connection: &Connection,
    event: &Event,
    state: &str,
    reason: Option<&str>,
) -> rusqlite::Result<()> {
    put_as(connection, event, &to_json(&event.detail)?, state, reason)
}

/// The same where the detail is JSON already.
fn put_as(
    connection: &Connection,
    event: &Event,
    detail: &str,
    state: &str,
    reason: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO event (id, automation, kind, at, count, detail, state, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            event.id.0,
            event.automation.as_str(),
            event.kind.as_str(),
            millis(event.at),
            event.count,
            detail,
            state,
            reason,
        ])?;
    Ok(())
}

pub(super) fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| not_json(error.into()))
}

fn not_json(error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error)
}
