//! How many messages a minute each webhook takes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::domain::HookName;

const WINDOW_SECONDS: i64 = 60;

/// The minute that each webhook is in, and how many messages it has taken in it.
#[derive(Default)]
pub(super) struct Rates(Mutex<HashMap<HookName, Window>>);

struct Window {
    start: i64,
    taken: u32,
}

impl Rates {
    /// Counts a message. Where the minute's share is used up: how many seconds are left of the minute.
    pub(super) fn take(&self, hook: &HookName, per_minute: u32, now: Timestamp) -> Result<(), u64> {
        let now = now.as_second();
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(hook.clone()).or_insert(Window { start: now, taken: 0 });
        // A clock that was set back begins anew too.
        if !(0..WINDOW_SECONDS).contains(&(now - window.start)) {
            *window = Window { start: now, taken: 0 };
        }
        if window.taken >= per_minute {
            let left = window.start + WINDOW_SECONDS - now;
            return Err(u64::try_from(left).unwrap_or(1).max(1));
        }
        window.taken += 1;
        Ok(())
    }
}
