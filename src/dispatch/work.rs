//! Work that blocks its thread until it is done.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::{Ending, Happened, poll};
use crate::{
    domain::{Event, RunId, RunReport},
    environment::Scope,
    script::{self, RunTask, Tools},
    store::{OpenEffect, RunStart},
};

/// A run or a poll that is to be done now.
pub enum Work {
    /// A run. Its start is being written down.
    Run {
        /// What it needs.
        task: Box<RunTask>,
        /// Its event.
        event: Arc<Event>,
        /// Why it was ended, if it was.
        ending: Ending,
    },
    /// What an earlier daemon sent and did not hear of again: to be found out before anything else begins.
    Settle {
        /// The writes.
        open: Vec<OpenEffect>,
        /// Cancelled when the daemon ends.
        cancel: CancellationToken,
        /// What it needs.
        tools: Arc<Tools>,
    },
    /// What is observed is looked at.
    Look {
        /// What it needs.
        tools: Arc<Tools>,
        /// What it must keep within.
        scope: Scope,
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
    /// What it is, in a word or two.
    pub fn name(&self) -> String {
        match self {
            Self::Run { task, .. } => format!("run {}", task.run),
            Self::Settle { .. } => "settle".to_owned(),
            Self::Look { .. } => "look".to_owned(),
            Self::Poll { task, .. } => format!("poll {}", task.automation.name),
        }
    }

    /// With it, the end of this work can be told although the work itself is lost.
    pub fn stub(&self) -> Stub {
        Stub(match self {
            Self::Run { task, event, .. } => Left::Run { run: task.run, event: Arc::clone(event) },
            Self::Settle { .. } => Left::Settle,
            Self::Look { .. } => Left::Look,
            Self::Poll { start, .. } => Left::Poll { start: start.clone() },
        })
    }

    /// Does it, on this thread, to its end; a panic is an end too. The thread needs a stack of [`script::STACK`] bytes.
    pub fn carry_out(self) -> Happened {
        let (name, stub) = (self.name(), self.stub());
        catch_unwind(AssertUnwindSafe(|| self.act())).unwrap_or_else(|_| {
            // What went wrong, and where, has been printed already.
            tracing::error!("{name} ended in an internal error");
            stub.failed("an internal error ended it".to_owned())
        })
    }

    fn act(self) -> Happened {
        match self {
            Self::Run { task, event, ending } => {
                let automation = &event.automation;
                // Always there, so that whatever is logged meanwhile says of which run it is.
                let span = tracing::error_span!("run", run = task.run.0, event = event.id.0, %automation);
                let _within = span.entered();
                let (report, trace) = script::run(&task, &event);
                // Where it is never written down that it began, there is no run that could end.
                let (report, trace) = match task.begun.wait() {
                    Ok(()) => (ending.explain(report), trace),
                    Err(error) => (RunReport::failed(error.to_string()), (0, Vec::new())),
                };
                Happened::RunEnded { run: task.run, event, report, trace }
            }
            Self::Settle { open, cancel, tools } => {
                if let Err(error) = tools.door.settle_open(&open, &cancel) {
                    // They stay open in the store, for the next start.
                    tracing::error!(%error, "what an earlier daemon left open could not be settled");
                }
                Happened::Settled
            }
            Self::Look { tools, scope } => {
                let (events, failure) = tools.watch.look(&scope);
                Happened::Looked { events, failure }
            }
            Self::Poll { task, start } => {
                // Its number is only one of a run where it fails.
                let span = tracing::error_span!("poll", automation = %task.automation.name);
                let _within = span.entered();
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
    Settle,
    Look,
    Poll { start: RunStart },
}

impl Stub {
    /// The work failed for this reason.
    pub fn failed(self, reason: String) -> Happened {
        let report = RunReport::failed(reason);
        let trace = (0, Vec::new());
        match self.0 {
            Left::Run { run, event } => Happened::RunEnded { run, event, report, trace },
            // The writes stay open in the store, for the next start.
            Left::Settle => Happened::Settled,
            // An internal error has told of itself; the next look may do better.
            Left::Look => Happened::Looked { events: Vec::new(), failure: None },
            Left::Poll { start } => Happened::PollEnded { start, result: Err(report.into()), trace },
        }
    }
}
