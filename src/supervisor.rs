//! The threads that do work, one piece at a time. A thread that has nothing to do waits a while for the next piece: making one
//! and taking it down takes longer than many a script. A piece that does not end is left behind when the daemon stops.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Sender, channel},
    },
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
    kept: Duration,
    pool: Arc<Pool>,
    all: Vec<JoinHandle<()>>,
    /// How many there were.
    made: u64,
}

#[derive(Default)]
struct Pool(Mutex<State>);

#[derive(Default)]
struct State {
    /// The threads that have nothing to do, by number. The last one is the next to have something, so that others, if there are too
    /// many, end.
    idle: Vec<(u64, Sender<Piece>)>,
    /// How many pieces are not done.
    open: usize,
    closed: bool,
}

impl Threads {
    /// None yet; each is to have a stack of `stack` bytes. Linux shows 15 bytes of the name.
    pub fn new(name: &'static str, stack: usize) -> Self {
        Self { name, stack, kept: KEPT, pool: Arc::default(), all: Vec::new(), made: 0 }
    }

    /// Gives a piece of work to a thread that has none, or to a new one. The error is the system's: there is no room for one more.
    pub fn start(&mut self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.join_the_ended();
        let mut piece: Piece = Box::new(work);
        let idle = {
            let mut state = self.pool.state();
            state.open += 1;
            state.idle.pop()
        };
        if let Some((_, thread)) = idle {
            match thread.send(piece) {
                Ok(()) => return Ok(()),
                Err(unsent) => piece = unsent.0,
            }
        }
        self.made += 1;
        let (pool, number, kept) = (Arc::clone(&self.pool), self.made, self.kept);
        let thread = Builder::new().name(self.name.to_owned()).stack_size(self.stack);
        let thread = thread.spawn(move || pool.serve(number, piece, kept));
        self.all.push(thread.inspect_err(|_| self.pool.state().open -= 1)?);
        Ok(())
    }

    /// How many pieces are still at work.
    pub fn at_work(&self) -> usize {
        self.pool.state().open
    }

