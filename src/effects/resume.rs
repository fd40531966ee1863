//! A run that goes on in the place of an earlier one: what that one had done is not done again.

use std::collections::HashMap;

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
    /// All of it: no earlier run had made it.
    All,
}

/// What earlier runs had done and this one has not come to yet. Each write of theirs stands for one of this run's, the first that does the
/// same with the same arguments to the same player, wherever it stands in the script: a script that was corrected makes its writes at
/// other places, and the runs that went on before made only what was left then.
#[derive(Debug, Default)]
pub(super) struct Before(Vec<Effect>);

impl Before {
    /// Of what was settled, in the order of the runs' writes. What may have been done counts as done: doing it twice is worse than not at
    /// all. Who was left out of a call that was made for others is left out again, since that was decided.
    pub(super) fn new(mut settled: Vec<Effect>) -> Self {
        let of_call = |effect: &Effect| {
            (effect.ordinal, effect.action.clone(), effect.target.clone(), effect.arguments.to_string())
        };
        let mut made = HashMap::new();
        for effect in &settled {
            *made.entry(of_call(effect)).or_insert(false) |= effect.state != EffectState::Refused;
        }
        settled.retain(|effect| made.get(&of_call(effect)) == Some(&true));
        Self(settled)
    }

    /// Takes out the first write that is the same, if there is one.
    pub(super) fn take(&mut self, is_the_same: impl Fn(&Effect) -> bool) -> bool {
        let found = self.0.iter().position(is_the_same);
        found.map(|at| self.0.remove(at)).is_some()
    }
}

/// Whether two writes do the same to the same.
pub(super) fn same(one: &Effect, other: &Effect) -> bool {
    (&one.action, &one.target, &one.player, &one.arguments)
        == (&other.action, &other.target, &other.player, &other.arguments)
}

/// Compares a call with what earlier runs had done.
pub(super) fn left(actor: &Actor, call: &Call) -> Left {
    let mut before = actor.before();
    let next = actor.peek_ordinal();
    // Its row says what it was set to, and the script only that it is to be the other one.
    let flips = matches!(call.endpoint(), Endpoint::SessionsActive | Endpoint::SessionsTesting)
        && call.body_fields().is_none();
    let mut was_made = |player: Option<&str>| {
        let wanted = row(next, call, player);
        before.take(|effect| {
            same(effect, &wanted) || flips && effect.action == wanted.action && effect.target == wanted.target
        })
    };
    // A call that makes players names them without a row of their own each.
    if was_made(None) {
        actor.next_ordinal();
        return Left::Nothing(stand_in::answer(call, "made_before"));
    }
    let (made, left): (Vec<PlayerName>, Vec<PlayerName>) =
        call.player_names().iter().cloned().partition(|player| was_made(Some(player.as_str())));
    if made.is_empty() {
        Left::All
    } else if left.is_empty() {
        actor.next_ordinal();
        Left::Nothing(stand_in::answer(call, "made_before"))
    } else {
        Left::Some(call.clone().players(&left), made)
    }
}

/// The answer to what was left of a call, with those for whom it was made before.
pub(super) fn with_made_before(mut answer: Value, made: &[PlayerName]) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("made_before".to_owned(), json!(made));
    }
    answer
}
