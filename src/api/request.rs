//! From a call to a request: what is checked before anything leaves, and how each generation wants it.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    call::Call,
    endpoint::{Endpoint as E, Endpoint},
    error::{ApiError, ErrorKind},
    export::Options,
    row::{Form, Route, Unames},
    secret,
    version::Generation,
};
use crate::domain::{PlayerName, RoomName, ServerUrl, SessionName, counted};

/// Where a call goes and what goes with it.
#[derive(Debug)]
pub(super) struct Target {
    /// The whole address.
    pub(super) url: Url,
    /// The body, as JSON.
    pub(super) body: Option<Bytes>,
}

/// Checks all of a call that does not depend on the server, so that a mistake is found even where none answers.
pub(super) fn check(call: &Call) -> Result<(), ApiError> {
    let checked = check_query(call)
        .and_then(|()| check_body(call))
        .and_then(|()| Options::of(call).map(drop))
        .and_then(|()| path(call, call.endpoint().row().newest().path, Generation::Newest).map(drop));
    checked.map_err(|message| bad(call, message))
}

fn bad(call: &Call, message: String) -> ApiError {
    ApiError::unsent(ErrorKind::BadCall, call.endpoint().name(), message)
}

/// Puts a call that was checked into the words of one generation.
pub(super) fn target(
    call: &Call,
    base: &ServerUrl,
    route: Route,
    generation: Generation,
) -> Result<Target, ApiError> {
    let bad = |message| bad(call, message);
    let path = path(call, route.path, generation).map_err(bad)?;
    let mut url = base.api(&path).ok_or_else(|| bad(format!("{path} leads out of the API")))?;
    let query = query(call, route.form).map_err(bad)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let body = body(call, generation).map_err(bad)?.map(|body| Bytes::from(body.to_string()));
    Ok(Target { url, body })
}

/// Fills the names into the table's path; each place needs its name, and each name its place.
fn path(call: &Call, template: &str, generation: Generation) -> Result<String, String> {
    let plural = if generation == Generation::Contract { "" } else { "s" };
    let session = call.session_name().map(|name| format!("session{plural}/{name}"));
    let room = call.room_name().map(|name| format!("room{plural}/{name}"));
    let config = call.config_name().map(ToString::to_string);
    let app = call.app_name().map(ToString::to_string);
    let in_path = call.endpoint().row().unames == Unames::InPath;
    let player = call.player_names().first().filter(|_| in_path).map(ToString::to_string);
    let mut path = template.to_owned();
    for (what, place, name) in [
        ("session", "{session}", session),
        ("room", "{room}", room),
        ("configuration", "{config}", config),
        ("app", "{app}", app),
        ("player", "{player}", player),
    ] {
        match (path.contains(place), name) {
            (true, Some(name)) => path = path.replace(place, &name),
            (true, None) => return Err(format!("it needs the name of a {what}")),
            // Older servers only have a list of all, in which the answer is looked up.
            (false, Some(_)) if what == "player" => {}
            (false, Some(_)) => return Err(format!("it takes no {what}")),
            (false, None) => {}
        }
    }
    Ok(path)
}

fn check_query(call: &Call) -> Result<(), String> {
    let allowed = call.endpoint().row().query;
    let mut seen = HashSet::new();
    for (key, value) in call.query_pairs() {
        if !allowed.contains(&key.as_str()) {
            return Err(format!("it takes no query parameter {key:?}"));
        }
        if !seen.insert(key) && !matches!(key.as_str(), "fields" | "gvar") {
            return Err(format!("the query parameter {key:?} is given twice"));
        }
        if key == "since" && !value.parse().is_ok_and(f64::is_finite) {
            return Err(format!("since is {value:?}, which is no number of seconds"));
        }
        if secret::is_key(value) {
            return Err(format!("{} is secret: nobody needs to read it", secret::KEY));
        }
    }
    Ok(())
}

fn query(call: &Call, form: Form) -> Result<Vec<(&str, String)>, String> {
    let options = Options::of(call)?;
    match form {
        Form::Zip => return Ok(options.zip_query()),
        // As CSV, every value would be a text.
        Form::Result => return Ok(vec![("filetype", "jsonl".to_owned())]),
        _ => {}
    }
    Ok(call.query_pairs().iter().map(|(key, value)| (key.as_str(), value.clone())).collect())
}

