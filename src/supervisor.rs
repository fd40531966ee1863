//! The threads that do work, one piece at a time. A thread that has nothing to do waits a while for the next piece: making one
//! and taking it down takes longer than many a script. A piece that does not end is left behind when the daemon stops.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// How long a thread without work is kept.
const KEPT: Duration = Duration::from_secs(5);

type Piece = Box<dyn FnOnce() + Send>;

/// Threads of one kind. Dropping it lets those that have nothing to do end.
pub struct Threads {
    name: &'static str,
    stack: usize,
    pool: Arc<Pool>,
    all: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    /// What no thread has taken up yet. Each has one that waits for it.
    pieces: VecDeque<Piece>,
    idle: usize,
    /// Pieces that are not done.
    open: usize,
    closed: bool,
}

impl Threads {
    /// None yet; each is to have a stack of `stack` bytes. Linux shows 15 bytes of the name.
    pub fn new(name: &'static str, stack: usize) -> Self {
        Self { name, stack, pool: Arc::default(), all: Vec::new() }
    }

    /// Gives a piece of work to a thread that has none, or to a new one. The error is the system's: there is no room for one more.
    pub fn start(&mut self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let piece: Piece = Box::new(work);
        let mut state = self.pool.state();
        state.open += 1;
        if state.idle > state.pieces.len() {
            state.pieces.push_back(piece);
            drop(state);
            self.pool.more.notify_one();
            return Ok(());
        }
        drop(state);
        self.join_the_ended();
        let pool = Arc::clone(&self.pool);
        let thread = Builder::new().name(self.name.to_owned()).stack_size(self.stack);
        match thread.spawn(move || pool.serve(piece)) {
            Ok(thread) => self.all.push(thread),
            Err(error) => {
                self.pool.state().open -= 1;
                return Err(error);
            }
        }
        Ok(())
    }

    /// How many pieces are still at work.
    pub fn at_work(&self) -> usize {
        self.pool.state().open
    }

    fn join_the_ended(&mut self) {
        for thread in self.all.extract_if(.., |thread| thread.is_finished()) {
            if thread.join().is_err() {
                tracing::error!("a thread for {} ended in a panic after its work", self.name);
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.pool.state().closed = true;
        self.pool.more.notify_all();
    }
}

impl Pool {
    /// What a thread does: its first piece, and those that come while it is kept.
    fn serve(&self, first: Piece) {
        let mut next = Some(first);
        while let Some(piece) = next {
            let done = Done(self);
            piece();
            drop(done);
            next = self.next();
        }
    }

    fn next(&self) -> Option<Piece> {
        let mut state = self.state();
        state.idle += 1;
        let waits = |state: &mut State| state.pieces.is_empty() && !state.closed;
        let (mut state, _) =
            self.more.wait_timeout_while(state, KEPT, waits).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.pieces.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece is done when this is dropped, also by a panic.
struct Done<'a>(&'a Pool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.state().open -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Waits until all pieces are done.
    fn settle(threads: &Threads) {
        for _ in 0..5000 {
            if threads.at_work() == 0 && threads.pool.state().idle > 0 {
                return;
            }
            std::thread::yield_now();
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("{} pieces are not done", threads.at_work());
    }

    #[test]
    fn a_thread_that_has_nothing_to_do_takes_the_next_piece() {
        let mut threads = Threads::new("work", 1 << 16);
        let (tell, told) = channel();
        for _ in 0..3 {
            let tell = tell.clone();
            threads.start(move || tell.send(std::thread::current().id()).unwrap()).unwrap();
            settle(&threads);
        }
        let (first, second, third) = (told.recv().unwrap(), told.recv().unwrap(), told.recv().unwrap());
        assert!(first == second && second == third);
        assert_eq!(threads.all.len(), 1);
    }

    #[test]
    fn no_piece_waits_for_another() {
        let mut threads = Threads::new("work", 1 << 16);
        threads.start(|| {}).unwrap();
        settle(&threads);
        // Each ends only once the next one runs too.
        let (mut tell, told) = channel();
        for _ in 0..4 {
            let (next, waits) = channel::<()>();
            let before = std::mem::replace(&mut tell, next);
            threads
                .start(move || {
                    let _ = before.send(());
                    waits.recv_timeout(Duration::from_secs(20)).unwrap();
                })
                .unwrap();
        }
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(threads.at_work() > 0);
        tell.send(()).unwrap();
        settle(&threads);
    }

    #[test]
    fn a_piece_that_panics_is_done_and_takes_nobody_along() {
        let mut threads = Threads::new("work", 1 << 16);
        threads.start(|| panic!("on purpose")).unwrap();
        let (tell, told) = channel();
        threads.start(move || tell.send(1).unwrap()).unwrap();
        assert_eq!(told.recv().unwrap(), 1);
        settle(&threads);
    }

    #[test]
    fn threads_without_work_end_with_it() {
        let mut threads = Threads::new("work", 1 << 16);
        threads.start(|| {}).unwrap();
        settle(&threads);
        let thread = threads.all.pop().unwrap();
        drop(threads);
        thread.join().unwrap();
    }
}
