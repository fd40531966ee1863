//! Rooms in which people wait for a session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rule::{Fired, Rule, fits};
use crate::config::Observed;

/// How many wait in each room that has no session.
pub(super) type Rooms = BTreeMap<String, usize>;

/// In which rooms enough people wait, by rule and room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lobbies(BTreeMap<String, Lobby>);

/// Enough people wait.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Lobby {
    /// When it was first seen.
    began: f64,
    /// For how long, without the times in which nobody could look.
    lasted: f64,
    /// When it was last seen.
    looked: f64,
}

/// Enough people have waited for long enough.
pub(super) struct Full {
    pub(super) rule: usize,
    pub(super) room: String,
    pub(super) visit: String,
    pub(super) about: Map<String, Value>,
}

impl Lobbies {
    /// Takes up how many wait; gives the rooms in which enough people have waited for long enough. It can come again after fewer
    /// have waited. A longer time than `usual` since the last look does not count.
    pub(super) fn take(
        &mut self,
        now: f64,
        usual: f64,
        rooms: &Rooms,
        rules: &[Rule],
        fired: &Fired,
    ) -> Vec<Full> {
        let mut full = Vec::new();
        let mut still = BTreeMap::new();
        for (at, rule) in rules.iter().enumerate() {
            let Observed::Room { rooms: patterns, count } = &rule.what else { continue };
            let enough = |waiting: usize| waiting >= *count as usize;
            let listed = rooms.iter().filter(|(room, waiting)| fits(patterns, room) && enough(**waiting));
            for (room, waiting) in listed {
                let key = format!("{} {room}", rule.key());
                let mut lobby =
                    self.0.get(&key).copied().unwrap_or(Lobby { began: now, lasted: 0.0, looked: now });
                let gap = (now - lobby.looked).max(0.0);
                if rule.trusts_gaps || gap <= usual {
                    lobby.lasted += gap;
                }
                lobby.looked = now;
                let visit = format!("{:.3}", lobby.began);
                if lobby.lasted >= rule.time && !fired.has(&rule.key(), room, &visit) {
                    let about = json!({"room": room, "waiting": waiting, "since": lobby.began});
                    let about = about.as_object().cloned().unwrap_or_default();
                    full.push(Full { rule: at, room: room.clone(), visit, about });
                }
                still.insert(key, lobby);
            }
        }
        self.0 = still;
        full
    }
}

/// Whether any rule is about rooms.
pub(super) fn wanted(rules: &[Rule]) -> bool {
    rules.iter().any(|rule| matches!(rule.what, Observed::Room { .. }))
}
