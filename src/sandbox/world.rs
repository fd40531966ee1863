//! The server, everybody in front of it, and a queue of what they are going to do: a whole session in virtual time.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

use super::{
    Sandbox,
    happening::Happening,
    participant::{Participant, Turn},
    profile::{Link, Profile},
};

/// An entry of the queue: somebody has something to do at a time. Entries of the same time come in the order in which
/// they were made.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: f64,
    order: u64,
    who: usize,
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.total_cmp(&other.at).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

/// Somebody, and the time of their entry in the queue that counts; other entries are out of date.
struct Seat {
    participant: Participant,
    queued: f64,
}

/// The server and its participants.
pub struct World {
    sandbox: Sandbox,
    seats: Vec<Seat>,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    /// Who is which player.
    by_player: HashMap<(Arc<str>, Arc<str>), usize>,
    /// Those who race admins.
    racers: Vec<usize>,
    happenings: Vec<Happening>,
    /// How far everything is done.
    now: f64,
    /// The server is not there until then: what participants do reaches it when it is back.
    back: f64,
}

impl World {
    /// A server at a time, in seconds since 1970, and nobody in front of it yet.
    pub fn new(sandbox: Sandbox, start: f64) -> Self {
        Self {
            sandbox,
            seats: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            by_player: HashMap::new(),
            racers: Vec::new(),
            happenings: Vec::new(),
            now: start,
            back: start,
        }
    }

    /// Expects somebody, who comes `profile.arrives` seconds from now.
    pub fn add(&mut self, profile: Profile, link: Link) {
        let participant = Participant::new(self.now, profile, link);
        let who = self.seats.len();
        if participant.races() {
            self.racers.push(who);
        }
        self.seats.push(Seat { participant, queued: f64::INFINITY });
        self.enqueue(who);
        self.drop_stale();
    }

    /// The server.
    pub fn sandbox(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }

    /// How far everything is done, in seconds since 1970.
    #[cfg(test)]
    pub fn now(&self) -> f64 {
        self.now
    }

    /// When the next participant does something; nothing where nobody ever will by themselves.
    pub fn next(&self) -> Option<f64> {
        self.queue.peek().map(|Reverse(due)| due.at.max(self.back))
    }

    /// Everything that happens up to a time, and at it, in order.
    pub fn advance(&mut self, to: f64) {
        while let Some(at) = self.next().filter(|at| *at <= to) {
            let Some(Reverse(due)) = self.queue.pop() else { return };
            self.now = self.now.max(at);
            if self.is_stale(due) {
                continue;
            }
            self.seats[due.who].queued = f64::INFINITY;
            self.turn(due.who, Participant::step);
            self.deliver();
        }
        self.now = self.now.max(to);
        self.drop_stale();
    }

    /// An admin called at a time up to which everything was done: browsers hear what they are to do, and those who race
    /// submit within a few milliseconds.
    pub fn pushed(&mut self, now: f64) {
        self.now = self.now.max(now);
        for at in 0..self.racers.len() {
            let who = self.racers[at];
            self.seats[who].participant.race(self.now);
            self.enqueue(who);
        }
        self.deliver();
        self.drop_stale();
    }

    /// The server ends, and starts again after `away` seconds. Until then no browser reaches it; whether an admin does is
    /// up to the caller.
    pub fn restart_server(&mut self, now: f64, away: f64) {
        self.now = self.now.max(now);
        self.back = self.back.max(self.now + away);
        self.sandbox.restart(self.back);
    }

    /// Lets somebody stall: on their page, or on the next one with something to do. `who` is a player or a name; `false`
    /// where nobody is called so.
    pub fn stall(&mut self, now: f64, who: &str) -> bool {
        self.command(now, who, Participant::stall_now)
    }

    /// Lets somebody stall on the page with this path, once they come to it and have thought. `false` where nobody is
    /// called so.
    pub fn stall_on(&mut self, who: &str, path: &str) -> bool {
        let Some(who) = self.find(who) else { return false };
        self.seats[who].participant.stall_on(path);
        true
    }

    /// Lets somebody close all tabs for good on the page with this path, once they come to it. `false` where nobody is called so.
    pub fn leave_on(&mut self, who: &str, path: &str) -> bool {
        let Some(who) = self.find(who) else { return false };
        self.seats[who].participant.leave_on(path);
        true
    }

    /// Lets somebody close all tabs; for good, or for some seconds.
    pub fn leave(&mut self, now: f64, who: &str, returns_after: Option<f64>) -> bool {
        self.command(now, who, |participant, turn| participant.leave_now(turn, returns_after))
    }

    /// Lets somebody open the link again, or go on after a stall.
    pub fn come_back(&mut self, now: f64, who: &str) -> bool {
        self.command(now, who, Participant::come_back)
    }

    /// Takes what happened since the last time.
    pub fn happenings(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }

    fn command(&mut self, now: f64, who: &str, act: impl FnOnce(&mut Participant, &mut Turn<'_>)) -> bool {
        self.now = self.now.max(now);
        let Some(who) = self.find(who) else { return false };
        self.turn(who, act);
        self.deliver();
        self.drop_stale();
        true
    }

    /// Whether somebody is called so.
    pub(super) fn knows(&self, who: &str) -> bool {
        self.find(who).is_some()
    }

    /// Who is called so, as a participant or as a player.
    fn find(&self, who: &str) -> Option<usize> {
        self.seats.iter().position(|seat| {
            let player = seat.participant.player();
            &**seat.participant.name() == who || player.is_some_and(|(_, uname)| &**uname == who)
        })
    }

    /// Lets somebody do something, and notes what they do next.
    fn turn(&mut self, who: usize, act: impl FnOnce(&mut Participant, &mut Turn<'_>)) {
        let participant = &mut self.seats[who].participant;
        let had_place = participant.player().is_some();
        act(
            participant,
            &mut Turn { now: self.now, sandbox: &mut self.sandbox, happenings: &mut self.happenings },
        );
        if !had_place && let Some(player) = participant.player() {
            self.by_player.insert(player.clone(), who);
        }
        self.enqueue(who);
    }

    /// Hands out what the server has to tell browsers.
    fn deliver(&mut self) {
        for (sname, uname, push) in self.sandbox.take_pushes() {
            if let Some(who) = self.by_player.get(&(sname, uname)).copied() {
                self.turn(who, |participant, turn| participant.hear(turn, push));
            }
        }
    }

    fn enqueue(&mut self, who: usize) {
        let seat = &mut self.seats[who];
        let at = seat.participant.next_at();
        if at != seat.queued {
            seat.queued = at;
            if at.is_finite() {
                self.order += 1;
                self.queue.push(Reverse(Due { at, order: self.order, who }));
            }
        }
    }

    fn is_stale(&self, due: Due) -> bool {
        self.seats[due.who].queued != due.at
    }

    /// The first entry of the queue always counts, so that `next` tells the truth.
    fn drop_stale(&mut self) {
        while self.queue.peek().is_some_and(|Reverse(due)| self.is_stale(*due)) {
            self.queue.pop();
        }
    }
}
