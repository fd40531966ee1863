//! What the store says of an automation when the daemon starts.

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Automation,
    engine::{Standing, look_back},
    store::{Store, StoreError},
};

/// Where an automation stood when the store was last written.
pub(super) fn standing(
    store: &Store,
    now: Timestamp,
    automation: &Automation,
) -> Result<Standing, StoreError> {
    let (history, name) = (store.history(), &automation.name);
    let clock = history.clock_cursor(name)?.map(|cursor| (cursor.at, cursor.schedule));
    let runs = match look_back(&automation.pace) {
        Some(time) => {
            // What ended within that time started at most a `time_limit` before.
            let time = SignedDuration::try_from(time + automation.time_limit).unwrap_or(SignedDuration::MAX);
            history.runs_since(name, now.saturating_sub(time).unwrap_or(Timestamp::MIN))?
        }
        None => Vec::new(),
    };
    Ok(Standing { clock, runs, failures: history.failures_in_a_row(name)? })
}
