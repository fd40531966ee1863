//! Overlap: what happens to an event while a run for the same key is under way.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    config::{KeyRule, OnFull, Overlap, OverlapPolicy},
    domain::{Event, EventId},
};

/// The keys of one automation for which a run is under way, each with the events that wait for its end.
#[derive(Debug)]
pub(super) struct Keys {
    overlap: Overlap,
    busy: HashMap<String, VecDeque<Arc<Event>>>,
}

/// What becomes of an event that arrives.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// Its key was free and is now taken.
    Run(Arc<Event>),
    /// It waits.
    Wait,
    /// These do not run: the one that came, or others that gave way to it.
    Drop(Vec<(EventId, String)>),
}

impl Keys {
    pub(super) fn new(overlap: Overlap) -> Self {
        Self { overlap, busy: HashMap::new() }
    }

    pub(super) fn arrive(&mut self, event: Arc<Event>) -> Verdict {
        let key = self.key(&event);
        let Some(waiting) = self.busy.get_mut(&key) else {
            self.busy.insert(key, VecDeque::new());
            return Verdict::Run(event);
        };
        if self.overlap.policy == OverlapPolicy::Single {
            let reason = format!("a run{} was under way (overlap = \"single\")", for_key(&key));
            return Verdict::Drop(vec![(event.id, reason)]);
        }
        if waiting.len() < self.overlap.max {
            waiting.push_back(event);
            return Verdict::Wait;
        }
        let full = format!("{} events were waiting already{}", waiting.len(), for_key(&key));
        match self.overlap.on_full {
            OnFull::DropNewest => {
                Verdict::Drop(vec![(event.id, format!("{full} (on_full = \"drop_newest\")"))])
            }
            OnFull::DropOldest => {
                let oldest = waiting.pop_front();
                waiting.push_back(event);
                let reason = format!("{full} (on_full = \"drop_oldest\")");
                Verdict::Drop(oldest.into_iter().map(|oldest| (oldest.id, reason.clone())).collect())
            }
            OnFull::Coalesce => {
                let reason = format!("{full}: event {} stands for it (on_full = \"coalesce\")", event.id);
                let gone = waiting.drain(..).map(|old| (old.id, reason.clone())).collect();
                waiting.push_back(event);
                Verdict::Drop(gone)
            }
        }
    }

    /// A run has ended: gives the event whose turn it is, for which the key stays taken.
    pub(super) fn leave(&mut self, event: &Event) -> Option<Arc<Event>> {
        let key = self.key(event);
        let next = self.busy.get_mut(&key)?.pop_front();
        if next.is_none() {
            self.busy.remove(&key);
        }
        next
    }

    fn key(&self, event: &Event) -> String {
        match &self.overlap.key {
            KeyRule::Automation => String::new(),
            KeyRule::Field(path) => {
                let found = path.split('.').try_fold(event.subject(), |value, part| value.get(part));
                match found {
                    None | Some(Value::Null) => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                }
            }
        }
    }
}

fn for_key(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(" for {key:?}") }
}
