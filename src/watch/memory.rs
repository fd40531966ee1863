//! What observation remembers across restarts, as JSON in the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{room::Lobbies, rule::Fired, session::Session};

/// What is remembered of one session. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Remembered {
    /// When it was made: another one of the same name has nothing of it.
    pub(super) created: Option<f64>,
    /// When it was last looked at.
    pub(super) looked: Option<f64>,
    /// The times in which it could not be looked at.
    pub(super) gaps: Vec<(f64, f64)>,
    /// What has come already.
    pub(super) fired: Fired,
    /// When each player under way was last heard of: the server forgets it when it starts anew, or when the browser is closed.
    pub(super) seen: BTreeMap<String, f64>,
}

impl Remembered {
    /// Of a session as it is now.
    pub(super) fn of(session: &Session, fired: Fired) -> Self {
        let under_way = session.players.iter().filter(|(_, player)| player.is_under_way());
        let seen = under_way.filter_map(|(name, player)| Some((name.to_string(), player.seen?))).collect();
        Self { created: session.created, looked: session.looked, gaps: session.gaps.clone(), fired, seen }
    }
}

/// What is remembered beside the sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Common {
    /// Since when each rule is watched for, by its key.
    pub(super) began: BTreeMap<String, f64>,
    /// What has come already of rooms and the server.
    pub(super) fired: Fired,
    /// In which rooms enough people wait.
    pub(super) lobbies: Lobbies,
    /// Since when the server cannot be read, and when that was last seen, by our clock.
    pub(super) down: Option<(f64, f64)>,
    /// Since when the server is away about which people were told, and are to be told that it is back.
    pub(super) told_down: Option<f64>,
}
