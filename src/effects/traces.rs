//! What writes to players leave behind on the server, by which it can be told whether they were made.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    Door, EffectError,
    find_out::{Found, body_text},
};
use crate::{
    api::{Call, Endpoint},
    domain::{PlayerName, SessionName},
    environment::Scope,
};

/// Deadlines are sums of times that the server keeps to the microsecond.
const EXACT: f64 = 0.0005;

/// What one player shows: the write was made, was not made, or it would look the same.
type Trace = Option<bool>;

impl Door {
    /// What has to be known of the players before: `{"players": {name: what}}`.
    pub(super) fn players_before(&self, scope: &Scope, call: &Call) -> Result<Option<Value>, EffectError> {
        let Some(session) = call.session_name() else { return Ok(None) };
        let (found, what): (_, fn(&Value) -> Value) = match call.endpoint() {
            Endpoint::PlayersTimeout => (self.read(scope, &deadlines(session))?, |found| {
                let until = found["show_page"].as_i64().and_then(|page| deadline(found, page));
                json!({ "show_page": found["show_page"], "until": until })
            }),
            Endpoint::PlayersGroup => {
                (self.read(scope, &groups(session))?, |found| json!({ "group": group(found) }))
            }
            Endpoint::ChatSend | Endpoint::ChatBroadcast => {
                let overview = Call::new(Endpoint::ChatOverview).session(session);
                (self.read(scope, &overview)?, |found| json!({ "messages": found["message_count"] }))
            }
            _ => return Ok(None),
        };
        let of = |player: &PlayerName| Some((player.to_string(), what(found.get(player.as_str())?)));
        let players: Map<String, Value> = call.player_names().iter().filter_map(of).collect();
        Ok(Some(json!({ "players": players })))
    }

    /// What became of the write, as the players show it.
    pub(super) fn players_after(
        &self,
        scope: &Scope,
        call: &Call,
        before: Option<&Value>,
    ) -> Result<Found, EffectError> {
        let Some(session) = call.session_name() else { return Ok(Found::Hidden) };
        match call.endpoint() {
            Endpoint::PlayersTimeout => {
                let found = self.read(scope, &deadlines(session))?;
                let delta = call.body_fields().and_then(|body| body.get("delta")?.as_f64()).unwrap_or(60.0);
                let moved = |player: &PlayerName| deadline_moved(&found, of(before, player)?, player, delta);
                let answer = json!({ "adjusted": call.player_names(), "delta": delta });
                Ok(together(call.player_names().iter().map(moved), answer))
            }
            Endpoint::PlayersGroup => {
                let found = self.read(scope, &groups(session))?;
                Ok(grouped(call, &found, before))
            }
            Endpoint::PlayersInitialize => {
                let list = Call::new(Endpoint::PlayersList).session(session).query("fields", "page_order");
                let found = self.read(scope, &list)?;
                let has_pages = |player: &PlayerName| {
                    let order = found.get(player.as_str())?["page_order"].as_array();
                    Some(Some(order.is_some_and(|order| !order.is_empty())))
                };
                let answer = json!({ "initialized": call.player_names() });
                Ok(together(call.player_names().iter().map(has_pages), answer))
            }
            Endpoint::ChatSend | Endpoint::ChatBroadcast => self.written(scope, call, session, before),
            _ => Ok(Found::Hidden),
        }
    }

    /// Whether the message stands in the chats, behind what stood there before.
    fn written(
        &self,
        scope: &Scope,
        call: &Call,
        session: &SessionName,
        before: Option<&Value>,
    ) -> Result<Found, EffectError> {
        let text = body_text(call, "message").unwrap_or_default().trim();
        let (mut traces, mut threads) = (Vec::new(), Vec::new());
        for player in call.player_names() {
            let read = Call::new(Endpoint::ChatRead).session(session).players(std::slice::from_ref(player));
            let thread = Value::Object(self.read(scope, &read)?);
            let known =
                of(before, player).and_then(|before| usize::try_from(before["messages"].as_u64()?).ok());
            traces.push(known.map(|known| {
                let mut newer = thread["messages"].as_array().into_iter().flatten().skip(known);
                Some(newer.any(|message| message["sender"][0] == "admin" && message["text"] == text))
            }));
            threads.push(thread);
        }
        let answer = match (call.endpoint(), threads.as_slice()) {
            (Endpoint::ChatSend, [thread]) => thread.clone(),
            _ => json!({ "sent_count": threads.len(), "players": threads }),
        };
        Ok(together(traces, answer))
    }
}

