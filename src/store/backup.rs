//! A copy of the store, also while a daemon writes into it.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, backup::Backup};

use super::{StoreError, open};

/// All pages in one go, which keeps no writer waiting: a commit in between would begin it anew.
const PAGES: std::ffi::c_int = std::ffi::c_int::MAX;

/// Writes everything in a store, as it is at one instant, into a file, which must be empty or not there. A store of an older version
/// is copied as it is.
pub fn copy(store: &Path, file: &Path) -> Result<(), StoreError> {
    let connection = open::for_copying(store)?;
    let copied = Connection::open(file).and_then(|mut copy| {
        Backup::new(&connection, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)
    });
    copied.map_err(|error| StoreError::from_sqlite(store, &error))
}
