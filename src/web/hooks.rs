//! `POST /hooks/NAME`: a message from outside that becomes an event.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
};
use http::{HeaderMap, StatusCode};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::{Hook, Shared, answer::Answer, body, not_stored};
use crate::{
    domain::{Detail, EventKind, HookName, Raw, Scheme, counted},
    engine::Input,
    signature::{self, KnownBy},
    store::{Acceptance, Delivery, NewEvent},
};

/// Headers with one of these in their name may hold a secret: neither the store nor a script gets them.
const NOT_KEPT: [&[u8]; 7] = [b"auth", b"cookie", b"signature", b"token", b"secret", b"key", b"password"];

pub(super) async fn wrong_method() -> Answer {
    Answer::wrong_method(
        "POST",
        "this is the address of a webhook: it takes POST requests from the sending service, and there is nothing to \
         see in a browser",
    )
}

pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Answer, Answer> {
    let (head, body) = request.into_parts();
    let routes = shared.state.routes.get();
    let asked_for = name.ok().and_then(|Path(name)| routes.hooks.get_key_value(name.as_str()));
    let Some((name, hook)) = asked_for else {
        return Err(Answer::error(
            StatusCode::NOT_FOUND,
            "there is no webhook of this name: compare the end of the address with `webhook` in config.toml",
        ));
    };
    shared.check_running()?;
    let answered = take(&shared, name, hook, &head.headers, body).await;
    match &answered {
        Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
            shared.board.count(name, |counts| counts.taken += 1);
        }
        Ok(_) => shared.board.count(name, |counts| counts.again += 1),
        Err(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            let why = answer.body()["error"].as_str().unwrap_or_default().to_owned();
            let at = shared.state.tools.env.now().as_millisecond();
            shared.board.count(name, |counts| {
                counts.refused += 1;
                counts.last_refused = Some((at, why));
            });
            shared.board.changed();
        }
        Err(_) => shared.board.count(name, |counts| counts.failed += 1),
    }
    answered
}

/// Takes a message: its body, its signature, its event.
async fn take(
    shared: &Arc<Shared>,
    name: &HookName,
    hook: &Hook,
    headers: &HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    let body = body::read(body, shared.body_time).await?;
    let now = shared.state.tools.env.now();
    let known_by = verify(name, hook, headers, &body, now)?;
    shared.rates.take(name, hook.webhook.per_minute, now).map_err(|seconds| {
        tracing::warn!(hook = %name, per_minute = hook.webhook.per_minute, "a webhook gets too many messages");
        Answer::error(
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "this webhook takes {} a minute: send this again in {seconds} s",
                counted(hook.webhook.per_minute, "message", "messages")
            ),
        )
        .retry_after(seconds)
    })?;
    let payload = body::payload(headers, &body)?;
    if let Some(challenge) = challenge(hook.webhook.scheme, &payload) {
        return Ok(Answer::new(StatusCode::OK, json!({ "challenge": challenge })));
    }

    let permit = shared.reserve()?;
    let event = NewEvent {
        automation: hook.automation.clone(),
        kind: EventKind::Webhook,
        at: now,
        detail: Detail::Webhook { hook: name.clone(), payload, headers: kept(headers) },
    };
    let delivery = Delivery { hook: name.clone(), messages: messages(&known_by) };
    // The body may have taken its time.
    shared.check_running()?;
    // It is handed over by whoever commits it: also where the sender hangs up meanwhile.
    let hand_over = move |event| drop(permit.send(Input::Accepted(event)));
    let pending = shared.state.tools.store.accept_webhook(event, delivery, hand_over);
    let id = match pending.ready().await.map_err(|error| not_stored(&error))? {
        Acceptance::New(event) => {
            return Ok(Answer::new(StatusCode::ACCEPTED, json!({ "event": event.id })));
        }
        Acceptance::Duplicate(first) => first,
    };
    tracing::info!(hook = %name, event = id.0, automation = %hook.automation, "a webhook message came again and starts nothing");
    let message = match known_by.id() {
        Some(_) => "this message was taken before and starts nothing again",
        None => {
            "the same message was taken within the last 7 days and starts nothing again: if it is meant anew, let \
             the sender give each message an id of its own"
        }
    };
    Ok(Answer::new(StatusCode::OK, json!({ "event": id, "duplicate": true, "message": message })))
}

fn verify(
    name: &HookName,
    hook: &Hook,
    headers: &HeaderMap,
    body: &[u8],
    now: jiff::Timestamp,
) -> Result<KnownBy, Answer> {
    let webhook = &hook.webhook;
    signature::verify(webhook.scheme, &webhook.secrets, headers, body, now).map_err(|rejected| {
        tracing::warn!(hook = %name, scheme = %webhook.scheme, reason = %rejected, "a webhook message was refused");
        Answer::error(StatusCode::UNAUTHORIZED, rejected.to_string())
    })
}

/// By what a message is known again, as the store keeps it.
fn messages(known_by: &KnownBy) -> Vec<String> {
    let id = known_by.id().into_iter().map(|id| format!("id:{id}"));
    id.chain(known_by.digest().map(|digest| format!("sha256:{}", hex::encode(digest)))).collect()
}

/// Slack asks once whether the address is ours.
fn challenge(scheme: Scheme, payload: &Raw) -> Option<&str> {
    if scheme != Scheme::Slack {
        return None;
    }
    let payload = payload.value();
    let asks = payload.get("type")?.as_str()? == "url_verification";
    asks.then(|| payload.get("challenge")?.as_str()).flatten()
}

/// The headers that a script gets to see, in alphabetical order. Several of one name are one, as HTTP reads them.
fn kept(headers: &HeaderMap) -> Raw {
    let mut kept = Vec::<(&str, Cow<'_, str>)>::with_capacity(headers.keys_len());
    // Those of one name come one after another.
    for (name, value) in headers.iter().filter(|(name, _)| !may_hold_a_secret(name.as_str())) {
        let value = String::from_utf8_lossy(value.as_bytes());
        match kept.last_mut().filter(|(last, _)| *last == name.as_str()) {
            Some((_, before)) => {
                let before = before.to_mut();
                before.push_str(", ");
                before.push_str(&value);
            }
            None => kept.push((name.as_str(), value)),
        }
    }
    kept.sort_unstable_by_key(|(name, _)| *name);
    Raw::of(&Pairs(kept))
}

fn may_hold_a_secret(name: &str) -> bool {
    // Most places are passed over by their first letter: this is done for each header of each message.
    let name = name.as_bytes();
    (0..name.len()).any(|at| {
        let rest = &name[at..];
        NOT_KEPT.iter().any(|part| rest[0] == part[0] && rest.starts_with(part))
    })
}

/// What becomes a JSON object, in this order.
struct Pairs<'h>(Vec<(&'h str, Cow<'h, str>)>);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
