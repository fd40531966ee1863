//! Names are checked before anything leaves: older servers act on the names before an unknown one and then fail, and
//! setting fields of an unknown name makes a player that is none.

use std::collections::HashSet;

use super::{Actor, Door, EffectError};
use crate::api::{Call, Endpoint};

/// A name given twice would be acted on twice.
pub(super) fn no_repeats(call: &Call) -> Result<(), EffectError> {
    let mut seen = HashSet::new();
    match call.player_names().iter().find(|player| !seen.insert(*player)) {
        Some(player) => Err(EffectError::Bad(format!("player {player} is named twice: nothing was done"))),
        None => Ok(()),
    }
}

impl Door {
    /// Makes sure that the session has all the players; gives how many it has.
    pub(super) fn check_players_exist(&self, actor: &Actor, call: &Call) -> Result<usize, EffectError> {
        let Some(session) = call.session_name() else { return Ok(0) };
        let known = self
            .read(&actor.scope, &Call::new(Endpoint::PlayersList).session(session).query("fields", "id"))?;
        match call.player_names().iter().find(|player| !known.contains_key(player.as_str())) {
            Some(player) => {
                Err(EffectError::UnknownPlayer { session: session.to_string(), player: player.to_string() })
            }
            None => Ok(known.len()),
        }
    }
}
