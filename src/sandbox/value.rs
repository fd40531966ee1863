//! Values as the server's Python has them: they come out as JSON in most answers and as Python text in `data/`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

/// One value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Py {
    /// What JSON can say, Python calls it `NoneType`, `bool`, `int`, `float`, `str`, `list` or `dict`.
    Json(Value),
    /// A list of texts that many players share: page orders.
    Texts(Arc<[String]>),
    /// A `Decimal`; JSON shows it as a text.
    Decimal(&'static str),
    /// A player's secret, a `UUID`.
    Uuid(Arc<str>),
    /// A session.
    Session(Arc<str>),
    /// A player of a session.
    Player(Arc<str>, Arc<str>),
    /// A group of a session.
    Group(Arc<str>, Arc<str>),
    /// Players of a session, in the lists of members.
    Players(Arc<str>, Vec<Arc<str>>),
    /// A `frozenset` of texts.
    Set(Arc<[String]>),
    /// A `set` of texts, which older forms change in place.
    OpenSet(Arc<[String]>),
}

impl Py {
    pub(super) const NONE: Self = Self::Json(Value::Null);

    /// As JSON shows it, in answers and in exports.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::Texts(texts) | Self::Set(texts) | Self::OpenSet(texts) => json!(&texts[..]),
            Self::Decimal(text) => json!(text),
            Self::Uuid(text) => json!(&**text),
            Self::Session(sname) => json!({"sname": &**sname}),
            Self::Player(sname, uname) => json!({"sname": &**sname, "uname": &**uname}),
            Self::Group(sname, gname) => json!({"sname": &**sname, "gname": &**gname}),
            Self::Players(sname, unames) => {
                unames.iter().map(|uname| json!({"sname": &**sname, "uname": &**uname})).collect()
            }
        }
    }

    /// The name of the Python type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Json(Value::Null) => "NoneType",
            Self::Json(Value::Bool(_)) => "bool",
            Self::Json(Value::Number(number)) if number.is_f64() => "float",
            Self::Json(Value::Number(_)) => "int",
            Self::Json(Value::String(_)) => "str",
            Self::Json(Value::Array(_)) | Self::Texts(_) | Self::Players(..) => "list",
            Self::Json(Value::Object(_)) => "dict",
            Self::Decimal(_) => "Decimal",
            Self::Uuid(_) => "UUID",
            Self::Session(_) => "SessionIdentifier",
            Self::Player(..) => "PlayerIdentifier",
            Self::Group(..) => "GroupIdentifier",
            Self::Set(_) => "frozenset",
            Self::OpenSet(_) => "set",
        }
    }

    /// `str(value)`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Json(Value::String(text)) => text.clone(),
            Self::Json(value) => repr(value),
            Self::Texts(texts) => listed(&texts[..]),
            Self::Set(texts) if texts.is_empty() => "frozenset()".to_owned(),
            Self::Set(texts) => format!("frozenset({{{}}})", joined(texts)),
            Self::OpenSet(texts) if texts.is_empty() => "set()".to_owned(),
            Self::OpenSet(texts) => format!("{{{}}}", joined(texts)),
            Self::Decimal(text) => (*text).to_owned(),
            Self::Uuid(text) | Self::Session(text) | Self::Player(_, text) | Self::Group(_, text) => {
                text.to_string()
            }
            Self::Players(_, unames) => listed(&unames.iter().map(ToString::to_string).collect::<Vec<_>>()),
        }
    }
}

impl<T: Into<Value>> From<T> for Py {
    fn from(value: T) -> Self {
        Self::Json(value.into())
    }
}

fn listed(texts: &[String]) -> String {
    format!("[{}]", joined(texts))
}

fn joined(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    quoted.join(", ")
}

/// `repr(value)`.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => float_repr(float),
            _ => number.to_string(),
        },
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => format!("{{{}}}", pairs(map)),
    }
}

fn pairs(map: &Map<String, Value>) -> String {
    let pairs: Vec<String> =
        map.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value))).collect();
    pairs.join(", ")
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c == quote => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

/// Python writes `1e+20` and `1e-07` where Rust writes `1e20` and `1e-7`, and turns to exponents at 16 digits.
pub(super) fn float_repr(float: f64) -> String {
    let text = format!("{float:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
    match exponent.strip_prefix('-') {
        Some(digits) => format!("{mantissa}e-{digits:0>2}"),
        None => format!("{mantissa}e+{exponent:0>2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_python_writes_them() {
        let said = |value: Value| Py::Json(value).text();
        assert_eq!(said(json!(null)), "None");
        assert_eq!(said(json!(true)), "True");
        assert_eq!(said(json!(-1)), "-1");
        assert_eq!(said(json!(2.0)), "2.0");
        assert_eq!(said(json!(1e20)), "1e+20");
        assert_eq!(said(json!(1e-7)), "1e-07");
        assert_eq!(said(json!("it's")), "it's");
        assert_eq!(said(json!([1, "it's", "a\"'b", {"k": null}])), r#"[1, "it's", 'a"\'b', {'k': None}]"#);
        assert_eq!(Py::Set(Arc::from([])).text(), "frozenset()");
        assert_eq!(Py::Set(Arc::from(["0:x".to_owned()])).text(), "frozenset({'0:x'})");
    }
}
