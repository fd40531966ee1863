//! The body of a request: read within bounds, then taken as JSON or as the fields of a form.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::body::{Body, HttpBody};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::answer::Answer;
use crate::domain::Raw;

/// The largest body that is taken.
pub(super) const MAX_BODY: usize = 256 * 1024;

/// Reads a body, at most [`MAX_BODY`] of it, and for no longer than `time`.
pub(super) async fn read(body: Body, time: Duration) -> Result<Vec<u8>, Answer> {
    tokio::time::timeout(time, collect(body)).await.unwrap_or_else(|_| {
        Err(Answer::error(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} s: send it in one go", time.as_secs()),
        ))
    })
}

async fn collect(mut body: Body) -> Result<Vec<u8>, Answer> {
    // What announces itself as too large is not even begun.
    if usize::try_from(body.size_hint().lower()).map_or(true, |length| length > MAX_BODY) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| {
            tracing::debug!(%error, "a request's body broke off");
            Answer::error(StatusCode::BAD_REQUEST, "the body broke off before its end: send it again")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > MAX_BODY - bytes.len() {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_large() -> Answer {
    Answer::error(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is too large: at most {} KiB are taken", MAX_BODY / 1024),
    )
}

/// The payload that a body holds: the fields of a form where the header says that it is one, else JSON. No body at
/// all is null.
pub(super) fn payload(headers: &HeaderMap, body: &[u8]) -> Result<Raw, Answer> {
    if body.is_empty() {
        return Ok(Raw::default());
    }
    if is_form(headers) {
        let fields = form(body).to_string();
        return Raw::read(fields.as_bytes()).map_err(|error| not_json(&error));
    }
    Raw::read(body).map_err(|error| not_json(&error))
}

/// The answer to a body that is not the JSON it should be.
pub(super) fn not_json(error: &serde_json::Error) -> Answer {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let head = if error.is_data() { "the body is not as it should be" } else { "the body is not JSON" };
    Answer::error(StatusCode::BAD_REQUEST, format!("{head}: line {line}, column {column}: {what}"))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Each field as a text; one that is given several times as the list of its texts, so that none is lost.
fn form(body: &[u8]) -> Value {
    let mut fields = Map::new();
    for (name, text) in url::form_urlencoded::parse(body) {
        let text = Value::String(text.into_owned());
        match fields.get_mut(name.as_ref()) {
            None => {
                fields.insert(name.into_owned(), text);
            }
            Some(Value::Array(texts)) => texts.push(text),
            Some(first) => *first = Value::Array(vec![first.take(), text]),
        }
    }
    Value::Object(fields)
}
