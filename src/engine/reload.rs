//! Another configuration, while everything goes on.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;

use super::{
    Command, Due, Engine, Standing,
    clock::Clocks,
    debounce::{Bursts, Gathered},
    gate::Gate,
    overlap::Out,
    poll,
};
use crate::{
    config::{Automation, Trigger},
    domain::AutomationName,
};

/// Why an event of an automation that is gone does not run.
pub(super) const GONE: &str = "the automation is not in the configuration any more";

impl Engine {
    /// From now on these automations are looked after. What has not changed is not touched: queues, timers, polls under
    /// way. A schedule that is new starts now: what it would have named before was not missed. Automations that are gone
    /// let go what waits for them; what is under way ends.
    ///
    /// The standing of an automation that has not changed is not looked at.
    pub fn reload(
        &mut self,
        now: Timestamp,
        automations: &[(Arc<Automation>, Standing)],
        workers: usize,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        self.workers = workers;
        let stay: HashSet<&AutomationName> =
            automations.iter().map(|(automation, _)| &automation.name).collect();
        for index in 0..self.slots.len() {
            if !self.slots[index].retired && !stay.contains(&self.slots[index].name) {
                self.retire(now, index, &mut commands);
            }
        }
        for (automation, standing) in automations {
            if let Some(&index) = self.names.get(&automation.name) {
                self.change(now, index, automation, standing, &mut commands);
            } else {
                let standing = Standing { clock: None, ..standing.clone() };
                self.add(now, automation, &standing, &mut commands);
            }
        }
        self.start_ready(now, &mut commands);
        commands
    }

    /// An automation is gone. Its place is kept, for its runs under way and for its return.
    fn retire(&mut self, now: Timestamp, index: usize, commands: &mut Vec<Command>) {
        let slot = &mut self.slots[index];
        slot.retired = true;
        slot.clocks = Clocks::none(now, slot.name.clone());
        slot.poll = poll::change(now, slot.poll.take(), None);
        let bursts = slot.bursts.take().map(Bursts::all).unwrap_or_default();
        let mut waiting = slot.keys.withdraw(&self.ready);
        for Gathered { event, others } in bursts {
            waiting.extend(others);
            waiting.push(event.id);
        }
        let name = &slot.name;
        self.ready.retain(|event| {
            let stays = event.automation != *name;
            if !stays {
                waiting.push(event.id);
            }
            stays
        });
        waiting.sort_unstable();
        waiting.dedup();
        let drop = |event| Command::Drop { automation: name.clone(), event, reason: GONE.to_owned() };
        commands.extend(waiting.into_iter().map(drop));
    }

    /// An automation has other settings, perhaps, or is back.
    fn change(
        &mut self,
        now: Timestamp,
        index: usize,
        automation: &Automation,
        standing: &Standing,
        commands: &mut Vec<Command>,
    ) {
        let slot = &mut self.slots[index];
        let is_back = std::mem::take(&mut slot.retired);
        slot.clocks.change(now, automation, commands);
        let poll = automation.triggers.iter().find_map(|trigger| match trigger {
            Trigger::Poll(poll) => Some(poll),
            _ => None,
        });
        slot.poll = poll::change(now, slot.poll.take(), poll);
        let next_poll = slot.poll.as_ref().and_then(|poll| poll.next);
        let (pace, overlap) = (&automation.pace, &automation.overlap);
        let anew = is_back || slot.keys.overlap().key != overlap.key;
        let mut over = Vec::new();
        if anew || slot.pace.debounce != pace.debounce {
            over = slot.bursts.take().map(Bursts::all).unwrap_or_default();
            slot.bursts = pace.debounce.map(Bursts::new);
        }
        if slot.keys.overlap() != overlap {
            slot.keys.set_overlap(overlap.clone(), &self.ready);
        }
        if anew || slot.pace != *pace {
            slot.pace = *pace;
            slot.gate = Gate::new(pace);
            slot.keys.set_throttle(pace.throttle);
            slot.remember(now, &standing.runs);
        }
        slot.keys.advance_all(now, Out { ready: &mut self.ready, commands });
        let next_clock = slot.clocks.next();
        self.plan(next_clock, index, Due::Clock);
        self.plan(next_poll, index, Due::Poll);
        for gathered in over {
            self.gathered(now, index, gathered, commands);
        }
        self.plan_waiting(index);
    }
}
