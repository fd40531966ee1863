//! The one door to the world. Every write leaves through [`Door::write`]: it asks whether the automation may, checks
//! the names, compares, writes the effect into the store, sends it once, and writes down what became of it.
//!
//! Scripts have no other way out, and none may grow beside this one; a test holds that.

mod actor;
mod carry_out;
mod claim;
mod error;
mod find_out;
mod fitness;
mod guard;
mod hands_off;
mod history;
mod locks;
mod moves;
mod names;
mod outgoing;
mod plain;
mod refusal;
mod repeat;
mod resume;
mod sightings;
mod stand_in;
mod step;
mod telling;
mod toggle;
mod traces;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde_json::{Map, Value, json};

pub use actor::Actor;
pub use carry_out::CarriedOut;
pub(crate) use claim::BY_MODE;
pub use error::EffectError;
pub use outgoing::{Outgoing, Posted, Verb};
pub(crate) use step::BY_WHOM;
pub use telling::{Telling, Told};

use crate::{
    api::{Call, Client, Endpoint},
    config::GuardSection,
    domain::{Capability, Effect, EffectState, RunId},
    environment::{Environment, Priority, Scope},
    store::Store,
};
use locks::Locks;
use resume::Left;

/// The longest a write may take once it was decided on, the wait in the server's queue included. It is longer than
/// any of the client's own time-outs for a write. A run that is cancelled meanwhile still waits for the answer: a
/// write that is under way is finished, so that its outcome is known. One that is not sent yet is not sent then.
const LONGEST_WRITE: Duration = Duration::from_secs(150);

/// The door. Shared by all runs.
pub struct Door {
    env: Arc<dyn Environment>,
    client: Arc<Client>,
    store: Store,
    locks: Locks,
    guard: RwLock<Arc<GuardSection>>,
}

impl Door {
    /// A door to this server, with its ledger in this store.
    pub fn new(env: Arc<dyn Environment>, client: Arc<Client>, store: Store, guard: GuardSection) -> Self {
        Self { env, client, store, locks: Locks::default(), guard: RwLock::new(Arc::new(guard)) }
    }

    /// Carries out one write of a run and gives what the script gets for it: the server's answer, or for a step of
    /// players `{"advanced": [names], "moved": [names], "refused": {name: reason}}`. In a dry run nothing is sent and
    /// the answer is what a success would look like, with `"dry_run": true`; with `"planned": true` where it waits for a
    /// person.
    pub fn write(&self, actor: &Actor, call: Call) -> Result<Value, EffectError> {
        actor.require(capability(call.endpoint())?)?;
        actor.scope.check(self.env.now())?;
        names::no_repeats(&call)?;
        match resume::left(actor, &call) {
            Left::Nothing(answer) => Ok(answer),
            Left::All => self.write_all(actor, call),
            Left::Some(call, made) => Ok(resume::with_made_before(self.write_all(actor, call)?, &made)),
        }
    }

    fn write_all(&self, actor: &Actor, call: Call) -> Result<Value, EffectError> {
        self.client.offers(call.endpoint(), &actor.scope)?;
        let mut left_alone = self.admit(actor, &call)?;
        let acts_on_players = call.session_name().is_some() && !call.player_names().is_empty();
        let _locked = match call.session_name() {
            Some(session) if acts_on_players => {
                Some(self.locks.take(&*self.env, &actor.scope, session, call.player_names())?)
            }
            _ => None,
        };
        if acts_on_players {
            // It may have waited for another run's write.
            left_alone = self.admit(actor, &call)?;
        }
        match call.endpoint() {
            Endpoint::PlayersAdvance | Endpoint::PlayersRevert | Endpoint::PlayersEnd => {
                self.step(actor, &call, &left_alone)
            }
            Endpoint::SessionsActive | Endpoint::SessionsTesting => self.switch(actor, &call),
            Endpoint::RoomsUpdate => {
                let whole = self.whole_room(actor, call)?;
                self.plain(actor, &whole, 0)
            }
            _ if acts_on_players => {
                let left_alone = self.unfit(actor, &call, left_alone)?;
                self.to_players(actor, &call, &left_alone)
            }
            _ => self.plain(actor, &call, 0),
        }
    }

    /// From now on these limits hold.
    pub fn set_guard(&self, guard: GuardSection) {
        *self.guard.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(guard);
    }

    fn guard(&self) -> Arc<GuardSection> {
        Arc::clone(&self.guard.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a write that was decided on keeps within: not the run's deadline, but its cancellation, as long as it waits for
    /// its turn.
    fn last_scope(&self, actor: &Actor) -> Scope {
        let mut scope = Scope::for_duration(self.env.now(), LONGEST_WRITE);
        scope.cancel = actor.scope.cancel.clone();
        scope
    }

    fn settle(
        &self,
        run: RunId,
        ordinal: u32,
        row: Option<u32>,
        state: EffectState,
        note: Option<String>,
    ) -> Result<(), EffectError> {
        Ok(self.store.settle_effects(run, ordinal, row, state, note, self.env.now()).wait()?)
    }

    fn read(&self, scope: &Scope, call: &Call) -> Result<Map<String, Value>, EffectError> {
        let answer = self.client.read(call, Priority::Effect, scope)?;
        match answer.json() {
            Some(Value::Object(map)) => Ok(map),
            _ => Ok(Map::new()),
        }
    }

    /// Older servers reset what a room's update does not name. There, the room is read and written whole.
    fn whole_room(&self, actor: &Actor, call: Call) -> Result<Call, EffectError> {
        if !self.client.generation(&actor.scope)?.update_resets_room() {
            return Ok(call);
        }
        let Some(room) = call.room_name().cloned() else { return Ok(call) };
        let now = self.read(&actor.scope, &Call::new(Endpoint::RoomsGet).room(&room))?;
        let mut body = Map::new();
        for key in ["config", "labels", "capacity", "open"] {
            if let Some(value) = now.get(key) {
                body.insert(key.to_owned(), value.clone());
            }
        }
        body.extend(call.body_fields().cloned().unwrap_or_default());
        Ok(Call::new(Endpoint::RoomsUpdate).room(&room).body(body))
    }
}

fn capability(endpoint: Endpoint) -> Result<Capability, EffectError> {
    Capability::named(endpoint.name())
        .ok_or_else(|| EffectError::Bad(format!("{} does not write", endpoint.name())))
}

/// The ledger's row for a call.
fn row(ordinal: u32, call: &Call, player: Option<&str>) -> Effect {
    let target =
        call.session_name().map(ToString::to_string).or_else(|| call.room_name().map(ToString::to_string));
    let mut arguments = call.body_fields().cloned().unwrap_or_default();
    if let Some(app) = call.app_name() {
        arguments.insert("app".to_owned(), json!(app));
    }
    if player.is_none() && !call.player_names().is_empty() {
        arguments.insert("unames".to_owned(), json!(call.player_names()));
    }
    Effect {
        ordinal,
        action: call.endpoint().name().to_owned(),
        target,
        player: player.map(str::to_owned),
        arguments: Value::Object(arguments),
        precondition: None,
        irreversible: guard::is_irreversible(call),
        state: EffectState::Claimed,
        note: None,
    }
}
