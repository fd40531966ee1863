//! Players whom a person moved by hand are left alone for a while: two who act on one player undo each other.

use super::{
    Door, EffectError,
    moves::{By, Move, Moves},
};
use crate::{
    api::Endpoint,
    domain::{EffectState, Held, Hold, PlayerName, SessionName},
    store::SentStep,
};

/// How far the clock of what answers in the server's place may be from the server's own.
const SKEW: f64 = 60.0;
/// For how long after it was given up a request may still be on its way.
const LATE: f64 = 180.0;

impl Door {
    /// Why a player is left alone: a person moved them lately, which no effect of ours explains. They are then held.
    pub(super) fn moved_by_hand(
        &self,
        session: &SessionName,
        player: &PlayerName,
        moves: &Moves,
    ) -> Result<Option<String>, EffectError> {
        let hands_off = self.guard().hands_off;
        let Some(server_now) = self.client.server_time() else { return Ok(None) };
        let server_now = server_now.as_duration().as_secs_f64();
        let lately =
            moves.of(player).iter().filter(|a_move| server_now - a_move.at < hands_off.as_secs_f64());
        let by_admin: Vec<_> =
            lately.filter_map(|m| if let By::Admin(e) = m.by { Some((e, m)) } else { None }).collect();
        if by_admin.is_empty() {
            return Ok(None);
        }
        // Each step of ours explains one move, made when it was.
        let mut ours = self.store.history().steps_of(session, player, 1000)?;
        for (endpoint, a_move) in by_admin {
            if let Some(at) = ours.iter().position(|step| explains(step, endpoint, a_move)) {
                ours.swap_remove(at);
                continue;
            }
            let left = std::time::Duration::try_from_secs_f64(
                (hands_off.as_secs_f64() - (server_now - a_move.at)).max(1.0),
            )
            .unwrap_or(hands_off);
            let now = self.env.now();
            let until = now.saturating_add(jiff::SignedDuration::try_from(left).unwrap_or_default()).ok();
            let reason = format!(
                "a person moved {player} by hand: left alone for {}",
                crate::domain::format_duration(hands_off)
            );
            let held = Held::Player(session.clone(), player.clone());
            self.store.hold(Hold { held, since: now, until, reason: reason.clone() }).wait()?;
            tracing::info!(%session, %player, "{reason}");
            return Ok(Some(reason));
        }
        Ok(None)
    }
}

/// Whether a move can come from a step of ours. One that does not say when it was decided on can.
fn explains(step: &SentStep, endpoint: Endpoint, a_move: &Move) -> bool {
    let looked = step.precondition.as_ref().and_then(|seen| seen["looked"].as_f64());
    let late = if step.state == EffectState::Done { SKEW } else { LATE };
    step.action == endpoint.name()
        && looked
            .is_none_or(|looked| (looked - SKEW..=looked + step.took.max(0.0) + late).contains(&a_move.at))
}
