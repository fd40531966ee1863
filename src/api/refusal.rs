//! Answers that are no success: what each says about the call.

use http::header::LOCATION;
use serde_json::Value;
use url::Url;

use super::{
    call::Call,
    endpoint::Endpoint,
    error::{ApiError, ErrorKind},
};
use crate::domain::API;
use crate::environment::Response;

/// The most characters of a server's own text that go into a message.
const MAX_TEXT: usize = 300;

/// Whether an answer means that the server does not know the path at all. It then says `Not Found` and nothing more;
/// that a session or player is missing is said in other words. What is in front of a server may answer with a page.
pub(super) fn is_unknown_path(endpoint: Endpoint, answer: &Response) -> bool {
    if answer.status != 404 {
        return false;
    }
    match detail(answer) {
        // Since 0.8.0 the old path of players.online asks for a player of that name.
        Some(text) if endpoint == Endpoint::PlayersOnline => {
            text == "Not Found" || text.starts_with("Player 'online' not found")
        }
        Some(text) => text == "Not Found",
        None => true,
    }
}

/// The error that an answer other than 2xx stands for.
pub(super) fn error(call: &Call, url: &Url, answer: &Response) -> ApiError {
    let endpoint = call.endpoint();
    let said = detail(answer).unwrap_or_else(|| tidy(&String::from_utf8_lossy(&answer.body)));
    let (kind, message) = match answer.status {
        300..=399 => (ErrorKind::BadAnswer, redirect(url, answer)),
        400 if said == "Invalid session" && call.session_name().is_some() => {
            (ErrorKind::NotFound, missing(call))
        }
        400 if said == "Invalid room" && call.room_name().is_some() => (ErrorKind::NotFound, missing(call)),
        401 => (
            ErrorKind::Unauthorized,
            "the server does not accept the token: it has to be one of upd.API_KEYS in the project's main.py"
                .to_owned(),
        ),
        404 if is_unknown_path(endpoint, answer) => (
            ErrorKind::Unsupported,
            format!("the server knows no such endpoint ({}), so nothing was done", url.path()),
        ),
        404 if said == "Session not found" || said == "Room not found" => {
            (ErrorKind::NotFound, missing(call))
        }
        404 => (ErrorKind::NotFound, said),
        405 => (
            ErrorKind::Unsupported,
            format!("the server does not allow this method ({}), so nothing was done", url.path()),
        ),
        422 => (ErrorKind::Invalid, said),
        429 => (ErrorKind::TooManyRequests, format!("too many requests: {said}")),
        402..=499 | 400 => (ErrorKind::Refused, said),
        500..=599 => (ErrorKind::ServerError, format!("the server failed ({}): {said}", answer.status)),
        other => (ErrorKind::BadAnswer, format!("the server answered with status {other}")),
    };
    let message = if message.is_empty() { format!("status {}", answer.status) } else { message };
    ApiError::answered(kind, endpoint.name(), answer.status, message)
}

fn missing(call: &Call) -> String {
    match (call.session_name(), call.room_name()) {
        (Some(session), _) => format!("there is no session {session} on the server"),
        (None, Some(room)) => format!("there is no room {room} on the server"),
        (None, None) => "the server has no such thing".to_owned(),
    }
}

/// Where a redirect points. Nobody follows it: the token would go along.
fn redirect(url: &Url, answer: &Response) -> String {
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(target) = location.and_then(|location| url.join(location).ok()) else {
        return "the server redirects, but says not where to".to_owned();
    };
    let base = target.as_str().split(API).next().unwrap_or(target.as_str());
    format!(
        "the server redirects to {}: if that is right, put this address into the config as url",
        tidy(base)
    )
}

/// What a JSON error says under `detail`: a text, or for 422 a list of what is wrong where.
fn detail(answer: &Response) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    match body.get("detail")? {
        Value::String(text) => Some(tidy(text)),
        Value::Array(problems) => {
            let problems: Vec<String> = problems.iter().filter_map(problem).take(5).collect();
            Some(tidy(&problems.join("; ")))
        }
        _ => None,
    }
}

/// `{"loc": ["body", "n_players"], "msg": "Field required"}` becomes `n_players: Field required`.
fn problem(problem: &Value) -> Option<String> {
    let message = problem.get("msg")?.as_str()?;
    let parts = problem.get("loc").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // The first part only says whether it was the body, the query or the path.
    let place: Vec<String> = parts
        .iter()
        .skip(1)
        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
        .collect();
    Some(if place.is_empty() { message.to_owned() } else { format!("{}: {message}", place.join(".")) })
}

/// A server's text as a message can hold it: one line, not too long.
pub(super) fn tidy(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line,
    }
}
