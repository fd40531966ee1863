//! Debounce: events that come shortly after one another become one, the last.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Debounce,
    domain::{Event, EventId},
};

/// The bursts under way, one for each key.
///
/// All events of a burst stay accepted in the store until it is over. After a restart they come again, each with the
/// time at which it was taken in, and make the same burst.
#[derive(Debug)]
pub(super) struct Bursts {
    quiet: SignedDuration,
    max_wait: Option<SignedDuration>,
    bursts: HashMap<String, Burst>,
    /// When to look at which burst; one entry each. It may end later than that: an entry does not move with each event.
    agenda: BinaryHeap<Reverse<(Timestamp, String)>>,
}

#[derive(Debug)]
struct Burst {
    first: Timestamp,
    last: Timestamp,
    /// The event that will stand for all.
    newest: Arc<Event>,
    others: Vec<EventId>,
}

/// A burst that is over.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The last event, with the count of all.
    pub(super) event: Arc<Event>,
    /// The ones it stands for.
    pub(super) others: Vec<EventId>,
}

impl Bursts {
    pub(super) fn new(debounce: Debounce) -> Self {
        let signed = |duration: Duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        Self {
            quiet: signed(debounce.quiet),
            max_wait: debounce.max_wait.map(signed),
            bursts: HashMap::new(),
            agenda: BinaryHeap::new(),
        }
    }

    /// Adds an event that was taken in at `at`. Gives the burst before it, if that one was over by then.
    pub(super) fn arrive(&mut self, key: String, at: Timestamp, event: Arc<Event>) -> Option<Gathered> {
        let over = self.bursts.get(&key).is_some_and(|burst| self.end(burst) <= at);
        let before = if over { self.bursts.remove(&key).map(Burst::gather) } else { None };
        if let Some(burst) = self.bursts.get_mut(&key) {
            let old = std::mem::replace(&mut burst.newest, event);
            burst.others.push(old.id);
            burst.last = at;
            return before;
        }
        let burst = Burst { first: at, last: at, newest: event, others: Vec::new() };
        self.agenda.push(Reverse((self.end(&burst), key.clone())));
        self.bursts.insert(key, burst);
        before
    }

    /// When to look at the bursts again.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.agenda.peek().map(|Reverse((at, _))| *at)
    }

    /// The bursts that are over.
    pub(super) fn over(&mut self, now: Timestamp) -> Vec<Gathered> {
        let mut over = Vec::new();
        while let Some(Reverse((at, _))) = self.agenda.peek()
            && *at <= now
        {
            let Some(Reverse((_, key))) = self.agenda.pop() else { break };
            let Some(end) = self.bursts.get(&key).map(|burst| self.end(burst)) else { continue };
            if end > now {
                self.agenda.push(Reverse((end, key)));
            } else if let Some(burst) = self.bursts.remove(&key) {
                over.push(burst.gather());
            }
        }
        over
    }

    /// All bursts are over, in the order of their last events.
    pub(super) fn all(self) -> Vec<Gathered> {
        let mut over: Vec<Gathered> = self.bursts.into_values().map(Burst::gather).collect();
        over.sort_unstable_by_key(|gathered| gathered.event.id);
        over
    }

    /// The clock was set back: what seems to lie in the future came just now.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        for burst in self.bursts.values_mut() {
            burst.first = burst.first.min(now);
            burst.last = burst.last.min(now);
        }
        let entries = self.bursts.iter().map(|(key, burst)| Reverse((self.end(burst), key.clone())));
        self.agenda = entries.collect();
    }

    fn end(&self, burst: &Burst) -> Timestamp {
        let after = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
        let quiet = after(burst.last, self.quiet);
        self.max_wait.map_or(quiet, |most| quiet.min(after(burst.first, most)))
    }
}

impl Burst {
    fn gather(self) -> Gathered {
        let count = u32::try_from(1 + self.others.len()).unwrap_or(u32::MAX);
        let event =
            if count > 1 { Arc::new(Event { count, ..Event::clone(&self.newest) }) } else { self.newest };
        Gathered { event, others: self.others }
    }
}
