//! The pure heart: what happens next, given what just happened.
//!
//! [`Engine::handle`] takes the time and one [`Input`] and answers with [`Command`]s. It reads no clock, does no
//! input or output and cannot fail, so that a whole evening of it can be tested in a moment. Its state is built anew
//! from the store at each start; nothing here is the only copy of anything.
//!
//! The way of an event: held? (`holds.rs`) → gathered with others (`debounce.rs`) → too soon or too many? (`gate.rs`) →
//! its turn among those of its key (`overlap.rs`) → a free worker → judged once more → started.

mod clock;
mod debounce;
mod gate;
mod holds;
mod input;
mod jitter;
mod key;
mod looks;
mod overlap;
mod poll;
mod recent;
mod reload;
mod slot;
mod stay;

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Automation,
    domain::{AutomationName, Event, EventKind, Held, Hold, Outcome},
};
use debounce::Gathered;
use holds::Holds;
pub use input::{Command, Input, PollResult, Standing, look_back};
use looks::Looks;
use overlap::Out;
use poll::PollState;
use slot::Slot;
pub use stay::Stay;

/// A smaller step back of the system's clock is one of the many that keep it right.
const SET_BACK: SignedDuration = SignedDuration::from_secs(5);

/// Decides. See the module.
#[derive(Debug)]
pub struct Engine {
    slots: Vec<Slot>,
    names: HashMap<AutomationName, usize>,
    /// What is due next, earliest first. An entry whose time is not that of its slot is stale and passed over.
    agenda: BinaryHeap<Reverse<(Timestamp, usize, Due)>>,
    holds: Holds,
    looks: Looks,
    /// How many runs may work at once.
    workers: usize,
    /// How many do.
    working: usize,
    /// Nothing begins for now.
    held_back: bool,
    /// Events that may run as far as overlap is concerned, and wait for a worker.
    ready: VecDeque<Arc<Event>>,
    /// The latest time that was told, to notice that the clock was set back.
    latest: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Clock,
    Poll,
    /// A burst may be over, or the throttle lets something through.
    Waiting,
}

impl Engine {
    /// An engine for these automations, each with where it stood when the store was last written, and what is to be
    /// done first.
    pub fn start(
        now: Timestamp,
        automations: &[(Arc<Automation>, Standing)],
        workers: usize,
    ) -> (Self, Vec<Command>) {
        let mut engine = Self {
            slots: Vec::with_capacity(automations.len()),
            names: HashMap::with_capacity(automations.len()),
            agenda: BinaryHeap::with_capacity(automations.len()),
            holds: Holds::default(),
            looks: Looks::default(),
            workers,
            working: 0,
            held_back: false,
            ready: VecDeque::new(),
            latest: now,
        };
        let mut commands = Vec::new();
        for (automation, standing) in automations {
            engine.add(now, automation, standing, &mut commands);
        }
        (engine, commands)
    }

    fn add(
        &mut self,
        now: Timestamp,
        automation: &Automation,
        standing: &Standing,
        commands: &mut Vec<Command>,
    ) {
        let index = self.slots.len();
        let slot = Slot::start(now, automation, standing, commands);
        self.plan(slot.clocks.next(), index, Due::Clock);
        self.plan(slot.poll.as_ref().and_then(|poll| poll.next), index, Due::Poll);
        self.names.insert(automation.name.clone(), index);
        self.slots.push(slot);
    }

    /// From now on what is observed is looked at this often; not at all where nothing waits for it.
    pub fn look_every(&mut self, now: Timestamp, every: Option<Duration>) {
        self.looks.set_every(now, every);
    }

