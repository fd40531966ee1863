//! A copy of the store, also while a daemon writes into it.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, backup::Backup};

use super::{History, StoreError};

/// All pages in one go, which keeps no writer waiting: a commit in between would begin it anew.
const PAGES: std::ffi::c_int = std::ffi::c_int::MAX;

impl History {
    /// Writes everything as it is at one instant into a file, which must be empty or not there.
    pub fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        self.read(|connection| {
            let mut copy = Connection::open(file)?;
            Backup::new(connection, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)
        })
    }
}
