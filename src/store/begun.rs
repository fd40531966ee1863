//! The word that the start of a run is written down.

use std::sync::{Arc, OnceLock};

use super::StoreError;

/// Whether the start of a run is in the store. A run begins while that is still being written, since a flush to the disk takes
/// longer than most of what a script does; but it leaves no trace before, neither on a server nor in a file or the store, only in
/// the log of the daemon. So a run that nobody knows of after a crash has done nothing, and its event is run as if for the first
/// time.
#[derive(Clone, Debug, Default)]
pub struct Begun(Arc<OnceLock<Result<(), StoreError>>>);

impl Begun {
    /// For what is not written down: there is nothing to wait for.
    pub fn already() -> Self {
        let begun = Self::default();
        begun.say(Ok(()));
        begun
    }

    /// Says that it is written down, or why it never will be. Only the first word counts.
    pub fn say(&self, written: Result<(), StoreError>) {
        let _ = self.0.set(written);
    }

    /// Waits until it is written down.
    pub fn wait(&self) -> Result<(), StoreError> {
        self.0.wait().clone()
    }
}
