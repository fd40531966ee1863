//! What became of a write whose answer was lost, as far as the server can tell.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{Door, EffectError, history::Became, sightings::Sighting};
use crate::{
    api::{Call, Endpoint, Generation},
    domain::{Capability, Effect, EffectState, PlayerName, RoomName, SessionName},
    environment::{Scope, Stopped},
    store::OpenEffect,
};

/// How long finding out may take. The answers of reads are asked for several times within it.
const LONGEST: Duration = Duration::from_mins(1);
/// How long finding out about everything that an earlier daemon left open may take.
const LONGEST_IN_ALL: Duration = Duration::from_mins(3);

/// For how long after it was written down a request may still be on its way, although its daemon has ended: in a proxy, or
/// in the queue of a server that is busy. As long as the client would have waited for the answer.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(30);

/// Said of what an earlier daemon left open.
const STOPPED: &str = "the daemon stopped before the answer was there";

/// Said of a write that leaves no trace.
pub(super) const HIDDEN: &str = "nothing on the server shows whether it was done";

/// What became of a write.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// The server shows that it was done. The answer that it would have given.
    Applied(Value),
    /// The server shows that it was not done.
    Nothing,
    /// Nothing on the server ever shows it.
    Hidden,
    /// It cannot be told, for this reason.
    Unclear(String),
}

impl Door {
    /// What has to be known of the server before a write, so that it can be told afterwards whether it was done; `None` where nothing helps.
    pub(super) fn before(&self, scope: &Scope, call: &Call) -> Result<Option<Value>, EffectError> {
        Ok(match call.endpoint() {
            Endpoint::SessionsCreate => {
                let Some(name) = body_text(call, "sname") else { return Ok(None) };
                let sessions = self.read(scope, &Call::new(Endpoint::SessionsList))?;
                Some(json!({ "exists": sessions.contains_key(name) }))
            }
            Endpoint::RoomsCreate => {
                let Some(name) = body_text(call, "name") else { return Ok(None) };
                let rooms = self.read(scope, &Call::new(Endpoint::RoomsList))?;
                Some(json!({ "exists": rooms.contains_key(name) }))
            }
            Endpoint::RoomsDelete
            | Endpoint::RoomsDisassociate
            | Endpoint::RoomsClose
            | Endpoint::RoomsCreateSession => {
                let Some(room) = call.room_name() else { return Ok(None) };
                let rooms = self.read(scope, &Call::new(Endpoint::RoomsList))?;
                let found = rooms.get(room.as_str());
                Some(json!({ "exists": found.is_some(), "session": found.map(|room| &room["sname"]) }))
            }
            Endpoint::SessionsInitialize => {
                let Some(session) = call.session_name() else { return Ok(None) };
                let found = self.read(scope, &Call::new(Endpoint::SessionsGet).session(session))?;
                Some(json!({ "initialized": found.get("initialized") }))
            }
            _ => self.players_before(scope, call)?,
        })
    }

    /// What became of a call that acts once more each time.
    pub(super) fn find_out(&self, call: &Call, before: Option<&Value>) -> Found {
        match self.look_for(call, before) {
            Ok(found) => found,
            Err(error) => Found::Unclear(format!("the server cannot be asked: {error}")),
        }
    }

