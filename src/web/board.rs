//! What the console remembers by itself, until the daemon stops: how many players were in which state when, what became of webhook
//! messages, and who is looking.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    domain::{Class, HookName},
    watch::SeenSession,
};

/// The classes in the order in which they are drawn on each other, from the bottom.
pub(super) const DRAWN: [Class; 11] = [
    Class::Finished,
    Class::Thinking,
    Class::Waiting,
    Class::NotStarted,
    Class::Unknown,
    Class::Stalled,
    Class::Blocked,
    Class::Victim,
    Class::Expired,
    Class::Absent,
    Class::Dropped,
];

/// How far samples are apart at first, in milliseconds.
const APART: i64 = 5_000;
/// How many samples are kept a session. Where there are more, every second one goes: a long evening is drawn more coarsely.
const SAMPLES: usize = 600;
/// A session in which nothing is heard of anybody for so long is not sampled any more, in seconds.
const QUIET: f64 = 1800.0;
/// For how long the sessions are looked at after a program has asked for them, in milliseconds.
const ASKED: i64 = 30_000;
/// For how many sessions samples are kept.
const SESSIONS: usize = 50;

/// How many players were in which state at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Milliseconds since 1970, by our clock.
    pub(super) at: i64,
    /// In the order of [`DRAWN`].
    pub(super) counts: [u32; DRAWN.len()],
}

#[derive(Default)]
struct Series {
    samples: Vec<Sample>,
    apart: i64,
}

/// What became of the messages to a webhook since the daemon was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HookCounts {
    /// Taken.
    pub(super) taken: u64,
    /// Taken before.
    pub(super) again: u64,
    /// Not signed rightly.
    pub(super) refused: u64,
    /// Why the last of those was refused, and when, in milliseconds since 1970.
    pub(super) last_refused: Option<(i64, String)>,
    /// Not taken for other reasons: too many, too large, not JSON.
    pub(super) failed: u64,
}

/// What the console remembers.
pub(super) struct Board {
    /// When the daemon was started.
    pub(super) started: Timestamp,
    series: Mutex<BTreeMap<String, Series>>,
    hooks: Mutex<HashMap<HookName, HookCounts>>,
    /// How many look.
    viewers: AtomicUsize,
    /// When a program last asked for the sessions, in milliseconds since 1970.
    asked: AtomicI64,
    /// Changes whenever anything that is shown may have.
    version: watch::Sender<u64>,
}

/// Somebody looks, as long as this is there.
pub(super) struct Viewer(Arc<Board>);

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Board {
    pub(super) fn new(started: Timestamp) -> Self {
        Self {
            started,
            series: Mutex::default(),
            hooks: Mutex::default(),
            viewers: AtomicUsize::new(0),
            asked: AtomicI64::new(i64::MIN),
            version: watch::Sender::new(0),
        }
    }

    /// Somebody begins to look.
    pub(super) fn attend(self: &Arc<Self>) -> Viewer {
        self.viewers.fetch_add(1, Ordering::Relaxed);
        Viewer(Arc::clone(self))
    }

    /// How many look.
    pub(super) fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// A program asks for the sessions: for a while, that counts as looking.
    pub(super) fn ask(&self, now: Timestamp) {
        self.asked.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// Whether the sessions are to be looked at for anybody.
    pub(super) fn is_watched(&self, now: Timestamp) -> bool {
        let passed = now.as_millisecond().saturating_sub(self.asked.load(Ordering::Relaxed));
        // A clock that was set back ends it.
        self.viewers() > 0 || (0..ASKED).contains(&passed)
    }

    /// Something that is shown may have changed.
    pub(super) fn changed(&self) {
        self.version.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Tells of changes.
    pub(super) fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Takes samples of sessions as they were just looked at.
    pub(super) fn sample(&self, sessions: &[SeenSession], now: Timestamp) {
        let at = now.as_millisecond();
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            if session.looked.is_none_or(|looked| looked - session.alive > QUIET) {
                continue;
            }
            let series = all.entry(session.name.clone()).or_default();
            series.add(Sample { at, counts: counts(session) });
        }
        while all.len() > SESSIONS {
            let last = |series: &Series| series.samples.last().map_or(0, |sample| sample.at);
            let Some(oldest) = all.iter().min_by_key(|(_, one)| last(one)).map(|(name, _)| name.clone())
            else {
                break;
            };
            all.remove(&oldest);
        }
    }

    /// The samples of a session, oldest first.
    pub(super) fn samples(&self, session: &str) -> Vec<Sample> {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(session).map(|series| series.samples.clone()).unwrap_or_default()
    }

    /// Counts something about a webhook.
    pub(super) fn count(&self, hook: &HookName, count: impl FnOnce(&mut HookCounts)) {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        count(hooks.entry(hook.clone()).or_default());
    }

    /// What was counted about a webhook.
    pub(super) fn counted(&self, hook: &HookName) -> HookCounts {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).get(hook).cloned().unwrap_or_default()
    }
}

impl Series {
    fn add(&mut self, sample: Sample) {
        let apart = self.apart.max(APART);
        // A clock that was set back begins anew.
        self.samples.retain(|one| one.at < sample.at);
        if self.samples.len() >= 2 && sample.at - self.samples[self.samples.len() - 2].at < apart {
            // The last one is always of now.
            self.samples.pop();
        }
        self.samples.push(sample);
        if self.samples.len() > SAMPLES {
            let mut at = 0;
            self.samples.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.apart = apart * 2;
        }
    }
}

/// How many players of a session are in which state, in the order of [`DRAWN`].
pub(super) fn counts(session: &SeenSession) -> [u32; DRAWN.len()] {
    let mut counts = [0; DRAWN.len()];
    for player in &session.players {
        if let Some(at) = DRAWN.iter().position(|class| *class == player.class) {
            counts[at] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_evening_is_kept_whole_and_more_coarsely() {
        let mut series = Series::default();
        for second in 0..40_000 {
            series.add(Sample { at: second * 1000, counts: [second as u32; DRAWN.len()] });
        }
        assert!(
            series.samples.len() <= SAMPLES && series.samples.len() > SAMPLES / 3,
            "{}",
            series.samples.len()
        );
        assert_eq!(series.samples.first().unwrap().at, 0);
        assert_eq!(series.samples.last().unwrap().at, 39_999_000, "the last one is of now");
        assert!(series.samples.is_sorted_by_key(|sample| sample.at));
        series.add(Sample { at: 10_000, counts: [0; DRAWN.len()] });
        assert_eq!(series.samples.last().unwrap().at, 10_000, "the clock was set back");
    }
}
