//! The stage of a rehearsal: virtual time, and whose turn it is.
//!
//! Runs are threads, as in the daemon, since scripts block. But only one of them is ever awake: whoever waits hands the
//! turn back to the director (`director.rs`), who moves the clock to the next thing due and gives the turn to whom it
//! belongs. So nothing depends on how the system schedules threads, and the same seed gives the same rehearsal.

use std::{
    cell::Cell,
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    elsewhere::Elsewhere,
    faults::Dice,
    journal::{Fault, Journal, What},
};
use crate::{dispatch::Happened, environment::Priority, sandbox::World, store::Store};

/// An instant of virtual time in microseconds since 1970, as the world has it. The daemon's clock may differ.
pub(super) type Micros = i64;

/// A thread of the daemon on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ActorId(pub(super) u64);

thread_local! {
    static ACTOR: Cell<Option<ActorId>> = const { Cell::new(None) };
}

/// Which actor this thread is; none for the director.
pub(super) fn this_actor() -> Option<ActorId> {
    ACTOR.with(Cell::get)
}

/// See the module.
pub(super) struct Stage {
    state: Mutex<State>,
    director: Condvar,
}

/// Everything that changes.
pub(super) struct State {
    /// The time.
    pub(super) now: Micros,
    /// What the daemon's clock is ahead of the time.
    pub(super) skew: Micros,
    /// When the director has something to do itself.
    pub(super) director_at: Micros,
    /// What happened that the dispatcher does not know yet.
    pub(super) happened: Vec<Happened>,
    /// The server and the participants.
    pub(super) world: World,
    /// What goes wrong.
    pub(super) dice: Dice,
    /// Other servers than uproot's.
    pub(super) elsewhere: Elsewhere,
    /// Everything that happened, for people and for comparison.
    pub(super) journal: Journal,
    /// The daemon crashed: nothing that its threads still do counts.
    pub(super) dead: bool,
    /// After so many more steps of the daemon it crashes.
    pub(super) crash_in: Option<u64>,
    /// The server refuses connections until then.
    pub(super) server_down_until: Micros,
    /// The store of the daemon that runs; closed at the very moment of a crash.
    pub(super) store: Option<Store>,
    /// One request at a time goes to the server.
    pub(super) lane: Lane,
    order: u64,
    agenda: BinaryHeap<Reverse<(Micros, u64, ActorId)>>,
    actors: BTreeMap<ActorId, Seat>,
    /// Who waits, and what wakes them before their time.
    waiting: BTreeMap<ActorId, CancellationToken>,
    turn: Option<ActorId>,
}

/// An actor on the stage.
struct Seat {
    bell: Arc<Condvar>,
    /// The entry of the agenda that counts for this actor; earlier ones are out of date.
    due: u64,
}

/// Who has the server, and who waits for it.
#[derive(Default)]
pub(super) struct Lane {
    busy: bool,
    waiting: BTreeMap<(Priority, u64), ActorId>,
}

impl Stage {
    pub(super) fn new(now: Micros, world: World, dice: Dice) -> Self {
        let state = State {
            now,
            skew: 0,
            director_at: now,
            happened: Vec::new(),
            world,
            dice,
            elsewhere: Elsewhere::default(),
            journal: Journal::default(),
            dead: false,
            crash_in: None,
            server_down_until: Micros::MIN,
            store: None,
            lane: Lane::default(),
            order: 0,
            agenda: BinaryHeap::new(),
            actors: BTreeMap::new(),
            waiting: BTreeMap::new(),
            turn: None,
        };
        Self { state: Mutex::new(state), director: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits on an actor's thread until `at`.
    pub(super) fn wait_until<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        actor: ActorId,
        at: Micros,
    ) -> MutexGuard<'a, State> {
        if state.dead {
            return state;
        }
        if state.undisturbed_until(at) {
            state.now = state.now.max(at);
            return state;
        }
        state.wake_at(at, actor);
        self.hand_back(state, actor)
    }

