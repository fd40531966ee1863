//! What the server's history says about a step whose answer was lost.

use super::{Door, EffectError, moves::By, sightings::Sighting, step::came_of};
use crate::{
    api::{Call, Endpoint},
    domain::{PlayerName, SessionName},
};

/// What became of a step whose answer was lost.
pub(super) enum Became {
    /// It was made: from where to where.
    Made(String),
    /// It was not made, and the player has moved on.
    Moved(Sighting),
    /// It was not made, and the player is where they were.
    Nothing,
    /// It cannot be told, for this reason.
    Unclear(String),
}

impl Door {
    /// What became of a step that was sent, as the server's history tells it.
    pub(super) fn what_became_of(
        &self,
        endpoint: Endpoint,
        session: &SessionName,
        player: &PlayerName,
        before: &Sighting,
        since: f64,
    ) -> Became {
        let scope = self.scope_to_find_out();
        let looked = (|| {
            let list = Call::new(Endpoint::PlayersList).session(session);
            let list = list.query("fields", "show_page").query("fields", "page_order");
            let players = self.read(&scope, &list)?;
            // The history after the list: a step between the two would else look like a move that nobody made.
            let moves = self.moves(&scope, session, Some((since - 1.0).max(0.0)))?;
            Ok::<_, EffectError>((players, moves))
        })();
        let (players, moves) = match looked {
            Ok(looked) => looked,
            Err(error) => return Became::Unclear(format!("the server's history cannot be read: {error}")),
        };
        let Some(found) = players.get(player.as_str()) else {
            return Became::Unclear("the session does not list the player any more".to_owned());
        };
        let after = moves.after(player, since);
        if let Some(made) = after.iter().find(|a_move| a_move.by == By::Admin(endpoint)) {
            let moved = came_of(endpoint, before, made.page);
            return Became::Made(format!("{moved} (the answer was lost; the server's history tells)"));
        }
        let now = Sighting::read(found);
        if !after.is_empty() || !before.holds(&now) { Became::Moved(now) } else { Became::Nothing }
    }
}