    fn look_for(&self, call: &Call, before: Option<&Value>) -> Result<Found, EffectError> {
        let scope = self.scope_to_find_out();
        let existed = before.and_then(|before| before["exists"].as_bool());
        let cannot = |why: &str| Ok(Found::Unclear(why.to_owned()));
        match call.endpoint() {
            Endpoint::SessionsActive | Endpoint::SessionsTesting => {
                let (Some(session), Some((key, wanted))) = (call.session_name(), switched(call)) else {
                    return cannot("it does not say what was to be set");
                };
                let found = self.read(&scope, &Call::new(Endpoint::SessionsGet).session(session))?;
                match found.get(key).and_then(Value::as_bool) {
                    Some(now) => Ok(applied(now == wanted, json!({ key: wanted }))),
                    None => cannot("the server does not tell what is set"),
                }
            }
            Endpoint::PlayersDropout => {
                let Some(session) = call.session_name() else { return cannot("it names no session") };
                let list =
                    Call::new(Endpoint::PlayersList).session(session).query("fields", "_uproot_dropout");
                let players = self.read(&scope, &list)?;
                let marked = |player: &PlayerName| {
                    players.get(player.as_str()).is_some_and(|p| p["_uproot_dropout"] == json!(true))
                };
                if call.player_names().iter().all(marked) {
                    return Ok(Found::Applied(json!({ "marked_dropout": call.player_names() })));
                }
                // The oldest servers only arm a mark, which shows nowhere.
                match self.client.generation(&scope)? {
                    Generation::Contract => cannot("this server does not show who was marked"),
                    _ => Ok(Found::Nothing),
                }
            }
            Endpoint::SessionsCreate => {
                let (Some(name), Some(false)) = (body_text(call, "sname"), existed) else {
                    return cannot("a session that is given no name cannot be told from others");
                };
                let sessions = self.read(&scope, &Call::new(Endpoint::SessionsList))?;
                Ok(applied(sessions.contains_key(name), json!({ "sname": name, "created": true })))
            }
            Endpoint::RoomsCreate => {
                let (Some(name), Some(false)) = (body_text(call, "name"), existed) else {
                    return cannot("the room was there before");
                };
                let rooms = self.read(&scope, &Call::new(Endpoint::RoomsList))?;
                Ok(applied(rooms.contains_key(name), json!({ "name": name, "created": true })))
            }
            Endpoint::SessionsInitialize => {
                let (Some(session), Some(Some(false))) =
                    (call.session_name(), before.map(|before| before["initialized"].as_bool()))
                else {
                    return cannot("it may have been initialized before");
                };
                let found = self.read(&scope, &Call::new(Endpoint::SessionsGet).session(session))?;
                let is_so = found.get("initialized") == Some(&json!(true));
                Ok(applied(is_so, json!({ "initialized": true })))
            }
            Endpoint::RoomsDelete
            | Endpoint::RoomsDisassociate
            | Endpoint::RoomsClose
            | Endpoint::RoomsCreateSession => {
                let (Some(room), Some(true)) = (call.room_name(), existed) else {
                    return cannot("the room was not there before");
                };
                let rooms = self.read(&scope, &Call::new(Endpoint::RoomsList))?;
                let session = rooms.get(room.as_str()).map(|room| room["sname"].clone());
                let is_open = rooms.get(room.as_str()).map(|room| room["open"] == json!(true));
                let had = before.map(|before| &before["session"]).unwrap_or(&Value::Null);
                Ok(match call.endpoint() {
                    Endpoint::RoomsDelete => {
                        applied(session.is_none(), json!({ "name": room, "deleted": true }))
                    }
                    Endpoint::RoomsClose => {
                        let parts = call.body_fields().and_then(|body| body.get("disassociate")?.as_bool());
                        let answer =
                            json!({ "name": room, "closed": true, "disassociated": parts.unwrap_or(false) });
                        // A session that came since is not the one to part from.
                        match (is_open, session) {
                            (Some(false), Some(Value::Null)) => Found::Applied(answer),
                            (Some(_), Some(session)) if session == *had => Found::Nothing,
                            _ => Found::Unclear("the room is not as it was".to_owned()),
                        }
                    }
                    Endpoint::RoomsDisassociate if !had.is_null() => applied(
                        session.is_some_and(|s| s.is_null()),
                        json!({ "name": room, "disassociated": true }),
                    ),
                    Endpoint::RoomsCreateSession if had.is_null() => match session {
                        Some(Value::String(name)) => {
                            Found::Applied(json!({ "sname": name, "roomname": room, "created": true }))
                        }
                        _ => Found::Nothing,
                    },
                    _ => Found::Unclear("the room was not as it had to be".to_owned()),
                })
            }
            _ => self.players_after(&scope, call, before),
        }
    }

    /// Finds out what became of the writes that an earlier daemon left open, and settles them. What was not done is not
    /// done now: who decided it is gone, and the world has moved on.
    ///
    /// Nothing else begins meanwhile, so a server that does not answer is not asked for ever: what is left after some
    /// minutes is uncertain. What the server does not show is looked for again once its request can no longer be on its
    /// way. Where `cancel` comes first, the rest stays open for the next start.
    pub fn settle_open(&self, open: &[OpenEffect], cancel: &CancellationToken) -> Result<(), EffectError> {
        let mut patience = Scope::for_duration(self.env.now(), LONGEST_IN_ALL);
        patience.cancel = cancel.clone();
        let mut later = Vec::new();
        for one in open {
            if cancel.is_cancelled() {
                return Ok(());
            }
            match self.what_is_left(&one.effect, &patience) {
                (EffectState::Failed, _) if !self.on_its_way(one).is_zero() => later.push(one),
                (state, note) => self.settle_one(one, state, note)?,
            }
        }
        for one in later {
            // The wait is over at once for all but the latest of them.
            if let Err(Stopped::Cancelled) = self.env.sleep(self.on_its_way(one), &patience) {
                return Ok(());
            }
            if cancel.is_cancelled() {
                return Ok(());
            }
            let (state, note) = self.what_is_left(&one.effect, &patience);
            self.settle_one(one, state, note)?;
        }
        Ok(())
    }

