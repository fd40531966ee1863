//! Everything that the engine knows of one automation.

use jiff::Timestamp;

use super::{
    Command, Standing, clock::Clocks, debounce::Bursts, gate::Gate, holds::Breaker, overlap::Keys,
    poll::PollState,
};
use crate::{
    config::{Automation, Pace, Trigger},
    domain::{AutomationName, Event, EventKind, Outcome, PastRun},
};

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: AutomationName,
    /// It is not in the configuration any more.
    pub(super) retired: bool,
    pub(super) clocks: Clocks,
    pub(super) poll: Option<PollState>,
    pub(super) pace: Pace,
    pub(super) bursts: Option<Bursts>,
    pub(super) gate: Gate,
    pub(super) keys: Keys,
    pub(super) breaker: Breaker,
    /// When the agenda has it for what waits.
    pub(super) planned: Option<Timestamp>,
}

impl Slot {
    pub(super) fn start(
        now: Timestamp,
        automation: &Automation,
        standing: &Standing,
        commands: &mut Vec<Command>,
    ) -> Self {
        let pace = &automation.pace;
        let poll = automation.triggers.iter().find_map(|trigger| match trigger {
            Trigger::Poll(poll) => Some(PollState::start(now, poll)),
            _ => None,
        });
        let mut slot = Self {
            name: automation.name.clone(),
            retired: false,
            clocks: Clocks::start(now, automation, standing.clock.as_ref(), commands),
            poll,
            pace: *pace,
            bursts: pace.debounce.map(Bursts::new),
            gate: Gate::new(pace),
            keys: Keys::new(automation.overlap.clone(), pace.throttle),
            breaker: Breaker::new(standing.failures),
            planned: None,
        };
        slot.remember(now, &standing.runs);
        slot
    }

    /// Counts the runs of the past that throttle, rate limit and cooldown look back at.
    pub(super) fn remember(&mut self, now: Timestamp, runs: &[PastRun]) {
        for run in runs {
            let key = self.keys.key_of(&run.event);
            self.keys.count_start(&key, run.started.min(now));
            if run.event.kind != EventKind::Manual {
                self.gate.passed(&key, run.event.at.min(now));
            }
            if let Some((at, Outcome::Done)) = run.ended {
                self.gate.succeeded(&key, at.min(now));
            }
        }
    }

    /// When a burst may be over, or the throttle lets something through.
    pub(super) fn next_waiting(&self) -> Option<Timestamp> {
        let burst = self.bursts.as_ref().and_then(Bursts::next);
        [burst, self.keys.next()].into_iter().flatten().min()
    }

    /// Why an event that had to wait is not to run any more, if it is not.
    pub(super) fn refusal(&self, now: Timestamp, event: &Event) -> Option<String> {
        if event.kind == EventKind::Manual {
            return None;
        }
        let too_soon = self.gate.too_soon(&self.keys.key_of(event), now);
        too_soon.or_else(|| self.clocks.too_late(now, event))
    }
}