    fn join_the_ended(&mut self) {
        for thread in self.all.extract_if(.., |thread| thread.is_finished()) {
            if thread.join().is_err() {
                tracing::error!("a thread for {} ended in a panic", self.name);
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.closed = true;
        state.idle.clear();
    }
}

impl Pool {
    /// What a thread does: its first piece, and those that come while it is kept.
    fn serve(&self, number: u64, first: Piece, kept: Duration) {
        let mut next = Some(first);
        while let Some(piece) = next {
            let done = Done(self);
            piece();
            drop(done);
            next = self.next(number, kept);
        }
    }

    fn next(&self, number: u64, kept: Duration) -> Option<Piece> {
        let (wake, pieces) = channel();
        {
            let mut state = self.state();
            if state.closed {
                return None;
            }
            state.idle.push((number, wake));
        }
        if let Ok(piece) = pieces.recv_timeout(kept) {
            return Some(piece);
        }
        self.state().idle.retain(|(idle, _)| *idle != number);
        // Whoever found it idle before that has a piece for it; else nobody can send one any more.
        pieces.recv().ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const STACK: usize = 1 << 20;
    const LONG: Duration = Duration::from_secs(20);

    fn threads(kept: Duration) -> Threads {
        let mut threads = Threads::new("work", STACK);
        threads.kept = kept;
        threads
    }

    /// Waits until it is so.
    fn until(mut is_so: impl FnMut() -> bool) {
        for _ in 0..20_000 {
            if is_so() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("it did not come to that");
    }

    fn idle(threads: &Threads) -> usize {
        threads.pool.state().idle.len()
    }

    #[test]
    fn a_thread_that_has_nothing_to_do_takes_the_next_piece() {
        let mut threads = threads(LONG);
        let (tell, told) = channel();
        for _ in 0..3 {
            let tell = tell.clone();
            threads.start(move || tell.send(std::thread::current().id()).unwrap()).unwrap();
            until(|| idle(&threads) == 1);
        }
        let (first, second, third) = (told.recv().unwrap(), told.recv().unwrap(), told.recv().unwrap());
        assert!(first == second && second == third);
        assert_eq!((threads.all.len(), threads.at_work()), (1, 0));
    }

    #[test]
    fn no_piece_waits_for_another() {
        let mut threads = threads(LONG);
        threads.start(|| {}).unwrap();
        until(|| idle(&threads) == 1);
        // Each ends only once the next one runs too.
        let (mut tell, told) = channel();
        for _ in 0..4 {
            let (next, waits) = channel::<()>();
            let before = std::mem::replace(&mut tell, next);
            threads
                .start(move || {
                    let _ = before.send(());
                    waits.recv_timeout(LONG).unwrap();
                })
                .unwrap();
        }
        told.recv_timeout(LONG).unwrap();
        assert!(threads.at_work() > 0);
        tell.send(()).unwrap();
        until(|| threads.at_work() == 0);
    }

    #[test]
    fn the_last_one_to_be_idle_works_next_so_that_the_others_end() {
        let mut threads = threads(LONG);
        let (tell, told) = channel();
        let mut go = Vec::new();
        for _ in 0..2 {
            let (may_end, waits) = channel::<()>();
            let tell = tell.clone();
            threads
                .start(move || {
                    waits.recv_timeout(LONG).unwrap();
                    tell.send(std::thread::current().id()).unwrap();
                })
                .unwrap();
            go.push(may_end);
        }
        let mut last = None;
        for (idle_then, may_end) in (1..).zip(go) {
            may_end.send(()).unwrap();
            last = Some(told.recv_timeout(LONG).unwrap());
            until(|| idle(&threads) == idle_then);
        }
        threads.start(move || tell.send(std::thread::current().id()).unwrap()).unwrap();
        assert_eq!(told.recv_timeout(LONG).ok(), last);
    }

    #[test]
    fn a_piece_that_panics_is_done_and_takes_nobody_along() {
        let mut threads = threads(LONG);
        threads.start(|| panic!("on purpose")).unwrap();
        let (tell, told) = channel();
        threads.start(move || tell.send(1).unwrap()).unwrap();
        assert_eq!(told.recv_timeout(LONG).unwrap(), 1);
        until(|| threads.at_work() == 0);
    }

    #[test]
    fn each_piece_is_done_once_where_the_time_of_a_thread_is_just_over() {
        let mut threads = threads(Duration::from_micros(50));
        let done = Arc::new(AtomicUsize::new(0));
        for number in 0..5000_u64 {
            let one = Arc::clone(&done);
            threads.start(move || _ = one.fetch_add(1, Ordering::Relaxed)).unwrap();
            std::thread::park_timeout(Duration::from_micros(number % 100));
        }
        until(|| threads.at_work() == 0);
        assert_eq!(done.load(Ordering::Relaxed), 5000);
        assert!(threads.made > 1 && threads.made < 5000, "{}: both ways were taken", threads.made);
        until(|| threads.all.iter().all(JoinHandle::is_finished));
        assert_eq!(idle(&threads), 0);
    }

    #[test]
    fn who_is_found_idle_just_after_its_time_still_does_what_it_is_sent() {
        let kept = Duration::from_millis(500);
        let pool = Arc::new(Pool::default());
        pool.state().open = 2;
        let serving = Arc::clone(&pool);
        let thread = Builder::new().spawn(move || serving.serve(1, Box::new(|| {}), kept)).unwrap();
        let (tell, told) = channel();
        let mut tell = Some(tell);
        until(|| {
            let mut state = pool.state();
            let Some((_, thread)) = state.idle.pop() else { return false };
            // Its time is over after this, and it cannot say so.
            std::thread::park_timeout(2 * kept);
            let tell = tell.take().unwrap();
            assert!(thread.send(Box::new(move || tell.send(1).unwrap())).is_ok());
            true
        });
        assert_eq!(told.recv_timeout(LONG).unwrap(), 1);
        thread.join().unwrap();
        let state = pool.state();
        assert_eq!((state.open, state.idle.len()), (0, 0));
    }

    #[test]
    fn threads_without_work_end_with_it() {
        let mut threads = threads(Duration::from_hours(1));
        threads.start(|| {}).unwrap();
        until(|| idle(&threads) == 1);
        let thread = threads.all.pop().unwrap();
        drop(threads);
        until(|| thread.is_finished());
    }

    #[test]
    fn where_there_is_no_room_for_a_thread_nothing_is_left_open() {
        let mut threads = Threads::new("work", 1 << 47);
        assert!(threads.start(|| {}).is_err());
        assert_eq!(threads.at_work(), 0);
    }
}
