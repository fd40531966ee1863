//! One call in the words of the contract: what is wanted, of whom, with what.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use crate::domain::{AppName, ConfigName, PlayerName, RoomName, SessionName};

/// A call, not yet sent. It knows nothing of servers, so it can be kept and sent later, to another generation even.
///
/// As JSON, in which form it is stored:
/// `{"endpoint": "players.message", "session": "s1", "players": ["a"], "body": {"message": "Hello"}}`, with `room`,
/// `config`, `app` and `query` (a list of pairs) where they are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    endpoint: Endpoint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<RoomName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<ConfigName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<AppName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    players: Vec<PlayerName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Map<String, Value>>,
}

impl Call {
    /// A call of an endpoint, without anything yet.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            session: None,
            room: None,
            config: None,
            app: None,
            players: Vec::new(),
            query: Vec::new(),
            body: None,
        }
    }

    /// The session it is about.
    pub fn session(mut self, name: &SessionName) -> Self {
        self.session = Some(name.clone());
        self
    }

    /// The room it is about.
    pub fn room(mut self, name: &RoomName) -> Self {
        self.room = Some(name.clone());
        self
    }

    /// The configuration that `configs.summary` is about. A session's or room's own goes into the body.
    pub fn config(mut self, name: &ConfigName) -> Self {
        self.config = Some(name.clone());
        self
    }

    /// The app of a session that it is about.
    pub fn app(mut self, name: &AppName) -> Self {
        self.app = Some(name.clone());
        self
    }

    /// The players it acts on, or the names of players to be made: the body's `unames`.
    pub fn players(mut self, names: &[PlayerName]) -> Self {
        self.players = names.to_vec();
        self
    }

    /// One more query parameter; the same key may come several times (`fields`, `gvar`). Not yet percent-encoded.
    pub fn query(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((key.into(), value.into()));
        self
    }

    /// The JSON body as the contract has it, without `unames`. For `pipelines.run`: `{"data": what the pipeline gets}`.
    pub fn body(mut self, body: Map<String, Value>) -> Self {
        self.body = Some(body);
        self
    }

    /// The endpoint.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The session it is about, if any.
    pub fn session_name(&self) -> Option<&SessionName> {
        self.session.as_ref()
    }

    /// The room it is about, if any.
    pub fn room_name(&self) -> Option<&RoomName> {
        self.room.as_ref()
    }

    /// The configuration it is about, if any.
    pub fn config_name(&self) -> Option<&ConfigName> {
        self.config.as_ref()
    }

    /// The app it is about, if any.
    pub fn app_name(&self) -> Option<&AppName> {
        self.app.as_ref()
    }

    /// The players it names.
    pub fn player_names(&self) -> &[PlayerName] {
        &self.players
    }

    /// The query parameters in the order they were given.
    pub fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// The body without `unames`, if one was given.
    pub fn body_fields(&self) -> Option<&Map<String, Value>> {
        self.body.as_ref()
    }
}
