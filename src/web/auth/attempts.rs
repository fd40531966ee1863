//! How often somebody may try to log in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// In this time,
const WINDOW_SECONDS: i64 = 300;
/// so many wrong passwords are taken for one name,
const FOR_A_NAME: u32 = 10;
/// and so many for all names together: whoever guesses may guess names too.
const FOR_ALL: u32 = 60;

/// Wrong attempts of late. Whoever is locked out by somebody else's still gets in by `uproctor console`, which no attempt counts for.
#[derive(Default)]
pub(super) struct Attempts(Mutex<Windows>);

#[derive(Default)]
struct Windows {
    start: i64,
    all: u32,
    by_name: HashMap<String, u32>,
}

impl Attempts {
    /// Counts an attempt before it is looked at; where there were too many, how many seconds to wait.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Result<(), u64> {
        let now = now.as_second();
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins anew too.
        if !(0..WINDOW_SECONDS).contains(&(now - windows.start)) {
            *windows = Windows { start: now, ..Windows::default() };
        }
        let left = windows.start + WINDOW_SECONDS - now;
        let of_name = windows.by_name.get(name).copied().unwrap_or(0);
        if windows.all >= FOR_ALL || of_name >= FOR_A_NAME {
            return Err(u64::try_from(left).unwrap_or(1).max(1));
        }
        windows.all += 1;
        // At most as many names as attempts.
        windows.by_name.insert(name.to_owned(), of_name + 1);
        Ok(())
    }

    /// The attempt was right: it does not count.
    pub(super) fn forgive(&self, name: &str) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.all = windows.all.saturating_sub(1);
        windows.by_name.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_name_is_tried_ten_times_in_five_minutes_and_all_names_sixty_times() {
        let attempts = Attempts::default();
        for _ in 0..10 {
            attempts.take("anna", at(1000)).unwrap();
        }
        assert_eq!(attempts.take("anna", at(1100)), Err(200));
        attempts.take("ben", at(1100)).unwrap();
        attempts.forgive("ben");
        for n in 0..50 {
            attempts.take(&format!("guess{n}"), at(1200)).unwrap();
        }
        assert_eq!(attempts.take("ben", at(1200)), Err(100));
        attempts.take("anna", at(1300)).unwrap();
    }
}