    /// When [`Input::Tick`] is due next, if ever.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let planned = self.agenda.peek().map(|Reverse((at, ..))| *at);
        planned.into_iter().chain(self.looks.next()).min()
    }

    /// Decides what is to be done about one input.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Command> {
        let mut commands = Vec::new();
        if now < self.latest.saturating_sub(SET_BACK).unwrap_or(Timestamp::MIN) {
            self.set_back(now, &mut commands);
            self.latest = now;
        }
        self.latest = self.latest.max(now);
        match input {
            Input::Tick => self.tick(now, &mut commands),
            Input::Accepted(event) => self.accepted(now, event, &mut commands),
            Input::Waiting => self.working = self.working.saturating_sub(1),
            // A run that waited goes on even where all workers are taken meanwhile: it holds a key and half-done work.
            Input::Resumed => self.working += 1,
            Input::RunFinished { event, outcome } => self.run_finished(now, &event, outcome, &mut commands),
            Input::PollFinished { automation, result } => self.poll_finished(now, &automation, result),
            Input::Looked => self.looks.ended(now),
            Input::Hold(hold) => self.holds.put(hold),
            Input::Release(held) => self.holds.release(&held),
        }
        self.start_ready(now, &mut commands);
        commands
    }

    /// Until [`Engine::go_on`] no event is started: it stays accepted.
    pub fn hold_back(&mut self) {
        self.held_back = true;
    }

    /// Starts what has waited since [`Engine::hold_back`].
    pub fn go_on(&mut self, now: Timestamp) -> Vec<Command> {
        self.held_back = false;
        let mut commands = Vec::new();
        self.start_ready(now, &mut commands);
        commands
    }

    fn plan(&mut self, at: Option<Timestamp>, index: usize, due: Due) {
        if let Some(at) = at {
            self.agenda.push(Reverse((at, index, due)));
        }
    }

    /// Sees to it that there is a tick when a burst ends or the throttle lets something through.
    fn plan_waiting(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let next = slot.next_waiting();
        if let Some(at) = next
            && slot.planned.is_none_or(|planned| at < planned)
        {
            slot.planned = next;
            self.plan(next, index, Due::Waiting);
        }
    }

    fn tick(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        if self.looks.begin(now) {
            commands.push(Command::Look);
        }
        while let Some(Reverse((at, index, due))) = self.agenda.peek().copied()
            && at <= now
        {
            self.agenda.pop();
            let slot = &mut self.slots[index];
            match due {
                Due::Clock if slot.clocks.next() == Some(at) => {
                    slot.clocks.fire(now, commands);
                    let next = slot.clocks.next();
                    self.plan(next, index, Due::Clock);
                }
                Due::Poll => self.poll_due(now, at, index, commands),
                Due::Waiting if slot.planned == Some(at) => self.waiting_due(now, index, commands),
                Due::Clock | Due::Waiting => {}
            }
        }
    }

    fn poll_due(&mut self, now: Timestamp, at: Timestamp, index: usize, commands: &mut Vec<Command>) {
        let slot = &mut self.slots[index];
        let Some(poll) = slot.poll.as_mut().filter(|poll| poll.next == Some(at)) else { return };
        if self.holds.reason(now, &slot.name).is_some() {
            let next = poll.pass_over(now);
            self.plan(Some(next), index, Due::Poll);
            return;
        }
        poll.next = None;
        commands.push(Command::Poll { automation: slot.name.clone() });
    }

    fn waiting_due(&mut self, now: Timestamp, index: usize, commands: &mut Vec<Command>) {
        let slot = &mut self.slots[index];
        slot.planned = None;
        let over = slot.bursts.as_mut().map(|bursts| bursts.over(now)).unwrap_or_default();
        for gathered in over {
            self.gathered(now, index, gathered, commands);
        }
        self.slots[index].keys.let_through(now, Out { ready: &mut self.ready, commands });
        self.plan_waiting(index);
    }

    fn accepted(&mut self, now: Timestamp, event: Arc<Event>, commands: &mut Vec<Command>) {
        let mut out = Out { ready: &mut self.ready, commands };
        let index = self.names.get(&event.automation).filter(|index| !self.slots[**index].retired);
        let Some(&index) = index else {
            out.drop(&event, reload::GONE);
            return;
        };
        // A plan was looked at by a person just now, who knows what else runs and what is held.
        if event.kind == EventKind::Plan {
            self.ready.push_back(event);
            return;
        }
        let slot = &mut self.slots[index];
        if let Some(reason) = self.holds.reason(now, &slot.name) {
            out.drop(&event, reason);
            return;
        }
        // What stands for several was gathered before the program was started again. A person means each time.
        let single = event.count == 1 && event.kind != EventKind::Manual;
        match &mut slot.bursts {
            Some(bursts) if single => {
                let at = event.at.min(now);
                if let Some(before) = bursts.arrive(slot.keys.key_of(&event), at, event) {
                    self.gathered(now, index, before, commands);
                }
            }
            _ => self.admit(now, index, event, commands),
        }
        self.plan_waiting(index);
    }

    fn gathered(&mut self, now: Timestamp, index: usize, gathered: Gathered, commands: &mut Vec<Command>) {
        let Gathered { event, others } = gathered;
        for other in &others {
            let reason = format!("event {} stands for it (debounce)", event.id);
            let automation = event.automation.clone();
            commands.push(Command::Drop { automation, event: *other, reason });
        }
        if !others.is_empty() {
            commands.push(Command::Gathered { event: Arc::clone(&event) });
        }
        self.admit(now, index, event, commands);
    }

    /// Lets an event through to those of its key, unless there are too many. A person's wish is never too many.
    fn admit(&mut self, now: Timestamp, index: usize, event: Arc<Event>, commands: &mut Vec<Command>) {
        let slot = &mut self.slots[index];
        let mut out = Out { ready: &mut self.ready, commands };
        if event.kind != EventKind::Manual {
            let key = slot.keys.key_of(&event);
            let refused = slot.gate.too_soon(&key, now);
            if let Some(reason) = refused.or_else(|| slot.gate.too_many(&key, event.at.min(now))) {
                out.drop(&event, reason);
                return;
            }
        }
        slot.keys.arrive(now, event, out);
    }

    fn run_finished(&mut self, now: Timestamp, event: &Event, outcome: Outcome, commands: &mut Vec<Command>) {
        self.working = self.working.saturating_sub(1);
        let Some(&index) = self.names.get(&event.automation) else { return };
        if event.kind == EventKind::Plan {
            return;
        }
        let slot = &mut self.slots[index];
        if outcome == Outcome::Done {
            slot.gate.succeeded(&slot.keys.key_of(event), now);
        }
        if let Some(reason) = slot.breaker.ended(outcome)
            && self.holds.reason(now, &slot.name).is_none()
        {
            let held = Held::Automation(slot.name.clone());
            let hold = Hold { held, since: now, until: None, reason };
            self.holds.put(hold.clone());
            commands.push(Command::Hold(hold));
        }
        slot.keys.leave(now, event, true, Out { ready: &mut self.ready, commands });
        self.plan_waiting(index);
    }

    /// Starts what is ready as long as there are workers. Each event is judged again: it may have waited for long.
    fn start_ready(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        while !self.held_back
            && self.working < self.workers
            && let Some(event) = self.ready.pop_front()
        {
            let Some(&index) = self.names.get(&event.automation) else { continue };
            if event.kind == EventKind::Plan {
                self.working += 1;
                commands.push(Command::Start { event });
                continue;
            }
            let slot = &mut self.slots[index];
            let held = self.holds.reason(now, &slot.name);
            if let Some(reason) = held.or_else(|| slot.refusal(now, &event)) {
                let mut out = Out { ready: &mut self.ready, commands };
                out.drop(&event, reason);
                slot.keys.leave(now, &event, false, out);
            } else {
                self.working += 1;
                slot.keys.started(now, &event);
                commands.push(Command::Start { event });
            }
            self.plan_waiting(index);
        }
    }

    fn poll_finished(&mut self, now: Timestamp, automation: &AutomationName, result: PollResult) {
        let Some(&index) = self.names.get(automation) else { return };
        let slot = &mut self.slots[index];
        slot.poll = slot.poll.take().filter(PollState::is_wanted);
        if let Some(poll) = &mut slot.poll {
            let next = poll.finished(now, result);
            self.plan(Some(next), index, Due::Poll);
        }
    }

    /// The system's clock was set back. Nothing is to wait for a time that is far away by then.
    fn set_back(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        self.looks.set_back(now);
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            slot.clocks.set_back(now, commands);
            let clock = slot.clocks.next();
            let poll = slot.poll.as_mut().and_then(|poll| poll.set_back(now));
            slot.keys.set_back(now);
            slot.gate.set_back(now);
            if let Some(bursts) = &mut slot.bursts {
                bursts.set_back(now);
            }
            slot.planned = None;
            self.plan(clock, index, Due::Clock);
            self.plan(poll, index, Due::Poll);
            self.plan_waiting(index);
        }
    }
}
