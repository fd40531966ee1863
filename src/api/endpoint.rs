//! The endpoints by name. Everything that is known about each stands in its row of the table.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{table::ROWS, version::Generation};

/// An endpoint of the Admin API. The names are the capabilities of `allow` in `config.toml`.
#[expect(missing_docs, reason = "each variant is described by its row of the table, see `Endpoint::about`")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Endpoint {
    SessionsList,
    SessionsCreate,
    SessionsGet,
    SessionsActive,
    SessionsTesting,
    SessionsDescription,
    SessionsSettings,
    SessionsInitialize,
    SessionsMultiview,
    PlayersList,
    PlayersGet,
    PlayersOnline,
    PlayersFields,
    PlayersAdvance,
    PlayersRevert,
    PlayersEnd,
    PlayersReload,
    PlayersRedirect,
    PlayersMessage,
    PlayersDropout,
    PlayersTimeout,
    PlayersGroup,
    PlayersInitialize,
    ChatOverview,
    ChatRead,
    ChatSend,
    ChatBroadcast,
    ChatReplies,
    DataSince,
    DataCsv,
    DataJson,
    PageTimes,
    PipelinesList,
    PipelinesRun,
    RoomsList,
    RoomsCreate,
    RoomsGet,
    RoomsUpdate,
    RoomsOpen,
    RoomsClose,
    RoomsCapacity,
    RoomsDelete,
    RoomsDisassociate,
    RoomsCreateSession,
    RoomsOnline,
    ConfigsList,
    ConfigsSummary,
    Announcements,
    Digest,
    DigestOf,
    Dashboard,
    AuthSessions,
    Status,
    DumpDatabase,
    ArchiveProject,
}

/// How safe it is to send a call again whose outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// A second time changes nothing more: reads, and writes that set an absolute value.
    Safe,
    /// A second time acts a second time: a step, a message, a new session.
    Relative,
    /// A second time undoes the first.
    Toggle,
}

/// A text that names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no endpoint: they are called resource.action, for example \"players.advance\"")]
pub struct UnknownEndpoint {
    /// The text, as it was given.
    pub text: String,
}

impl Endpoint {
    /// Every endpoint, in the order of the table.
    pub const ALL: &[Self] = &{
        let mut all = [Self::Status; ROWS.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = ROWS[index].endpoint;
            // Rows are looked up by position.
            assert!(all[index] as usize == index);
            index += 1;
        }
        all
    };

    /// The name, `resource.action`: in `allow`, in the store, in error messages.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What it does, in a few words.
    pub fn about(self) -> &'static str {
        self.row().about
    }

    /// Whether it changes anything on the server.
    pub fn is_write(self) -> bool {
        self.row().is_write
    }

    /// How safe a second sending is on a server of this generation.
    pub fn repeat(self, generation: Generation) -> Repeat {
        match self.row().repeat {
            Repeat::Toggle if !generation.toggles() => Repeat::Safe,
            repeat => repeat,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(text: &str) -> Result<Self, UnknownEndpoint> {
        let found = Self::ALL.iter().copied().find(|endpoint| endpoint.name() == text);
        found.ok_or_else(|| UnknownEndpoint { text: text.to_owned() })
    }
}

impl TryFrom<String> for Endpoint {
    type Error = UnknownEndpoint;

    fn try_from(text: String) -> Result<Self, UnknownEndpoint> {
        text.parse()
    }
}

impl From<Endpoint> for &'static str {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.name()
    }
}
