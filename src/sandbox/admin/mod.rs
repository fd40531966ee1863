//! The Admin API, as a server of each generation answers it: paths, order of checks, status codes, errors, and what each
//! call does to the players.

mod body;
mod chat;
mod data;
mod fault;
mod grouping;
mod json_text;
mod pipelines;
mod players;
mod query;
mod reach;
pub(super) mod reply;
mod room_sessions;
mod rooms;
mod route;
mod sessions;
mod steps;
mod system;
mod writer;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, header};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::{Sandbox, session::Session};
use crate::{
    api::Generation,
    environment::{Request, Response},
};
use body::Body;
use query::Query;
use reply::{Answered, Refusal, refuse};
use route::NoRoute;
pub(super) use route::decode;

/// Where the Admin API lives.
const ROOT: &str = "/admin/api/v1/";

/// What there is to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Sessions,
    Session,
    CreateSession,
    Active,
    Testing,
    Description,
    Settings,
    Players,
    Player,
    Online,
    Fields,
    Advance,
    Revert,
    End,
    Reload,
    Redirect,
    Message,
    Dropout,
    Timeout,
    Group,
    InitializePlayers,
    InitializeSession,
    Multiview,
    Chats,
    Chat,
    Chatting,
    Broadcast,
    Replies,
    RepliesOfAll,
    Data,
    DataCsv,
    DataJson,
    DataArchive,
    DataLines,
    PageTimes,
    Digests,
    Digest,
    Pipelines,
    Pipeline,
    Rooms,
    Room,
    CreateRoom,
    UpdateRoom,
    DeleteRoom,
    Disassociate,
    OpenRoom,
    RoomCapacity,
    CloseRoom,
    StartInRoom,
    RoomOnline,
    Configs,
    Config,
    Dashboard,
    Announcements,
    AuthSessions,
    Dump,
    Archive,
    Status,
}

impl Endpoint {
    /// Whether the server reads the body of such a request.
    fn takes_body(self, generation: Generation) -> bool {
        match self {
            Self::Active | Self::Testing => !generation.toggles(),
            Self::CreateSession
            | Self::Description
            | Self::Settings
            | Self::Fields
            | Self::Advance
            | Self::Revert
            | Self::End
            | Self::Reload
            | Self::Redirect
            | Self::Message
            | Self::Dropout
            | Self::Timeout
            | Self::Group
            | Self::InitializePlayers
            | Self::Chatting
            | Self::Broadcast
            | Self::Replies
            | Self::RepliesOfAll
            | Self::CreateRoom
            | Self::UpdateRoom
            | Self::OpenRoom
            | Self::RoomCapacity
            | Self::CloseRoom
            | Self::StartInRoom => true,
            _ => false,
        }
    }
}

/// One request that leads somewhere and whose sender is known.
struct Call {
    now: f64,
    /// The names in the path: a session or room or configuration, then a player.
    names: Vec<String>,
    body: Body,
    /// The body as it came: some code reads it by itself.
    raw: Bytes,
    query: Query,
}

impl Call {
    /// The first name in the path.
    fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The second name in the path.
    fn second(&self) -> &str {
        self.names.get(1).map_or("", String::as_str)
    }
}

impl Sandbox {
    /// Answers a request at a time, in seconds since 1970: the Admin API, and the pages of participants.
    pub fn answer(&mut self, now: f64, request: &Request) -> Response {
        self.settle(now);
        let mut answer = match request.url.path().strip_prefix(ROOT) {
            Some(path) => self.admin(now, path, request).unwrap_or_else(Refusal::answer),
            None => self.page_answer(now, request),
        };
        if request.method == Method::HEAD {
            answer.body = Bytes::new();
        }
        if let Some(date) = reply::date(now) {
            answer.headers.insert(header::DATE, date);
        }
        answer
    }

    /// Path and method come first, then whether the body can be read at all, then the token, then what the body and the
    /// query say, and only then what the server has.
    fn admin(&mut self, now: f64, path: &str, request: &Request) -> Answered {
        let found = route::route(self.generation, request.method.as_str(), &decode(path));
        let (endpoint, names) = found.map_err(|missed| match missed {
            NoRoute::Unknown => Refusal::Detail(404, "Not Found".to_owned()),
            NoRoute::Method(method) => Refusal::NotAllowed(method),
        })?;
        let body = if endpoint.takes_body(self.generation) {
            Body::read(&request.headers, request.body.as_deref().unwrap_or_default())?
        } else {
            Body::Missing
        };
        if !self.knows_token(request) {
            return refuse(401, "Unauthorized");
        }
        let raw = request.body.clone().unwrap_or_default();
        let call = Call { now, names, body, raw, query: Query::of(&request.url) };
        self.carry_out(endpoint, &call)
    }