    /// The same for a sleep, which also ends when the token is cancelled.
    pub(super) fn sleep_until<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        actor: ActorId,
        at: Micros,
        cancel: &CancellationToken,
    ) -> MutexGuard<'a, State> {
        state.waiting.insert(actor, cancel.clone());
        state = self.wait_until(state, actor, at);
        state.waiting.remove(&actor);
        state
    }

    /// Waits for the server, behind those of a higher priority and those who came before, but not longer than `until` and
    /// not once the token is cancelled. Whether the actor has the server now; after a crash that means nothing.
    pub(super) fn take_lane<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        actor: ActorId,
        priority: Priority,
        until: Micros,
        cancel: &CancellationToken,
    ) -> (MutexGuard<'a, State>, bool) {
        if !state.lane.busy {
            state.lane.busy = true;
            return (state, true);
        }
        state.order += 1;
        let place = (priority, state.order);
        state.lane.waiting.insert(place, actor);
        state.waiting.insert(actor, cancel.clone());
        state.wake_at(until, actor);
        state = self.hand_back(state, actor);
        state.waiting.remove(&actor);
        let gave_up = state.lane.waiting.remove(&place).is_some();
        (state, !gave_up)
    }

    /// Gives the turn back and sleeps until it comes again.
    fn hand_back<'a>(&'a self, mut state: MutexGuard<'a, State>, actor: ActorId) -> MutexGuard<'a, State> {
        let Some(bell) = state.bell(actor) else { return state };
        state.turn = None;
        self.director.notify_one();
        while state.turn != Some(actor) {
            state = bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// Announces an actor, whose thread is to call [`Stage::play`]. It is due at once.
    pub(super) fn announce(&self, actor: ActorId) {
        let mut state = self.lock();
        state.actors.insert(actor, Seat { bell: Arc::default(), due: 0 });
        let now = state.now;
        state.wake_at(now, actor);
    }

    /// Takes an actor back for whom there is no thread; `happened` is how its work ended.
    pub(super) fn retract(&self, actor: ActorId, happened: Happened) {
        let mut state = self.lock();
        state.dismiss(actor);
        state.happened.push(happened);
    }

    /// On an actor's own thread: waits for its first turn, does the work, and leaves the stage.
    pub(super) fn play(&self, actor: ActorId, work: impl FnOnce() -> Happened) {
        ACTOR.with(|this| this.set(Some(actor)));
        {
            let mut state = self.lock();
            if let Some(bell) = state.bell(actor) {
                while state.turn != Some(actor) {
                    state = bell.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        let happened = work();
        let mut state = self.lock();
        state.dismiss(actor);
        if !state.dead {
            state.happened.push(happened);
        }
        state.turn = None;
        self.director.notify_one();
    }

    /// Gives the turn to the actor that is due first, at its time, and waits until it comes back.
    pub(super) fn give_turn<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let Some(Reverse((at, _, actor))) = state.agenda.pop() else { return state };
        state.drop_stale();
        state.now = state.now.max(at);
        self.let_act(state, actor)
    }

    fn let_act<'a>(&'a self, mut state: MutexGuard<'a, State>, actor: ActorId) -> MutexGuard<'a, State> {
        let Some(bell) = state.bell(actor) else { return state };
        state.turn = Some(actor);
        bell.notify_one();
        while state.turn.is_some() {
            state = self.director.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// After a crash: lets every thread that is left run to its end, which nothing reaches any more.
    pub(super) fn clear<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.dead = true;
        while let Some(actor) = state.actors.keys().next().copied() {
            state = self.let_act(state, actor);
        }
        state.agenda.clear();
        state.lane = Lane::default();
        state.happened.clear();
        state
    }
}

impl State {
    /// The daemon's clock.
    pub(super) fn daemon_now(&self) -> Timestamp {
        timestamp(self.now.saturating_add(self.skew))
    }

    /// When the next actor is due.
    pub(super) fn next_actor(&self) -> Option<Micros> {
        self.agenda.peek().map(|Reverse((at, ..))| *at)
    }

    /// When the next participant does something.
    pub(super) fn next_participant(&self) -> Option<Micros> {
        self.world.next().map(micros)
    }

    /// Whether nothing at all happens before or at `at`, so that time may simply pass.
    fn undisturbed_until(&self, at: Micros) -> bool {
        self.happened.is_empty()
            && self.director_at > at
            && self.next_actor().is_none_or(|next| next > at)
            && self.next_participant().is_none_or(|next| next > at)
    }

    /// The actor is due at `at`, and not when it was said before.
    fn wake_at(&mut self, at: Micros, actor: ActorId) {
        self.order += 1;
        let due = self.order;
        if let Some(seat) = self.actors.get_mut(&actor) {
            seat.due = due;
            self.agenda.push(Reverse((at, due, actor)));
            self.drop_stale();
        }
    }

    /// The first entry of the agenda always counts, so that [`State::next_actor`] tells the truth.
    fn drop_stale(&mut self) {
        while let Some(Reverse((_, due, actor))) = self.agenda.peek()
            && self.actors.get(actor).is_none_or(|seat| seat.due != *due)
        {
            self.agenda.pop();
        }
    }

    fn bell(&self, actor: ActorId) -> Option<Arc<Condvar>> {
        self.actors.get(&actor).map(|seat| Arc::clone(&seat.bell))
    }

    fn dismiss(&mut self, actor: ActorId) {
        self.actors.remove(&actor);
        self.drop_stale();
    }

    /// Makes everybody due at once whose waiting was cancelled.
    pub(super) fn wake_cancelled(&mut self) {
        let cancelled = self.waiting.iter().filter(|(_, cancel)| cancel.is_cancelled());
        let actors: Vec<ActorId> = cancelled.map(|(actor, _)| *actor).collect();
        let now = self.now;
        for actor in actors {
            self.wake_at(now, actor);
        }
    }

    /// Lets the server go; the next in the lane is due at once.
    pub(super) fn leave_lane(&mut self) {
        match self.lane.waiting.pop_first() {
            Some((_, actor)) => {
                let now = self.now;
                self.wake_at(now, actor);
            }
            None => self.lane.busy = false,
        }
    }

    /// The participants do everything up to now.
    pub(super) fn let_participants_act(&mut self) {
        let now = seconds(self.now);
        self.world.advance(now);
        self.note_happenings();
    }

    /// Takes what participants did into the journal.
    pub(super) fn note_happenings(&mut self) {
        for happening in self.world.happenings() {
            self.journal.add(micros(happening.at), What::Participant(happening));
        }
    }

    /// One step of the daemon; at a planned one it crashes, and its store is closed before anything else can happen.
    pub(super) fn step(&mut self) {
        if self.dead {
            return;
        }
        match self.crash_in {
            Some(0) => {
                self.crash_in = None;
                self.dead = true;
                if let Some(store) = self.store.take() {
                    store.close();
                }
                let now = self.now;
                self.journal.add(now, What::Fault(Fault::Crash));
            }
            Some(left) => self.crash_in = Some(left - 1),
            None => {}
        }
    }
}

/// Seconds since 1970, as the server has them.
pub(super) fn seconds(at: Micros) -> f64 {
    at as f64 / 1e6
}

/// The first microsecond that is not before these seconds.
pub(super) fn micros(at: f64) -> Micros {
    let micros = (at * 1e6).ceil() as Micros;
    // The product is rounded; where that was down, time would stand still just before something is due.
    if seconds(micros) < at { micros + 1 } else { micros }
}

/// The same instant for the daemon.
pub(super) fn timestamp(at: Micros) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX)
}
