//! `POST /api/v1/...`: what commands and other programs ask of the daemon. The commands of uproctor use it too.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Shared, act, answer::Answer, auth::Who, body};
use crate::domain::Role;

pub(super) async fn wrong_method() -> Answer {
    Answer::wrong_method("POST", "this address only takes POST requests: use the commands of uproctor")
}

pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    let who = known(&shared, &headers)?;
    shared.check_running()?;
    let body = body::read(body, shared.body_time).await?;
    match what.as_str() {
        "trigger" => act::trigger(&shared, &who, read(&body)?).await,
        "pause" => act::pause(&shared, &who, read(&body)?).await,
        "resume" => act::resume(&shared, &who, read(&body)?).await,
        "plan" => act::plan(&shared, &who, read(&body)?).await,
        "dead" => act::dead(&shared, &who, read(&body)?).await,
        "link" => {
            who.must_be(Role::Admin)?;
            let key = shared.auth.make_link();
            Ok(Answer::new(StatusCode::OK, json!({ "key": secrecy::ExposeSecret::expose_secret(&key) })))
        }
        _ => Err(Answer::error(
            StatusCode::NOT_FOUND,
            "/api/v1 has trigger, pause, resume, plan and dead: is the command of another version than the daemon?",
        )),
    }
}

/// Who asks, by their token.
fn known(shared: &Shared, headers: &HeaderMap) -> Result<Who, Answer> {
    shared.auth.by_token(headers, &shared.users()).ok_or_else(|| {
        tracing::warn!("a request to /api came without a right token");
        Answer::error(
            StatusCode::UNAUTHORIZED,
            "the token is missing or not one of this daemon: use the commands of uproctor on the computer it runs on, or \
             make a token with `uproctor user token NAME`",
        )
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| body::not_json(&error))
}
