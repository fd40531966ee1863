//! Values as JSON: one way in the answers of the API, another in exports.

use std::sync::Arc;

use base64::Engine as _;
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use super::value::Py;

#[derive(Serialize)]
struct SessionId<'a> {
    sname: &'a str,
}

#[derive(Serialize)]
struct PlayerId<'a> {
    sname: &'a str,
    uname: &'a str,
}

#[derive(Serialize)]
struct GroupId<'a> {
    sname: &'a str,
    gname: &'a str,
}

/// As answers of the API have it.
impl Serialize for Py {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(serializer),
            Self::Texts(texts) | Self::Set(texts) | Self::OpenSet(texts) => texts[..].serialize(serializer),
            Self::Decimal(text) => serializer.serialize_str(text),
            Self::Uuid(text) => serializer.serialize_str(text),
            Self::Session(sname) => SessionId { sname }.serialize(serializer),
            Self::Player(sname, uname) => PlayerId { sname, uname }.serialize(serializer),
            Self::Group(sname, gname) => GroupId { sname, gname }.serialize(serializer),
            Self::Players(sname, unames) => players(sname, unames, serializer),
        }
    }
}

/// As exports have it: names of things are lists, keys are bytes.
pub(super) struct Exported<'a>(pub(super) &'a Py);

impl Serialize for Exported<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Py::Uuid(text) => serializer.serialize_str(&uuid_bytes(text)),
            Py::Session(sname) => serializer.serialize_str(sname),
            Py::Player(sname, name) | Py::Group(sname, name) => [&**sname, &**name].serialize(serializer),
            other => other.serialize(serializer),
        }
    }
}

fn players<S: Serializer>(sname: &str, unames: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(unames.len()))?;
    for uname in unames {
        list.serialize_element(&PlayerId { sname, uname })?;
    }
    list.end()
}

/// The sixteen bytes of a UUID in Base64.
fn uuid_bytes(text: &str) -> String {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let bytes = hex::decode(digits).unwrap_or_default();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_write_names_as_lists_and_keys_as_bytes() {
        let written = |value: &Py| serde_json::to_string(&Exported(value)).unwrap();
        assert_eq!(written(&Py::Player("S".into(), "A".into())), r#"["S","A"]"#);
        assert_eq!(written(&Py::Session("S".into())), r#""S""#);
        let key = Py::Uuid("9cb33012-b246-48bf-befd-f765bcaff8d0".into());
        assert_eq!(written(&key), r#""nLMwErJGSL++/fdlvK/40A==""#);
        let both = Py::Players("S".into(), vec!["A".into()]);
        assert_eq!(written(&both), r#"[{"sname":"S","uname":"A"}]"#);
    }
}
