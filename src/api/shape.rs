//! The shape of JSON answers: checked against what the contract says, and brought into it where servers differ.

use serde_json::{Map, Value, json};

use super::{call::Call, endpoint::Endpoint as E, secret, version::Generation};

/// What stands under a key.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Text,
    List,
    Object,
    TextOrNull,
    NumberOrNull,
}

impl Kind {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Text => value.is_string(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::TextOrNull => value.is_string() || value.is_null(),
            Self::NumberOrNull => value.is_number() || value.is_null(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
            Self::TextOrNull => "a text or null",
            Self::NumberOrNull => "a number or null",
        }
    }
}

/// What an answer must have, so that whoever reads on can rely on it. More is allowed everywhere.
fn expected(endpoint: E) -> &'static [(&'static str, Kind)] {
    use Kind::{Bool, List, NumberOrNull, Object, Text, TextOrNull};
    match endpoint {
        E::SessionsCreate => &[("sname", Text)],
        E::SessionsGet => &[
            ("sname", Text),
            ("config", TextOrNull),
            ("active", Bool),
            ("testing", Bool),
            ("settings", Object),
            ("apps", List),
        ],
        E::SessionsActive => &[("active", Bool)],
        E::SessionsTesting => &[("testing", Bool)],
        E::SessionsDescription => &[("description", TextOrNull)],
        E::SessionsSettings => &[("settings", Object)],
        E::SessionsInitialize => &[("initialized", Bool)],
        E::SessionsMultiview | E::ChatBroadcast | E::ChatReplies => &[("players", List)],
        E::PlayersOnline | E::PlayersAdvance | E::PlayersRevert | E::PlayersEnd | E::RoomsOnline => {
            &[("info", Object), ("online", Object)]
        }
        E::PlayersFields => &[("updated", List)],
        E::PlayersReload => &[("reloaded", List)],
        E::PlayersRedirect => &[("redirected", List)],
        E::PlayersMessage => &[("messaged", List)],
        E::PlayersDropout => &[("marked_dropout", List)],
        E::PlayersTimeout => &[("adjusted", List)],
        E::PlayersGroup => &[("action", Text)],
        E::PlayersInitialize => &[("initialized", List)],
        E::ChatRead | E::ChatSend => &[("player", Object), ("chat", Object), ("messages", List)],
        E::DataSince => &[("data", Object), ("last_update", NumberOrNull)],
        E::RoomsCreate | E::RoomsGet | E::RoomsUpdate | E::RoomsDelete | E::RoomsDisassociate => {
            &[("name", Text)]
        }
        // The contract does not know these two; what the oldest servers answer to them is not told anywhere.
        E::RoomsOpen | E::RoomsClose => &[],
        E::RoomsCapacity => &[("name", Text)],
        E::RoomsCreateSession => &[("sname", Text)],
        E::ConfigsList => &[("configs", Object)],
        E::ConfigsSummary => &[("name", Text)],
        E::Digest | E::PipelinesList => &[("apps", List)],
        E::DigestOf => &[("app", Text)],
        E::Dashboard => &[("configs", Object), ("rooms", Object), ("active_sessions", Object)],
        _ => &[],
    }
}

/// Checks an answer that is to be an object and brings it into the contract's shape. The error is a sentence.
pub(super) fn object(
    call: &Call,
    generation: Generation,
    mut answer: Map<String, Value>,
) -> Result<Value, String> {
    let endpoint = call.endpoint();
    for (key, kind) in expected(endpoint) {
        match answer.get(*key) {
            Some(value) if kind.holds(value) => {}
            Some(_) => return Err(format!("{key:?} is not {}", kind.name())),
            None => return Err(format!("{key:?} is missing")),
        }
    }
    match endpoint {
        E::SessionsList | E::RoomsList | E::ChatOverview => each_is_object(&answer)?,
        E::PlayersGet if generation != Generation::Newest => each_is_object(&answer)?,
        E::DataSince => each_is_object(answer.get("data").and_then(Value::as_object).unwrap_or(&Map::new()))?,
        E::SessionsActive => as_asked(call, generation, &answer, "active")?,
        E::SessionsTesting => as_asked(call, generation, &answer, "testing")?,
        _ => {}
    }
    adapt(call, &mut answer);
    Ok(Value::Object(answer))
}

/// Says what went wrong upstream in the contract's words; newer servers only say `{"error": true}`.
pub(super) fn announcements(mut answer: Value) -> Value {
    if answer.get("error") == Some(&Value::Bool(true)) {
        answer["error"] = json!("Failed to fetch announcements");
    }
    answer
}

fn each_is_object(map: &Map<String, Value>) -> Result<(), String> {
    match map.iter().find(|(_, value)| !value.is_object()) {
        Some((key, _)) => Err(format!("{key:?} is not an object")),
        None => Ok(()),
    }
}

/// A server that sets answers with what it was told. Another answer means that it toggled after all.
fn as_asked(
    call: &Call,
    generation: Generation,
    answer: &Map<String, Value>,
    key: &str,
) -> Result<(), String> {
    let asked = call.body_fields().and_then(|body| body.get(key));
    if generation.toggles() || answer.get(key) == asked {
        Ok(())
    } else {
        Err(format!("{key} is not what it was to be set to"))
    }
}

/// The differences between servers that scripts should not have to know.
fn adapt(call: &Call, answer: &mut Map<String, Value>) {
    let absent = |answer: &mut Map<String, Value>, key: &str, value: Option<Value>| {
        if let (false, Some(value)) = (answer.contains_key(key), value) {
            answer.insert(key.to_owned(), value);
        }
    };
    match call.endpoint() {
        E::PlayersGet => {
            answer.values_mut().for_each(secret::strip);
            answer.retain(|field, _| !secret::is_key(field));
        }
        E::DataSince => {
            if let Some(data) = answer.get_mut("data").and_then(Value::as_object_mut) {
                secret::strip_changes(data);
            }
        }
        // What code of the experiment put together.
        E::Digest | E::DigestOf => answer.values_mut().for_each(secret::strip),
        E::RoomsOpen | E::RoomsClose => absent(answer, "name", call.room_name().map(|room| json!(room))),
        E::SessionsCreate | E::RoomsCreate => absent(answer, "created", Some(json!(true))),
        E::RoomsCreateSession => {
            absent(answer, "roomname", call.room_name().map(|room| json!(room)));
            absent(answer, "created", Some(json!(true)));
        }
        E::RoomsUpdate => absent(answer, "updated", Some(json!(true))),
        E::RoomsDelete => absent(answer, "deleted", Some(json!(true))),
        E::RoomsDisassociate => absent(answer, "disassociated", Some(json!(true))),
        E::ConfigsSummary => {
            // Servers say `suggested_multiple`, the contract `multiple_of`.
            let multiple = answer.get("suggested_multiple").or(answer.get("multiple_of")).cloned();
            absent(answer, "suggested_multiple", multiple.clone());
            absent(answer, "multiple_of", multiple);
        }
        E::Status => {
            let within = |outer: &str, inner: &str| answer.get(outer)?.get(inner).cloned();
            let (version, size) = (within("versions", "uproot"), within("database", "size_mb"));
            absent(answer, "version", version);
            absent(answer, "database_size_mb", size);
        }
        _ => {}
    }
}
