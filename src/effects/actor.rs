//! On whose behalf a write is made: one run, with what it may do and what it has seen and done.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    EffectError,
    resume::Before,
    sightings::{Sighting, Sightings},
};
use crate::{
    api::{Answer, Call},
    domain::{AutomationName, Capability, Effect, Mode, PlayerName, RunId, SessionName},
    environment::Scope,
    store::{Begun, TraceBuffer},
};

/// One run, as the door knows it.
pub struct Actor {
    /// The run.
    pub run: RunId,
    /// Its automation.
    pub automation: AutomationName,
    /// Whether its writes are carried out.
    pub mode: Mode,
    /// The kinds of writes it may make.
    pub allow: BTreeSet<Capability>,
    /// What it must keep within.
    pub scope: Scope,
    /// Whether it is written down that it has begun: nothing of it is to be seen before.
    pub begun: Begun,
    /// What it did so far, as far as that is not in the store yet.
    pub trace: TraceBuffer,
    /// A person has seen the list of what it does, and approved it.
    approved: bool,
    /// What earlier runs had done, in whose place this one goes on.
    before: Mutex<Before>,
    ordinal: AtomicU32,
    /// How many of its calls wait for a person.
    planned: AtomicU32,
    sightings: Mutex<Sightings>,
    /// On whom it acted in a way that cannot be taken back.
    acted_on: Mutex<HashSet<(SessionName, PlayerName)>>,
    /// Why a guard stopped its writes.
    tripped: OnceLock<String>,
}

impl Actor {
    /// A run that has done and seen nothing yet.
    pub fn new(
        run: RunId,
        automation: AutomationName,
        mode: Mode,
        allow: BTreeSet<Capability>,
        scope: Scope,
        begun: Begun,
    ) -> Self {
        Self {
            run,
            automation,
            mode,
            allow,
            scope,
            begun,
            trace: TraceBuffer::default(),
            approved: false,
            before: Mutex::default(),
            ordinal: AtomicU32::new(0),
            planned: AtomicU32::new(0),
            sightings: Mutex::default(),
            acted_on: Mutex::default(),
            tripped: OnceLock::new(),
        }
    }

    /// The same for a run that carries out an approved plan. It may do what the plan says, which was allowed when the
    /// plan was made.
    pub fn approved(mut self) -> Self {
        self.approved = true;
        self
    }

    /// The same for a run that goes on in another's place: what that one had done is not done again.
    pub fn resuming(mut self, settled: Vec<Effect>) -> Self {
        self.before = Mutex::new(Before::new(settled));
        self
    }

    /// Whether nothing is really written.
    pub fn is_dry(&self) -> bool {
        self.mode == Mode::DryRun
    }

    /// Whether what it writes is written, as far as its mode says and no guard has stopped it.
    pub fn is_live(&self) -> bool {
        self.mode == Mode::Live && self.tripped().is_none()
    }

    /// The key that tells a script why what it wrote was kept back.
    pub fn kept_key(&self) -> &'static str {
        if self.is_dry() { "dry_run" } else { "planned" }
    }

    /// Whether something of it waits for a person.
    pub fn has_plan(&self) -> bool {
        self.planned.load(Ordering::Relaxed) > 0
    }

    /// Why a guard stopped its writes, if one did.
    pub fn tripped(&self) -> Option<&str> {
        self.tripped.get().map(String::as_str)
    }

    /// Refuses what `allow` does not name. Such a refusal ends the run.
    pub fn require(&self, capability: Capability) -> Result<(), EffectError> {
        if self.approved || self.allow.contains(&capability) {
            return Ok(());
        }
        Err(EffectError::Refused(format!(
            "this automation may not do {capability}: add \"{capability}\" to its `allow` in the configuration if it is meant to"
        )))
    }

    /// Notes which page players were on, as far as the answer of a read tells.
    pub fn saw(&self, call: &Call, answer: &Answer) {
        self.sightings().note(call, answer);
    }

    /// Notes which page a player was observed on: `player` has `show_page` and `page_order`.
    pub fn saw_player(&self, session: &SessionName, name: &PlayerName, player: &serde_json::Value) {
        if player["show_page"].is_i64() {
            self.sightings().put(session, name, Sighting::read(player));
        }
    }

    pub(super) fn is_approved(&self) -> bool {
        self.approved
    }

    /// What earlier runs had done.
    pub(super) fn before(&self) -> MutexGuard<'_, Before> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn trip(&self, why: String) {
        // The first reason is the one that counts.
        let _ = self.tripped.set(why);
    }

    pub(super) fn peek_ordinal(&self) -> u32 {
        self.ordinal.load(Ordering::Relaxed) + 1
    }

    pub(super) fn next_ordinal(&self) -> u32 {
        self.ordinal.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The next write has this place among the run's writes: that of a plan which is carried out.
    pub(super) fn go_on_at(&self, ordinal: u32) {
        self.ordinal.store(ordinal.saturating_sub(1), Ordering::Relaxed);
    }

    /// Counts one more call that waits for a person; gives how many there are.
    pub(super) fn one_more_planned(&self) -> u32 {
        self.planned.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn sightings(&self) -> MutexGuard<'_, Sightings> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn acted_on(&self) -> MutexGuard<'_, HashSet<(SessionName, PlayerName)>> {
        self.acted_on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
