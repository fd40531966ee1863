//! What was counted since the daemon was started. It is read from the store, where each event comes to its end once and each write
//! enters the log of interventions once, so that nothing is missed and nothing counted twice.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde_json::Value;

use super::page::{Kind, Page};
use crate::store::{History, Stand, StoreError};

/// How many rows are read at once.
const ROWS: u32 = 5000;
/// Numbers are given out before the events are committed, so that one may come to be seen after a higher one: for so long, in
/// milliseconds, earlier ones are still looked for.
const LATE: i64 = 60_000;
/// How long runs take, in seconds.
const BUCKETS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

/// The counters.
pub(in crate::web) struct Tally(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    /// All events up to this one are known.
    known_until: i64,
    /// Those above it that are known.
    known: HashSet<i64>,
    /// The highest number that was seen, and when, in milliseconds since 1970.
    seen: VecDeque<(i64, i64)>,
    /// Those that have not come to their end.
    open: BTreeSet<i64>,
    /// The last entry of the log that is counted.
    entry: i64,
    events: BTreeMap<(String, String), u64>,
    runs: BTreeMap<(String, String, String), u64>,
    took: BTreeMap<String, Histogram>,
    effects: BTreeMap<(String, String), u64>,
    decisions: BTreeMap<String, u64>,
    polls: BTreeMap<String, u64>,
    /// How often polls had failed before.
    polls_before: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    sum: f64,
    count: u64,
}

impl Tally {
    /// Begins to count with what comes from now on.
    pub(in crate::web) fn new(history: &History) -> Self {
        let begun = Counted::begin(history).unwrap_or_else(|error| {
            tracing::error!(%error, "what the store holds from before is counted as new in the metrics");
            Counted::default()
        });
        Self(Mutex::new(begun))
    }

    /// Counts what has come since the last time, and writes all down.
    pub(super) fn write(&self, history: &History, now: Timestamp, page: &mut Page) -> Result<(), StoreError> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.count(history, now)?;
        counted.write(page);
        Ok(())
    }
}

impl Counted {
    fn begin(history: &History) -> Result<Self, StoreError> {
        Ok(Self {
            known_until: history.last_event()?,
            open: history.open_events()?.into_iter().collect(),
            entry: history.sizes()?.interventions,
            polls_before: history.failed_polls()?.into_iter().collect(),
            ..Self::default()
        })
    }

    fn count(&mut self, history: &History, now: Timestamp) -> Result<(), StoreError> {
        self.count_open(history)?;
        self.count_new(history, now.as_millisecond())?;
        self.count_log(history)?;
        for (automation, count) in history.failed_polls()? {
            let new = count.saturating_sub(self.polls_before.get(&automation).copied().unwrap_or(0));
            let known = self.polls.entry(automation).or_default();
            *known = new.max(*known);
        }
        Ok(())
    }

    fn count_open(&mut self, history: &History) -> Result<(), StoreError> {
        let open: Vec<i64> = self.open.iter().copied().collect();
        for some in open.chunks(ROWS as usize) {
            for stand in history.stands_of(some)? {
                if stand.is_final() && self.open.remove(&stand.event) {
                    self.add(stand);
                }
            }
        }
        Ok(())
    }

    fn count_new(&mut self, history: &History, now: i64) -> Result<(), StoreError> {
        let mut after = self.known_until;
        loop {
            let some = history.stands_after(after, ROWS)?;
            let Some(last) = some.last().map(|stand| stand.event) else { break };
            after = last;
            for stand in some {
                if !self.known.insert(stand.event) {
                    continue;
                }
                if stand.is_final() {
                    self.add(stand);
                } else {
                    self.open.insert(stand.event);
                }
            }
        }
        self.seen.push_back((now, after));
        // A clock that was set back or forward by much ends the wait early.
        while let Some((_, highest)) = self.seen.pop_front_if(|(at, _)| (now - *at).abs() >= LATE) {
            self.known_until = self.known_until.max(highest);
        }
        let until = self.known_until;
        self.known.retain(|event| *event > until);
        Ok(())
    }

    fn count_log(&mut self, history: &History) -> Result<(), StoreError> {
        loop {
            let some = history.interventions(self.entry, ROWS)?;
            let Some(last) = some.last() else { return Ok(()) };
            self.entry = last.seq;
            for entry in &some {
                let entry: Value = serde_json::from_str(&entry.entry).unwrap_or_default();
                let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
                let (action, decision) = (text("action"), text("decision"));
                if action == "plan" {
                    *self.decisions.entry(decision).or_default() += 1;
                } else {
                    *self.effects.entry((action, decision)).or_default() += 1;
                }
            }
        }
    }

