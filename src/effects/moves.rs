//! How players came to the pages they are on, as the server's history tells it: by whom each move was made.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Door, EffectError};
use crate::{
    api::{Call, Endpoint},
    domain::{PlayerName, SessionName},
    environment::{Priority, Scope},
};

/// How far back the history is looked at, at least; further where a player whom a person moved is left alone for longer.
const BACK: SignedDuration = SignedDuration::from_mins(15);
/// Times closer than this are the same: JSON may change the last digit of a float.
const SAME: f64 = 1e-6;

/// One move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Move {
    /// When, in seconds since 1970 by the server's clock.
    pub(super) at: f64,
    /// The page it led to.
    pub(super) page: i64,
    /// By what.
    pub(super) by: By,
}

/// What made a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// An admin action.
    Admin(Endpoint),
    /// The player, a time-out, or the server itself.
    Itself,
}

/// The moves of a session's players lately.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Since when, in seconds since 1970 by the server's clock; 0 where it is the whole history.
    since: f64,
    of: HashMap<String, Vec<Move>>,
}

impl Door {
    /// The moves of a session's players in the last minutes before the server's last answer, or since an instant of the
    /// server's clock. The server's clock counts, not ours: a clock that was set must not hide a move.
    pub(super) fn moves(
        &self,
        scope: &Scope,
        session: &SessionName,
        since: Option<f64>,
    ) -> Result<Moves, EffectError> {
        let back = SignedDuration::try_from(self.guard().hands_off).unwrap_or(BACK).max(BACK);
        let since = since.or_else(|| Some(seconds(self.client.server_time()?.checked_sub(back).ok()?)));
        let since = since.unwrap_or(0.0);
        let mut call = Call::new(Endpoint::DataSince).session(session);
        if since > 0.0 {
            call = call.query("since", format!("{since:.6}"));
        }
        let answer = self.client.read(&call, Priority::Effect, scope)?.json().unwrap_or_default();
        let Some(players) = answer["data"].as_object() else {
            return Err(EffectError::Bad("the server's answer to data.since holds no data".to_owned()));
        };
        let of = players.iter().map(|(player, fields)| {
            let changes = fields["show_page"].as_array().into_iter().flatten();
            (player.clone(), changes.filter_map(read).collect())
        });
        Ok(Moves { since, of: of.collect() })
    }
}

impl Moves {
    /// When a player came to the page they are on, or since when at least they have been there: what is later is new.
    pub(super) fn latest(&self, player: &PlayerName) -> f64 {
        self.of(player).last().map_or(self.since, |last| last.at)
    }

    /// The moves of a player, oldest first.
    pub(super) fn of(&self, player: &PlayerName) -> &[Move] {
        self.of.get(player.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The moves of a player after an instant of the server's clock.
    pub(super) fn after(&self, player: &PlayerName, at: f64) -> &[Move] {
        let moves = self.of(player);
        &moves[moves.partition_point(|a_move| a_move.at <= at + SAME)..]
    }
}

/// One change, `[time, unavailable, type, text, context]`. The context is the line of the server's code that made it; only
/// the function's name is the same in all versions (seen in 0.0.1, 0.1.0 and 0.10.1).
fn read(change: &Value) -> Option<Move> {
    let context = change[4].as_str().unwrap_or_default();
    let function = context.rsplit('.').next().unwrap_or_default();
    let function = function.split(':').next().unwrap_or_default();
    let by = match function {
        "advance_by_one" => By::Admin(Endpoint::PlayersAdvance),
        "revert_by_one" => By::Admin(Endpoint::PlayersRevert),
        "put_to_end" => By::Admin(Endpoint::PlayersEnd),
        "insert_fields" => By::Admin(Endpoint::PlayersFields),
        _ => By::Itself,
    };
    Some(Move { at: change[0].as_f64()?, page: change[3].as_str()?.parse().ok()?, by })
}

pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_move_tells_what_made_it() {
        let by = |context: &str| read(&json!([1.5, false, "int", "3", context])).map(|a_move| a_move.by);
        for (function, endpoint) in [
            ("advance_by_one", Endpoint::PlayersAdvance),
            ("revert_by_one", Endpoint::PlayersRevert),
            ("put_to_end", Endpoint::PlayersEnd),
        ] {
            let context = format!("uproot.services.player_service.{function}:186");
            assert_eq!(by(&context), Some(By::Admin(endpoint)));
        }
        assert_eq!(by("uproot.server1.advance_to_next_visible_page:162"), Some(By::Itself));
        assert_eq!(by(""), Some(By::Itself));
        assert_eq!(read(&json!([1.5, true, "NoneType", "None", "x"])), None);
    }

    #[test]
    fn what_came_after_an_instant_leaves_out_what_was_there_at_it() {
        let player = PlayerName::new("a").expect("a name");
        let one = |at| Move { at, page: 1, by: By::Itself };
        let of = HashMap::from([("a".to_owned(), vec![one(1.0), one(2.0), one(3.0)])]);
        let moves = Moves { since: 0.5, of };
        assert_eq!(moves.latest(&player), 3.0);
        assert_eq!(moves.after(&player, 2.0), [one(3.0)]);
        assert_eq!(moves.after(&player, 2.000_000_1), [one(3.0)]);
        assert!(moves.after(&player, 3.0).is_empty());
        assert_eq!(moves.latest(&PlayerName::new("b").expect("a name")), 0.5);
    }
}
