//! JSON that nobody has looked into yet.

use std::sync::OnceLock;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// JSON as a text. It is taken apart once somebody looks into it, and few do. Two are equal if they say the same.
#[derive(Clone, Debug)]
pub struct Raw {
    text: Box<RawValue>,
    value: OnceLock<Box<Value>>,
}

impl Raw {
    /// The JSON of something. What has none, such as a map whose keys are no texts, becomes null.
    pub fn of(what: &impl Serialize) -> Self {
        serde_json::value::to_raw_value(what).unwrap_or_else(|_| RawValue::NULL.to_owned()).into()
    }

    /// What came from outside, where it is JSON that can be looked into later. The error says where it is not.
    pub fn read(bytes: &[u8]) -> serde_json::Result<Self> {
        let Readable = serde_json::from_slice(bytes)?;
        serde_json::from_slice::<Box<RawValue>>(bytes).map(Self::from)
    }

    /// What it says. The store may have been written into by others: what cannot be read is null.
    pub fn value(&self) -> &Value {
        self.value.get_or_init(|| Box::new(serde_json::from_str(self.text.get()).unwrap_or_default()))
    }
}

impl From<Box<RawValue>> for Raw {
    fn from(text: Box<RawValue>) -> Self {
        Self { text, value: OnceLock::new() }
    }
}

impl Default for Raw {
    fn default() -> Self {
        RawValue::NULL.to_owned().into()
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}

/// JSON that a [`Value`] can be made of, without making one: a text that only looks like JSON from afar may nest too deeply, hold half
/// a character, or a number that is none.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while let Some(Key(is_taken)) = entries.next_key()? {
            if is_taken {
                return Err(A::Error::custom(format_args!("no key can be named {RAW}")));
            }
            let Self = entries.next_value()?;
        }
        Ok(self)
    }
}

/// What serde_json calls the only field of a JSON text within JSON: it takes an object whose first key this is for that text.
const RAW: &str = "$serde_json::private::RawValue";

/// A key, and whether it means something to serde_json.
struct Key(bool);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Self(false))
    }
}

impl Visitor<'_> for Key {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self, E> {
        Ok(Self(key == RAW))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(bytes: &[u8]) -> Result<Value, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    fn raw(bytes: &[u8]) -> Result<Value, String> {
        Raw::read(bytes).map(|raw| raw.value().clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_can_be_looked_into_is_taken_and_all_else_is_refused_in_the_same_words() {
        let deep = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        let texts = [
            "null",
            " {\"a\": [1, -2, 2.5e3, true, \"\\u00e9\\n\"]}\n",
            "\"\\ud83d\\ude00\"",
            "\"\\ud800\"",
            "1e999",
            "-0",
            "123456789012345678901234567890",
            "01",
            "{\"a\":1,\"a\":2}",
            "{1:2}",
            "[1,]",
            "[1]]",
            "",
            " ",
            "nul",
            "\"\t\"",
        ];
        for text in texts.into_iter().map(str::to_owned).chain([deep(127), deep(128), deep(100_000)]) {
            assert_eq!(raw(text.as_bytes()), value(text.as_bytes()), "{text:.40}");
        }
        assert_eq!(raw(b"\"\xff\""), value(b"\"\xff\""));
    }

    #[test]
    fn a_key_that_serde_json_takes_for_something_else_is_refused() {
        let keys = [RAW.to_owned(), RAW.replace('$', "\\u0024")];
        for key in keys {
            for value in ["5", "\"x\"", "\"1\"", "\"1\", \"b\": 2"] {
                for text in
                    [format!("{{\"{key}\": {value}}}"), format!("[{{\"a\": {{\"{key}\": {value}}}}}]")]
                {
                    let error = Raw::read(text.as_bytes()).unwrap_err();
                    assert!(
                        error.to_string().starts_with("no key can be named $serde_json"),
                        "{text}: {error}"
                    );
                }
            }
        }
        assert!(Raw::read(b"{\"$serde_json::private::Number\": 5}").is_ok());
    }

    proptest! {
        #[test]
        fn it_takes_what_a_value_can_be_made_of(bytes in r#"[\[\]{}:,"a1.eE\-\\u d8]{0,12}"#) {
            prop_assert_eq!(raw(bytes.as_bytes()), value(bytes.as_bytes()));
        }
    }

    #[test]
    fn it_is_kept_as_it_came() {
        let text = "{\"b\": 1,  \"a\": 1e2}";
        let kept = serde_json::to_string(&Raw::read(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(kept, text);
        assert_eq!(serde_json::from_str::<Raw>(&kept).unwrap(), Raw::of(&json!({ "a": 100.0, "b": 1 })));
    }
}
