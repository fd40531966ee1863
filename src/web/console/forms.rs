//! `POST /do/...`: what people ask of the daemon with the buttons of the pages. Without a script too: the answer leads back to the page.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use maud::html;
use serde_json::Value;

use super::{
    page,
    visitor::{Submitted, Visitor},
};
use crate::{
    domain::{AutomationName, Held, PlayerName, RunId, SessionName},
    store::Remedy,
    web::{Shared, act, answer::Answer, auth::Who},
};

pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(what): Path<String>,
    Visitor(who): Visitor,
    headers: HeaderMap,
    submitted: Submitted,
) -> Response {
    let (back, _) = submitted.back("back");
    let done = carry_out(&shared, &who, &what, &submitted).await;
    match done {
        Err(answer) if answer.status() == StatusCode::FORBIDDEN => {
            let said = html! {
                p.said.bad { (answer.body()["error"].as_str().unwrap_or_default()) }
                p { a href={ "../" (back) } { "Back" } }
            };
            return (StatusCode::FORBIDDEN, page::small("Not allowed", "../", &said)).into_response();
        }
        Ok(said) => shared.auth.say(&headers, true, said),
        Err(answer) => {
            let why = answer.body()["error"].as_str().unwrap_or("it was not done").to_owned();
            shared.auth.say(&headers, false, why);
        }
    }
    shared.board.changed();
    Redirect::to(&format!("../{back}")).into_response()
}

/// Does it, and says so in a sentence.
async fn carry_out(shared: &Shared, who: &Who, what: &str, asked: &Submitted) -> Result<String, Answer> {
    shared.check_running()?;
    match what {
        "pause" => {
            let held = held(asked)?;
            let said = format!("Paused: {held}.");
            let reason = reason(asked, who, "in the console");
            act::pause(shared, who, act::Pause { held, reason, until: None }).await?;
            Ok(said)
        }
        "resume" => {
            let held = held(asked)?;
            let said = format!("Goes on: {held}.");
            act::resume(shared, who, act::Resume { held }).await?;
            Ok(said)
        }
        "approve" => {
            let run = run(asked)?;
            act::plan(shared, who, act::Decision { run, rejected: None }).await?;
            Ok(format!("Plan {run} is approved. What came of it stands among its events in a moment."))
        }
        "reject" => {
            let run = run(asked)?;
            let reason = match asked.get("reason").trim() {
                "" => "rejected in the console",
                reason => reason,
            };
            let rejected = Some(short(reason));
            act::plan(shared, who, act::Decision { run, rejected }).await?;
            Ok(format!("Plan {run} is rejected: nothing of it is done."))
        }
        "retry" | "resume-run" | "discard" => {
            let run = run(asked)?;
            let (remedy, said) = match what {
                "retry" => (Remedy::Retry, format!("Run {run} is tried again, from the beginning.")),
                "resume-run" => (Remedy::Resume, format!("Run {run} goes on after what it had done.")),
                _ => {
                    let reason = asked.get("reason").trim();
                    if reason.is_empty() {
                        return Err(wrong("say why it is discarded: whoever looks later wants to know"));
                    }
                    let reason = format!("{} ({})", short(reason), who.name);
                    (Remedy::Discard(reason), format!("Run {run} is discarded."))
                }
            };
            act::dead(shared, who, act::DeadLetter { run, remedy }).await?;
            Ok(said)
        }
        "trigger" => {
            let dry_run = asked.get("dry") == "yes";
            let automation = asked.get("automation").to_owned();
            let said = if dry_run { "A dry run" } else { "A run" };
            let said =
                format!("{said} of {automation} is started; it stands on top of the events in a moment.");
            act::trigger(shared, who, act::Trigger { automation, payload: Value::Null, dry_run }).await?;
            Ok(said)
        }
        _ => Err(Answer::error(StatusCode::NOT_FOUND, "the console has no such button")),
    }
}

fn wrong(why: &str) -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, why)
}

/// A reason as people write it, which may be long.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn reason(asked: &Submitted, who: &Who, otherwise: &str) -> String {
    match asked.get("reason").trim() {
        "" => format!("{} {otherwise}", who.name),
        reason => format!("{} ({})", short(reason), who.name),
    }
}

fn run(asked: &Submitted) -> Result<RunId, Answer> {
    asked.get("run").parse().map(RunId).map_err(|_| wrong("the number of the run is missing"))
}

fn held(asked: &Submitted) -> Result<Held, Answer> {
    let why = |error: crate::domain::NameError| wrong(&error.to_string());
    let session = || SessionName::new(asked.get("session")).map_err(why);
    Ok(match asked.get("what") {
        "everything" => Held::Everything,
        "automation" => Held::Automation(AutomationName::new(asked.get("automation")).map_err(why)?),
        "session" => Held::Session(session()?),
        "player" => Held::Player(session()?, PlayerName::new(asked.get("player")).map_err(why)?),
        other => return Err(wrong(&format!("{other:?} cannot be held"))),
    })
}
