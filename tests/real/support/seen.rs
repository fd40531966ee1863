//! What has happened to a participant so far, as told by the browser.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Page;

/// What the server told a browser to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Reload,
    Submit,
    Redirect(String),
}

/// Everything a participant got to see, oldest first.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) pages: Vec<Page>,
    pub(super) messages: Vec<String>,
    pub(super) actions: Vec<Action>,
    /// Every other entry that came through the websocket, as it came.
    pub(super) entries: Vec<Value>,
}

impl History {
    pub(super) fn page(&self) -> Page {
        self.pages.last().cloned().unwrap_or_else(|| Page::named("Blank"))
    }
}

/// A history that a browser writes and a test reads, or waits on.
pub(super) struct Seen {
    history: Mutex<History>,
    changed: Condvar,
}

impl Seen {
    pub(super) fn nothing() -> Seen {
        let history = History { pages: vec![], messages: vec![], actions: vec![], entries: vec![] };
        Seen { history: Mutex::new(history), changed: Condvar::new() }
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut History)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&History) -> T) -> T {
        look(&self.lock())
    }

    /// Waits until the history is as wished; gives it as it is when the time is up.
    pub(super) fn wait(&self, limit: Duration, is_so: impl Fn(&History) -> bool) -> Result<(), History> {
        let end = Instant::now() + limit;
        let mut history = self.lock();
        while !is_so(&history) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(history.clone());
            }
            history = self.changed.wait_timeout(history, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
