//! Active and testing: older servers can only be told to flip, newer ones only to set. Both can be asked for here.

use serde_json::{Map, Value, json};

use super::{Actor, Door, EffectError, claim::Way, repeat::Repeats, row, step::not_sent};
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
        if self.claim(actor, &call, vec![effect], 0)? == Way::Keep {
            return Ok(json!({ key: wanted, actor.kept_key(): true }));
        }
        let settle = |state, note| self.settle(actor.run, ordinal, None, state, note);
        let mut repeats = Repeats::default();
        loop {
            let error = match self.client.write(&call, &self.last_scope(actor)) {
                Ok(answer) => {
                    let answer = answer.json().unwrap_or_default();
                    let after = answer.get(key).and_then(Value::as_bool);
                    if after == Some(wanted) {
                        settle(EffectState::Done, None)?;
                        return Ok(answer);
                    }
                    // Somebody flipped it between our look and our write: it is back where it was, which the row says.
                    let note = format!("somebody else changed it at the same moment; it is now {after:?}");
                    settle(EffectState::Uncertain, Some(note.clone()))?;
                    return Err(EffectError::Bad(format!("session {session}, {key}: {note}")));
                }
                Err(error) => error,
            };
            if !error.may_have_acted() {
                if repeats.wait_for_next(&*self.env, &error, &actor.scope) {
                    continue;
                }
                settle(EffectState::Failed, Some(not_sent(&error)))?;
                return Err(error.into());
            }
            // Read again: a second flip would undo the first.
            let found =
                self.read(&self.scope_to_find_out(), &Call::new(Endpoint::SessionsGet).session(session));
            let is_now = found.ok().and_then(|found| found.get(key).and_then(Value::as_bool));
            if is_now == Some(wanted) {
                let note = format!("{}; the server shows that it was done", error.message);
                settle(EffectState::Done, Some(note))?;
                return Ok(json!({ key: wanted }));
            }
            let once_more = is_now.is_some() && repeats.doubtful_once_more(&error);
            if !once_more || actor.scope.cancel.is_cancelled() {
                settle(EffectState::Uncertain, Some(format!("{}; it is now {is_now:?}", error.message)))?;
                return Err(EffectError::Uncertain(error));
            }
        }
    }
}
