//! What the store says of an automation when the daemon starts.

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Automation,
    domain::{Held, Hold},
    engine::{Standing, look_back},
    store::{Store, StoreError},
};

/// Where an automation stood when the store was last written. One whose cursor does not read is to be held: nobody knows
/// what of it has happened.
pub(super) fn standing(
    store: &Store,
    now: Timestamp,
    automation: &Automation,
) -> Result<(Standing, Option<Hold>), StoreError> {
    let (history, name) = (store.history(), &automation.name);
    let cursors = history.clock_cursor(name).and_then(|clock| {
        history.poll_cursor(name, automation.mode)?;
        Ok(clock)
    });
    let (clock, hold) = match cursors {
        Ok(clock) => (clock.map(|cursor| (cursor.at, cursor.schedule)), None),
        Err(error @ StoreError::Cursor { .. }) => {
            tracing::error!(automation = %name, "it is paused: {error}");
            let held = Held::Automation(name.clone());
            (None, Some(Hold { held, since: now, until: None, reason: error.to_string() }))
        }
        Err(error) => return Err(error),
    };
    let runs = match look_back(&automation.pace) {
        Some(time) => {
            // What ended within that time started at most a `time_limit` before.
            let time = SignedDuration::try_from(time + automation.time_limit).unwrap_or(SignedDuration::MAX);
            history.runs_since(name, now.saturating_sub(time).unwrap_or(Timestamp::MIN))?
        }
        None => Vec::new(),
    };
    Ok((Standing { clock, runs, failures: history.failures_in_a_row(name)? }, hold))
}
