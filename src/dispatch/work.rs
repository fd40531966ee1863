//! Work to be done on a thread of its own.

use std::sync::Arc;

use super::{Ending, Happened, poll};
use crate::{
    domain::Event,
    script::{self, RunTask, Tools},
    store::{OpenEffect, RunStart},
};

/// A run or a poll that is to be done now.
pub enum Work {
    /// A run; it is in the store.
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
        /// What it needs.
        tools: Arc<Tools>,
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
            Self::Settle { .. } => "settle".to_owned(),
            Self::Poll { task, .. } => format!("poll {}", task.automation.name),
        }
    }

    /// Does it, on this thread, to its end. The thread needs a stack of [`script::STACK`] bytes.
    pub fn carry_out(self) -> Happened {
        match self {
            Self::Run { task, event, ending } => {
                let (report, trace) = script::run(&task, &event);
                let report = ending.explain(report);
                Happened::RunEnded { run: task.run, event, report, trace }
            }
            Self::Settle { open, tools } => {
                if let Err(error) = tools.door.settle_open(&open) {
                    // They stay open in the store, for the next start.
                    tracing::error!(%error, "what an earlier daemon left open could not be settled");
                }
                Happened::Settled
            }
            Self::Poll { task, start } => {
                let (result, trace) = poll::ask(&task);
                Happened::PollEnded { start, result, trace }
            }
        }
    }
}
