//! What the engine is told, and what it answers.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    config::Pace,
    domain::{AutomationName, Event, EventId, EventKind, Held, Hold, Outcome, PastRun},
};

/// Where an automation stood when the store was last written.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The instant up to which its clocks were looked at, and the schedule this was true of.
    pub clock: Option<(Timestamp, String)>,
    /// Its runs that ended within the time that its settings look back, and perhaps older ones, in the order of their
    /// starts: see [`look_back`].
    pub runs: Vec<PastRun>,
    /// How many of its last runs failed in a row.
    pub failures: u32,
}

/// How far back an automation's `throttle`, `rate_limit` and `cooldown` look, if it has one of them.
pub fn look_back(pace: &Pace) -> Option<Duration> {
    let rates = [pace.throttle, pace.rate_limit].into_iter().flatten().map(|rate| rate.per);
    rates.chain(pace.cooldown).max()
}

/// Everything that the engine can be told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// An event is in the store.
    Accepted(Arc<Event>),
    /// A run goes to sleep in `wait_for`: it keeps its key and gives its worker back.
    Waiting,
    /// A run woke up from `wait_for`.
    Resumed,
    /// The run of an event has ended.
    RunFinished {
        /// The event.
        event: Arc<Event>,
        /// How.
        outcome: Outcome,
    },
    /// Something is held; the hold is in the store.
    Hold(Hold),
    /// Something is not held any more.
    Release(Held),
    /// What is observed was looked at.
    Looked,
    /// A poll has ended.
    PollFinished {
        /// The automation.
        automation: AutomationName,
        /// How.
        result: PollResult,
    },
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollResult {
    /// It gave its items.
    Done,
    /// It failed; the server may have said how long to wait.
    Failed {
        /// What the server asked for with `Retry-After`.
        retry_after: Option<Duration>,
    },
}

/// Everything that the engine can ask for.
#[derive(Clone, Debug)]
pub enum Command {
    /// A clock's instant is to become an event. The cursor moves in the same transaction.
    Fire {
        /// The automation.
        automation: AutomationName,
        /// Which kind of clock.
        kind: EventKind,
        /// The instant.
        instant: Timestamp,
        /// How many missed instants it stands for; 0 when it comes in time.
        missed_count: u64,
    },
    /// A clock was looked at: the cursor is to be written.
    Clock {
        /// The automation.
        automation: AutomationName,
        /// Up to where, and the schedule.
        cursor: (Timestamp, Arc<str>),
    },
    /// Instants do not become events that run: a row says why.
    NotRun {
        /// The automation.
        automation: AutomationName,
        /// Which kind of clock.
        kind: EventKind,
        /// The latest of them.
        instant: Timestamp,
        /// How many.
        count: u64,
        /// Why.
        reason: String,
    },
    /// Several events have become one, which is to be remembered of it.
    Gathered {
        /// The one that stands for all, with their count.
        event: Arc<Event>,
    },
    /// The event's run is to start.
    Start {
        /// The event.
        event: Arc<Event>,
    },
    /// The event's run is to end, between two writes.
    Cancel {
        /// The event.
        event: EventId,
    },
    /// An automation is to be held, in the same transaction as what led to it.
    Hold(Hold),
    /// The event is not to run.
    Drop {
        /// Its automation.
        automation: AutomationName,
        /// The event.
        event: EventId,
        /// Why.
        reason: String,
    },
    /// What is observed is to be looked at.
    Look,
    /// The script's `poll()` is to be asked.
    Poll {
        /// The automation.
        automation: AutomationName,
    },
}
