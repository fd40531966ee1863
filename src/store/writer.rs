//! The one thread that writes. Jobs that wait at the same time share a transaction and so one disk flush. Where one of them fails,
//! the transaction is undone and each is done again in one of its own.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{StoreError, deliveries::Arrivals, lease::Lease};

/// How many jobs may share one transaction, which bounds how long the first of them waits.
const GROUP: usize = 256;

/// A write, up to the answer to whoever waits for it.
trait Job: Send {
    /// Does it, within a transaction. It is done again where that one was undone.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    /// Does what has to follow.
    fn follow(&mut self, committed: &Result<(), StoreError>);
    /// Says how it ended to whoever waits for it.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Write<T, Run, Then> {
    run: Run,
    then: Option<Then>,
    /// What it gave when it was last done.
    value: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, Run, Then> Job for Write<T, Run, Then>
where
    T: Send,
    Run: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    Then: FnOnce(Option<&T>) + Send,
{
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.value = Some((self.run)(connection)?);
        Ok(())
    }

    fn follow(&mut self, committed: &Result<(), StoreError>) {
        if let Some(then) = self.then.take() {
            then(committed.as_ref().ok().and(self.value.as_ref()));
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { value, answer, .. } = *self;
        // What was committed has a value.
        let result = committed.and_then(|()| value.ok_or(StoreError::Closed));
        // Nobody may be waiting any more; the write has happened all the same.
        let _ = answer.send(result);
    }
}

pub(super) struct Writer {
    jobs: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    well: Arc<AtomicBool>,
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
    pub(super) fn start(
        path: &Path,
        connection: Connection,
        lease: Lease,
        arrivals: Arc<Arrivals>,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(1024);
        let owned = path.to_owned();
        let well = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&well);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let desk = Desk { path: &owned, lease, arrivals: &arrivals };
                work(desk, connection, &receiver, &told);
            })
            .map_err(|error| StoreError::Other { path: path.to_owned(), message: error.to_string() })?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), well })
    }

    /// Hands a job to the writing thread. It runs within a transaction, and maybe once more where that one was undone; an error
    /// undoes this job alone.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<T> {
        self.submit_then(run, |_| {})
    }

    /// The same, with what has to follow once it is known whether the job is committed, whoever waits for it: it gets what the job
    /// gave, if it is. It runs on the writing thread and must not wait.
    pub(super) fn submit_then<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(Option<&T>) + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = oneshot::channel();
        let job = Box::new(Write { run, then: Some(then), value: None, answer });
        let sender = self.jobs.lock().ok().and_then(|jobs| jobs.clone());
        if let Some(sender) = sender {
            // A closed channel drops the job, and with it the answer's sender: the waiter reads `Closed`.
            let _ = sender.send(job);
        }
        Pending(pending)
    }

    /// Whether the last write went well.
    pub(super) fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
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

/// What every transaction has to do with.
#[derive(Clone, Copy)]
struct Desk<'d> {
    path: &'d Path,
    lease: Lease,
    arrivals: &'d Arrivals,
}

impl Desk<'_> {
    /// Runs something in a transaction and commits it, unless that fails: then nothing of it is left.
    fn transact(
        self,
        connection: &mut Connection,
        run: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<rusqlite::Result<()>, StoreError> {
        let committed = self.begin(connection).and_then(|transaction| {
            self.arrivals.begin();
            match run(&transaction).and_then(|()| self.arrivals.write_down(&transaction)) {
                Ok(()) => transaction.commit().map(Ok).map_err(|error| self.error(&error)),
                failed => Ok(failed),
            }
        });
        if let Ok(Ok(())) = committed {
            self.arrivals.committed();
        }
        committed.inspect_err(|error| tracing::error!(%error, "a write to the store failed"))
    }

    /// A transaction to write in, as long as the store is ours.
    fn begin(self, connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
        if !self.lease.is_there(self.path) {
            return Err(StoreError::Gone(self.path.to_owned()));
        }
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.error(&error))?;
        if !self.lease.is_ours(&transaction).map_err(|error| self.error(&error))? {
            return Err(StoreError::Taken(self.path.to_owned()));
        }
        Ok(transaction)
    }

    fn error(self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(self.path, error)
    }
}

fn work(desk: Desk<'_>, mut connection: Connection, jobs: &Receiver<Box<dyn Job>>, well: &AtomicBool) {
    let flat = |done: Result<rusqlite::Result<()>, StoreError>| {
        done.and_then(|ran| ran.map_err(|error| desk.error(&error)))
    };
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        let together = desk.transact(&mut connection, |open| run_together(open, &mut group, jobs));
        if let Ok(Err(_)) = together
            && group.len() > 1
        {
            for mut job in group {
                let alone = flat(desk.transact(&mut connection, |open| job.run(open)));
                well.store(alone.is_ok(), Ordering::Relaxed);
                job.follow(&alone);
                job.answer(alone);
            }
        } else {
            let committed = flat(together);
            well.store(committed.is_ok(), Ordering::Relaxed);
            // Everything is handed over before anybody is told: each of the two wakes threads.
            group.iter_mut().for_each(|job| job.follow(&committed));
            group.into_iter().for_each(|job| job.answer(committed.clone()));
        }
        if desk.arrivals.are_many() {
            let placed = flat(desk.transact(&mut connection, |open| desk.arrivals.put_in_their_places(open)));
            desk.arrivals.placed(placed.is_ok());
            if let Err(error) = placed {
                tracing::warn!(%error, "what recent webhook messages are known by could not be sorted in: none is lost or taken twice, and it is tried again later");
            }
        }
    }
    // Closing the last connection moves the log into the database; asking first keeps its errors visible.
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::debug!(%error, "the write-ahead log was not moved into the store");
    }
}

/// Does the jobs of a group, and takes up those that come meanwhile, until one fails. Once nothing is left, whoever is about to hand
/// something over gets to, once: under load that makes groups larger and flushes fewer. It costs nothing where no thread wants this
/// core, and else a turn of that thread, which a flush takes longer than.
fn run_together(
    open: &Connection,
    group: &mut Vec<Box<dyn Job>>,
    jobs: &Receiver<Box<dyn Job>>,
) -> rusqlite::Result<()> {
    let (mut done, mut has_yielded) = (0, false);
    while let Some(job) = group.get_mut(done) {
        job.run(open)?;
        done += 1;
        if done == GROUP {
            break;
        }
        let mut next = jobs.try_recv();
        if next.is_err() && !has_yielded {
            has_yielded = true;
            thread::yield_now();
            next = jobs.try_recv();
        }
        group.extend(next);
    }
    Ok(())
}
