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
        let ours = self.store.history().steps_of(session, player, 1000)?;
        if let Some(a_move) = unexplained(by_admin, ours) {
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

/// The first move that no step of ours explains. Each step explains one move, made when it was. Several may fit where somebody was
/// stepped on twice within a minute: the earliest move takes the step whose time is over first, so that the others are left for
/// the later moves.
fn unexplained(mut moves: Vec<(Endpoint, &Move)>, mut ours: Vec<SentStep>) -> Option<&Move> {
    moves.sort_by(|(_, one), (_, other)| one.at.total_cmp(&other.at));
    for (endpoint, a_move) in moves {
        let fitting = ours.iter().enumerate().filter_map(|(at, step)| {
            let (from, until) = when(step);
            let fits = step.action == endpoint.name() && (from..=until).contains(&a_move.at);
            fits.then_some((at, until))
        });
        match fitting.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
            Some((at, _)) => drop(ours.remove(at)),
            None => return Some(a_move),
        }
    }
    None
}

/// When a step of ours can have moved its player. One that does not say when it was decided on can have at any time.
fn when(step: &SentStep) -> (f64, f64) {
    let late = if step.state == EffectState::Done { SKEW } else { LATE };
    match step.precondition.as_ref().and_then(|seen| seen["looked"].as_f64()) {
        Some(looked) => (looked - SKEW, looked + step.took.max(0.0) + late),
        None => (f64::MIN, f64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A step that was decided on then, and done soon after.
    fn step(looked: f64) -> SentStep {
        SentStep {
            action: Endpoint::PlayersAdvance.name().to_owned(),
            precondition: Some(json!({ "looked": looked })),
            state: EffectState::Done,
            took: 0.3,
        }
    }

    fn first_unexplained(moves: &[f64], steps: &[f64]) -> Option<f64> {
        let moved = |at: &f64| Move { at: *at, page: 1, by: By::Admin(Endpoint::PlayersAdvance) };
        let moves: Vec<Move> = moves.iter().map(moved).collect();
        let moves = moves.iter().map(|one| (Endpoint::PlayersAdvance, one)).collect();
        unexplained(moves, steps.iter().map(|looked| step(*looked)).collect()).map(|one| one.at)
    }

    #[test]
    fn whoever_is_stepped_on_once_a_minute_was_moved_by_no_person() {
        // The newest step stands first. Each was made half a second after it was decided on.
        for apart in [1.0, 30.0, 59.5, 60.0, 60.2, 60.4, 61.0, 119.0, 121.0] {
            let steps: Vec<f64> = (0..5).rev().map(|n| 1000.0 + f64::from(n) * apart).collect();
            let moves: Vec<f64> = steps.iter().map(|looked| looked + 0.5).collect();
            assert_eq!(first_unexplained(&moves, &steps), None, "{apart} s");
        }
    }

    #[test]
    fn a_move_more_than_we_made_is_that_of_a_person() {
        assert_eq!(first_unexplained(&[1000.5, 1030.0], &[1000.0]), Some(1030.0));
        assert_eq!(first_unexplained(&[1200.0], &[1000.0]), Some(1200.0));
        assert_eq!(first_unexplained(&[900.0, 1000.5], &[1000.0]), Some(900.0));
    }
}
