//! Between deciding and doing: takes what happened, asks the engine, writes its answer down in one transaction, and gives
//! out the work. It blocks and reads no clock of its own, so that a rehearsal can drive it as the daemon does.

mod ending;
mod held;
mod own;
mod plans;
mod poll;
mod reload;
mod standing;
mod start;
mod work;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Automation,
    domain::{
        AutomationName, Detail, Event, EventId, EventKind, Held, Mode, Outcome, RunId, RunReport, TraceLine,
    },
    engine::{Command, Engine, Input, PollResult},
    environment::Scope,
    script::{Library, PollFailure, RunTask, Signal, Tools},
    store::{Begun, Change, ClockCursor, NewEvent, Pending, RunStart, StoreError},
    watch::LookError,
};
pub use ending::Ending;
use held::tripped;
pub use work::{Stub, Work};

/// The longest a poll may take.
const POLL_LIMIT: std::time::Duration = std::time::Duration::from_mins(2);

/// The longest a look at what is observed may take: at the start, the whole history of each session under way is read.
const LOOK_LIMIT: std::time::Duration = std::time::Duration::from_mins(10);

/// How often, and how far apart, a commit is tried while the store is locked or the disk is full: some minutes in all.
const COMMIT_TRIES: u32 = 100;
const COMMIT_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// Something that happened outside the engine.
pub enum Happened {
    /// For the engine, as it is.
    Input(Input),
    /// A run has ended.
    RunEnded {
        /// The run.
        run: RunId,
        /// Its event.
        event: Arc<Event>,
        /// How it ended.
        report: RunReport,
        /// The rest of its trace.
        trace: (u32, Vec<TraceLine>),
    },
    /// What an earlier daemon left open is settled.
    Settled,
    /// What is observed was looked at; the events that came of it are in the store.
    Looked {
        /// The events.
        events: Vec<Event>,
        /// What kept it from looking at all of it.
        failure: Option<LookError>,
    },
    /// A poll has ended; its new events are in the store.
    PollEnded {
        /// What the run would be called if it has to be written down.
        start: RunStart,
        /// The new events, or why there is no usable answer.
        result: Result<Vec<Event>, PollFailure>,
        /// What its script logged.
        trace: (u32, Vec<TraceLine>),
    },
}

/// What becomes of the events that wait in the store at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// They run: this is the daemon.
    Run,
    /// They stay where they are, for the daemon: this is a single run by hand.
    Leave,
}

/// See the module.
pub struct Dispatcher {
    engine: Engine,
    tools: Arc<Tools>,
    automations: HashMap<AutomationName, Arc<Automation>>,
    library: Library,
    /// Cancelled when runs are to end.
    cancel: CancellationToken,
    signal: Signal,
    /// The run of each event that is under way: how to end it, and its mode.
    under_way: HashMap<EventId, (Ending, Mode)>,
    /// Why the last look failed, so that it is said once.
    look_failure: Option<String>,
    /// Why each poll failed the last time, so that a failure of all night is written down once.
    poll_failures: HashMap<AutomationName, String>,
    /// While it is found out what became of open writes, no run begins, and events stay accepted: the polls that then wait.
    held_back: Option<Vec<Work>>,
    /// When it was last looked whether a plan has expired.
    looked_at_plans: Timestamp,
}