fn check_body(call: &Call) -> Result<(), String> {
    let endpoint = call.endpoint();
    check_players(call)?;
    let Some(body) = call.body_fields() else { return Ok(()) };
    let bodiless = matches!(endpoint, E::RoomsDelete | E::RoomsDisassociate | E::SessionsInitialize);
    if !endpoint.is_write() || (bodiless && !body.is_empty()) {
        return Err("it takes no body".to_owned());
    }
    // Older servers fail at it, and leave a chat behind.
    if let (E::ChatSend | E::ChatBroadcast, Some(Value::String(text))) = (endpoint, body.get("message"))
        && text.trim().is_empty()
    {
        return Err("the message is empty".to_owned());
    }
    // The server answers bad names with 500 and keeps what it had begun to make, so they are caught here.
    if let Some(Value::String(name)) = body.get("sname") {
        SessionName::new(name).map_err(|error| error.to_string())?;
    }
    if let (E::RoomsCreate, Some(Value::String(name))) = (endpoint, body.get("name")) {
        RoomName::new(name).map_err(|error| error.to_string())?;
    }
    if let (E::PlayersFields, Some(Value::Object(fields))) = (endpoint, body.get("fields"))
        && fields.keys().any(|field| secret::is_key(field))
    {
        return Err(format!("{} is what a browser proves itself with: it cannot be set", secret::KEY));
    }
    Ok(())
}

fn check_players(call: &Call) -> Result<(), String> {
    let unames = call.endpoint().row().unames;
    let names = call.player_names();
    let in_body = call.body_fields().and_then(|body| body.get("unames"));
    match unames {
        Unames::No if !names.is_empty() => return Err("it takes no players".to_owned()),
        Unames::Targets if names.is_empty() => return Err("it needs at least one player".to_owned()),
        Unames::InPath if names.len() != 1 => return Err("it is about one player".to_owned()),
        Unames::Targets | Unames::InPath if in_body.is_some() => {
            return Err("the players are named beside the body, not in it".to_owned());
        }
        Unames::New if !names.is_empty() && in_body.is_some() => {
            return Err("the new players are named twice, in the body and beside it".to_owned());
        }
        Unames::No | Unames::Targets | Unames::New | Unames::InPath => {}
    }
    let mut texts: Vec<&str> = names.iter().map(PlayerName::as_str).collect();
    if let (Unames::New, Some(Value::Array(given))) = (unames, in_body) {
        for name in given {
            let name = name.as_str().ok_or("unames is to be a list of names")?;
            PlayerName::new(name).map_err(|error| error.to_string())?;
            texts.push(name);
        }
    }
    let mut seen = HashSet::new();
    if let Some(twice) = texts.iter().find(|name| !seen.insert(**name)) {
        // A server would advance that player twice.
        return Err(format!("player {twice} is named twice"));
    }
    let wanted = call.body_fields().and_then(|body| body.get("n_players")).and_then(Value::as_u64);
    match wanted {
        // 0.0.x would quietly make fewer players.
        Some(wanted) if unames == Unames::New && !texts.is_empty() && wanted != texts.len() as u64 => {
            let named = counted(texts.len(), "player is", "players are");
            Err(format!("n_players is {wanted}, but {named} named"))
        }
        _ => Ok(()),
    }
}

/// The body as this generation wants it.
fn body(call: &Call, generation: Generation) -> Result<Option<Value>, String> {
    let endpoint = call.endpoint();
    match endpoint {
        _ if !endpoint.is_write() => Ok(None),
        E::RoomsDelete | E::RoomsDisassociate | E::SessionsInitialize => Ok(None),
        E::SessionsActive => flag(call, "active", generation),
        E::SessionsTesting => flag(call, "testing", generation),
        E::PipelinesRun => Ok(call.body_fields().and_then(|body| body.get("data")).cloned()),
        _ => Ok(Some(Value::Object(with_unames(endpoint, call)))),
    }
}

fn with_unames(endpoint: Endpoint, call: &Call) -> Map<String, Value> {
    let mut body = Map::new();
    if matches!(endpoint.row().unames, Unames::Targets | Unames::New) && !call.player_names().is_empty() {
        body.insert("unames".to_owned(), json!(call.player_names()));
    }
    body.extend(call.body_fields().cloned().unwrap_or_default());
    body
}

/// A server that sets needs the value; one that toggles takes no notice of it.
fn flag(call: &Call, key: &str, generation: Generation) -> Result<Option<Value>, String> {
    match call.body_fields().and_then(|body| body.get(key)) {
        Some(Value::Bool(_)) | None if generation.toggles() => Ok(None),
        Some(value @ Value::Bool(_)) => Ok(Some(json!({ key: value }))),
        Some(_) => Err(format!("{key} has to be true or false")),
        None => Err(format!("this server sets {key}: say to what, true or false")),
    }
}
