//! From a successful answer's bytes to what a call gives back.

use serde_json::{Map, Value};

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
    read(call, route, generation, &response.body, limit)
        .map_err(|message| unusable(call, response.status, &message))
}

/// An answer that cannot be used. After a write it says nothing about whether the write was carried out.
fn unusable(call: &Call, status: u16, message: &str) -> ApiError {
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
    body: &[u8],
    limit: usize,
) -> Result<Answer, String> {
    let page_times = call.endpoint() == Endpoint::PageTimes;
    match route.form {
        Form::Json => Ok(Answer::Json(shape::announcements(json(body)?))),
        Form::Object if call.endpoint() == Endpoint::PlayersList => players(body).map(Answer::Players),
        Form::Object => shape::object(call, generation, json(body)?).map(Answer::Json),
        Form::JsonArray => rows(export::read_json_array(body)?),
        Form::JsonLines => rows(export::read_json_lines(body)?),
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