impl Dispatcher {
    /// When [`Input::Tick`] is due next, if ever.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.engine.next_wake()
    }

    /// Decides about everything that happened, writes it down, and gives the work that follows.
    pub fn handle(&mut self, happened: Vec<Happened>) -> Result<Vec<Work>, StoreError> {
        let mut work = Vec::new();
        self.handle_and_begin(happened, |one| work.push(one))?;
        Ok(work)
    }

    /// The same; what follows begins while it is still being written down: see [`crate::store::Begun`].
    pub fn handle_and_begin(
        &mut self,
        happened: Vec<Happened>,
        mut begin: impl FnMut(Work),
    ) -> Result<(), StoreError> {
        let now = self.tools.env.now();
        let mut step = Step::default();
        for one in happened {
            match one {
                Happened::Input(input) => step.inputs.push_back(input),
                Happened::Settled => {
                    self.held_back.take().into_iter().flatten().for_each(&mut begin);
                    step.commands.extend(self.engine.go_on(now));
                }
                Happened::Looked { events, failure } => self.looked(events, failure.as_ref(), &mut step),
                Happened::RunEnded { run, event, report, trace } => {
                    let mode = self.under_way.remove(&event.id).map(|(_, mode)| mode);
                    log_end(run, &event, &report, mode);
                    let outcome = report.outcome;
                    self.tell_of_failure(now, run, &event, &report, &mut step);
                    // The door has written the hold down already; a person may have let go of it since.
                    if report.tripped && self.is_held(now, &event.automation) {
                        step.inputs.push_back(Input::Hold(tripped(now, run, &event.automation)));
                    }
                    step.changes.push(Change::Ended { run, at: now, report, trace });
                    step.inputs.push_back(Input::RunFinished { event, outcome });
                }
                Happened::PollEnded { start, result, trace } => {
                    self.poll_ended(now, start, result, trace, &mut step);
                }
            }
        }
        self.decide(now, step, begin)?;
        self.end_plans(now)
    }

    /// Writes down how runs ended while the daemon stops; nothing new follows from it.
    pub fn close(&self, happened: Vec<Happened>) -> Result<(), StoreError> {
        let at = self.tools.env.now();
        let ends = happened.into_iter().filter_map(|one| match one {
            Happened::RunEnded { run, event, report, trace } => {
                log_end(run, &event, &report, self.under_way.get(&event.id).map(|(_, mode)| *mode));
                Some(Change::Ended { run, at, report, trace })
            }
            Happened::Input(_) | Happened::Settled | Happened::Looked { .. } | Happened::PollEnded { .. } => {
                None
            }
        });
        let changes: Vec<Change> = ends.collect();
        if changes.is_empty() { Ok(()) } else { self.tools.store.apply(changes).wait() }
    }

    fn decide(&mut self, now: Timestamp, mut step: Step, begin: impl FnMut(Work)) -> Result<(), StoreError> {
        let mut work = Vec::new();
        loop {
            while let Some(command) = step.commands.pop_front() {
                self.carry_out(now, command, &mut step, &mut work)?;
            }
            let Some(input) = step.inputs.pop_front() else { break };
            step.commands.extend(self.engine.handle(now, input));
        }
        // Before any run begins, so that nothing of a run can come to the store before its start.
        let pending = (!step.changes.is_empty()).then(|| self.tools.store.apply(step.changes.clone()));
        match &mut self.held_back {
            Some(held_back) => held_back.append(&mut work),
            None => work.into_iter().for_each(begin),
        }
        let written = pending.map_or(Ok(()), |pending| self.committed(pending, &step.changes));
        step.begun.say(written.clone());
        written
    }

    /// Waits until the changes are written down. While another program holds the store or the disk is full, it waits and tries
    /// again: nothing is decided before, and nothing is lost.
    fn committed(&self, pending: Pending<()>, changes: &[Change]) -> Result<(), StoreError> {
        let mut written = pending.wait();
        let mut left = COMMIT_TRIES;
        while let Err(error @ (StoreError::Locked(_) | StoreError::Full(_))) = &written
            && left > 0
        {
            left -= 1;
            tracing::error!(%error, "nothing is done until the store can be written; trying again");
            let scope = Scope { deadline: Timestamp::MAX, cancel: self.cancel.clone() };
            if self.tools.env.sleep(COMMIT_PAUSE, &scope).is_err() {
                break;
            }
            written = self.tools.store.apply(changes.to_vec()).wait();
        }
        written
    }

    fn carry_out(
        &mut self,
        now: Timestamp,
        command: Command,
        step: &mut Step,
        work: &mut Vec<Work>,
    ) -> Result<(), StoreError> {
        match command {
            Command::Fire { automation, kind, instant, missed_count } => {
                let known = self.tools.store.history().occurrence(&automation, instant)?;
                let event = self.scheduled(now, automation, kind, instant, missed_count);
                // The schedule may come by an instant again, where the system's clock was set back.
                if let Some(first) = known {
                    let reason = format!("this instant has fired already, as event {first}");
                    step.changes.push(Change::NotRun { event, reason });
                } else {
                    step.changes.push(Change::Occurrence { instant, event: event.clone() });
                    step.inputs.push_back(Input::Accepted(Arc::new(event)));
                }
            }
            Command::Clock { automation, cursor: (at, schedule) } => {
                let cursor = ClockCursor { at, schedule: schedule.to_string() };
                step.changes.push(Change::Clock { automation, cursor });
            }
            Command::NotRun { automation, kind, instant, count, reason } => {
                let event = self.scheduled(now, automation, kind, instant, count);
                tracing::warn!(event = event.id.0, automation = %event.automation, %instant, "does not fire: {reason}");
                step.changes.push(Change::NotRun { event, reason });
            }
            Command::Gathered { event } => {
                step.changes.push(Change::Gathered { event: event.id, count: event.count });
            }
            Command::Drop { automation, event, reason } => {
                tracing::info!(event = event.0, %automation, "not run: {reason}");
                step.changes.push(Change::Dropped { event, reason });
            }
            Command::Hold(hold) => {
                if let Held::Automation(name) = &hold.held {
                    tracing::error!(
                        automation = %name,
                        "{name} is paused: {}; see `uproctor runs {name} --failed`, then `uproctor resume {name}`",
                        hold.reason
                    );
                }
                step.changes.push(Change::Held(hold));
            }
            Command::Cancel { event } => {
                if let Some((ending, _)) = self.under_way.get(&event) {
                    ending.make_room();
                }
            }
            Command::Look => {
                work.push(Work::Look { tools: Arc::clone(&self.tools), scope: self.scope(now, LOOK_LIMIT) });
            }
            Command::Start { event } => self.start_run(now, event, step, work),
            Command::Poll { automation } => match self.task(&automation) {
                Some(mut task) => {
                    task.scope = self.scope(now, POLL_LIMIT.min(task.automation.time_limit));
                    work.push(Work::Poll { start: run_start(now, &task, None), task: Box::new(task) });
                }
                None => step.inputs.push_back(Input::PollFinished { automation, result: PollResult::Done }),
            },
        }
        Ok(())
    }

    fn scheduled(
        &self,
        now: Timestamp,
        automation: AutomationName,
        kind: EventKind,
        scheduled_at: Timestamp,
        missed_count: u64,
    ) -> Event {
        let detail = Detail::Scheduled { scheduled_at, missed_count };
        NewEvent { automation, kind, at: now, detail }.numbered(self.tools.store.new_event_id())
    }

    fn start_run(&mut self, now: Timestamp, event: Arc<Event>, step: &mut Step, work: &mut Vec<Work>) {
        let Some(mut task) = self.task(&event.automation) else {
            let reason = "its script is not loaded".to_owned();
            step.changes.push(Change::Dropped { event: event.id, reason });
            // It never began, which says as little about the script as an interruption.
            step.inputs.push_back(Input::RunFinished { event, outcome: Outcome::Interrupted });
            return;
        };
        match event.detail {
            Detail::Manual { dry_run: true, .. } => task.mode = Mode::DryRun,
            Detail::Plan { .. } => task.mode = Mode::Live,
            _ => {}
        }
        task.scope = self.scope(now, task.automation.time_limit);
        task.begun = step.begun.clone();
        let start = run_start(now, &task, Some(event.id));
        tracing::info!(run = task.run.0, event = event.id.0, automation = %event.automation, kind = %event.kind, mode = %task.mode, "{}run starts", task.mode.mark());
        step.changes.push(Change::Started(start));
        let ending = Ending::of(&task.scope);
        self.under_way.insert(event.id, (ending.clone(), task.mode));
        work.push(Work::Run { task: Box::new(task), event, ending });
    }

    fn task(&self, automation: &AutomationName) -> Option<RunTask> {
        let automation = self.automations.get(automation)?;
        Some(RunTask {
            run: self.tools.store.new_run_id(),
            automation: Arc::clone(automation),
            script: Arc::clone(self.library.get(&automation.script)?),
            mode: automation.mode,
            scope: Scope { deadline: Timestamp::MAX, cancel: self.cancel.clone() },
            tools: Arc::clone(&self.tools),
            signal: Arc::clone(&self.signal),
            begun: Begun::already(),
        })
    }

    fn scope(&self, now: Timestamp, limit: std::time::Duration) -> Scope {
        let mut scope = Scope::for_duration(now, limit);
        scope.cancel = self.cancel.child_token();
        scope
    }
}

