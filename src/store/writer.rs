//! The one thread that writes. Jobs that wait at the same time share a transaction and so one disk flush.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{StoreError, lease::Lease};

/// How many jobs may share one transaction, which bounds how long the first of them waits.
const GROUP: usize = 256;

type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Given the open transaction, or why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Finish + Send>;

pub(super) struct Writer {
    jobs: Mutex<Option<SyncSender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    path: PathBuf,
}

/// A write on its way. It is committed once [`Pending::wait`] or [`Pending::ready`] says so; it also happens if
/// nobody waits.
#[must_use = "a write is only known to be committed once it was waited for"]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Pending<T> {
    /// Waits on this thread. Not for use within async code.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Waits within async code.
    pub async fn ready(self) -> Result<T, StoreError> {
        self.0.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Writer {
    pub(super) fn start(path: &Path, connection: Connection, lease: Lease) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(1024);
        let owned = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || work(&owned, connection, lease, &receiver))
            .map_err(|error| StoreError::Other { path: path.to_owned(), message: error.to_string() })?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), path: path.to_owned() })
    }

    /// Hands a job to the writing thread. It runs within a transaction; an error undoes this job alone.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<T> {
        self.submit_then(job, |_| {})
    }

    /// The same, with what has to follow once the job is committed, whoever waits for it. It runs on the writing thread and
    /// must not wait.
    pub(super) fn submit_then<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = oneshot::channel();
        let path = self.path.clone();
        let job: Job = Box::new(move |connection| {
            let result = connection.and_then(|connection| {
                isolated(connection, job).map_err(|error| StoreError::from_sqlite(&path, &error))
            });
            Box::new(move |committed| {
                let result = committed.and(result);
                if let Ok(value) = &result {
                    then(value);
                }
                // Nobody may be waiting any more; the write has happened all the same.
                let _ = answer.send(result);
            })
        });
        let sender = self.jobs.lock().ok().and_then(|jobs| jobs.clone());
        if let Some(sender) = sender {
            // A closed channel drops the job, and with it the answer's sender: the waiter reads `Closed`.
            let _ = sender.send(job);
        }
        Pending(pending)
    }

    pub(super) fn close(&self) {
        if let Ok(mut jobs) = self.jobs.lock() {
            jobs.take();
        }
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Runs one job in a savepoint, so that its failure leaves the other jobs of the group alone.
fn isolated<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = job(connection);
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    result
}

/// A transaction to write in, as long as the store is ours.
fn begin<'c>(
    path: &Path,
    connection: &'c mut Connection,
    lease: Lease,
) -> Result<Transaction<'c>, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    if !lease.is_there(path) {
        return Err(StoreError::Gone(path.to_owned()));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    if !lease.is_ours(&transaction).map_err(sqlite)? {
        return Err(StoreError::Taken(path.to_owned()));
    }
    Ok(transaction)
}

fn work(path: &Path, mut connection: Connection, lease: Lease, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let transaction = match begin(path, &mut connection, lease) {
            Ok(transaction) => transaction,
            Err(error) => {
                tracing::error!(%error, "a write to the store failed");
                first(Err(error.clone()))(Err(error));
                continue;
            }
        };
        let mut finishes = vec![first(Ok(&transaction))];
        // After some errors SQLite rolls the whole transaction back by itself; another job would then commit alone.
        while finishes.len() < GROUP
            && !transaction.is_autocommit()
            && let Ok(job) = jobs.try_recv()
        {
            finishes.push(job(Ok(&transaction)));
        }
        let committed = transaction.commit().map_err(|error| StoreError::from_sqlite(path, &error));
        if let Err(error) = &committed {
            tracing::error!(%error, "a write to the store failed");
        }
        for finish in finishes {
            finish(committed.clone());
        }
    }
    // Closing the last connection moves the log into the database; asking first keeps its errors visible.
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::debug!(%error, "the write-ahead log was not moved into the store");
    }
}