/// What was known of a player before: of all whom the call named, or, in a row of the ledger, of the one.
pub(super) fn of<'a>(before: Option<&'a Value>, player: &PlayerName) -> Option<&'a Value> {
    let before = before?;
    match before.get("players") {
        Some(players) => players.get(player.as_str()),
        None => Some(before),
    }
}

fn deadlines(session: &SessionName) -> Call {
    let list = Call::new(Endpoint::PlayersList).session(session);
    list.query("fields", "show_page").query("fields", "_uproot_timeouts_until")
}

fn groups(session: &SessionName) -> Call {
    Call::new(Endpoint::PlayersList).session(session).query("fields", "_uproot_group")
}

/// When the time of a page is over.
fn deadline(found: &Value, page: i64) -> Option<f64> {
    found["_uproot_timeouts_until"].get(page.to_string())?.as_f64()
}

fn group(found: &Value) -> &Value {
    &found["_uproot_group"]["gname"]
}

/// The trace of a moved deadline; nothing where it can have come about in another way.
fn deadline_moved(
    found: &Map<String, Value>,
    before: &Value,
    player: &PlayerName,
    delta: f64,
) -> Option<Trace> {
    let now = deadline(found.get(player.as_str())?, before["show_page"].as_i64()?);
    match (before["until"].as_f64(), now) {
        (Some(was), Some(now)) if (now - was).abs() < EXACT => Some(Some(false)),
        (Some(was), Some(now)) if (now - was - delta).abs() < EXACT => Some(Some(true)),
        (None, None) => Some(Some(false)),
        // A page that has a time limit makes itself a deadline when it is shown.
        _ => None,
    }
}

fn grouped(call: &Call, found: &Map<String, Value>, before: Option<&Value>) -> Found {
    let action = body_text(call, "action").unwrap_or_default();
    let players = call.player_names();
    let now = |player: &PlayerName| found.get(player.as_str()).map(group);
    let trace = |player: &PlayerName| -> Option<Trace> {
        let (was, now) = (&of(before, player)?["group"], now(player)?);
        Some(match (was == now, action) {
            (true, "reset") if now.is_null() => None,
            (true, _) => Some(false),
            (false, "reset") if now.is_null() => Some(true),
            (false, "reset") => return None,
            (false, _) if now.is_null() => return None,
            (false, _) => Some(true),
        })
    };
    let names: BTreeSet<&str> = players.iter().filter_map(now).filter_map(Value::as_str).collect();
    let mut answer = json!({ "action": action, "players": players });
    match action {
        "reset" => {
            let had = |player: &&PlayerName| of(before, player).is_some_and(|was| !was["group"].is_null());
            answer["players_reset"] = json!(players.iter().filter(had).count());
        }
        "same_group" => {
            answer["groups_created"] = json!(1);
            answer["group_name"] = json!(names.first());
        }
        _ => {
            answer["groups_created"] = json!(names.len());
            answer["group_names"] = json!(names);
        }
    }
    match together(players.iter().map(trace), answer) {
        Found::Applied(_) if action == "same_group" && names.len() > 1 => {
            Found::Unclear("they are in groups that this call did not make".to_owned())
        }
        found => found,
    }
}

/// What all players show together. The inner `None` fits both; the outer says nothing at all.
fn together(traces: impl IntoIterator<Item = Option<Trace>>, answer: Value) -> Found {
    let Some(traces) = traces.into_iter().collect::<Option<Vec<Trace>>>() else {
        return Found::Unclear("what the server shows can have come about in another way".to_owned());
    };
    if traces.iter().all(|trace| *trace != Some(false)) {
        Found::Applied(answer)
    } else if traces.iter().all(|trace| *trace != Some(true)) {
        Found::Nothing
    } else {
        Found::Unclear("it was done for some of the players only".to_owned())
    }
}
