//! `/sessions`: everybody as observed.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Reading, not_found};
use crate::{
    environment::Scope,
    watch::{SeenPlayer, SeenSession},
    web::{
        answer::Answer,
        api::asked::shortened,
        board::{DRAWN, counts},
    },
};

/// How long a first look at the sessions may keep an answer waiting.
const FIRST_LOOK: Duration = Duration::from_secs(3);

pub(in crate::web::api) fn all(reading: &Reading) -> Result<Value, Answer> {
    let sessions = seen(reading);
    let rows: Vec<Value> = sessions.iter().map(|one| session(reading, one)).collect();
    Ok(json!({ "sessions": rows }))
}

pub(in crate::web::api) fn one(reading: &Reading) -> Result<Value, Answer> {
    let name = reading.asked.name("session");
    let sessions = seen(reading);
    let found = sessions.iter().find(|one| one.name == name);
    let found = found.ok_or_else(|| {
        not_found(format!(
            "no session {:?} is observed: /api/v1/sessions lists those that are",
            shortened(name)
        ))
    })?;
    let mut value = session(reading, found);
    value["players"] = found.players.iter().map(|one| player(reading, one)).collect();
    Ok(value)
}

/// The sessions as they were last looked at. Whoever asks has them looked at for a while; before the first look of all, the answer
/// waits for it.
fn seen(reading: &Reading) -> Vec<SeenSession> {
    let watch = &reading.shared.state.tools.watch;
    reading.shared.board.ask(reading.now);
    watch.show();
    if watch.seen().is_empty() {
        watch.look_for_people(&Scope::for_duration(reading.now, FIRST_LOOK));
    }
    watch.seen()
}

/// An instant of the server's clock as one of ours, in milliseconds.
fn ours(reading: &Reading, at: f64) -> i64 {
    ((at - reading.shared.state.tools.watch.ahead()) * 1000.0) as i64
}

fn session(reading: &Reading, session: &SeenSession) -> Value {
    let ours = |at: f64| ours(reading, at);
    let words = DRAWN.iter().zip(counts(session));
    let counts: Map<String, Value> =
        words.map(|(class, count)| (class.as_str().to_owned(), json!(count))).collect();
    json!({
        "name": session.name,
        "created": session.created.map(ours),
        "looked": session.looked.map(ours),
        "alive": (session.alive > 0.0).then(|| ours(session.alive)),
        "size": session.players.len(),
        "counts": counts,
    })
}

fn player(reading: &Reading, player: &SeenPlayer) -> Value {
    let ours = |at: f64| ours(reading, at);
    json!({
        "name": &*player.name,
        "label": player.label,
        "class": player.class,
        "reason": player.reason,
        "page": player.page,
        "page_kind": player.kind.as_str(),
        "show_page": player.place,
        "pages": player.pages,
        "since": player.entered.map(ours),
        "heard": player.seen.map(ours),
        "deadline": player.deadline.map(ours),
        "mates": player.mates.iter().map(|mate| &**mate).collect::<Vec<&str>>(),
    })
}
