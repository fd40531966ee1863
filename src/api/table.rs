//! The table: one row an endpoint, with everything in which endpoints differ from one another.
//!
//! Paths are relative to `admin/api/v1/` and end in a slash, as the server redirects nothing. `{session}` is
//! `session/NAME` in 0.0.x and `sessions/NAME` since, `{room}` likewise; `{config}` is the name alone. Where the
//! generations part in anything else, a row says since when. `{player}` and `{app}` are names alone.

use super::{
    endpoint::{
        Endpoint, Endpoint as E,
        Repeat::{Relative, Safe, Toggle},
    },
    row::{
        Form, Limits, Route, Row, Unames, Verb,
        Verb::{Delete, Patch, Post},
    },
    version::Generation::{Newest, Toggling},
};

impl Endpoint {
    /// The endpoint's row.
    pub(super) fn row(self) -> &'static Row {
        static TABLE: [Row; ROWS.len()] = ROWS;
        &TABLE[self as usize]
    }
}

/// The table itself, in the order of [`Endpoint`].
#[rustfmt::skip]
pub(super) const ROWS: [Row; 55] = [
    Row::read(E::SessionsList, "sessions.list", "sessions/", "All sessions with their metadata"),
    Row::write(E::SessionsCreate, "sessions.create", Relative, (Post, "sessions/"), "Makes a session with its players")
        .unames(Unames::New).limits(Limits::Create),
    Row::read(E::SessionsGet, "sessions.get", "{session}/", "The details of a session"),
    Row::write(E::SessionsActive, "sessions.active", Toggle, (Patch, "{session}/active/"), "Says whether a session is active (a label: nothing stops)"),
    Row::write(E::SessionsTesting, "sessions.testing", Toggle, (Patch, "{session}/testing/"), "Says whether a session is for testing"),
    Row::write(E::SessionsDescription, "sessions.description", Safe, (Patch, "{session}/description/"), "Sets or clears the description of a session"),
    Row::write(E::SessionsSettings, "sessions.settings", Safe, (Patch, "{session}/settings/"), "Replaces all settings of a session"),
    Row::write(E::SessionsInitialize, "sessions.initialize", Relative, (Post, "{session}/initialize/"), "Runs what the apps do with a new session")
        .since(Toggling),
    Row::read(E::SessionsMultiview, "sessions.multiview", "{session}/multiview/", "Names, labels and links of all players")
        .since(Toggling),
    Row::read(E::PlayersList, "players.list", "{session}/players/", "Fields of all players of a session")
        .query(&["fields"]),
    Row::read(E::PlayersGet, "players.get", "{session}/players/", "Fields of one player; from the list of all where there is nothing else")
        .since_0_8("{session}/players/{player}/").query(&["fields"]).unames(Unames::InPath),
    Row::read(E::PlayersOnline, "players.online", "{session}/players/online/", "Who is where, and was last seen when")
        .since_0_8("{session}/online-players/"),
    Row::write(E::PlayersFields, "players.fields", Safe, (Patch, "{session}/players/fields/"), "Sets fields of players")
        .unames(Unames::Targets),
    Row::write(E::PlayersAdvance, "players.advance", Relative, (Post, "{session}/players/advance/"), "Steps players on by one page")
        .unames(Unames::Targets),
    Row::write(E::PlayersRevert, "players.revert", Relative, (Post, "{session}/players/revert/"), "Steps players back by one page")
        .unames(Unames::Targets),
    Row::write(E::PlayersEnd, "players.end", Safe, (Post, "{session}/players/end/"), "Moves players to the end")
        .unames(Unames::Targets),
    Row::write(E::PlayersReload, "players.reload", Safe, (Post, "{session}/players/reload/"), "Makes the browsers of players load their page again")
        .unames(Unames::Targets),
    Row::write(E::PlayersRedirect, "players.redirect", Relative, (Post, "{session}/players/redirect/"), "Sends the browsers of players to another address")
        .unames(Unames::Targets),
    Row::write(E::PlayersMessage, "players.message", Relative, (Post, "{session}/players/message/"), "Shows players a message")
        .unames(Unames::Targets),
    Row::write(E::PlayersDropout, "players.dropout", Relative, (Post, "{session}/players/dropout/"), "Marks players as dropped out")
        .unames(Unames::Targets),
    Row::write(E::PlayersTimeout, "players.timeout", Relative, (Post, "{session}/players/timeout/"), "Moves the deadline of the page that players are on")
        .unames(Unames::Targets).since(Toggling),
    Row::write(E::PlayersGroup, "players.group", Relative, (Post, "{session}/players/group/"), "Puts players into groups, or takes them out")
        .unames(Unames::Targets).since(Toggling),
    Row::write(E::PlayersInitialize, "players.initialize", Relative, (Post, "{session}/players/initialize/"), "Runs what the apps do with new players, and lays out their pages")
        .unames(Unames::Targets).since(Toggling),
    Row::read(E::ChatOverview, "chat.overview", "{session}/admin-chat/", "With which players there is an admin chat, and how it stands")
        .since(Toggling),
    Row::read(E::ChatRead, "chat.read", "{session}/players/{player}/admin-chat/", "The admin chat with a player")
        .unames(Unames::InPath).since(Toggling),
    Row::write(E::ChatSend, "chat.send", Relative, (Post, "{session}/players/{player}/admin-chat/"), "Writes to a player in the admin chat")
        .unames(Unames::InPath).since(Toggling),
    Row::write(E::ChatBroadcast, "chat.broadcast", Relative, (Post, "{session}/players/admin-chat/"), "Writes the same to several players in the admin chat")
        .unames(Unames::Targets).since(Toggling),
    Row::write(E::ChatReplies, "chat.replies", Safe, (Patch, "{session}/players/admin-chat/replies/"), "Says whether players may answer in the admin chat")
        .unames(Unames::Targets).since(Toggling),
    Row::read(E::DataSince, "data.since", "{session}/data/", "Every change to players since an instant")
        .query(&["since"]).limits(Limits::History),
    Row::read(E::DataCsv, "data.csv", "{session}/data/csv/", "The data of a session as a table")
        .since_0_1("{session}/data/export/").forms(Form::Csv, Form::Zip).query(EXPORT).limits(Limits::Export),
    Row::read(E::DataJson, "data.json", "{session}/data/json/", "The data of a session as a list of rows")
        .since_0_1("{session}/data/jsonl/").forms(Form::JsonArray, Form::JsonLines).query(EXPORT).limits(Limits::Export),
    Row::read(E::PageTimes, "data.page_times", "{session}/page-times/", "Which player was on which page from when to when")
        .since_0_1("{session}/data/export/").forms(Form::Csv, Form::Zip).limits(Limits::Export)
        .early(Route { verb: Verb::Get, path: "{session}/page-times/", form: Form::Csv }),
    Row::read(E::PipelinesList, "pipelines.list", "{session}/pipelines/", "The apps of a session that have a pipeline")
        .since(Toggling),
    Row::write(E::PipelinesRun, "pipelines.run", Relative, (Post, "{session}/pipelines/{app}/runs/"), "Runs the pipeline of an app")
        .since(Toggling).forms(Form::Result, Form::Result).limits(Limits::Code),
    Row::read(E::RoomsList, "rooms.list", "rooms/", "All rooms with their settings"),
    Row::write(E::RoomsCreate, "rooms.create", Relative, (Post, "rooms/"), "Makes a room"),
    Row::read(E::RoomsGet, "rooms.get", "{room}/", "The settings of a room"),
    Row::write(E::RoomsUpdate, "rooms.update", Safe, (Patch, "{room}/"), "Changes the settings of a room without a session"),
    Row::write(E::RoomsOpen, "rooms.open", Safe, (Patch, "{room}/open/"), "Says whether a room lets participants in"),
    Row::write(E::RoomsClose, "rooms.close", Relative, (Post, "{room}/close/"), "Closes a room, and parts it from its session if that is wanted"),
    Row::write(E::RoomsCapacity, "rooms.capacity", Safe, (Patch, "{room}/capacity/"), "Sets how many a room takes, with a session too")
        .since(Toggling),
    Row::write(E::RoomsDelete, "rooms.delete", Relative, (Delete, "{room}/"), "Deletes a room without a session"),
    Row::write(E::RoomsDisassociate, "rooms.disassociate", Relative, (Post, "{room}/disassociate/"), "Parts a room from its session")
        .since_0_1("{room}/sessions/").verb_since_0_1(Delete),
    Row::write(E::RoomsCreateSession, "rooms.create_session", Relative, (Post, "{room}/session/"), "Makes a session in a room")
        .since_0_1("{room}/sessions/").unames(Unames::New).limits(Limits::Create),
    Row::read(E::RoomsOnline, "rooms.online", "{room}/online/", "Who waits in a room"),
    Row::read(E::ConfigsList, "configs.list", "configs/", "All configurations and apps"),
    Row::read(E::ConfigsSummary, "configs.summary", "configs/{config}/summary/", "What a configuration consists of")
        .since_0_1("configs/{config}/"),
    Row::read(E::Announcements, "system.announcements", "announcements/", "Announcements of the makers of uproot")
        .forms(Form::Json, Form::Json).limits(Limits::Relayed),
    Row::read(E::Digest, "system.digest", "{session}/digest/", "The apps of a session that have a digest")
        .since_0_1("{session}/digests/"),
    Row::read(E::DigestOf, "system.digest_of", "{session}/digests/{app}/", "The digest of one app of a session")
        .since(Toggling),
    Row::read(E::Dashboard, "system.dashboard", "dashboard/", "Configurations, rooms and active sessions at a glance")
        .since(Toggling),
    Row::read(E::AuthSessions, "system.auth_sessions", "auth/sessions/", "Who is logged in to the admin area"),
    Row::read(E::Status, "system.status", "status/", "Version and database of the server"),
    Row::read(E::DumpDatabase, "system.dump_database", "database/dump/", "The whole database as a file, keys and all")
        .since(Toggling).forms(Form::File, Form::File).limits(Limits::Export),
    Row::read(E::ArchiveProject, "system.archive_project", "project/archive/", "The code of the experiment as a file")
        .since(Newest).forms(Form::File, Form::File).limits(Limits::Export),
];

/// What the data exports take.
const EXPORT: &[&str] = &["format", "gvar", "filters"];
