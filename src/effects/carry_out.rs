//! Carrying out a plan that a person approved. Everything is looked at again: who has moved since is left out, and said.

use serde_json::Value;

use super::{Actor, Door, EffectError, sightings::Sighting};
use crate::{
    api::Call,
    domain::{Effect, PlayerName, TraceKind, TraceLine},
};

/// What became of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CarriedOut {
    /// How many calls were made.
    pub made: usize,
    /// What could not be done, a sentence each.
    pub left_out: Vec<String>,
}

impl Door {
    /// Makes the calls of a plan in their order. Those that fail do not keep the later ones from being made, unless the run
    /// itself is to end.
    pub fn carry_out(
        &self,
        actor: &Actor,
        planned: Vec<(Call, Vec<Effect>)>,
    ) -> Result<CarriedOut, EffectError> {
        let mut carried_out = CarriedOut::default();
        for (call, effects) in planned {
            let Some(call) = narrowed(actor, call, &effects) else { continue };
            let name = call.endpoint().name();
            match self.write(actor, call) {
                Ok(answer) => {
                    carried_out.made += 1;
                    for (player, why) in left_out(&answer) {
                        carried_out.left_out.push(format!("{name} of {player}: {why}"));
                    }
                }
                Err(error @ (EffectError::Stopped(_) | EffectError::Store(_) | EffectError::Halted(_))) => {
                    return Err(error);
                }
                Err(error) => carried_out.left_out.push(format!("{name}: {error}")),
            }
        }
        for text in &carried_out.left_out {
            let line = TraceLine {
                at: self.env.now().as_millisecond(),
                kind: TraceKind::Warn,
                text: format!("left out: {text}"),
                millis: None,
            };
            actor.trace.push(line);
        }
        Ok(carried_out)
    }
}

/// The call for the players whom the plan names, with where it saw them; `None` if it names none any more.
fn narrowed(actor: &Actor, call: Call, effects: &[Effect]) -> Option<Call> {
    if effects.is_empty() {
        return None;
    }
    let named: Vec<PlayerName> =
        effects.iter().filter_map(|effect| PlayerName::new(effect.player.as_deref()?).ok()).collect();
    let Some(session) = call.session_name().cloned() else { return Some(call) };
    for (player, effect) in named.iter().zip(effects) {
        let show_page = effect.precondition.as_ref().and_then(|seen| seen["show_page"].as_i64());
        if let Some(show_page) = show_page {
            actor.sightings().put(&session, player, Sighting { show_page, page_order: None });
        }
    }
    if named.is_empty() { Some(call) } else { Some(call.players(&named)) }
}

fn left_out(answer: &Value) -> Vec<(String, String)> {
    let moved = answer["moved"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let moved = moved.map(|player| (player.to_owned(), "has moved on since".to_owned()));
    let refused = answer["refused"].as_object().into_iter().flatten();
    let refused = refused.map(|(player, why)| (player.clone(), why.as_str().unwrap_or_default().to_owned()));
    moved.chain(refused).collect()
}
