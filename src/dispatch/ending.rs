//! Ending one run from outside, so that another can take its place.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::{Outcome, RunReport},
    environment::Scope,
};

/// How to end one run. What it has begun to write is finished, and it begins nothing more.
#[derive(Clone, Debug)]
pub struct Ending {
    cancel: CancellationToken,
    /// It is this run that was ended, not all of them with the program.
    made_room: Arc<AtomicBool>,
}

impl Ending {
    /// For the run that works in this scope.
    pub(super) fn of(scope: &Scope) -> Self {
        Self { cancel: scope.cancel.clone(), made_room: Arc::default() }
    }

    /// Ends the run: a newer event takes its place.
    pub(super) fn make_room(&self) {
        self.made_room.store(true, Ordering::Release);
        self.cancel.cancel();
    }

    /// What the run's report says: only here it is known why it was cancelled.
    pub(super) fn explain(&self, report: RunReport) -> RunReport {
        if report.outcome == Outcome::Interrupted && self.made_room.load(Ordering::Acquire) {
            let reason = Some("a newer event took its place (overlap = \"restart\")".to_owned());
            return RunReport { reason, ..report };
        }
        report
    }
}