    /// Counts an event that has come to its end.
    fn add(&mut self, stand: Stand) {
        let Stand { automation, kind, outcome, mode, took, .. } = stand;
        *self.events.entry((kind, outcome.clone())).or_default() += 1;
        if let Some(took) = took {
            // Clocks are set back.
            self.took.entry(automation.clone()).or_default().add(took.max(0) as f64 / 1000.0);
        }
        if let Some(mode) = mode {
            *self.runs.entry((automation, mode, outcome)).or_default() += 1;
        }
    }

    fn write(&self, page: &mut Page) {
        let about = "Events that have come to their end, by kind and by what came of them.";
        let mut events = page.family("uproctor_events_total", Kind::Counter, about);
        for ((kind, outcome), count) in &self.events {
            events.value(&[("kind", kind), ("outcome", outcome)], count);
        }
        let about = "Runs that have ended.";
        let mut runs = page.family("uproctor_runs_total", Kind::Counter, about);
        for ((automation, mode, outcome), count) in &self.runs {
            runs.value(&[("automation", automation), ("mode", mode), ("outcome", outcome)], count);
        }
        let about = "How long runs took, waits included.";
        let mut took = page.family("uproctor_run_duration_seconds", Kind::Histogram, about);
        for (automation, histogram) in &self.took {
            let automation = ("automation", automation.as_str());
            for (most, count) in BUCKETS.iter().zip(histogram.buckets) {
                took.line("_bucket", &[automation, ("le", &most.to_string())], count);
            }
            took.line("_bucket", &[automation, ("le", "+Inf")], histogram.count);
            took.line("_sum", &[automation], histogram.sum);
            took.line("_count", &[automation], histogram.count);
        }
        let about = "Writes, by what was to be done and by what became of it.";
        let mut effects = page.family("uproctor_effects_total", Kind::Counter, about);
        for ((action, state), count) in &self.effects {
            effects.value(&[("action", action), ("state", state)], count);
        }
        let about = "Plans that were decided about.";
        let mut decisions = page.family("uproctor_plan_decisions_total", Kind::Counter, about);
        for (decision, count) in &self.decisions {
            decisions.value(&[("decision", decision)], count);
        }
        let about = "Polls that failed; one that fails the same way again and again counts once.";
        let mut polls = page.family("uproctor_poll_failures_total", Kind::Counter, about);
        for (automation, count) in self.polls.iter().filter(|(_, count)| **count > 0) {
            polls.value(&[("automation", automation)], count);
        }
    }
}

impl Histogram {
    fn add(&mut self, seconds: f64) {
        for (most, count) in BUCKETS.iter().zip(&mut self.buckets) {
            *count += u64::from(seconds <= *most);
        }
        self.sum += seconds;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn each_event_counts_once_in_whatever_order_they_are_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let _store = Store::open(&path).unwrap();
        let history = History::open(&path).unwrap();
        let writer = rusqlite::Connection::open(&path).unwrap();
        let event = |id: i64, state: &str| {
            let sql = "INSERT OR REPLACE INTO event (id, automation, kind, at, detail, state) VALUES (?1, 'a', 'at', 0, '{}', ?2)";
            writer.execute(sql, rusqlite::params![id, state]).unwrap();
        };
        event(1, "dropped");
        event(2, "accepted");
        let mut counted = Counted::begin(&history).unwrap();
        let mut count = |second: i64| {
            counted.count(&history, Timestamp::from_second(second).unwrap()).unwrap();
            let events = counted.events.get(&("at".to_owned(), "dropped".to_owned()));
            (events.copied().unwrap_or(0), counted.known.len(), counted.open.len())
        };
        assert_eq!(count(0), (0, 0, 1), "what was before does not count");
        event(2, "dropped");
        event(5, "accepted");
        assert_eq!(count(1), (1, 1, 1), "what waited before does, once it has come to its end");
        event(4, "dropped");
        event(7, "dropped");
        assert_eq!(count(2), (3, 3, 1), "one with a lower number came later");
        event(5, "dropped");
        assert_eq!(count(3), (4, 3, 0));
        assert_eq!(count(63), (4, 0, 0), "those of a minute ago need not be known any more");
        event(8, "dropped");
        assert_eq!(count(64), (5, 1, 0));
        assert_eq!(count(-100_000), (5, 0, 0), "a clock that is set back counts nothing again");
        event(9, "dropped");
        assert_eq!(count(-99_999), (6, 1, 0));
    }
}
