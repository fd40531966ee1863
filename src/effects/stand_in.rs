//! What a script gets for a write that was only written down: what a success would look like.

use serde_json::{Map, Value, json};

use crate::api::{Call, Endpoint};

/// `why` is the key that says why nothing was sent: `dry_run`, `planned` or `made_before`.
pub(super) fn answer(call: &Call, why: &str) -> Value {
    let players = json!(call.player_names());
    let body = call.body_fields().cloned().unwrap_or_default();
    let room = call.room_name().map(ToString::to_string);
    let given = |key: &str| body.get(key).cloned().unwrap_or(Value::Null);
    // A session made in a dry run has no name; scripts that go on with it get one that no server has.
    let sname =
        || body.get("sname").filter(|name| name.is_string()).cloned().unwrap_or_else(|| json!("dry-run"));
    let mut answer: Map<String, Value> = match call.endpoint() {
        Endpoint::SessionsCreate => object(json!({"sname": sname(), "created": true})),
        Endpoint::SessionsDescription => object(json!({"description": given("description")})),
        Endpoint::SessionsSettings => object(json!({"settings": given("settings")})),
        Endpoint::PlayersFields => {
            let fields: Vec<String> = body
                .get("fields")
                .and_then(Value::as_object)
                .map(|f| f.keys().cloned().collect())
                .unwrap_or_default();
            object(json!({"updated": players, "fields": fields}))
        }
        Endpoint::PlayersReload => object(json!({"reloaded": players})),
        Endpoint::PlayersRedirect => object(json!({"redirected": players, "url": given("url")})),
        Endpoint::PlayersMessage => object(json!({"messaged": players})),
        Endpoint::SessionsInitialize => object(json!({"initialized": true})),
        Endpoint::PlayersTimeout => object(json!({"adjusted": players, "delta": given("delta")})),
        Endpoint::PlayersGroup => object(json!({"action": given("action"), "players": players})),
        Endpoint::PlayersInitialize => object(json!({"initialized": players})),
        Endpoint::ChatSend => {
            let player = call.player_names().first();
            object(json!({"player": {"uname": player}, "chat": {}, "messages": []}))
        }
        Endpoint::ChatBroadcast => object(json!({"sent_count": call.player_names().len(), "players": []})),
        Endpoint::ChatReplies => object(json!({"enabled": given("enabled"), "players": []})),
        Endpoint::PipelinesRun => object(json!({"rows": []})),
        Endpoint::PlayersDropout => object(json!({"marked_dropout": players})),
        Endpoint::RoomsCreate => object(json!({"name": given("name"), "created": true})),
        Endpoint::RoomsUpdate => object(json!({"name": room, "updated": true})),
        Endpoint::RoomsOpen => object(json!({"name": room, "open": given("open")})),
        Endpoint::RoomsClose => {
            let parts = body.get("disassociate").cloned().unwrap_or_else(|| json!(false));
            object(json!({"name": room, "closed": true, "disassociated": parts}))
        }
        Endpoint::RoomsCapacity => object(json!({"name": room, "capacity": given("capacity")})),
        Endpoint::RoomsDelete => object(json!({"name": room, "deleted": true})),
        Endpoint::RoomsDisassociate => object(json!({"name": room, "disassociated": true})),
        Endpoint::RoomsCreateSession => object(json!({"sname": sname(), "roomname": room, "created": true})),
        Endpoint::PlayersAdvance => step("advanced", &players),
        Endpoint::PlayersRevert => step("reverted", &players),
        Endpoint::PlayersEnd => step("ended", &players),
        _ => Map::new(),
    };
    answer.insert(why.to_owned(), json!(true));
    Value::Object(answer)
}

fn step(done: &str, players: &Value) -> Map<String, Value> {
    object(json!({ done: players, "moved": [], "refused": {} }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
