//! On whose behalf a write is made: one run, with what it may do and what it has seen.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{EffectError, sightings::Sightings};
use crate::{
    api::{Answer, Call},
    domain::{Capability, Mode, RunId},
    environment::Scope,
    store::TraceBuffer,
};

/// One run, as the door knows it.
pub struct Actor {
    /// The run.
    pub run: RunId,
    /// Whether its writes are carried out.
    pub mode: Mode,
    /// The kinds of writes it may make.
    pub allow: BTreeSet<Capability>,
    /// What it must keep within.
    pub scope: Scope,
    /// What it did so far, as far as that is not in the store yet.
    pub trace: TraceBuffer,
    ordinal: AtomicU32,
    sightings: Mutex<Sightings>,
}

impl Actor {
    /// A run that has done and seen nothing yet.
    pub fn new(run: RunId, mode: Mode, allow: BTreeSet<Capability>, scope: Scope) -> Self {
        Self {
            run,
            mode,
            allow,
            scope,
            trace: TraceBuffer::default(),
            ordinal: AtomicU32::new(0),
            sightings: Mutex::default(),
        }
    }

    /// Whether nothing is really written.
    pub fn is_dry(&self) -> bool {
        self.mode == Mode::DryRun
    }

    /// Refuses what `allow` does not name. Such a refusal ends the run.
    pub fn require(&self, capability: Capability) -> Result<(), EffectError> {
        if self.allow.contains(&capability) {
            return Ok(());
        }
        Err(EffectError::Refused(format!(
            "this automation may not do {capability}: add \"{capability}\" to its `allow` in the configuration if it is meant to"
        )))
    }

    /// Notes which page players were on, as far as the answer of a read tells.
    pub fn saw(&self, call: &Call, answer: &Answer) {
        if let Answer::Json(value) = answer {
            self.sightings().note(call, value);
        }
    }

    pub(super) fn next_ordinal(&self) -> u32 {
        self.ordinal.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn sightings(&self) -> MutexGuard<'_, Sightings> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
