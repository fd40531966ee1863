//! Keys: overlap and pace are judged apart for each.

use serde_json::Value;

use crate::{config::KeyRule, domain::Event};

/// The key of an event. Events without the field share one, the empty text.
pub(super) fn key_of(rule: &KeyRule, event: &Event) -> String {
    match rule {
        KeyRule::Automation => String::new(),
        KeyRule::Field(path) => {
            let found = path.split('.').try_fold(event.subject(), |value, part| value.get(part));
            match found {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            }
        }
    }
}

/// ` for "KEY"`, for the middle of a reason; nothing where the key is the whole automation.
pub(super) fn for_key(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(" for {key:?}") }
}
