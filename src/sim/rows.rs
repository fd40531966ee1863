//! Rows of the store for tests and programs: their times are seconds since the beginning of the rehearsal.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::store::{NoticeRow, RunRow, WriteRow};

/// What makes a time of the store one of the rehearsal.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// When the rehearsal began, in microseconds since 1970.
    pub(super) start: i64,
    /// By how many microseconds the daemon's clock was slow when a run of this number began.
    pub(super) slow: BTreeMap<i64, i64>,
}

impl Times {
    /// `began` is when each run really began, in microseconds since 1970.
    pub(super) fn new(start: i64, runs: &[RunRow], began: &BTreeMap<i64, i64>) -> Self {
        let slow = runs.iter().filter_map(|row| {
            let (run, started) = (row.run?, row.started?);
            Some((run, began.get(&run)? - started * 1000))
        });
        Self { start, slow: slow.collect() }
    }

    /// Microseconds since the beginning. What the daemon's clock was wrong by during a run is taken out, so that it
    /// stands beside what the participants did at that time.
    pub(super) fn since_start(&self, run: Option<i64>, millis: i64) -> i64 {
        let slow = run.and_then(|run| self.slow.get(&run)).copied().unwrap_or_default();
        (millis * 1000 + slow - self.start).max(0)
    }

    fn seconds(&self, run: Option<i64>, millis: i64) -> Value {
        json!((self.since_start(run, millis) / 1000) as f64 / 1e3)
    }

    /// A write: `at` is when it was written down, `settled` when its answer was.
    pub(super) fn write(&self, row: &WriteRow) -> Value {
        let mut write = json!(row);
        if let Some(fields) = write.as_object_mut() {
            fields.remove("claimed");
        }
        write["at"] = self.seconds(Some(row.run), row.effect.claimed);
        write["settled"] = row.effect.settled.map_or(Value::Null, |at| self.seconds(Some(row.run), at));
        write
    }

    /// A notice.
    pub(super) fn notice(&self, row: &NoticeRow) -> Value {
        json!({
            "at": self.seconds(row.run, row.at),
            "channel": row.channel,
            "title": row.title,
            "text": row.text,
            "urgent": row.urgent,
            "key": row.key,
            "automation": row.automation,
            "run": row.run,
        })
    }

    /// A run, or an event that did not run.
    pub(super) fn run(&self, row: &RunRow) -> Value {
        let mut run = json!(row);
        for (name, at) in [("at", Some(row.at)), ("started", row.started), ("ended", row.ended)] {
            run[name] = at.map_or(Value::Null, |at| self.seconds(row.run, at));
        }
        run
    }
}
