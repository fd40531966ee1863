//! One session: its players, groups and settings.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{player::Player, storage::Storage};

/// One session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) name: Arc<str>,
    pub(super) config: String,
    pub(super) apps: Vec<String>,
    pub(super) created: f64,
    pub(super) active: bool,
    pub(super) testing: bool,
    /// Whether a participant has begun.
    pub(super) initialized: bool,
    pub(super) simulate: bool,
    pub(super) description: Option<String>,
    pub(super) room: Option<String>,
    pub(super) settings: Map<String, Value>,
    /// Lets anybody join who knows it.
    pub(super) secret: String,
    pub(super) players: IndexMap<Arc<str>, Player>,
    pub(super) groups: IndexMap<Arc<str>, Group>,
    /// Its own fields, for the exports.
    pub(super) storage: Storage,
    /// The admin's chats, by player.
    pub(super) chats: IndexMap<String, Chat>,
    /// Names that were written to without being players: the older forms take any.
    pub(super) phantoms: IndexMap<String, Storage>,
}

impl Session {
    /// The first player that nobody is yet and that is meant for nobody.
    pub(super) fn free_player(&self) -> Option<&Player> {
        self.players.values().find(|player| !player.started && player.label.is_empty())
    }
}

/// An admin chat.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) id: String,
    /// Whether the player may answer.
    pub(super) enabled: bool,
    pub(super) messages: Vec<Message>,
}

/// What an admin wrote; participants of a sandbox do not write.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) time: f64,
    pub(super) text: String,
}

/// One group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) members: Vec<Arc<str>>,
    pub(super) storage: Storage,
    /// The wait pages, by index, whose work on the whole group is done.
    pub(super) done: Vec<i64>,
}

/// A room.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    pub(super) config: Option<String>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) capacity: Option<u64>,
    pub(super) open: bool,
    pub(super) session: Option<String>,
    /// Who waits, by label, and since when each tab says hello.
    pub(super) waiting: IndexMap<String, super::presence::Presence>,
}
