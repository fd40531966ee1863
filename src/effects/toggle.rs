//! Active and testing: older servers can only be told to flip, newer ones only to set. Both can be asked for here.

use serde_json::{Map, Value, json};

use super::{Actor, Door, EffectError, row};
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
        let found = self.read(actor, &Call::new(Endpoint::SessionsGet).session(session))?;
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
            self.store.record_effects(actor.run, vec![effect], self.env.now(), actor.trace.take()).wait()?;
            return Ok(json!({ key: wanted }));
        }
        let Some(answer) = self.send(actor, ordinal, &call, vec![effect])? else {
            return Ok(json!({ key: wanted, "dry_run": true }));
        };
        let after = answer.get(key).and_then(Value::as_bool);
        if after == Some(wanted) {
            self.settle(actor, ordinal, EffectState::Done, None)?;
            return Ok(answer);
        }
        // Somebody flipped it between our look and our write: it is back where it was, which the row says.
        let note = format!("somebody else changed it at the same moment; it is now {after:?}");
        self.settle(actor, ordinal, EffectState::Uncertain, Some(note.clone()))?;
        Err(EffectError::Bad(format!("session {session}, {key}: {note}")))
    }
}
