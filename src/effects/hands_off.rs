//! Players whom a person moved by hand are left alone for a while: two who act on one player undo each other.

use super::{
    Door, EffectError,
    moves::{By, Moves},
};
use crate::domain::{Held, Hold, PlayerName, SessionName};

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
        // Each step of ours explains one move.
        let mut ours = self.store.history().steps_of(session, player, 1000)?;
        for (endpoint, a_move) in by_admin {
            if let Some(at) = ours.iter().position(|(action, _)| action == endpoint.name()) {
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