/// What one step has gathered so far.
#[derive(Default)]
struct Step {
    inputs: VecDeque<Input>,
    commands: VecDeque<Command>,
    changes: Vec<Change>,
    /// Whether the changes are written down.
    begun: Begun,
}

impl Drop for Step {
    /// Whoever waits for a step that came to no end is not left waiting.
    fn drop(&mut self) {
        self.begun.say(Err(StoreError::Closed));
    }
}

fn run_start(now: Timestamp, task: &RunTask, event: Option<EventId>) -> RunStart {
    RunStart {
        run: task.run,
        event,
        automation: task.automation.name.clone(),
        mode: task.mode,
        script: task.script.name.clone(),
        script_hash: task.script.hash.clone(),
        at: now,
    }
}

fn log_end(run: RunId, event: &Event, report: &RunReport, mode: Option<Mode>) {
    let (run, event, automation) = (run.0, event.id.0, &event.automation);
    let mark = mode.map_or("", Mode::mark);
    let reason = report.reason.as_deref().unwrap_or_default();
    if report.outcome == Outcome::Failed {
        tracing::warn!(run, event, %automation, "{mark}run failed: {reason}");
    } else {
        let colon = if reason.is_empty() { "" } else { ": " };
        tracing::info!(run, event, %automation, "{mark}run {}{colon}{reason}", report.outcome);
    }
}
