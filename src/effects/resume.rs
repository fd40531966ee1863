//! A run that goes on in the place of an earlier one: what that one had done is not done again.

use std::collections::HashSet;

use serde_json::Value;

use super::{Actor, row, stand_in};
use crate::{
    api::Call,
    domain::{Effect, EffectState},
};

/// What the script gets for a call that the earlier run had made, at the same place and with the same arguments. What may
/// have been done counts as done: doing it twice is worse than not at all.
pub(super) fn made_before(actor: &Actor, call: &Call) -> Option<Value> {
    let next = actor.peek_ordinal();
    let made: Vec<&Effect> =
        actor.settled_at(next).filter(|effect| effect.state != EffectState::Refused).collect();
    let is_same = |effect: &&Effect| {
        let wanted = row(next, call, effect.player.as_deref());
        effect.action == wanted.action
            && effect.target == wanted.target
            && effect.arguments == wanted.arguments
    };
    if made.is_empty() || !made.iter().all(is_same) {
        return None;
    }
    // Who was left out then is left out now: the decision about them was made.
    let then: HashSet<&str> = actor.settled_at(next).filter_map(|effect| effect.player.as_deref()).collect();
    let now: HashSet<&str> = call.player_names().iter().map(crate::domain::PlayerName::as_str).collect();
    if !then.is_empty() && then != now {
        return None;
    }
    actor.next_ordinal();
    Some(stand_in::answer(call, "made_before"))
}
