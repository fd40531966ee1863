//! Bodies: read before the token is looked at, checked after it.

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::{
    fault::{empty_text, fault_at, fault_of_body, not_json, too_short, too_small},
    json_text::{self, Fault, Json},
    reply::Refusal,
};

/// What came with a request.
#[derive(Clone, Debug, Default)]
pub(super) enum Body {
    /// Nothing.
    #[default]
    Missing,
    /// A value.
    Json(Value),
    /// A value with a number in it that no answer can have.
    Endless,
    /// Something that does not call itself JSON.
    Text(String),
}

impl Body {
    /// Reads a body. This much happens before the token is looked at.
    pub(super) fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            return Ok(Self::Missing);
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let is_json =
            kind.strip_prefix("application/").is_some_and(|sub| sub == "json" || sub.ends_with("+json"));
        if !is_json {
            return Ok(Self::Text(String::from_utf8_lossy(bytes).into_owned()));
        }
        match json_text::read(bytes) {
            Ok(Json::Value(value)) => Ok(Self::Json(value)),
            Ok(Json::Endless) => Ok(Self::Endless),
            Err(Fault::At(at, error)) => Err(Refusal::Invalid(vec![not_json(at, error)])),
            Err(Fault::Unreadable) => {
                Err(Refusal::Detail(400, "There was an error parsing the body".to_owned()))
            }
        }
    }

    /// The object that every endpoint with a body wants.
    pub(super) fn check(&self) -> Result<Check<'_>, Refusal> {
        let wrong = |kind, input: &Value| Err(Refusal::Invalid(vec![fault_of_body(kind, input)]));
        match self {
            Self::Json(Value::Object(object)) => Ok(Check { object, faults: Vec::new() }),
            Self::Json(other) => wrong("model_attributes_type", other),
            Self::Text(text) => wrong("model_attributes_type", &json!(text)),
            Self::Missing => wrong("missing", &Value::Null),
            Self::Endless => Err(Refusal::Broken),
        }
    }
}

/// Takes the values out of a body and collects what is wrong with them. After a fault a value is empty; [`Check::done`]
/// then keeps it from being used.
pub(super) struct Check<'a> {
    object: &'a Map<String, Value>,
    faults: Vec<Value>,
}

