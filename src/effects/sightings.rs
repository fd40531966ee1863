//! Which page a run has seen each player on. A step is only made from there.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::{
    api::{Answer, Call, Endpoint, Field},
    domain::{PlayerName, SessionName},
};

/// Where a player was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sighting {
    /// The index into the page order.
    pub(super) show_page: i64,
    /// The page order, where the read told it.
    pub(super) page_order: Option<Arc<Value>>,
}

/// The latest sighting of each player.
#[derive(Debug, Default)]
pub(super) struct Sightings(HashMap<SessionName, HashMap<String, Sighting>>);

impl Sightings {
    /// Takes up what a read of players told.
    pub(super) fn note(&mut self, call: &Call, answer: &Answer) {
        let Some(session) = call.session_name() else { return };
        match (call.endpoint(), answer) {
            (Endpoint::PlayersList, Answer::Players(players)) => {
                let seen = self.0.entry(session.clone()).or_default();
                for (player, fields) in players.iter() {
                    let field = |name| fields.iter().find(|(key, _)| &**key == name).map(|(_, field)| field);
                    let Some(show_page) = field("show_page").and_then(|field| field.value().as_i64()) else {
                        continue;
                    };
                    let page_order = field("page_order").map(|field| match field {
                        Field::Shared(order) => Arc::clone(order),
                        Field::Single(other) => Arc::new(other.clone()),
                    });
                    seen.insert(player.to_owned(), Sighting { show_page, page_order });
                }
            }
            (Endpoint::PlayersOnline, Answer::Json(answer)) => {
                let seen = self.0.entry(session.clone()).or_default();
                let mut last: Option<Arc<Value>> = None;
                for (player, info) in answer["info"].as_object().into_iter().flatten() {
                    // `[id, page_order, show_page]`
                    let Some(show_page) = info.get(2).and_then(Value::as_i64) else { continue };
                    let page_order = info.get(1).map(|order| match &last {
                        Some(last) if **last == *order => Arc::clone(last),
                        _ => Arc::new(order.clone()),
                    });
                    last.clone_from(&page_order);
                    seen.insert(player.clone(), Sighting { show_page, page_order });
                }
            }
            (Endpoint::PlayersGet, Answer::Json(player)) => {
                if let ([name], true) = (call.player_names(), player["show_page"].is_i64()) {
                    let seen = self.0.entry(session.clone()).or_default();
                    seen.insert(name.as_str().to_owned(), Sighting::read(player));
                }
            }
            _ => {}
        }
    }

    /// Takes up where a plan saw a player.
    pub(super) fn put(&mut self, session: &SessionName, player: &PlayerName, sighting: Sighting) {
        self.0.entry(session.clone()).or_default().insert(player.as_str().to_owned(), sighting);
    }

    /// Where a player was seen last.
    pub(super) fn of(&self, session: &SessionName, player: &PlayerName) -> Option<&Sighting> {
        self.0.get(session)?.get(player.as_str())
    }

    /// A sighting allows one step: the next one needs a new look.
    pub(super) fn spend(&mut self, session: &SessionName, player: &PlayerName) {
        if let Some(seen) = self.0.get_mut(session) {
            seen.remove(player.as_str());
        }
    }
}

impl Sighting {
    /// What a read of `players.list` says about a player.
    pub(super) fn read(player: &Value) -> Self {
        Self {
            show_page: player["show_page"].as_i64().unwrap_or(-1),
            page_order: Some(Arc::new(player["page_order"].clone())),
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

    /// Whether the player had seen all pages.
    pub(super) fn is_at_end(&self) -> bool {
        let pages = self.pages().len();
        pages > 0 && usize::try_from(self.show_page).is_ok_and(|at| at >= pages)
    }

    pub(super) fn pages(&self) -> Vec<&str> {
        let pages = self.page_order.as_deref().and_then(Value::as_array);
        pages.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}
