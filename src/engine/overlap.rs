//! Overlap and throttle: which event runs, which waits and which gives way, for each key.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Command,
    key::{for_key, key_of},
    recent::Recent,
};
use crate::{
    config::{OnFull, Overlap, OverlapPolicy},
    domain::{Event, EventId, EventKind, Rate, counted},
};

/// The keys of one automation for which something runs or waits.
#[derive(Debug)]
pub(super) struct Keys {
    overlap: Overlap,
    /// `throttle`, and the starts that count for it.
    throttle: Option<(Rate, Recent)>,
    keys: HashMap<String, Key>,
    /// The keys whose first event waits for the throttle, and until when.
    later: BinaryHeap<Reverse<(Timestamp, String)>>,
}

#[derive(Debug, Default)]
struct Key {
    /// The events whose runs are under way, or are to start as soon as a worker is free.
    running: Vec<Arc<Event>>,
    /// How many of them have not started yet.
    starting: usize,
    /// The run under way was told to end.
    cancelled: bool,
    waiting: VecDeque<Arc<Event>>,
    /// It is among those to be looked at later.
    planned: bool,
}

/// Where decisions go: events that may run as far as their key is concerned, and commands.
pub(super) struct Out<'a> {
    pub(super) ready: &'a mut VecDeque<Arc<Event>>,
    pub(super) commands: &'a mut Vec<Command>,
}

impl Out<'_> {
    pub(super) fn drop(&mut self, event: &Event, reason: impl Into<String>) {
        let automation = event.automation.clone();
        self.commands.push(Command::Drop { automation, event: event.id, reason: reason.into() });
    }
}

impl Keys {
    pub(super) fn new(overlap: Overlap, throttle: Option<Rate>) -> Self {
        let throttle = throttle.map(|rate| (rate, Recent::new(rate.per)));
        Self { overlap, throttle, keys: HashMap::new(), later: BinaryHeap::new() }
    }

    /// The key of an event.
    pub(super) fn key_of(&self, event: &Event) -> String {
        key_of(&self.overlap.key, event)
    }

    /// What happens to an event while a run is under way.
    pub(super) fn overlap(&self) -> &Overlap {
        &self.overlap
    }

    /// From now on these rules hold; what runs and what waits is sorted anew by its key. `ready` has what is to start, of
    /// all automations.
    pub(super) fn set_overlap(&mut self, overlap: Overlap, ready: &VecDeque<Arc<Event>>) {
        self.overlap = overlap;
        let mut waiting = Vec::new();
        for old in std::mem::take(&mut self.keys).into_values() {
            for event in old.running {
                let key = self.keys.entry(key_of(&self.overlap.key, &event)).or_default();
                key.starting += usize::from(ready.iter().any(|ready| ready.id == event.id));
                key.running.push(event);
            }
            waiting.extend(old.waiting);
        }
        waiting.sort_unstable_by_key(|event| event.id);
        for event in waiting {
            self.keys.entry(key_of(&self.overlap.key, &event)).or_default().waiting.push_back(event);
        }
        for key in self.keys.values_mut() {
            key.running.sort_unstable_by_key(|event| event.id);
        }
        self.later.clear();
    }

    /// From now on this throttle holds; nothing counts for it yet.
    pub(super) fn set_throttle(&mut self, throttle: Option<Rate>) {
        self.throttle = throttle.map(|rate| (rate, Recent::new(rate.per)));
        for key in self.keys.values_mut() {
            key.planned = false;
        }
        self.later.clear();
    }

    /// Lets through what the rules that hold now allow.
    pub(super) fn advance_all(&mut self, now: Timestamp, mut out: Out<'_>) {
        let mut names: Vec<String> = self.keys.keys().cloned().collect();
        names.sort_unstable();
        for name in names {
            self.advance(now, &name, &mut out);
        }
    }

    /// Lets go of everything that is not under way. What is to start soon is for the caller to look for.
    pub(super) fn withdraw(&mut self, ready: &VecDeque<Arc<Event>>) -> Vec<EventId> {
        let mut gone = Vec::new();
        self.keys.retain(|_, key| {
            gone.extend(key.waiting.drain(..).map(|event| event.id));
            key.running.retain(|event| !ready.iter().any(|ready| ready.id == event.id));
            key.starting = 0;
            key.planned = false;
            !key.running.is_empty()
        });
        self.later.clear();
        gone
    }

    /// An event is to run as soon as it may.
    pub(super) fn arrive(&mut self, now: Timestamp, event: Arc<Event>, mut out: Out<'_>) {
        let name = self.key_of(&event);
        let key = self.keys.entry(name.clone()).or_default();
        match self.overlap.policy {
            OverlapPolicy::Single if !key.running.is_empty() => {
                let reason = format!("a run{} was under way (overlap = \"single\")", for_key(&name));
                out.drop(&event, reason);
                return;
            }
            OverlapPolicy::Restart => {
                for old in key.waiting.drain(..) {
                    out.drop(&old, format!("event {} took its place (overlap = \"restart\")", event.id));
                }
                key.waiting.push_back(event);
            }
            _ => key.join(event, &name, &self.overlap, &mut out),
        }
        self.advance(now, &name, &mut out);
    }

    /// An event's run has started.
    pub(super) fn started(&mut self, now: Timestamp, event: &Event) {
        let name = self.key_of(event);
        if let Some(key) = self.keys.get_mut(&name) {
            key.starting = key.starting.saturating_sub(1);
        }
        self.count_start(&name, now);
        self.plan(&name);
    }

