//! The answer to `players.list`, which is read again and again: what many players have in common is kept once.

use std::{collections::HashMap, fmt, sync::Arc};

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::secret;

/// Fields of the players of a session, in the server's order, without their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Players(IndexMap<String, Vec<(Arc<str>, Field)>>);

/// The fields of a player by name.
pub type Fields = [(Arc<str>, Field)];

/// What stands in a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A text, a number and the like.
    Single(Value),
    /// A list or an object. Players who follow one another with the same one share it: page orders, above all.
    Shared(Arc<Value>),
}

impl Field {
    /// The value.
    pub fn value(&self) -> &Value {
        match self {
            Self::Single(value) => value,
            Self::Shared(value) => value,
        }
    }
}

impl Players {
    /// Reads the server's JSON. The error is a sentence, and nothing for what is no JSON object.
    pub(super) fn read(body: &[u8]) -> Result<Self, (serde_json::Error, Option<String>)> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let mut seen = Seen::default();
        let read = Whole(&mut seen).deserialize(&mut reader).and_then(|players| {
            reader.end()?;
            Ok(players)
        });
        read.map_err(|error| (error, seen.no_object))
    }

    /// How many players there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each player by name, with the fields in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fields)> {
        self.0.iter().map(|(name, fields)| (name.as_str(), fields.as_slice()))
    }

    /// The player at a place of the server's order.
    pub fn at(&self, place: usize) -> Option<(&str, &Fields)> {
        self.0.get_index(place).map(|(name, fields)| (name.as_str(), fields.as_slice()))
    }

    /// The fields of a player.
    pub fn get(&self, name: &str) -> Option<&Fields> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The JSON that it was.
    pub fn to_json(&self) -> Value {
        let fields = |fields: &Fields| {
            fields.iter().map(|(key, field)| (key.to_string(), field.value().clone())).collect()
        };
        Value::Object(self.0.iter().map(|(name, all)| (name.clone(), Value::Object(fields(all)))).collect())
    }
}

/// What was seen while reading.
#[derive(Default)]
struct Seen<'de> {
    /// The names of fields.
    keys: Vec<Arc<str>>,
    /// The last list or object of each field, as it was written and as it was read.
    last: HashMap<Arc<str>, (&'de str, Arc<Value>)>,
    /// The player whose fields are no object.
    no_object: Option<String>,
}

impl<'de> Seen<'de> {
    fn key(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.keys.iter().find(|known| &***known == text) {
            return Arc::clone(known);
        }
        let key: Arc<str> = text.into();
        self.keys.push(Arc::clone(&key));
        key
    }

    fn field(&mut self, key: &Arc<str>, raw: &'de RawValue) -> serde_json::Result<Field> {
        let text = raw.get();
        if !text.starts_with(['[', '{']) {
            return serde_json::from_str(text).map(Field::Single);
        }
        if let Some((written, value)) = self.last.get(key)
            && *written == text
        {
            return Ok(Field::Shared(Arc::clone(value)));
        }
        let value = Arc::new(serde_json::from_str(text)?);
        self.last.insert(Arc::clone(key), (text, Arc::clone(&value)));
        Ok(Field::Shared(value))
    }
}

struct Whole<'s, 'de>(&'s mut Seen<'de>);

impl<'de> DeserializeSeed<'de> for Whole<'_, 'de> {
    type Value = Players;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Players, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_, 'de> {
    type Value = Players;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("players by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Players, A::Error> {
        let mut players = IndexMap::new();
        while let Some(name) = map.next_key::<String>()? {
            self.0.no_object = Some(name);
            let fields = map.next_value_seed(One(self.0))?;
            players.insert(self.0.no_object.take().unwrap_or_default(), fields);
        }
        Ok(Players(players))
    }
}

struct One<'s, 'de>(&'s mut Seen<'de>);

impl<'de> DeserializeSeed<'de> for One<'_, 'de> {
    type Value = Vec<(Arc<str>, Field)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_, 'de> {
    type Value = Vec<(Arc<str>, Field)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Self::Value = Vec::with_capacity(self.0.keys.len());
        while let Some(key) = map.next_key_seed(Key(self.0))? {
            let raw: &RawValue = map.next_value()?;
            if secret::is_key(&key) {
                continue;
            }
            let field = self.0.field(&key, raw).map_err(|error| {
                self.0.no_object = None;
                A::Error::custom(error)
            })?;
            match fields.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &key)) {
                Some((_, earlier)) => *earlier = field,
                None => fields.push((key, field)),
            }
        }
        Ok(fields)
    }
}

struct Key<'s, 'de>(&'s mut Seen<'de>);

impl<'de> DeserializeSeed<'de> for Key<'_, 'de> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_, 'de> {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(self.0.key(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn players_are_read_as_they_stand_without_their_keys() {
        let text = r#"{"b":{"id":0,"page_order":["x/One","x/Two"],"label":"\u00e4","_uproot_key":"secret"},
            "a":{"id":1,"page_order":["x/One","x/Two"],"label":null},"c":{"page_order":["x/Two"],"id":2,"id":3}}"#;
        let players = Players::read(text.as_bytes()).unwrap();
        let same = json!({
            "b": {"id": 0, "page_order": ["x/One", "x/Two"], "label": "ä"},
            "a": {"id": 1, "page_order": ["x/One", "x/Two"], "label": null},
            "c": {"page_order": ["x/Two"], "id": 3},
        });
        assert_eq!(players.to_json().to_string(), same.to_string());
        let order = |name| match &players.get(name).unwrap().iter().find(|(key, _)| &**key == "page_order") {
            Some((_, Field::Shared(order))) => Arc::clone(order),
            other => panic!("{other:?}"),
        };
        assert!(Arc::ptr_eq(&order("a"), &order("b")) && !Arc::ptr_eq(&order("a"), &order("c")));
    }

    #[test]
    fn what_is_not_players_is_said() {
        let said = |text: &str| Players::read(text.as_bytes()).unwrap_err().1;
        assert_eq!(said(r#"{"a":{"id":1},"b":7}"#), Some("b".to_owned()));
        for text in ["[]", "7", "", r#"{"a":{"id":1}} x"#] {
            assert_eq!(said(text), None, "{text}");
        }
        let deep = format!(r#"{{"a":{{"x":{}}}}}"#, "[".repeat(100_000));
        assert!(Players::read(deep.as_bytes()).is_err());
    }
}
