//! What people and commands ask of the daemon: start something, pause, resume, decide. Each is committed before it is answered.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Shared, answer::Answer, auth::Who};
use crate::{
    domain::{AutomationName, Detail, Event, EventKind, Held, Hold, Role, RunId, did_you_mean},
    engine::Input,
    store::{Closed, Decided, NewEvent, Remedy},
};

pub(super) struct Trigger {
    pub(super) automation: String,
    pub(super) payload: Value,
    pub(super) dry_run: bool,
}

pub(super) struct Pause {
    pub(super) held: Held,
    pub(super) reason: String,
    pub(super) until: Option<Timestamp>,
}

pub(super) struct Resume {
    pub(super) held: Held,
}

pub(super) struct Decision {
    pub(super) run: RunId,
    /// Why it is rejected; approved where there is none.
    pub(super) rejected: Option<String>,
}

pub(super) struct DeadLetter {
    pub(super) run: RunId,
    pub(super) remedy: Remedy,
}

pub(super) async fn trigger(shared: &Shared, who: &Who, asked: Trigger) -> Result<Answer, Answer> {
    who.must_be(if asked.dry_run { Role::Operator } else { Role::Admin })?;
    let Trigger { automation, payload, dry_run } = asked;
    let automation = known(shared, &automation)?;
    let permit = shared.reserve()?;
    let event = NewEvent {
        automation,
        kind: EventKind::Manual,
        at: shared.state.tools.env.now(),
        detail: Detail::Manual { payload, dry_run },
    };
    shared.check_running()?;
    let pending = shared.state.tools.store.accept_manual(event);
    let who = who.clone();
    let accepted = shared.finish(async move {
        let event = pending.ready().await?;
        let id = event.id;
        tracing::info!(by = %who.name, event = id.0, automation = %event.automation, "a run is asked for by hand");
        permit.send(Input::Accepted(Arc::new(event)));
        Ok(id)
    });
    Ok(Answer::new(StatusCode::ACCEPTED, json!({ "event": accepted.await? })))
}

pub(super) async fn pause(shared: &Shared, who: &Who, asked: Pause) -> Result<Hold, Answer> {
    who.must_be(Role::Operator)?;
    if let Held::Automation(name) = &asked.held {
        known(shared, name.as_str())?;
    }
    let Pause { held, reason, until } = asked;
    let who = who.clone();
    let committed = shared.state.committed.clone();
    // What somebody has paused without end, or for longer, nobody ends sooner by pausing it too: only by resuming it.
    let (history, now) = (Arc::clone(&shared.state.history), shared.state.tools.env.now());
    let holds = tokio::task::spawn_blocking(move || history.holds(now)).await.ok().and_then(Result::ok);
    let until = match holds.unwrap_or_default().into_iter().find(|hold| hold.held == held) {
        Some(before) => until.zip(before.until).map(|(until, before)| until.max(before)),
        None => until,
    };
    let hold = Hold { held, since: shared.state.tools.env.now(), until, reason };
    let pending = shared.state.tools.store.hold(hold.clone());
    let finished = shared.finish(async move {
        pending.ready().await?;
        tracing::warn!(by = %who.name, "{} is paused: {}", hold.held, hold.reason);
        // However much waits: the red button is never refused. Once committed, it holds; the engine hears of it in its turn.
        let _ = committed.send(Input::Hold(hold.clone())).await;
        Ok(hold)
    });
    finished.await
}

pub(super) async fn resume(shared: &Shared, who: &Who, asked: Resume) -> Result<Answer, Answer> {
    who.must_be(Role::Operator)?;
    let who = who.clone();
    let committed = shared.state.committed.clone();
    let pending = shared.state.tools.store.release(asked.held.clone(), shared.state.tools.env.now());
    let was_held = shared.finish(async move {
        let was_held = pending.ready().await?;
        tracing::warn!(by = %who.name, "{} goes on", asked.held);
        let _ = committed.send(Input::Release(asked.held)).await;
        Ok(was_held)
    });
    Ok(Answer::new(StatusCode::OK, json!({ "was_held": was_held.await? })))
}

pub(super) async fn plan(shared: &Shared, who: &Who, asked: Decision) -> Result<Answer, Answer> {
    who.must_be(Role::Operator)?;
    let permit = shared.reserve()?;
    let now = shared.state.tools.env.now();
    let routes = shared.state.routes.get();
    let known = move |name: &AutomationName| routes.automations.contains(name);
    let pending = match asked.rejected {
        None => shared.state.tools.store.approve(asked.run, who.name.clone(), now, known),
        Some(reason) => shared.state.tools.store.reject(asked.run, format!("{reason} ({})", who.name), now),
    };
    let (who, run, reader) = (who.clone(), asked.run, who.reader());
    let decided = shared.finish(async move {
        let decided = pending.ready().await?;
        if let Decided::Now(event) = &decided {
            let (event, automation) = of(event.as_ref());
            tracing::info!(by = %who.name, run = run.0, event, automation, "plan {run} is decided");
        }
        if let Decided::Now(Some(event)) = &decided {
            permit.send(Input::Accepted(Arc::new(event.clone())));
        }
        Ok(decided)
    });
    match decided.await? {
        Decided::Now(event) => Ok(done(event)),
        other => Err(conflict(other.why_not(asked.run, reader).unwrap_or_default())),
    }
}

pub(super) async fn dead(shared: &Shared, who: &Who, asked: DeadLetter) -> Result<Answer, Answer> {
    who.must_be(Role::Operator)?;
    let permit = shared.reserve()?;
    let routes = shared.state.routes.get();
    let known = move |name: &AutomationName| routes.automations.contains(name);
    let now = shared.state.tools.env.now();
    let pending = shared.state.tools.store.close_dead_letter(asked.run, asked.remedy, now, known);
    let (who, run, reader) = (who.clone(), asked.run, who.reader());
    let closed = shared.finish(async move {
        let closed = pending.ready().await?;
        if let Closed::Now(event) = &closed {
            let (event, automation) = of(event.as_ref());
            tracing::info!(by = %who.name, run = run.0, event, automation, "the dead letter of run {run} is closed");
        }
        if let Closed::Now(Some(event)) = &closed {
            permit.send(Input::Accepted(Arc::new(event.clone())));
        }
        Ok(closed)
    });
    match closed.await? {
        Closed::Now(event) => Ok(done(event)),
        other => Err(conflict(other.why_not(asked.run, reader).unwrap_or_default())),
    }
}

/// What a log line says of an event that follows.
fn of(event: Option<&Event>) -> (Option<i64>, Option<&str>) {
    event.map(|event| (event.id.0, event.automation.as_str())).unzip()
}

fn done(event: Option<Event>) -> Answer {
    Answer::new(StatusCode::OK, json!({ "event": event.map(|event| event.id) }))
}

fn conflict(why: String) -> Answer {
    Answer::error(StatusCode::CONFLICT, why)
}

/// An automation of the configuration, by its name.
pub(super) fn known(shared: &Shared, text: &str) -> Result<AutomationName, Answer> {
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
