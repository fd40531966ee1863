//! Active and testing: older servers can only be told to flip, newer ones only to set. Both can be asked for here.

use serde_json::{Map, Value, json};

use super::{Actor, Door, EffectError, claim::Way, row};
use crate::{
    api::{Call, Endpoint},
    domain::EffectState,
};

impl Door {
    /// Sets a session's `active` or `testing`: reads, compares, and writes only what differs. With a body of
    /// `{"active": true}` it is set to that; without one it is flipped.
    pub(super) fn switch(&self, actor: &Actor, call: &Call) -> Result<Value, EffectError> {
        let Some(session) = call.session_name() else {
            return Err(EffectError::Bad("a session is needed".to_owned()));
        };
        let key = if call.endpoint() == Endpoint::SessionsActive { "active" } else { "testing" };
        let found = self.read(&actor.scope, &Call::new(Endpoint::SessionsGet).session(session))?;
        let Some(before) = found.get(key).and_then(Value::as_bool) else {
            return Err(EffectError::Bad(format!(
                "the server does not tell whether session {session} is {key}"
            )));
        };
        let wanted =
            call.body_fields().and_then(|body| body.get(key)).and_then(Value::as_bool).unwrap_or(!before);
        let mut body = Map::new();
        body.insert(key.to_owned(), json!(wanted));
        let call = Call::new(call.endpoint()).session(session).body(body);
        let ordinal = actor.next_ordinal();
        let mut effect = row(ordinal, &call, None);
        effect.precondition = Some(json!({ key: before }));
        if wanted == before {
            effect.state = EffectState::Done;
            effect.note = Some(format!("it was {wanted} already; nothing was sent"));
            let (now, trace) = (self.env.now(), actor.trace.take());
            self.store.record_effects(actor.run, vec![effect], now, trace, None).wait()?;
            return Ok(json!({ key: wanted }));
        }
        if self.claim(actor, &call, vec![effect], None)? == Way::Keep {
            return Ok(json!({ key: wanted, actor.kept_key(): true }));
        }
        self.send(actor, ordinal, &call, None)
    }
}
