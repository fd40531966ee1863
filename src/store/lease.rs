//! The lease: who may write. It stands in the store itself, for file systems over a network, where locks may hold nobody
//! back.

use rusqlite::Connection;

/// The number of this opening. A store that was opened after it has a higher one, and refuses what still comes from here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease(i64);

impl Lease {
    /// Takes the store over from whoever had it.
    pub(super) fn take(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "UPDATE lease SET fence = fence + 1 WHERE one = 1 RETURNING fence";
        connection.query_row(sql, [], |row| row.get(0)).map(Self)
    }

    /// Whether nobody has taken the store over since. Asked within the transaction that is about to write.
    pub(super) fn is_ours(self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut fence = connection.prepare_cached("SELECT fence FROM lease WHERE one = 1")?;
        fence.query_row([], |row| row.get::<_, i64>(0)).map(|fence| fence == self.0)
    }

    /// A write that changes nothing, to see that one is possible.
    pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("UPDATE lease SET fence = fence WHERE one = 1")?.execute([]).map(drop)
    }
}
