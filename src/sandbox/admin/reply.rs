//! Answers, and the refusals of the framework that the server is built on.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::environment::Response;

/// What an endpoint comes to.
pub(super) type Answered = Result<Response, Refusal>;

/// Why a request is not carried out, or not to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    /// An error with its text.
    Detail(u16, String),
    /// The body or the query is not what it should be; one entry for each fault.
    Invalid(Vec<Value>),
    /// The path is there for another method.
    NotAllowed(&'static str),
    /// The server fails. What it did until then stays done.
    Broken,
}

/// An error with its text.
pub(super) fn refuse<T>(status: u16, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Detail(status, detail.into()))
}

impl Refusal {
    /// As the client gets it.
    pub(super) fn answer(self) -> Response {
        match self {
            Self::Detail(status, detail) => json_answer(status, &json!({"detail": detail})),
            Self::Invalid(faults) => json_answer(422, &json!({"detail": faults})),
            Self::NotAllowed(method) => {
                let mut answer = json_answer(405, &json!({"detail": "Method Not Allowed"}));
                answer.headers.insert(header::ALLOW, HeaderValue::from_static(method));
                answer
            }
            Self::Broken => broken(),
        }
    }
}

/// 500, as the framework says it.
pub(in crate::sandbox) fn broken() -> Response {
    let text = "Internal Server Error".as_bytes().to_vec();
    answer(500, "text/plain; charset=utf-8", text)
}

/// 200 with JSON.
pub(super) fn ok(body: &impl Serialize) -> Answered {
    Ok(json_answer(200, body))
}

/// 201 with JSON.
pub(super) fn created(body: &impl Serialize) -> Answered {
    Ok(json_answer(201, body))
}

/// 200 with JSON that is already written.
pub(super) fn written(body: Vec<u8>) -> Answered {
    Ok(answer(200, "application/json", body))
}

/// 200 with a text.
pub(super) fn text(said: &str) -> Answered {
    Ok(answer(200, "text/plain; charset=utf-8", said.as_bytes().to_vec()))
}

/// 200 with a file.
pub(super) fn download(content_type: &'static str, file: &str, body: Vec<u8>) -> Answered {
    let mut answer = answer(200, content_type, body);
    // Names of sessions are plain letters, so that this is always a header.
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename={file}")) {
        answer.headers.insert(HeaderName::from_static("content-disposition"), value);
    }
    Ok(answer)
}

fn json_answer(status: u16, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => answer(status, "application/json", body),
        Err(_) => broken(),
    }
}

/// Any answer.
pub(in crate::sandbox) fn answer(status: u16, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Response { status, headers, body: Bytes::from(body) }
}

/// The `Date` header that a server whose clock shows this sends.
pub(super) fn date(now: f64) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(now).ok()?).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::try_from(text).ok()
}
