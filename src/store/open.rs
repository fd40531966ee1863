//! Opening the file: the lock against a second daemon, the checks, the numbers that were given out.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    StoreError,
    schema::{self, APPLICATION_ID, NEWEST},
};
use crate::domain::{EventId, RunId};

/// How long to wait for another program's lock on the database before saying so.
const BUSY: Duration = Duration::from_secs(3);

/// How many statements a connection keeps ready: there are fewer.
const STATEMENTS: usize = 256;

/// A file up to this size is looked through for damage when it is opened: that takes well under a second.
const LOOKED_THROUGH: u64 = 128 * 1024 * 1024;

/// How often the lock is tried for, beside the last time.
const TRIES: u32 = 10;

/// The lock on `STORE.lock`. The system lets go of it when the process ends, however it ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Tries for a moment: whoever asks whether the store is in use has the lock for an instant.
    #[expect(clippy::disallowed_methods, reason = "milliseconds, before there is an environment to wait in")]
    pub(super) fn take(store: &Path) -> Result<Self, StoreError> {
        for _ in 0..TRIES {
            match Self::try_take(store) {
                Err(StoreError::InUse(_)) => std::thread::sleep(Duration::from_millis(5)),
                taken => return taken,
            }
        }
        Self::try_take(store)
    }

    fn try_take(store: &Path) -> Result<Self, StoreError> {
        let path = beside(store, ".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| io_error(store, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(store.to_owned())),
            Err(TryLockError::Error(error)) => Err(io_error(store, &error)),
        }
    }
}

/// Whether a daemon has this store.
pub fn in_use(store: &Path) -> bool {
    matches!(Lock::try_take(store), Err(StoreError::InUse(_)))
}

/// The path with something behind its file name.
pub(super) fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(suffix);
    PathBuf::from(name)
}

fn io_error(store: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(store.to_owned())
        }
        std::io::ErrorKind::StorageFull => StoreError::Full(store.to_owned()),
        std::io::ErrorKind::NotFound => StoreError::Other {
            path: store.to_owned(),
            message: "its folder does not exist: make it first".to_owned(),
        },
        _ => StoreError::Other { path: store.to_owned(), message: error.to_string() },
    }
}

/// When what is committed is flushed to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// Before anybody is told that it is committed: it survives a loss of power.
    EachCommit,
    /// When the system likes: it survives the end of the process only.
    Never,
}

/// A connection that may write, to a file that is ours and up to date.
pub(super) fn for_writing(path: &Path, flush: Flush) -> Result<Connection, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    if std::fs::metadata(path).is_ok_and(|file| file.permissions().readonly()) {
        // SQLite would open it and fail at the first write, in the middle of something.
        return Err(StoreError::ReadOnly(path.to_owned()));
    }
    // It holds what participants and recruiters sent: only its owner may read it. SQLite gives the same mode to the
    // files beside it.
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| io_error(path, &error))?;
    let mut connection = Connection::open(path).map_err(sqlite)?;
    prepare(&connection).map_err(sqlite)?;
    check(path, &connection)?;
    look_for_damage(path, &connection)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(sqlite)?;
    let synchronous = match flush {
        Flush::EachCommit => "full",
        Flush::Never => "off",
    };
    connection.pragma_update(None, "synchronous", synchronous).map_err(sqlite)?;
    schema::migrate(&mut connection).map_err(sqlite)?;
    Ok(connection)
}

/// A connection that only reads, from a file of this very format.
pub(super) fn for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = for_copying(path)?;
    let found = schema::version(&connection).map_err(|error| StoreError::from_sqlite(path, &error))?;
    if found == NEWEST { Ok(connection) } else { Err(StoreError::Older(path.to_owned())) }
}

/// A connection that only reads, of whatever format the file is.
pub(super) fn for_copying(path: &Path) -> Result<Connection, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    // Opened for reading and writing where possible: reading a write-ahead log needs its shared memory file.
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sqlite)?;
    prepare(&connection).map_err(sqlite)?;
    connection.pragma_update(None, "query_only", true).map_err(sqlite)?;
    check(path, &connection)?;
    if schema::version(&connection).map_err(sqlite)? == 0 {
        return Err(StoreError::Missing(path.to_owned()));
    }
    Ok(connection)
}

/// A connection that may write beside the program that has the store; only to a file of this very format.
pub(super) fn beside_another(path: &Path) -> Result<Connection, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    prepare(&connection).map_err(sqlite)?;
    check(path, &connection)?;
    if schema::version(&connection).map_err(sqlite)? != NEWEST {
        return Err(StoreError::InUse(path.to_owned()));
    }
    Ok(connection)
}

/// What every connection has.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement with a join, an order or a limit is made anew each time that it comes out of the cache, for the values that it
    // is given then.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    let found = schema::version(connection).map_err(sqlite)?;
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sqlite)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    if id != APPLICATION_ID && tables > 0 {
        let message = "it is the database of another program".to_owned();
        return Err(StoreError::NotAStore { path: path.to_owned(), message });
    }
    if found > NEWEST {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: NEWEST });
    }
    Ok(())
}

/// Reads the whole file once, as long as that takes no time worth mentioning. What is wrong further on is noticed when it
/// is read.
fn look_for_damage(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > LOOKED_THROUGH) {
        return Ok(());
    }
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::from_sqlite(path, &error))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged { path: path.to_owned(), message: found }) }
}

/// The last numbers given to events and runs. They are given out in memory, so that what belongs together can be
/// written in one transaction without asking the database first.
pub(super) struct Ids {
    event: AtomicI64,
    run: AtomicI64,
}

impl Ids {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let last = |table: &str| {
            let sql = format!("SELECT coalesce(max(id), 0) FROM {table}");
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        Ok(Self { event: AtomicI64::new(last("event")?), run: AtomicI64::new(last("run")?) })
    }

    pub(super) fn next_event(&self) -> EventId {
        EventId(self.event.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(super) fn next_run(&self) -> RunId {
        RunId(self.run.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_made_once_whatever_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let connection = for_writing(&folder.path().join("s.db"), Flush::Never).unwrap();
        let sql = "SELECT event.kind FROM run LEFT JOIN event ON event.id = run.event WHERE run.id = ?1";
        for run in 0..3 {
            let mut statement = connection.prepare_cached(sql).unwrap();
            assert!(!statement.exists([run]).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }

    #[test]
    fn who_only_asks_whether_it_is_in_use_keeps_nobody_from_opening_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("s.db");
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    in_use(&store);
                }
            });
            let failed = (0..300).filter(|_| Lock::take(&store).is_err()).count();
            done.store(true, Ordering::Relaxed);
            assert_eq!(failed, 0);
        });
    }
}
