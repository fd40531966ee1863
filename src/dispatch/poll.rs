//! One poll: ask, doubt, commit.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;

use super::{Dispatcher, Step};
use crate::{
    config::{Poll, Trigger},
    domain::{Event, RunReport, TraceLine},
    engine::{Input, PollResult},
    script::{self, PollFailure, PollYield, RunTask},
    store::{Change, Intake, PollCursor, PollOutcome, RunStart, StoreError},
};

impl Dispatcher {
    /// A poll has ended: takes up its events, or says once why it failed.
    pub(super) fn poll_ended(
        &mut self,
        now: Timestamp,
        start: RunStart,
        result: Result<Vec<Event>, PollFailure>,
        trace: (u32, Vec<TraceLine>),
        step: &mut Step,
    ) {
        let automation = start.automation.clone();
        let result = match result {
            Ok(events) => {
                if self.poll_failures.remove(&automation).is_some() {
                    tracing::info!(%automation, "the poll works again");
                }
                step.inputs.extend(events.into_iter().map(|event| Input::Accepted(Arc::new(event))));
                PollResult::Done
            }
            Err(PollFailure { report, retry_after }) => {
                let reason = report.reason.clone().unwrap_or_default();
                let known = self.poll_failures.insert(automation.clone(), reason.clone());
                if known.as_ref() != Some(&reason) {
                    tracing::warn!(%automation, run = start.run.0, "the poll failed: {reason}");
                    let run = start.run;
                    step.changes.push(Change::Started(start));
                    step.changes.push(Change::Ended { run, at: now, report, trace });
                }
                PollResult::Failed { retry_after }
            }
        };
        step.inputs.push_back(Input::PollFinished { automation, result });
    }
}

/// A list that lost more than half of at least this many items at once is doubted.
const WORTH_DOUBTING: usize = 2;
/// After so many doubtful polls in a row, what they say is believed: the world has changed.
const DOUBTS: u32 = 3;

/// Asks `poll()` and commits what is new. The error says why nothing was taken.
pub(super) fn ask(task: &RunTask) -> (Result<Vec<Event>, PollFailure>, (u32, Vec<TraceLine>)) {
    let name = &task.automation.name;
    let store = &task.tools.store;
    let failed = |error: StoreError| PollFailure::from(RunReport::failed(error.to_string()));
    let before = match store.history().poll_cursor(name, task.mode) {
        Ok(before) => before,
        Err(error) => return (Err(failed(error)), (0, Vec::new())),
    };
    let (result, trace) = script::poll(task, before.as_ref().map(|cursor| &cursor.value));
    let result = result.and_then(|yielded| {
        let poll = task.automation.triggers.iter().find_map(|trigger| match trigger {
            Trigger::Poll(poll) => Some(*poll),
            _ => None,
        });
        let stays = poll.and_then(|poll| poll.stays);
        if stays.is_some() && yielded.cursor.is_some() {
            let why =
                "with `for`, poll() has to list all that is so, and not only what is new since a cursor";
            return Err(RunReport::failed(format!("{}: {why}", task.script.name)).into());
        }
        let is_first = before.is_none() && !poll.is_some_and(|poll| poll.backfill);
        let (cursor, doubt) = next_cursor(before.unwrap_or_default(), &yielded);
        let intake = match (&doubt, stays, poll) {
            (Some(_), ..) => Intake::Nothing,
            (None, Some(rule), Some(Poll { every, .. })) => Intake::Lasting { rule, every },
            _ if is_first => Intake::Prime,
            _ => Intake::Each,
        };
        let at = task.tools.env.now();
        let (automation, items) = (name.clone(), yielded.items);
        let primed = (intake == Intake::Prime).then_some(items.len());
        let outcome = PollOutcome { automation, mode: task.mode, at, items, cursor, intake };
        let events = store.accept_poll(outcome).wait().map_err(failed)?;
        if let Some(there) = primed {
            tracing::info!(
                automation = %name,
                there,
                "the first poll: what is there already is remembered and starts nothing (`backfill = \"all\"` would start it)"
            );
        }
        match doubt {
            Some(why) => Err(RunReport::failed(why).into()),
            None => Ok(events),
        }
    });
    (result, trace)
}

/// Where the poll stands after this answer, and why the answer is not believed, if it is not.
fn next_cursor(before: PollCursor, yielded: &PollYield) -> (PollCursor, Option<String>) {
    if let Some(value) = &yielded.cursor {
        // Such a script tells what is new since its cursor: its list is empty most of the time.
        return (PollCursor { value: value.clone(), keys: Vec::new(), doubts: 0 }, None);
    }
    let keys: Vec<String> = yielded.items.iter().map(|item| item.key.clone()).collect();
    let there: HashSet<&str> = keys.iter().map(String::as_str).collect();
    let gone = before.keys.iter().filter(|key| !there.contains(key.as_str())).count();
    let known = before.keys.len();
    if known >= WORTH_DOUBTING && gone * 2 > known && before.doubts + 1 < DOUBTS {
        let why = format!(
            "{gone} of the {known} items of the last poll are gone at once: held until it says so {DOUBTS} times"
        );
        return (PollCursor { doubts: before.doubts + 1, ..before }, Some(why));
    }
    (PollCursor { value: before.value, keys, doubts: 0 }, None)
}
