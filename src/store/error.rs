//! What can be wrong with the store.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::domain::AutomationName;

/// Why the store could not be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another daemon has it.
    #[error("the store {} is in use by another uproctor: one daemon looks after a store", .0.display())]
    InUse(PathBuf),
    /// Another daemon was started on it, where locks hold nobody back. This one must not write any more.
    #[error("another uproctor has taken the store {} over: this one stops writing", .0.display())]
    Taken(PathBuf),
    /// The file was removed, or another one was put in its place, while it was open.
    #[error(
        "the store {} was removed or replaced while uproctor ran: what happens now could not be kept, so it stops. Put the file \
         back, or start anew without a memory", .0.display()
    )]
    Gone(PathBuf),
    /// Another program holds a lock on the database.
    #[error("the store {} is locked by another program: close whatever has it open, and try again", .0.display())]
    Locked(PathBuf),
    /// The file or its folder cannot be written.
    #[error("the store {} cannot be written: check the permissions of the file and of its folder", .0.display())]
    ReadOnly(PathBuf),
    /// It is from a newer version of this program.
    #[error(
        "the store {} was written by a newer uproctor (format {found}; this one knows up to {known}): install that \
         version again, or name another file in `store`", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format it has.
        found: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// It is from an older version of this program, and who only reads does not change it.
    #[error(
        "the store {} was written by an older uproctor: `uproctor run` of this version brings it up to date, after which the older \
         one cannot read it any more", .0.display()
    )]
    Older(PathBuf),
    /// Bytes of it have changed that nobody may change.
    #[error(
        "the store {} is damaged ({message}): nothing more is read from it or written to it. Move it away and put the \
         last copy in its place; docs/errors.md says how", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        message: String,
    },
    /// The file holds something else.
    #[error("the file {} is not an uproctor store: {message}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        message: String,
    },
    /// One row holds what this program did not write into it.
    #[error(
        "the row of automation '{automation}' and name '{name}' in the table `cursor` of the store {} does not read \
         ({message}). Stop uproctor, remove the row (`sqlite3 STORE \"DELETE FROM cursor WHERE automation = '{automation}' AND \
         name = '{name}'\"`), start it, and `uproctor resume {automation}`: the automation then begins as if it were new",
        path.display()
    )]
    Cursor {
        /// The store.
        path: PathBuf,
        /// The automation.
        automation: AutomationName,
        /// Which cursor.
        name: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// There is no file.
    #[error("there is no store {} yet: it is made by `uproctor run`. Is this the right folder, or `--config`?", .0.display())]
    Missing(PathBuf),
    /// No room left on the disk.
    #[error("the disk with the store {} is full: make room, then start again", .0.display())]
    Full(PathBuf),
    /// The writing thread has ended.
    #[error("the store is closed")]
    Closed,
    /// Anything else.
    #[error("the store {} failed: {message}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What SQLite or the system says.
        message: String,
    },
}

impl StoreError {
    /// Whether there is no use in trying again, for this program.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Taken(_) | Self::Gone(_) | Self::Damaged { .. } | Self::NotAStore { .. } | Self::Closed
        )
    }

    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(path)
            }
            Some(ErrorCode::NotADatabase) => Self::NotAStore { path, message: error.to_string() },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, message: error.to_string() },
            Some(ErrorCode::DiskFull) => Self::Full(path),
            _ => Self::Other { path, message: error.to_string() },
        }
    }
}
