//! Who is left out of a write, beside those who are left alone: where it would not be what the script meant, or do harm.

use super::{Actor, Door, EffectError, guard::LeftAlone, refusal::refusal, sightings::Sighting};
use crate::{
    api::{Call, Endpoint},
    domain::{PlayerName, SessionName},
};

impl Door {
    /// Adds to those who are left alone who is left out of this write, each with the reason.
    pub(super) fn unfit(
        &self,
        actor: &Actor,
        call: &Call,
        left_alone: LeftAlone,
    ) -> Result<LeftAlone, EffectError> {
        let Some(session) = call.session_name() else { return Ok(left_alone) };
        match call.endpoint() {
            Endpoint::PlayersGroup => all_or_none(call, left_alone),
            Endpoint::PlayersInitialize => self.with_pages(actor, call, session, left_alone),
            Endpoint::PlayersTimeout => self.off_their_page(actor, call, session, left_alone),
            _ => Ok(left_alone),
        }
    }

    /// The server lays out the pages of all whom the call names anew. Whoever is under way in an order drawn at random
    /// would be on another page then.
    fn with_pages(
        &self,
        actor: &Actor,
        call: &Call,
        session: &SessionName,
        mut left_alone: LeftAlone,
    ) -> Result<LeftAlone, EffectError> {
        let list = Call::new(Endpoint::PlayersList).session(session).query("fields", "page_order");
        let players = self.read(&actor.scope, &list)?;
        for player in call.player_names() {
            let order = players.get(player.as_str()).and_then(|found| found["page_order"].as_array());
            if order.is_some_and(|order| !order.is_empty()) {
                let why = "has its pages already: they would be laid out anew";
                left_alone.entry(player.clone()).or_insert_with(|| why.to_owned());
            }
        }
        Ok(left_alone)
    }

    /// The deadline is that of the page that a player is on when the call arrives. On another page than the script saw
    /// it would end one that nobody meant to end.
    fn off_their_page(
        &self,
        actor: &Actor,
        call: &Call,
        session: &SessionName,
        mut left_alone: LeftAlone,
    ) -> Result<LeftAlone, EffectError> {
        let list = Call::new(Endpoint::PlayersList).session(session);
        let list = list.query("fields", "show_page").query("fields", "page_order");
        let players = self.read(&actor.scope, &list)?;
        for player in call.player_names() {
            let Some(found) = players.get(player.as_str()) else { continue };
            let now = Sighting::read(found);
            let seen = actor.sightings().of(session, player).cloned();
            let seen = seen.ok_or_else(|| not_seen(session, player))?;
            let why = if seen.holds(&now) {
                refusal(call.endpoint(), &now, found)
            } else {
                Some(format!("moved: is now on {}", now.place(now.show_page)))
            };
            if let Some(why) = why {
                left_alone.entry(player.clone()).or_insert(why);
            }
        }
        Ok(left_alone)
    }
}

/// A group without one of its members is another group.
fn all_or_none(call: &Call, left_alone: LeftAlone) -> Result<LeftAlone, EffectError> {
    match call.player_names().iter().find_map(|player| Some((player, left_alone.get(player)?))) {
        Some((player, why)) => {
            Err(EffectError::Bad(format!("{player} is left alone, so that nobody was grouped: {why}")))
        }
        None => Ok(left_alone),
    }
}

fn not_seen(session: &SessionName, player: &PlayerName) -> EffectError {
    EffectError::NotSeen { session: session.to_string(), player: player.to_string() }
}
