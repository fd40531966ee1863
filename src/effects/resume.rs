//! A run that goes on in the place of an earlier one: what that one had done is not done again.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Actor, row, stand_in};
use crate::{
    api::{Call, Endpoint},
    domain::{Effect, EffectState, PlayerName},
};

/// What is left of a call that an earlier run had made.
pub(super) enum Left {
    /// Nothing: what the script gets for it.
    Nothing(Value),
    /// The call for the players for whom nothing was done, and those for whom it was.
    Some(Call, Vec<PlayerName>),
    /// All of it: the earlier run had not come to this call, or it was another one.
    All,
}

/// Compares a call with what the earlier run had done at the same place, with the same arguments. What may have been done counts
/// as done: doing it twice is worse than not at all. Who was left out then is left out now, since that was decided.
pub(super) fn left(actor: &Actor, call: &Call) -> Left {
    let next = actor.peek_ordinal();
    let settled: Vec<&Effect> = actor.settled_at(next).collect();
    // Its row says what it was set to, and the script only that it is to be the other one.
    let flips = matches!(call.endpoint(), Endpoint::SessionsActive | Endpoint::SessionsTesting)
        && call.body_fields().is_none();
    let is_same = |effect: &&Effect| {
        let wanted = row(next, call, effect.player.as_deref());
        effect.action == wanted.action
            && effect.target == wanted.target
            && (effect.arguments == wanted.arguments || flips)
    };
    let was_made = settled.iter().any(|effect| effect.state != EffectState::Refused);
    if !was_made || !settled.iter().all(is_same) {
        return Left::All;
    }
    let then: HashSet<&str> = settled.iter().filter_map(|effect| effect.player.as_deref()).collect();
    let (made, left): (Vec<PlayerName>, Vec<PlayerName>) =
        call.player_names().iter().cloned().partition(|player| then.contains(player.as_str()));
    if made.len() != then.len() {
        return Left::All;
    }
    if then.is_empty() || left.is_empty() {
        actor.next_ordinal();
        return Left::Nothing(stand_in::answer(call, "made_before"));
    }
    Left::Some(call.clone().players(&left), made)
}

/// The answer to what was left of a call, with those for whom it was made before.
pub(super) fn with_made_before(mut answer: Value, made: &[PlayerName]) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("made_before".to_owned(), json!(made));
    }
    answer
}