    /// A run counts for the throttle.
    pub(super) fn count_start(&mut self, key: &str, at: Timestamp) {
        if let Some((_, starts)) = &mut self.throttle {
            starts.note(key, at);
        }
    }

    /// A run has ended, or an event was let go before it started.
    pub(super) fn leave(&mut self, now: Timestamp, event: &Event, started: bool, mut out: Out<'_>) {
        let name = self.key_of(event);
        let Some(key) = self.keys.get_mut(&name) else { return };
        key.running.retain(|running| running.id != event.id);
        key.cancelled = false;
        if !started {
            key.starting = key.starting.saturating_sub(1);
        }
        self.advance(now, &name, &mut out);
    }

    /// When the throttle lets something through next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.later.peek().map(|Reverse((at, _))| *at)
    }

    /// Lets through what the throttle held back until now.
    pub(super) fn let_through(&mut self, now: Timestamp, mut out: Out<'_>) {
        while let Some(Reverse((at, _))) = self.later.peek()
            && *at <= now
        {
            let Some(Reverse((_, name))) = self.later.pop() else { break };
            if let Some(key) = self.keys.get_mut(&name) {
                key.planned = false;
            }
            self.advance(now, &name, &mut out);
        }
    }

    /// The clock was set back: what seems to lie in the future happened just now.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        let Some((_, starts)) = &mut self.throttle else { return };
        starts.set_back(now);
        let names: Vec<String> = self.later.drain().map(|Reverse((_, name))| name).collect();
        for name in names {
            if let Some(key) = self.keys.get_mut(&name) {
                key.planned = false;
            }
            self.plan(&name);
        }
    }

    /// Takes events off the queue of a key as long as they may run.
    fn advance(&mut self, now: Timestamp, name: &str, out: &mut Out<'_>) {
        let at_once = match self.overlap.policy {
            OverlapPolicy::Parallel(at_once) => at_once,
            OverlapPolicy::Single | OverlapPolicy::Queued | OverlapPolicy::Restart => 1,
        };
        let Some(key) = self.keys.get_mut(name) else { return };
        while let Some(next) = key.waiting.front() {
            let throttled = match &self.throttle {
                // A person who asks for a run does not wait for the throttle.
                Some((rate, starts)) if next.kind != EventKind::Manual => {
                    starts.count(name, now) + key.starting >= rate.most
                }
                _ => false,
            };
            if throttled {
                self.plan(name);
                return;
            }
            if key.running.len() >= at_once {
                if self.overlap.policy != OverlapPolicy::Restart || !key.make_room(next.id, out) {
                    return;
                }
                continue;
            }
            let Some(next) = key.waiting.pop_front() else { return };
            key.running.push(Arc::clone(&next));
            key.starting += 1;
            out.ready.push_back(next);
        }
        if key.running.is_empty() {
            self.keys.remove(name);
        }
    }

    /// Notes when to look at a key again whose first event waits for the throttle. Where too many are only about to
    /// start, that is not known yet: their start calls this again.
    fn plan(&mut self, name: &str) {
        let Some((rate, starts)) = &self.throttle else { return };
        let Some(key) = self.keys.get_mut(name) else { return };
        if key.planned || key.waiting.is_empty() || key.starting >= rate.most {
            return;
        }
        if let Some(at) = starts.free_at(name, rate.most - key.starting) {
            key.planned = true;
            self.later.push(Reverse((at, name.to_owned())));
        }
    }
}

impl Key {
    /// Adds an event to those that wait; where they are too many, one of them goes.
    fn join(&mut self, event: Arc<Event>, name: &str, overlap: &Overlap, out: &mut Out<'_>) {
        if self.waiting.len() < overlap.max {
            self.waiting.push_back(event);
            return;
        }
        let waiting = counted(self.waiting.len(), "event was", "events were");
        let full = format!("{waiting} waiting already{}", for_key(name));
        match overlap.on_full {
            OnFull::DropNewest => out.drop(&event, format!("{full} (on_full = \"drop_newest\")")),
            OnFull::DropOldest => {
                if let Some(oldest) = self.waiting.pop_front() {
                    out.drop(&oldest, format!("{full} (on_full = \"drop_oldest\")"));
                }
                self.waiting.push_back(event);
            }
            OnFull::Coalesce => {
                for old in self.waiting.drain(..) {
                    let reason = format!("{full}: event {} stands for it (on_full = \"coalesce\")", event.id);
                    out.drop(&old, reason);
                }
                self.waiting.push_back(event);
            }
        }
    }

    /// Lets the event that has the key go for a newer one. Says whether the key is free at once: a run under way first
    /// comes to its end, which it does between two writes.
    fn make_room(&mut self, newer: EventId, out: &mut Out<'_>) -> bool {
        let Some(older) = self.running.first().cloned() else { return true };
        if let Some(place) = out.ready.iter().position(|event| event.id == older.id) {
            out.ready.remove(place);
            self.running.remove(0);
            self.starting = self.starting.saturating_sub(1);
            out.drop(&older, format!("event {newer} took its place (overlap = \"restart\")"));
            return true;
        }
        if !self.cancelled {
            self.cancelled = true;
            out.commands.push(Command::Cancel { event: older.id });
        }
        false
    }
}
