//! JSON that nobody has looked into yet.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

/// A JSON object as a text. It is taken apart where somebody looks into it, and few do. Two are equal if their texts are, and when
/// it is read any JSON will do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawMap(Box<RawValue>);

impl RawMap {
    /// The text of a map.
    pub fn of(map: &impl Serialize) -> Self {
        Self(serde_json::value::to_raw_value(map).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// What is in it: nothing if it is the text of something else.
    pub fn map(&self) -> Map<String, Value> {
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }
}

impl Default for RawMap {
    fn default() -> Self {
        Self::of(&Map::new())
    }
}

impl PartialEq for RawMap {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}
