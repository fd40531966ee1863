//! The lease: who may write, and into which file. It stands in the store itself, for file systems over a network, where locks
//! may hold nobody back.

use std::{os::unix::fs::MetadataExt, path::Path};

use rusqlite::Connection;

/// The number of this opening, and the file that was opened. A store that was opened after it has a higher number, and refuses
/// what still comes from here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    fence: i64,
    file: Option<(u64, u64)>,
}

impl Lease {
    /// Takes the store over from whoever had it.
    pub(super) fn take(path: &Path, connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "UPDATE lease SET fence = fence + 1 WHERE one = 1 RETURNING fence";
        let fence = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(Self { fence, file: file(path) })
    }

    /// Whether nobody has taken the store over since. Asked within the transaction that is about to write.
    pub(super) fn is_ours(self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut fence = connection.prepare_cached("SELECT fence FROM lease WHERE one = 1")?;
        fence.query_row([], |row| row.get::<_, i64>(0)).map(|fence| fence == self.fence)
    }

    /// Whether the file is still where it was opened. One that was removed takes writes all the same, and nobody would ever see
    /// them.
    pub(super) fn is_there(self, path: &Path) -> bool {
        file(path) == self.file
    }

    /// A write that changes nothing, to see that one is possible.
    pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("UPDATE lease SET fence = fence WHERE one = 1")?.execute([]).map(drop)
    }
}

/// What tells one file from another.
fn file(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
