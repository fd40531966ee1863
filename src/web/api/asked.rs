//! What a request asks for: the names in its path, its query and its body, each checked against the table.

use axum::extract::RawPathParams;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::table::{Kind, Parameter, Route};
use crate::{
    domain::{AutomationName, RunId, did_you_mean},
    web::{answer::Answer, body},
};

/// The largest number of anything: what JSON carries without loss everywhere.
const LARGEST: i64 = 1 << 53;

/// What a request asks for.
pub(super) struct Asked {
    path: Vec<(String, String)>,
    query: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Asked {
    /// Checks the query of a request. Its path fits the route already.
    pub(super) fn of(route: &Route, path: Option<&RawPathParams>, query: &str) -> Result<Self, Answer> {
        // A path that is no UTF-8 names nothing, as an empty name does.
        let path = path.map(|path| path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut asked =
            Self { path: path.into_iter().flatten().collect(), query: Vec::new(), body: Vec::new() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = route.query.iter().find(|parameter| parameter.name == name) else {
                return Err(wrong(unknown(&name, route.query)));
            };
            if asked.text(parameter.name).is_some() {
                return Err(wrong(format!("`{name}` is given twice")));
            }
            check(parameter, &value)?;
            asked.query.push((parameter.name, value.into_owned()));
        }
        Ok(asked)
    }

    /// The same with the body of the request.
    pub(super) fn with_body(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    /// A name in the path; empty where it is not readable.
    pub(super) fn name(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A number in the path.
    pub(super) fn number(&self, name: &str) -> Result<i64, Answer> {
        let text = self.name(name);
        let number = text.parse().ok().filter(|number| (1..=LARGEST).contains(number));
        number.ok_or_else(|| wrong(format!("{:?} is not the number of a {name}", shortened(text))))
    }

    /// The number of the run in the path.
    pub(super) fn run(&self) -> Result<RunId, Answer> {
        self.number("run").map(RunId)
    }

    /// A part of the query.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// The automation that the query names.
    pub(super) fn automation(&self) -> Result<Option<AutomationName>, Answer> {
        let name = self.text("automation").map(AutomationName::new).transpose();
        name.map_err(|error| wrong(error.to_string()))
    }

    /// Before which row the list begins.
    pub(super) fn before(&self) -> Option<i64> {
        self.text("before").and_then(|text| text.parse().ok())
    }

    /// How many to list: what the query says, or 100.
    pub(super) fn limit(&self) -> u32 {
        self.text("limit").and_then(|text| text.parse().ok()).unwrap_or(super::table::LIMIT)
    }

    /// Whether the query has a switch on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The body; where there is none, it is an empty object.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        let bytes = if self.body.is_empty() { b"{}" } else { self.body.as_slice() };
        // A list would be taken for the fields in their order.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(wrong("the body has to be a JSON object"));
        }
        serde_json::from_slice(bytes).map_err(|error| body::not_json(&error))
    }
}

/// What is not as it should be.
pub(super) fn wrong(why: impl Into<String>) -> Answer {
    Answer::error(StatusCode::BAD_REQUEST, why)
}

fn check(parameter: &Parameter, value: &str) -> Result<(), Answer> {
    let name = parameter.name;
    let number = |least: i64, most: i64| {
        let is_one = value.parse().is_ok_and(|number: i64| (least..=most).contains(&number));
        if is_one {
            Ok(())
        } else {
            Err(wrong(format!("`{name}` has to be a number from {least} to {most}")))
        }
    };
    match parameter.kind {
        Kind::Text => Ok(()),
        Kind::Cursor => number(1, LARGEST),
        Kind::Limit(most) => number(1, i64::from(most)),
        Kind::Switch if matches!(value, "true" | "false") => Ok(()),
        Kind::Switch => Err(wrong(format!("`{name}` has to be true or false"))),
        Kind::Word(words) if words.contains(&value) => Ok(()),
        Kind::Word(words) => {
            let instead = match did_you_mean(value, words.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", words.join(", ")),
            };
            Err(wrong(format!("`{name}` cannot be {:?}: {instead}", shortened(value))))
        }
    }
}

fn unknown(name: &str, known: &[Parameter]) -> String {
    let names = known.iter().map(|parameter| parameter.name);
    let instead = match did_you_mean(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    };
    format!("there is no `{}` in the query of this address: {instead}", shortened(name))
}

/// So much of a text from elsewhere as an error repeats.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}