    /// Whether the request has the one header that counts: `Bearer`, a space, and the token.
    fn knows_token(&self, request: &Request) -> bool {
        let given = request.headers.get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes);
        let given = given.map(<[u8]>::trim_ascii).and_then(|value| value.strip_prefix(b"Bearer "));
        given.is_some_and(|given| given.ct_eq(self.token.expose_secret().as_bytes()).into())
    }

    fn carry_out(&mut self, endpoint: Endpoint, call: &Call) -> Answered {
        match endpoint {
            Endpoint::Sessions => self.list_sessions(),
            Endpoint::Session => self.describe_session(call),
            Endpoint::CreateSession => self.post_session(call),
            Endpoint::Active => self.set_active(call),
            Endpoint::Testing => self.set_testing(call),
            Endpoint::Description => self.set_description(call),
            Endpoint::Settings => self.set_settings(call),
            Endpoint::Players => self.list_players_of(call),
            Endpoint::Player => self.describe_player(call),
            Endpoint::Online => self.list_online(call),
            Endpoint::Fields => self.set_fields(call),
            Endpoint::Advance => self.advance(call),
            Endpoint::Revert => self.revert(call),
            Endpoint::End => self.put_to_end(call),
            Endpoint::Reload => self.reload(call),
            Endpoint::Redirect => self.redirect(call),
            Endpoint::Message => self.message(call),
            Endpoint::Dropout => self.mark_dropouts(call),
            Endpoint::Timeout => self.adjust_timeouts(call),
            Endpoint::Group => self.group_players(call),
            Endpoint::InitializePlayers => self.initialize_players(call),
            Endpoint::InitializeSession => self.initialize_session(call),
            Endpoint::Multiview => self.multiview(call),
            Endpoint::Chats => self.list_chats(call),
            Endpoint::Chat => self.read_chat(call),
            Endpoint::Chatting => self.write_chat(call),
            Endpoint::Broadcast => self.broadcast(call),
            Endpoint::Replies => self.set_replies(call),
            Endpoint::RepliesOfAll => self.set_replies_of_all(call),
            Endpoint::Data => self.list_changes(call),
            Endpoint::DataCsv => self.export_csv(call),
            Endpoint::DataJson => self.export_json(call),
            Endpoint::DataArchive => self.export_archive(call),
            Endpoint::DataLines => self.export_lines(call),
            Endpoint::PageTimes => self.export_page_times(call),
            Endpoint::Digests => self.list_digests(call),
            Endpoint::Digest => self.show_digest(call),
            Endpoint::Pipelines => self.list_pipelines(call),
            Endpoint::Pipeline => self.run_pipeline(call),
            Endpoint::Rooms => self.list_rooms(),
            Endpoint::Room => self.describe_room(call),
            Endpoint::CreateRoom => self.post_room(call),
            Endpoint::UpdateRoom => self.patch_room(call),
            Endpoint::DeleteRoom => self.delete_room(call),
            Endpoint::Disassociate => self.disassociate(call),
            Endpoint::OpenRoom => self.open_room(call),
            Endpoint::RoomCapacity => self.set_room_capacity(call),
            Endpoint::CloseRoom => self.close_room(call),
            Endpoint::StartInRoom => self.start_in_room(call),
            Endpoint::RoomOnline => self.list_waiting(call),
            Endpoint::Configs => self.list_configs(),
            Endpoint::Config => self.describe_config(call),
            Endpoint::Dashboard => self.dashboard(),
            Endpoint::Dump => self.dump_database(),
            Endpoint::Archive => self.archive_project(),
            Endpoint::Announcements => self.announcements(),
            Endpoint::AuthSessions => self.auth_sessions(),
            Endpoint::Status => self.status(),
        }
    }

    /// The name of the session in the path, if there is such a session.
    fn session_name(&self, call: &Call) -> Result<Arc<str>, Refusal> {
        self.session_named(call.name()).map(|session| Arc::clone(&session.name))
    }

    fn session_named(&self, sname: &str) -> Result<&Session, Refusal> {
        match self.sessions.get(sname) {
            Some(session) => Ok(session),
            None if self.generation == Generation::Newest => refuse(404, "Session not found"),
            None => refuse(400, "Invalid session"),
        }
    }

    /// Since 0.8 every action looks for all players before it does anything.
    fn check_players(&self, sname: &str, unames: &[String]) -> Result<(), Refusal> {
        if self.generation != Generation::Newest {
            return Ok(());
        }
        let session = self.session_named(sname)?;
        match unames.iter().find(|uname| !session.players.contains_key(uname.as_str())) {
            Some(uname) => no_player(uname, sname),
            None => Ok(()),
        }
    }
}

fn no_player<T>(uname: &str, sname: &str) -> Result<T, Refusal> {
    refuse(404, format!("Player '{uname}' not found in session '{sname}'"))
}

/// The names that an action on players is about; its body says nothing else.
fn unames_of(call: &Call) -> Result<Vec<String>, Refusal> {
    let mut check = call.body.check()?;
    let unames = check.unames();
    check.done()?;
    Ok(unames)
}

/// Whether a text can be the name of a session, player or room.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}
