//! What can be asked for: start something, pause, resume, decide.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use http::StatusCode;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{Asked, wrong},
    reading,
};
use crate::{
    domain::{Held, parse_duration},
    environment::Scope,
    store::Remedy,
    web::{Shared, act, answer::Answer, auth::Who},
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;
/// How long the server is asked whether what was paused is there.
const LOOK: Duration = Duration::from_secs(3);

type Acting<'a> = BoxFuture<'a, Result<Answer, Answer>>;

/// The body of what needs none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trigger {
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
    r#for: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resume {
    held: Held,
}

pub(super) fn trigger<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Trigger { payload, dry_run } = asked.body()?;
        let automation = asked.name("automation").to_owned();
        act::trigger(shared, who, act::Trigger { automation, payload, dry_run }).await
    })
}

pub(super) fn pause<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Pause { held, reason, r#for } = asked.body()?;
        let reason = signed(reason, who)?;
        let until = match r#for {
            None => None,
            Some(length) => {
                let length = parse_duration(&length).map_err(|error| wrong(error.to_string()))?;
                let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
                let until = shared.state.tools.env.now().checked_add(length);
                Some(until.map_err(|error| wrong(error.to_string()))?)
            }
        };
        let hold = act::pause(shared, who, act::Pause { held, reason, until }).await?;
        let note = doubt(shared, hold.held.clone()).await;
        Ok(Answer::new(StatusCode::OK, json!({ "hold": reading::hold(&hold), "note": note })))
    })
}

pub(super) fn resume<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Resume { held } = asked.body()?;
        act::resume(shared, who, act::Resume { held }).await
    })
}

pub(super) fn approve<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Nothing {} = asked.body()?;
        act::plan(shared, who, act::Decision { run: asked.run()?, rejected: None }).await
    })
}

pub(super) fn reject<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Reason { reason } = asked.body()?;
        // The decision says itself by whom it is.
        let rejected = Some(fitting(reason)?);
        act::plan(shared, who, act::Decision { run: asked.run()?, rejected }).await
    })
}

pub(super) fn retry<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Nothing {} = asked.body()?;
        act::dead(shared, who, act::DeadLetter { run: asked.run()?, remedy: Remedy::Retry }).await
    })
}

pub(super) fn resume_run<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Nothing {} = asked.body()?;
        act::dead(shared, who, act::DeadLetter { run: asked.run()?, remedy: Remedy::Resume }).await
    })
}

pub(super) fn discard<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Reason { reason } = asked.body()?;
        let remedy = Remedy::Discard(signed(reason, who)?);
        act::dead(shared, who, act::DeadLetter { run: asked.run()?, remedy }).await
    })
}

pub(super) fn link<'a>(shared: &'a Shared, who: &'a Who, asked: &'a Asked) -> Acting<'a> {
    Box::pin(async move {
        let Nothing {} = asked.body()?;
        if !who.is_a_command() {
            // Such a login would outlive the token.
            let message =
                "a link is only made by `uproctor console`, on the computer that the daemon runs on";
            return Err(Answer::error(StatusCode::FORBIDDEN, message));
        }
        let key = shared.auth.make_link();
        Ok(Answer::new(StatusCode::OK, json!({ "key": key.expose_secret() })))
    })
}

/// Whether what is paused now may be misspelt.
async fn doubt(shared: &Shared, held: Held) -> Option<String> {
    let tools = Arc::clone(&shared.state.tools);
    let mut scope = Scope::for_duration(tools.env.now(), LOOK);
    scope.cancel = shared.state.stopping.child_token();
    let look = move || tools.watch.doubt(&held, &scope);
    tokio::task::spawn_blocking(look).await.ok().flatten()
}

/// A reason that is one, and not too long: it is shown wherever something is not done for it.
fn fitting(reason: String) -> Result<String, Answer> {
    if reason.trim().is_empty() {
        return Err(wrong("`reason` is empty: whoever looks later wants to know why"));
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(wrong(format!("`reason` is too long: it has at most {LONGEST_REASON} characters")));
    }
    Ok(reason)
}

/// A reason with the name of who gives it, unless it is the person at the daemon's own commands.
fn signed(reason: String, who: &Who) -> Result<String, Answer> {
    let reason = fitting(reason)?;
    Ok(if who.is_a_command() { reason } else { format!("{reason} ({})", who.name) })
}
