//! Which page a run has seen each player on. A step is only made from there.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    api::{Call, Endpoint},
    domain::{PlayerName, SessionName},
};

/// Where a player was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sighting {
    /// The index into the page order.
    pub(super) show_page: i64,
    /// The page order, where the read told it.
    pub(super) page_order: Option<Value>,
}

/// The latest sighting of each player.
#[derive(Debug, Default)]
pub(super) struct Sightings(HashMap<(SessionName, String), Sighting>);

impl Sightings {
    /// Takes up what a read of players told.
    pub(super) fn note(&mut self, call: &Call, answer: &Value) {
        let Some(session) = call.session_name() else { return };
        let one;
        let players = match (call.endpoint(), call.player_names()) {
            (Endpoint::PlayersList, _) => answer,
            (Endpoint::PlayersOnline, _) => &answer["info"],
            (Endpoint::PlayersGet, [player]) => {
                one = json!({ player.as_str(): answer });
                &one
            }
            _ => return,
        };
        let Some(players) = players.as_object() else { return };
        for (player, what) in players {
            // `players.list` gives fields by name; `players.online` gives [id, page_order, show_page].
            let (show_page, page_order) = match what {
                Value::Array(info) => (info.get(2), info.get(1)),
                other => (other.get("show_page"), other.get("page_order")),
            };
            if let Some(show_page) = show_page.and_then(Value::as_i64) {
                let sighting = Sighting { show_page, page_order: page_order.cloned() };
                self.0.insert((session.clone(), player.clone()), sighting);
            }
        }
    }

    /// Takes up where a plan saw a player.
    pub(super) fn put(&mut self, session: &SessionName, player: &PlayerName, sighting: Sighting) {
        self.0.insert((session.clone(), player.as_str().to_owned()), sighting);
    }

    /// Where a player was seen last.
    pub(super) fn of(&self, session: &SessionName, player: &PlayerName) -> Option<&Sighting> {
        self.0.get(&(session.clone(), player.as_str().to_owned()))
    }

    /// A sighting allows one step: the next one needs a new look.
    pub(super) fn spend(&mut self, session: &SessionName, player: &PlayerName) {
        self.0.remove(&(session.clone(), player.as_str().to_owned()));
    }
}

impl Sighting {
    /// What a read of `players.list` says about a player.
    pub(super) fn read(player: &Value) -> Self {
        Self {
            show_page: player["show_page"].as_i64().unwrap_or(-1),
            page_order: Some(player["page_order"].clone()),
        }
    }

    /// The name of the page at a place of the order.
    pub(super) fn place(&self, at: i64) -> String {
        let pages = self.pages();
        match usize::try_from(at) {
            Err(_) => "Initialize".to_owned(),
            Ok(at) => pages.get(at).map_or_else(|| "End".to_owned(), |page| (*page).to_owned()),
        }
    }

    /// Whether a player who is now here is still where it was seen.
    pub(super) fn holds(&self, now: &Sighting) -> bool {
        self.show_page == now.show_page && (self.page_order.is_none() || self.page_order == now.page_order)
    }

    pub(super) fn pages(&self) -> Vec<&str> {
        let pages = self.page_order.as_ref().and_then(Value::as_array);
        pages.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}
