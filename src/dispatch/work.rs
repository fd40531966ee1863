//! Work to be done on a thread of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{Happened, poll};
use crate::{
    domain::{Event, RunId, RunReport},
    script::{self, RunTask},
    store::RunStart,
};

/// A run or a poll that is to be done now.
pub enum Work {
    /// A run; it is in the store.
    Run {
        /// What it needs.
        task: Box<RunTask>,
        /// Its event.
        event: Arc<Event>,
    },
    /// A poll.
    Poll {
        /// What it needs.
        task: Box<RunTask>,
        /// How it would be written down.
        start: RunStart,
    },
}

impl Work {
    /// A name for its thread.
    pub fn name(&self) -> String {
        match self {
            Self::Run { task, .. } => format!("run {}", task.run),
            Self::Poll { task, .. } => format!("poll {}", task.automation.name),
        }
    }

    /// With it, the end of this work can be told although the work itself is lost.
    pub fn stub(&self) -> Stub {
        Stub(match self {
            Self::Run { task, event } => Left::Run { run: task.run, event: Arc::clone(event) },
            Self::Poll { start, .. } => Left::Poll { start: start.clone() },
        })
    }

    /// Does it, on this thread, to its end; a panic is an end too. The thread needs a stack of [`script::STACK`] bytes.
    pub fn carry_out(self) -> Happened {
        let stub = self.stub();
        catch_unwind(AssertUnwindSafe(|| self.act()))
            .unwrap_or_else(|_| stub.failed("an internal error ended it".to_owned()))
    }

    fn act(self) -> Happened {
        match self {
            Self::Run { task, event } => {
                let (report, trace) = script::run(&task, &event);
                Happened::RunEnded { run: task.run, event, report, trace }
            }
            Self::Poll { task, start } => {
                let (result, trace) = poll::ask(&task);
                Happened::PollEnded { start, result, trace }
            }
        }
    }
}

/// What is left of work that cannot tell its own end: see [`Work::stub`].
pub struct Stub(Left);

enum Left {
    Run { run: RunId, event: Arc<Event> },
    Poll { start: RunStart },
}

impl Stub {
    /// The work failed for this reason.
    pub fn failed(self, reason: String) -> Happened {
        let report = RunReport::failed(reason);
        let trace = (0, Vec::new());
        match self.0 {
            Left::Run { run, event } => Happened::RunEnded { run, event, report, trace },
            Left::Poll { start } => Happened::PollEnded { start, result: Err(report.into()), trace },
        }
    }
}
