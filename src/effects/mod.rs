//! The one door to the world. Every write leaves through [`Door::write`]: it asks whether the automation may, checks
//! the names, compares, writes the effect into the store, sends it once, and writes down what became of it.
//!
//! Scripts have no other way out, and none may grow beside this one; a test holds that.

mod actor;
mod dry_run;
mod error;
mod locks;
mod names;
mod outgoing;
mod sightings;
mod step;
mod toggle;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

pub use actor::Actor;
pub use error::EffectError;
pub use outgoing::Outgoing;
pub(crate) use step::BY_WHOM;

use crate::{
    api::{Answer, Call, Client, Endpoint, ErrorKind},
    domain::{Capability, Effect, EffectState},
    environment::{Environment, Priority, Scope},
    store::Store,
};
use locks::Locks;

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
}

impl Door {
    /// A door to this server, with its ledger in this store.
    pub fn new(env: Arc<dyn Environment>, client: Arc<Client>, store: Store) -> Self {
        Self { env, client, store, locks: Locks::default() }
    }

    /// Carries out one write of a run and gives what the script gets for it: the server's answer, or for a step of
    /// players `{"advanced": [names], "moved": [names], "refused": {name: reason}}`. In a dry run nothing is sent and
    /// the answer is what a success would look like, with `"dry_run": true`.
    pub fn write(&self, actor: &Actor, call: Call) -> Result<Value, EffectError> {
        actor.require(capability(call.endpoint())?)?;
        actor.scope.check(self.env.now())?;
        names::no_repeats(&call)?;
        let acts_on_players = call.session_name().is_some() && !call.player_names().is_empty();
        let _locked = match call.session_name() {
            Some(session) if acts_on_players => {
                Some(self.locks.take(&*self.env, &actor.scope, session, call.player_names())?)
            }
            _ => None,
        };
        match call.endpoint() {
            Endpoint::PlayersAdvance | Endpoint::PlayersRevert | Endpoint::PlayersEnd => {
                self.step(actor, &call)
            }
            Endpoint::SessionsActive | Endpoint::SessionsTesting => self.switch(actor, &call),
            Endpoint::RoomsUpdate => {
                let whole = self.whole_room(actor, call)?;
                self.plain(actor, &whole)
            }
            _ => {
                if acts_on_players {
                    self.check_players_exist(actor, &call)?;
                }
                self.plain(actor, &call)
            }
        }
    }

    /// A write without a precondition of its own: one row a player, or one row.
    fn plain(&self, actor: &Actor, call: &Call) -> Result<Value, EffectError> {
        let ordinal = actor.next_ordinal();
        let rows = match call.player_names() {
            [] => vec![row(ordinal, call, None)],
            _ if call.endpoint() == Endpoint::SessionsCreate
                || call.endpoint() == Endpoint::RoomsCreateSession =>
            {
                vec![row(ordinal, call, None)]
            }
            players => players.iter().map(|player| row(ordinal, call, Some(player.as_str()))).collect(),
        };
        match self.send(actor, ordinal, call, rows)? {
            None => Ok(dry_run::answer(call)),
            Some(answer) => {
                self.settle(actor, ordinal, EffectState::Done, None)?;
                Ok(answer)
            }
        }
    }

    /// Writes the rows down and sends the call, once. `None` in a dry run, where the rows are the whole of it. A
    /// failure is settled here; a success is left for the caller to settle, who can say more about it.
    fn send(
        &self,
        actor: &Actor,
        ordinal: u32,
        call: &Call,
        mut rows: Vec<Effect>,
    ) -> Result<Option<Value>, EffectError> {
        let dry = actor.is_dry();
        if dry {
            for row in rows.iter_mut().filter(|row| row.state == EffectState::Claimed) {
                row.state = EffectState::Would;
            }
        }
        self.store.record_effects(actor.run, rows, self.env.now(), actor.trace.take()).wait()?;
        if dry {
            return Ok(None);
        }
        match self.client.write(call, &self.last_scope(actor)) {
            Ok(Answer::Json(value)) => Ok(Some(value)),
            Ok(Answer::Table(_) | Answer::Rows(_)) => Ok(Some(Value::Null)),
            Err(error) if error.may_have_acted() => {
                let note = format!("{}: look at the server before doing it again", error.message);
                self.settle(actor, ordinal, EffectState::Uncertain, Some(note))?;
                Err(EffectError::Uncertain(error))
            }
            Err(error) => {
                let note = match error.kind {
                    ErrorKind::Stopped(_) => format!("not sent: {}", error.message),
                    _ => error.message.clone(),
                };
                self.settle(actor, ordinal, EffectState::Failed, Some(note))?;
                Err(error.into())
            }
        }
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
        actor: &Actor,
        ordinal: u32,
        state: EffectState,
        note: Option<String>,
    ) -> Result<(), EffectError> {
        Ok(self.store.settle_effects(actor.run, ordinal, None, state, note, self.env.now()).wait()?)
    }

    fn read(&self, actor: &Actor, call: &Call) -> Result<Map<String, Value>, EffectError> {
        let answer = self.client.read(call, Priority::Effect, &actor.scope)?;
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
        let now = self.read(actor, &Call::new(Endpoint::RoomsGet).room(&room))?;
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
        state: EffectState::Claimed,
        note: None,
    }
}