impl Check<'_> {
    /// Refuses the body, if anything was wrong with it.
    pub(super) fn done(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.faults)) }
    }

    /// Whether a key is there, be it null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    fn wrong(&mut self, key: &str, kind: &str, input: &Value) {
        self.faults.push(fault_at("body", key, kind, input));
    }

    /// The value of a key that has to be there.
    fn required(&mut self, key: &str) -> Option<Value> {
        let found = self.object.get(key).cloned();
        if found.is_none() {
            let whole = Value::Object(self.object.clone());
            self.wrong(key, "missing", &whole);
        }
        found
    }

    /// The value of a key that may be missing or null.
    fn optional(&self, key: &str) -> Option<Value> {
        self.object.get(key).filter(|value| !value.is_null()).cloned()
    }

    pub(super) fn text(&mut self, key: &str) -> String {
        let found = self.required(key);
        found.and_then(|value| self.as_text(key, value)).unwrap_or_default()
    }

    /// A text with at least one character.
    pub(super) fn some_text(&mut self, key: &str) -> String {
        let faults = self.faults.len();
        let text = self.text(key);
        if text.is_empty() && self.faults.len() == faults {
            self.faults.push(empty_text(key));
        }
        text
    }

    pub(super) fn optional_text(&mut self, key: &str) -> Option<String> {
        let found = self.optional(key)?;
        self.as_text(key, found)
    }

    /// A text that may be missing, but not null.
    pub(super) fn text_or_empty(&mut self, key: &str) -> String {
        if self.has(key) { self.text(key) } else { String::new() }
    }

    fn as_text(&mut self, key: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            other => {
                self.wrong(key, "string_type", &other);
                None
            }
        }
    }

    /// The names of players: at least one.
    pub(super) fn unames(&mut self) -> Vec<String> {
        let Some(found) = self.required("unames") else { return Vec::new() };
        if found.as_array().is_some_and(Vec::is_empty) {
            self.faults.push(too_short("unames"));
        }
        self.as_texts("unames", found).unwrap_or_default()
    }

    pub(super) fn optional_texts(&mut self, key: &str) -> Option<Vec<String>> {
        let found = self.optional(key)?;
        self.as_texts(key, found)
    }

    fn as_texts(&mut self, key: &str, value: Value) -> Option<Vec<String>> {
        let Value::Array(items) = value else {
            self.wrong(key, "list_type", &value);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => {
                    let mut fault = fault_at("body", key, "string_type", &other);
                    fault["loc"] = json!(["body", key, index]);
                    self.faults.push(fault);
                }
            }
        }
        Some(texts)
    }

    pub(super) fn object(&mut self, key: &str) -> Map<String, Value> {
        let found = self.required(key);
        found.and_then(|value| self.as_object(key, value)).unwrap_or_default()
    }

    pub(super) fn optional_object(&mut self, key: &str) -> Option<Map<String, Value>> {
        let found = self.optional(key)?;
        self.as_object(key, found)
    }

    fn as_object(&mut self, key: &str, value: Value) -> Option<Map<String, Value>> {
        match value {
            Value::Object(object) => Some(object),
            other => {
                self.wrong(key, "dict_type", &other);
                None
            }
        }
    }

    /// A whole number that is not below its limit.
    pub(super) fn number(&mut self, key: &str, least: u32) -> u64 {
        let found = self.required(key);
        found.and_then(|value| self.as_number(key, &value, least)).unwrap_or_default()
    }

    pub(super) fn optional_number(&mut self, key: &str, least: u32) -> Option<u64> {
        let found = self.optional(key)?;
        self.as_number(key, &found, least)
    }

    /// A whole number that may be missing, but not null.
    pub(super) fn number_or(&mut self, key: &str, least: u32, default: u64) -> u64 {
        if self.has(key) { self.number(key, least) } else { default }
    }

    /// A whole number that has to be there, and may be null.
    pub(super) fn number_or_null(&mut self, key: &str, least: u32) -> Option<u64> {
        let found = self.required(key).filter(|value| !value.is_null())?;
        self.as_number(key, &found, least)
    }

    fn as_number(&mut self, key: &str, value: &Value, least: u32) -> Option<u64> {
        match whole(value) {
            Ok(number) if number < i64::from(least) => {
                self.faults.push(too_small(key, least.into(), value));
                None
            }
            Ok(number) => u64::try_from(number).ok(),
            Err(kind) => {
                self.wrong(key, kind, value);
                None
            }
        }
    }

    /// A number that may be missing, but not null, and need not be finite.
    pub(super) fn float_or(&mut self, key: &str, default: f64) -> f64 {
        let Some(found) = self.object.get(key).cloned() else { return default };
        let number = match &found {
            Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
            Value::Number(number) => number.as_f64().ok_or("float_type"),
            Value::String(text) => text.trim().parse().map_err(|_| "float_parsing"),
            Value::Null | Value::Array(_) | Value::Object(_) => Err("float_type"),
        };
        match number {
            Ok(number) => number,
            Err(kind) => {
                self.wrong(key, kind, &found);
                default
            }
        }
    }

    /// A flag that has to be there.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        let found = self.required(key);
        found.and_then(|value| self.as_flag(key, &value)).unwrap_or_default()
    }

    /// A flag that may be missing, but not null.
    pub(super) fn flag_or_no(&mut self, key: &str) -> bool {
        self.has(key) && self.flag(key)
    }

    /// A flag that may be missing or null.
    pub(super) fn optional_flag(&mut self, key: &str) -> Option<bool> {
        let found = self.optional(key)?;
        self.as_flag(key, &found)
    }

    fn as_flag(&mut self, key: &str, value: &Value) -> Option<bool> {
        let flag = flag_of(value);
        if flag.is_none() {
            let kind = if value.is_number() || value.is_string() { "bool_parsing" } else { "bool_type" };
            self.wrong(key, kind, value);
        }
        flag
    }
}

/// What counts as a whole number, or the kind of the fault.
fn whole(value: &Value) -> Result<i64, &'static str> {
    match value {
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(number),
            (None, Some(float)) if float.fract() == 0.0 => Ok(float as i64),
            _ => Err("int_from_float"),
        },
        Value::String(text) => {
            let digits = text.trim();
            let digits = digits
                .split_once('.')
                .map_or(digits, |(whole, rest)| if rest.chars().all(|c| c == '0') { whole } else { digits });
            digits.parse().map_err(|_| "int_parsing")
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Err("int_type"),
    }
}

/// What counts as a flag.
pub(super) fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => Some(true),
            "0" | "off" | "f" | "false" | "n" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
