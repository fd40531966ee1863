//! `POST /control/trigger`: a person on this computer starts an automation.

use std::sync::Arc;

use axum::{body::Body, extract::State};
use http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Shared, answer::Answer, body};
use crate::{
    domain::{AutomationName, Detail, EventKind, did_you_mean},
    store::NewEvent,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trigger {
    automation: String,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn wrong_method() -> Answer {
    Answer::wrong_method("POST", "this address only takes POST requests: use `uproctor trigger`")
}

pub(super) async fn trigger(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    if !is_ours(&shared.state.control, &headers) {
        tracing::warn!("a request to /control/trigger came without the right token");
        return Err(Answer::error(
            StatusCode::UNAUTHORIZED,
            "the token is missing or not that of this daemon: use `uproctor trigger` on the computer it runs on",
        ));
    }
    shared.check_running()?;
    let body = body::read(body, shared.body_time).await?;
    let Trigger { automation, payload, dry_run } =
        serde_json::from_slice(&body).map_err(|error| body::not_json(&error))?;
    let automation = known(&shared, &automation)?;
    let permit = shared.reserve()?;
    let event = NewEvent {
        automation,
        kind: EventKind::Manual,
        at: shared.state.env.now(),
        detail: Detail::Manual { payload, dry_run },
    };
    shared.check_running()?;
    let pending = shared.state.store.accept_manual(event);
    let accepted = shared.finish(async move {
        let event = pending.ready().await?;
        let id = event.id;
        permit.send(Arc::new(event));
        Ok(id)
    });
    Ok(Answer::new(StatusCode::ACCEPTED, json!({ "event": accepted.await? })))
}

/// Whether the request carries the token. Digests are compared, which does not tell how long the token is.
fn is_ours(control: &SecretString, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((kind, token)) = given.and_then(|value| value.split_once(' ')) else { return false };
    let right = control.expose_secret();
    let digest = |text: &str| -> [u8; 32] { Sha256::digest(text.as_bytes()).into() };
    let is_equal = bool::from(digest(token.trim()).ct_eq(&digest(right)));
    is_equal && kind.eq_ignore_ascii_case("bearer") && !right.is_empty()
}

fn known(shared: &Shared, text: &str) -> Result<AutomationName, Answer> {
    let automations = &shared.state.automations;
    let name = AutomationName::new(text).ok().filter(|name| automations.contains(name));
    name.ok_or_else(|| {
        let mut names: Vec<&str> = automations.iter().map(AutomationName::as_str).collect();
        names.sort_unstable();
        let instead = match did_you_mean(text, names.iter().copied()) {
            Some(name) => format!("did you mean {name:?}?"),
            None if names.is_empty() => "config.toml has none".to_owned(),
            None => format!("there are {}", names.join(", ")),
        };
        let text: String = text.chars().take(128).collect();
        Answer::error(StatusCode::NOT_FOUND, format!("there is no automation {text:?}: {instead}"))
    })
}
