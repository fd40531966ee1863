//! From a successful answer's bytes to what a call gives back.

use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    call::Call,
    endpoint::Endpoint,
    error::{ApiError, ErrorKind},
    export::{self, Options},
    players::Players,
    row::{Form, Route},
    secret, shape,
    version::Generation,
};
use crate::environment::Response;

/// Reads an answer with a status of 2xx.
pub(super) fn answer(
    call: &Call,
    route: Route,
    generation: Generation,
    response: &Response,
) -> Result<Answer, ApiError> {
    let limit = call.endpoint().row().limits.max_answer();
    let answer = read(call, route, generation, response, limit)
        .map_err(|message| unusable(call, response.status, &message))?;
    let nobody = |player| {
        let message = format!("the session has no player {player}");
        ApiError::answered(ErrorKind::NotFound, call.endpoint().name(), response.status, message)
    };
    match (call.endpoint(), call.player_names(), &answer) {
        (Endpoint::PlayersGet, [player], Answer::Json(players)) if generation != Generation::Newest => {
            let found = players.get(player.as_str()).ok_or_else(|| nobody(player))?;
            Ok(Answer::Json(found.clone()))
        }
        // 0.1 to 0.7 tell of a chat with anybody; only players have a number.
        (Endpoint::ChatRead, [player], Answer::Json(thread)) if thread["player"]["id"].is_null() => {
            Err(nobody(player))
        }
        _ => Ok(answer),
    }
}

/// An answer that cannot be used. After a write it says nothing about whether the write was carried out.
pub(super) fn unusable(call: &Call, status: u16, message: &str) -> ApiError {
    let endpoint = call.endpoint();
    let (kind, message) = if endpoint.is_write() {
        (
            ErrorKind::LostAnswer,
            format!("the server answered in a way that says nothing about the outcome: {message}"),
        )
    } else {
        (ErrorKind::BadAnswer, format!("the server's answer is not what the API promises: {message}"))
    };
    ApiError::answered(kind, endpoint.name(), status, message)
}

fn read(
    call: &Call,
    route: Route,
    generation: Generation,
    response: &Response,
    limit: usize,
) -> Result<Answer, String> {
    let body: &[u8] = &response.body;
    let page_times = call.endpoint() == Endpoint::PageTimes;
    match route.form {
        Form::Json => Ok(Answer::Json(shape::announcements(json(body)?))),
        Form::Object if call.endpoint() == Endpoint::PlayersList => players(body).map(Answer::Players),
        Form::Object => shape::object(call, generation, json(body)?).map(Answer::Json),
        Form::JsonArray => rows(export::read_json_array(body)?),
        Form::JsonLines => rows(export::read_json_lines(body)?),
        Form::Result => Ok(Answer::Json(result(response)?)),
        Form::File => Ok(Answer::File(response.body.clone())),
        Form::Csv | Form::Zip => {
            let mut table = match (route.form, page_times) {
                (Form::Zip, true) => export::page_times_from_zip(body, limit)?,
                (Form::Zip, false) => export::read_zip(body, &Options::of(call)?, limit)?,
                (_, true) => export::page_times(&export::read_csv(body)?)?,
                (_, false) => export::read_csv(body)?,
            };
            secret::strip_table(&mut table);
            Ok(Answer::Table(table))
        }
    }
}

fn rows(mut rows: Vec<Map<String, Value>>) -> Result<Answer, String> {
    secret::strip_rows(&mut rows);
    Ok(Answer::Rows(rows))
}

/// What an app's own code gave: a table as `{"rows": [...]}`, all else as `{"result": ...}`. The server shows that as text,
/// objects and lists as JSON.
fn result(response: &Response) -> Result<Value, String> {
    let kind = response.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mut value = if kind.is_some_and(|kind| kind.starts_with("application/jsonl")) {
        json!({ "rows": export::read_json_lines(&response.body)? })
    } else {
        let text = std::str::from_utf8(&response.body).map_err(|error| format!("it is no text ({error})"))?;
        let shown = serde_json::from_str(text).ok().filter(|v: &Value| v.is_object() || v.is_array());
        json!({ "result": shown.unwrap_or_else(|| json!(text)) })
    };
    secret::strip(&mut value);
    Ok(value)
}

fn players(body: &[u8]) -> Result<Players, String> {
    Players::read(body).map_err(|(error, player)| match player {
        Some(player) if error.is_data() => format!("{player:?} is not an object"),
        _ => no_json(&error),
    })
}

fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| no_json(&error))
}

fn no_json(error: &serde_json::Error) -> String {
    if error.is_data() { "it is no JSON object".to_owned() } else { format!("it is no JSON ({error})") }
}
