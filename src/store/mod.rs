//! The durable truth: one SQLite file with events, occurrences, runs, effects, traces, cursors and `kv`.
//!
//! One thread writes (`writer.rs`); what waits for it at the same time is committed together. Everything that is
//! answered or sent is committed first; a run begins meanwhile, and changes nothing before that (`begun.rs`). Readers have
//! connections of their own and never block the writer.

mod backup;
mod begun;
mod channels;
mod cursors;
mod dead;
mod deliveries;
mod effects;
mod error;
mod history;
mod holds;
mod inbox;
mod interventions;
mod kv;
mod lease;
pub mod log_csv;
mod log_reading;
mod news;
mod notices;
mod open;
mod overview;
mod paging;
mod plans;
mod runs;
mod schema;
mod script_versions;
mod standing;
mod tally;
mod timers;
mod trace;
mod watched;
mod writer;

#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

pub use backup::copy;
pub use begun::Begun;
pub use channels::{ChannelFailure, ChannelState, channel_works};
pub use cursors::{ClockCursor, PollCursor};
pub use dead::{Closed, DeadLetter, Remedy};
pub use deliveries::Delivery;
pub use effects::{Claim, Limit, OpenEffect, SentStep};
pub use error::StoreError;
pub use history::{EffectRow, EventRow, History, RunDetail, RunRow, RunsFilter, WriteRow};
pub use holds::hold_beside;
pub use inbox::{Acceptance, Intake, NewEvent, PollItem, PollOutcome};
pub use interventions::{Broken, Intervention, verify};
pub use kv::{KvScope, KvValue};
pub use log_reading::{Filter, Methods};
pub use notices::{NoticeRow, Told};
pub use open::in_use;
pub use overview::{EventsFilter, Sizes, Waits};
pub use plans::{Decided, PlanHead, PlanRow};
pub use runs::{Change, Recovered, RunStart};
pub use script_versions::ScriptVersion;
pub use tally::Stand;
pub use trace::TraceBuffer;
pub use writer::Pending;

use crate::domain::{EventId, RunId};
use lease::Lease;
use open::Lock;
use writer::Writer;

/// The store as the daemon has it: open for writing, and locked against a second daemon.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Writer>,
    ids: Arc<open::Ids>,
    history: Arc<History>,
    arrivals: Arc<deliveries::Arrivals>,
    resumptions: dead::Resumptions,
    _lock: Arc<Lock>,
}

impl Store {
    /// Opens the store for writing; makes the file where there is none and brings an older one up to date. `path`
    /// with `.lock` behind it is locked as long as the store is open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_flushing(path, open::Flush::EachCommit)
    }

    /// The same for a rehearsal, whose store may be lost with the machine: it does not wait for the disk.
    pub fn open_for_rehearsal(path: &Path) -> Result<Self, StoreError> {
        Self::open_flushing(path, open::Flush::Never)
    }

    fn open_flushing(path: &Path, flush: open::Flush) -> Result<Self, StoreError> {
        let lock = Lock::take(path)?;
        let connection = open::for_writing(path, flush)?;
        let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
        let lease = Lease::take(path, &connection).map_err(sqlite)?;
        let ids = open::Ids::read(&connection).map_err(sqlite)?;
        let arrivals = Arc::new(deliveries::Arrivals::read(&connection).map_err(sqlite)?);
        let resumptions = dead::resumptions(&connection).map_err(sqlite)?;
        let history = History::open(path)?;
        Ok(Self {
            writer: Arc::new(Writer::start(path, connection, lease, Arc::clone(&arrivals))?),
            ids: Arc::new(ids),
            history: Arc::new(history),
            arrivals,
            resumptions,
            _lock: Arc::new(lock),
        })
    }

    /// A number for a new event.
    pub fn new_event_id(&self) -> EventId {
        self.ids.next_event()
    }

    /// A number for a new run.
    pub fn new_run_id(&self) -> RunId {
        self.ids.next_run()
    }

    /// What was: for commands, and for the daemon where it must know.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Whether the store can be written, and is still ours.
    pub fn check(&self) -> Pending<()> {
        self.writer.submit(Lease::touch)
    }

    /// Whether the last write went well. Asks nothing.
    pub fn is_writable(&self) -> bool {
        self.writer.is_well()
    }

    /// Writes everything that waits, moves the write-ahead log into the database and ends the writing thread.
    pub fn close(&self) {
        self.writer.close();
    }
}

/// An instant as the store keeps it.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// An instant back from the store.
fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
