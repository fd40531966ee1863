//! The pure heart: what happens next, given what just happened.
//!
//! [`Engine::handle`] takes the time and one [`Input`] and answers with [`Command`]s. It reads no clock, does no
//! input or output and cannot fail, so that a whole evening of it can be tested in a moment. Its state is built anew
//! from the store at each start; nothing here is the only copy of anything.

mod clock;
mod input;
mod overlap;
mod poll;

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    config::{Automation, Trigger},
    domain::{AutomationName, Event},
};
use clock::Clocks;
pub use input::{Command, Input, PollResult, Standing};
use overlap::{Keys, Verdict};
use poll::PollState;

/// Decides. See the module.
#[derive(Debug)]
pub struct Engine {
    slots: Vec<Slot>,
    names: HashMap<AutomationName, usize>,
    /// What is due next, earliest first. An entry whose time is not that of its slot is stale and passed over.
    agenda: BinaryHeap<Reverse<(Timestamp, usize, Due)>>,
    /// How many runs may work at once.
    workers: usize,
    /// How many do.
    working: usize,
    /// Events that may run as far as overlap is concerned, and wait for a worker.
    ready: VecDeque<Arc<Event>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Clock,
    Poll,
}

#[derive(Debug)]
struct Slot {
    name: AutomationName,
    clocks: Clocks,
    poll: Option<PollState>,
    keys: Keys,
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
            workers,
            working: 0,
            ready: VecDeque::new(),
        };
        let mut commands = Vec::new();
        for (automation, standing) in automations {
            let index = engine.slots.len();
            let (clocks, cursor) = Clocks::start(now, automation, standing.clock.as_ref());
            if let Some(cursor) = cursor {
                commands.push(Command::Clock { automation: automation.name.clone(), cursor });
            }
            let poll = automation.triggers.iter().find_map(|trigger| match trigger {
                Trigger::Poll(poll) => Some(PollState::start(now, poll)),
                _ => None,
            });
            if let Some(next) = clocks.next {
                engine.agenda.push(Reverse((next, index, Due::Clock)));
            }
            if let Some(next) = poll.as_ref().and_then(|poll| poll.next) {
                engine.agenda.push(Reverse((next, index, Due::Poll)));
            }
            engine.names.insert(automation.name.clone(), index);
            engine.slots.push(Slot {
                name: automation.name.clone(),
                clocks,
                poll,
                keys: Keys::new(automation.overlap.clone()),
            });
        }
        (engine, commands)
    }

    /// When [`Input::Tick`] is due next, if ever.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.agenda.peek().map(|Reverse((at, ..))| *at)
    }

    /// Decides what is to be done about one input.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Command> {
        let mut commands = Vec::new();
        match input {
            Input::Tick => self.tick(now, &mut commands),
            Input::Accepted(event) => self.accepted(event, &mut commands),
            Input::Waiting => {
                self.working = self.working.saturating_sub(1);
                self.start_ready(&mut commands);
            }
            // A run that waited goes on even where all workers are taken meanwhile: it holds a key and half-done work.
            Input::Resumed => self.working += 1,
            Input::RunFinished(event) => self.run_finished(&event, &mut commands),
            Input::PollFinished { automation, result } => self.poll_finished(now, &automation, result),
        }
        commands
    }

    fn tick(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        while let Some(Reverse((at, index, due))) = self.agenda.peek().copied()
            && at <= now
        {
            self.agenda.pop();
            let slot = &mut self.slots[index];
            match due {
                Due::Clock if slot.clocks.next == Some(at) => {
                    slot.clocks.fire(now, &slot.name, commands);
                    if let Some(next) = slot.clocks.next {
                        self.agenda.push(Reverse((next, index, Due::Clock)));
                    }
                }
                Due::Poll if slot.poll.as_ref().is_some_and(|poll| poll.next == Some(at)) => {
                    if let Some(poll) = &mut slot.poll {
                        poll.next = None;
                    }
                    commands.push(Command::Poll { automation: slot.name.clone() });
                }
                Due::Clock | Due::Poll => {}
            }
        }
    }

    fn accepted(&mut self, event: Arc<Event>, commands: &mut Vec<Command>) {
        let Some(&index) = self.names.get(&event.automation) else {
            let reason = "the automation is not in the configuration any more".to_owned();
            commands.push(Command::Drop { event: event.id, reason });
            return;
        };
        match self.slots[index].keys.arrive(event) {
            Verdict::Run(event) => {
                self.ready.push_back(event);
                self.start_ready(commands);
            }
            Verdict::Wait => {}
            Verdict::Drop(dropped) => {
                commands.extend(dropped.into_iter().map(|(event, reason)| Command::Drop { event, reason }));
            }
        }
    }

    fn run_finished(&mut self, event: &Event, commands: &mut Vec<Command>) {
        self.working = self.working.saturating_sub(1);
        if let Some(&index) = self.names.get(&event.automation)
            && let Some(next) = self.slots[index].keys.leave(event)
        {
            self.ready.push_back(next);
        }
        self.start_ready(commands);
    }

    fn start_ready(&mut self, commands: &mut Vec<Command>) {
        while self.working < self.workers
            && let Some(event) = self.ready.pop_front()
        {
            self.working += 1;
            commands.push(Command::Start { event });
        }
    }

    fn poll_finished(&mut self, now: Timestamp, automation: &AutomationName, result: PollResult) {
        let Some(&index) = self.names.get(automation) else { return };
        if let Some(poll) = &mut self.slots[index].poll {
            let next = poll.finished(now, result);
            self.agenda.push(Reverse((next, index, Due::Poll)));
        }
    }
}
