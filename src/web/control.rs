//! `POST /control/...`: what a person on this computer asks of the daemon. The commands of the same names use it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Shared, answer::Answer, body};
use crate::{
    domain::{AutomationName, Detail, Event, EventKind, Held, Hold, RunId, did_you_mean},
    engine::Input,
    store::{Closed, Decided, NewEvent, Remedy},
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    held: Held,
    reason: String,
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resume {
    held: Held,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    run: RunId,
    /// Why it is rejected; approved where there is none.
    rejected: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadLetter {
    run: RunId,
    remedy: Remedy,
}

pub(super) async fn wrong_method() -> Answer {
    Answer::wrong_method("POST", "this address only takes POST requests: use the commands of uproctor")
}

pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    if !is_ours(&shared.state.control, &headers) {
        tracing::warn!("a request to /control came without the right token");
        return Err(Answer::error(
            StatusCode::UNAUTHORIZED,
            "the token is missing or not that of this daemon: use the commands of uproctor on the computer it runs on",
        ));
    }
    shared.check_running()?;
    let body = body::read(body, shared.body_time).await?;
    match what.as_str() {
        "trigger" => trigger(&shared, read(&body)?).await,
        "pause" => pause(&shared, read(&body)?).await,
        "resume" => resume(&shared, read(&body)?).await,
        "plan" => plan(&shared, read(&body)?).await,
        "dead" => dead(&shared, read(&body)?).await,
        _ => Err(Answer::error(
            StatusCode::NOT_FOUND,
            "/control has trigger, pause, resume, plan and dead: is the command of another version than the daemon?",
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| body::not_json(&error))
}

async fn trigger(shared: &Shared, asked: Trigger) -> Result<Answer, Answer> {
    let Trigger { automation, payload, dry_run } = asked;
    let automation = known(shared, &automation)?;
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
        permit.send(Input::Accepted(Arc::new(event)));
        Ok(id)
    });
    Ok(Answer::new(StatusCode::ACCEPTED, json!({ "event": accepted.await? })))
}

async fn pause(shared: &Shared, asked: Pause) -> Result<Answer, Answer> {
    if let Held::Automation(name) = &asked.held {
        known(shared, name.as_str())?;
    }
    let Pause { held, reason, until } = asked;
    let permit = shared.reserve()?;
    let hold = Hold { held, since: shared.state.env.now(), until, reason };
    let pending = shared.state.store.hold(hold.clone());
    shared
        .finish(async move {
            pending.ready().await?;
            tracing::warn!("{} is paused: {}", hold.held, hold.reason);
            permit.send(Input::Hold(hold));
            Ok(())
        })
        .await?;
    Ok(Answer::new(StatusCode::OK, json!({ "paused": true })))
}

async fn resume(shared: &Shared, asked: Resume) -> Result<Answer, Answer> {
    let permit = shared.reserve()?;
    let pending = shared.state.store.release(asked.held.clone());
    let was_held = shared.finish(async move {
        let was_held = pending.ready().await?;
        tracing::warn!("{} goes on", asked.held);
        permit.send(Input::Release(asked.held));
        Ok(was_held)
    });
    Ok(Answer::new(StatusCode::OK, json!({ "was_held": was_held.await? })))
}

async fn plan(shared: &Shared, asked: Decision) -> Result<Answer, Answer> {
    let permit = shared.reserve()?;
    let now = shared.state.env.now();
    let routes = shared.state.routes.get();
    let known = move |name: &AutomationName| routes.automations.contains(name);
    let pending = match asked.rejected {
        None => shared.state.store.approve(asked.run, now, known),
        Some(reason) => shared.state.store.reject(asked.run, reason, now),
    };
    let decided = shared.finish(async move {
        let decided = pending.ready().await?;
        if let Decided::Now(Some(event)) = &decided {
            permit.send(Input::Accepted(Arc::new(event.clone())));
        }
        Ok(decided)
    });
    match decided.await? {
        Decided::Now(event) => Ok(done(event)),
        other => Err(conflict(other.why_not(asked.run).unwrap_or_default())),
    }
}

async fn dead(shared: &Shared, asked: DeadLetter) -> Result<Answer, Answer> {
    let permit = shared.reserve()?;
    let routes = shared.state.routes.get();
    let known = move |name: &AutomationName| routes.automations.contains(name);
    let now = shared.state.env.now();
    let pending = shared.state.store.close_dead_letter(asked.run, asked.remedy, now, known);
    let closed = shared.finish(async move {
        let closed = pending.ready().await?;
        if let Closed::Now(Some(event)) = &closed {
            permit.send(Input::Accepted(Arc::new(event.clone())));
        }
        Ok(closed)
    });
    match closed.await? {
        Closed::Now(event) => Ok(done(event)),
        other => Err(conflict(other.why_not(asked.run).unwrap_or_default())),
    }
}

fn done(event: Option<Event>) -> Answer {
    Answer::new(StatusCode::OK, json!({ "event": event.map(|event| event.id) }))
}

fn conflict(why: String) -> Answer {
    Answer::error(StatusCode::CONFLICT, why)
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
    let routes = shared.state.routes.get();
    let automations = &routes.automations;
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