    /// For how much longer the request of a write may be on its way.
    fn on_its_way(&self, OpenEffect { claimed, .. }: &OpenEffect) -> Duration {
        let left = ON_ITS_WAY - self.env.now().duration_since(*claimed);
        Duration::try_from(left.min(ON_ITS_WAY)).unwrap_or_default()
    }

    fn settle_one(&self, open: &OpenEffect, state: EffectState, note: String) -> Result<(), EffectError> {
        let OpenEffect { run, event, automation, row, effect, .. } = open;
        tracing::warn!(
            run = run.0,
            event = event.map(|event| event.0),
            automation,
            action = effect.action,
            target = effect.target,
            player = effect.player,
            "a write of an earlier daemon was open and is now {state}: {note}"
        );
        self.settle(*run, effect.ordinal, Some(*row), state, Some(note))
    }

    fn what_is_left(&self, effect: &Effect, patience: &Scope) -> (EffectState, String) {
        let uncertain = |why: &str| (EffectState::Uncertain, format!("{STOPPED}; {why}"));
        if let Err(Stopped::Deadline) = patience.check(self.env.now()) {
            return uncertain("the server did not answer for too long");
        }
        let nothing = || (EffectState::Failed, format!("{STOPPED}; the server did not do it"));
        let Ok(endpoint) = effect.action.parse::<Endpoint>() else {
            return uncertain(HIDDEN);
        };
        let Some(call) = call_of(endpoint, effect) else { return uncertain("its row does not read") };
        let before = effect.precondition.as_ref();
        if matches!(endpoint, Endpoint::PlayersAdvance | Endpoint::PlayersRevert | Endpoint::PlayersEnd) {
            let known = before.and_then(|p| Some((p["show_page"].as_i64()?, p["since"].as_f64()?)));
            let (Some(session), [player], Some((show_page, since))) =
                (call.session_name(), call.player_names(), known)
            else {
                return uncertain("its row does not say where the player was");
            };
            let before = Sighting { show_page, page_order: None };
            return match self.what_became_of(endpoint, session, player, &before, since) {
                Became::Made(note) => (EffectState::Done, format!("{STOPPED}; {note}")),
                Became::Moved(_) | Became::Nothing => nothing(),
                Became::Unclear(why) => uncertain(&why),
            };
        }
        match self.find_out(&call, before) {
            Found::Applied(_) => (EffectState::Done, format!("{STOPPED}; the server shows that it was done")),
            Found::Nothing => nothing(),
            Found::Hidden => uncertain(HIDDEN),
            Found::Unclear(why) => uncertain(&why),
        }
    }

    /// Finding out goes on when the run is over: what was sent has to be known.
    pub(super) fn scope_to_find_out(&self) -> Scope {
        Scope::for_duration(self.env.now(), LONGEST)
    }
}

fn applied(is_so: bool, answer: Value) -> Found {
    if is_so { Found::Applied(answer) } else { Found::Nothing }
}

/// What a session's `active` or `testing` was to be set to.
pub(super) fn switched(call: &Call) -> Option<(&'static str, bool)> {
    let key = if call.endpoint() == Endpoint::SessionsActive { "active" } else { "testing" };
    Some((key, call.body_fields()?.get(key)?.as_bool()?))
}

pub(super) fn body_text<'a>(call: &'a Call, key: &str) -> Option<&'a str> {
    call.body_fields()?.get(key)?.as_str()
}

/// The call that a row of the ledger stands for.
fn call_of(endpoint: Endpoint, effect: &Effect) -> Option<Call> {
    Capability::named(&effect.action)?;
    let mut call = Call::new(endpoint);
    let target = effect.target.as_deref();
    if effect.action.starts_with("rooms.") {
        if let Some(room) = target {
            call = call.room(&RoomName::new(room).ok()?);
        }
    } else if let Some(session) = target {
        call = call.session(&SessionName::new(session).ok()?);
    }
    if let Some(player) = &effect.player {
        call = call.players(&[PlayerName::new(player).ok()?]);
    }
    let body = effect.arguments.as_object().cloned().unwrap_or_else(Map::new);
    Some(call.body(body))
}
