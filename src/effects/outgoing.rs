//! Requests to other servers than uproot's that change something there.

use serde_json::{Value, json};

use super::{Actor, Door, EffectError};
use crate::{
    domain::{Capability, Effect, EffectState},
    environment::{Request, Response, TransportError},
};

/// A request to a host that the configuration lists.
pub struct Outgoing {
    /// The request, with its secrets in headers marked as sensitive.
    pub request: Request,
    /// What the ledger says of it: `{"url": ..., "body": ...}`, without secrets.
    pub arguments: Value,
}

impl Door {
    /// Sends one request to another server, once. `None` in a dry run.
    pub fn post(
        &self,
        actor: &Actor,
        outgoing: Outgoing,
    ) -> Result<Option<Result<Response, TransportError>>, EffectError> {
        let Some(capability) = Capability::named("http.post") else {
            return Err(EffectError::Bad("http.post is not known".to_owned()));
        };
        actor.require(capability)?;
        actor.scope.check(self.env.now())?;
        let ordinal = actor.next_ordinal();
        let effect = Effect {
            ordinal,
            action: capability.to_string(),
            target: outgoing.request.url.host_str().map(str::to_owned),
            player: None,
            arguments: outgoing.arguments,
            precondition: None,
            irreversible: false,
            state: if actor.is_dry() { EffectState::Would } else { EffectState::Claimed },
            note: None,
        };
        let (now, trace) = (self.env.now(), actor.trace.take());
        self.store.record_effects(actor.run, vec![effect], now, trace, None).wait()?;
        if actor.is_dry() {
            return Ok(None);
        }
        let answer = self.env.execute(outgoing.request, &self.last_scope(actor));
        let (state, note) = match &answer {
            Ok(answer) if answer.status < 400 => (EffectState::Done, json!(answer.status).to_string()),
            Ok(answer) if answer.status < 500 => {
                (EffectState::Failed, format!("the server answered {}", answer.status))
            }
            Ok(answer) => (EffectState::Uncertain, format!("the server answered {}", answer.status)),
            Err(error) if error.sent => (EffectState::Uncertain, error.message.clone()),
            Err(error) => (EffectState::Failed, error.message.clone()),
        };
        self.settle(actor.run, ordinal, None, state, Some(note))?;
        Ok(Some(answer))
    }
}
