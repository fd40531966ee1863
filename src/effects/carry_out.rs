//! Carrying out a plan that a person approved. Everything is looked at again: who has moved since is left out, and said.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Actor, Door, EffectError, Telling,
    outgoing::{Outgoing, Posted},
    sightings::Sighting,
};
use crate::{
    api::Call,
    config::{Channels, HttpSection},
    domain::{Effect, PlayerName, TraceKind, TraceLine},
};

/// What became of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CarriedOut {
    /// How many calls were made.
    pub made: usize,
    /// What could not be done, a sentence each.
    pub left_out: Vec<String>,
    /// Whether calls failed, beside the players who were left out.
    pub failed: bool,
}

impl Door {
    /// Makes the calls of a plan in their order. Those that fail do not keep the later ones from being made, unless the run
    /// itself is to end.
    pub fn carry_out(
        &self,
        actor: &Actor,
        planned: Vec<(Value, Vec<Effect>)>,
        hosts: &HttpSection,
        channels: &Channels,
    ) -> Result<CarriedOut, EffectError> {
        let mut carried_out = CarriedOut::default();
        for (call, effects) in planned {
            let Some(first) = effects.first() else { continue };
            let name = first.action.clone();
            // As in the plan, whatever became of the calls before: a run that goes on in this one's place finds it there.
            actor.go_on_at(first.ordinal);
            match self.carry_out_one(actor, call, &effects, hosts, channels) {
                Ok(left_out) => {
                    carried_out.made += 1;
                    let left_out =
                        left_out.into_iter().map(|(player, why)| format!("{name} of {player}: {why}"));
                    carried_out.left_out.extend(left_out);
                }
                Err(error @ (EffectError::Stopped(_) | EffectError::Store(_) | EffectError::Halted(_))) => {
                    return Err(error);
                }
                Err(error) => {
                    carried_out.failed = true;
                    carried_out.left_out.push(format!("{name}: {error}"));
                }
            }
        }
        for text in &carried_out.left_out {
            let line = TraceLine {
                at: self.env.now().as_millisecond(),
                kind: TraceKind::Warn,
                text: format!("left out: {text}"),
                millis: None,
                line: None,
            };
            actor.trace.push(line);
        }
        Ok(carried_out)
    }

    /// Gives the players who were left out, each with the reason.
    fn carry_out_one(
        &self,
        actor: &Actor,
        call: Value,
        effects: &[Effect],
        hosts: &HttpSection,
        channels: &Channels,
    ) -> Result<Vec<(String, String)>, EffectError> {
        match serde_json::from_value(call) {
            Ok(Planned::Call(call)) => Ok(left_out(&self.write(actor, narrowed(actor, call, effects))?)),
            Ok(Planned::Post(outgoing)) => match self.post(actor, &outgoing, hosts)? {
                Posted::Now(Err(error)) => Err(EffectError::Bad(error.message)),
                // A script would decide what to make of it; here there is none.
                Posted::Now(Ok(answer)) if answer.status >= 400 => {
                    Err(EffectError::Bad(format!("the server answered {}", answer.status)))
                }
                Posted::Now(Ok(_)) | Posted::Kept | Posted::Before => Ok(Vec::new()),
            },
            Ok(Planned::Tell(telling)) => self.tell(actor, &telling, channels).map(|_| Vec::new()),
            Err(error) => Err(EffectError::Bad(format!("it does not read: {error}"))),
        }
    }
}

/// What a plan keeps.
#[derive(Deserialize)]
#[serde(untagged)]
enum Planned {
    Call(Call),
    Post(Outgoing),
    Tell(Telling),
}

/// The call for the players whom the plan names, with where it saw them.
fn narrowed(actor: &Actor, call: Call, effects: &[Effect]) -> Call {
    let named: Vec<PlayerName> =
        effects.iter().filter_map(|effect| PlayerName::new(effect.player.as_deref()?).ok()).collect();
    let Some(session) = call.session_name().cloned() else { return call };
    for (player, effect) in named.iter().zip(effects) {
        let show_page = effect.precondition.as_ref().and_then(|seen| seen["show_page"].as_i64());
        if let Some(show_page) = show_page {
            actor.sightings().put(&session, player, Sighting { show_page, page_order: None });
        }
    }
    if named.is_empty() { call } else { call.players(&named) }
}

fn left_out(answer: &Value) -> Vec<(String, String)> {
    let moved = answer["moved"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let moved = moved.map(|player| (player.to_owned(), "has moved on since".to_owned()));
    let refused = answer["refused"].as_object().into_iter().flatten();
    let refused = refused.map(|(player, why)| (player.clone(), why.as_str().unwrap_or_default().to_owned()));
    moved.chain(refused).collect()
}
