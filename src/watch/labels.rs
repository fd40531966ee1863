//! The labels of players that scripts have read: who they are outside of the experiment, which notices do not tell.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use crate::api::Answer;

/// How many are remembered. No lab has so many in the days that a daemon runs.
const MOST: usize = 100_000;

/// See the module.
#[derive(Default)]
pub(super) struct Labels(Mutex<HashSet<String>>);

impl Labels {
    /// Takes up the labels in what was read.
    pub(super) fn note(&self, answer: &Answer) {
        match answer {
            Answer::Players(players) => {
                let mut known = self.lock();
                for (name, fields) in players.iter() {
                    let label = fields.iter().find(|(key, _)| &**key == "label");
                    let label = label.and_then(|(_, field)| field.value().as_str());
                    put(&mut known, name, label);
                }
            }
            Answer::Json(player) => put(&mut self.lock(), "", player.get("label").and_then(Value::as_str)),
            _ => {}
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A label that is the player's name is no secret.
fn put(known: &mut HashSet<String>, name: &str, label: Option<&str>) {
    let Some(label) = label.filter(|label| !label.is_empty() && *label != name) else { return };
    if known.len() < MOST && !known.contains(label) {
        known.insert(label.to_owned());
    }
}
