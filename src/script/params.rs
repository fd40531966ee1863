//! Whether `params` are what a script asks for. Where a script has a header that lists them, as those of the cookbook have, their
//! values are looked at too: a default, or the example in the header, shows what kind of value is meant.

use std::ops::Range;

use serde_json::Value;
use url::Url;

use super::{
    Script,
    check::{FoundCall, no_channel},
    header::{Parameter, Recipe},
};
use crate::{
    config::{Automation, Config, ParamPlace, host_of},
    domain::{Problem, Severity, did_you_mean, line_column, parse_duration},
};

/// Adds what is wrong with the parameters of an automation.
pub(super) fn check(
    config: &Config,
    automation: &Automation,
    script: &Script,
    calls: &[FoundCall],
    problems: &mut Vec<Problem>,
) {
    missing(config, automation, script, calls, problems);
    let Ok(header) = Recipe::read(&script.path, &script.source) else { return };
    if header.parameters.is_empty() {
        return;
    }
    let asked =
        calls.iter().filter(|call| call.name == "param").filter_map(|call| call.first_text.as_deref());
    let listed = header.parameters.iter().map(|parameter| parameter.name.as_str());
    let names: Vec<&str> = listed.chain(asked).collect();
    let example = header.draft("UTC").config.automations;
    let tells = calls.iter().any(|call| call.name == "notify::send");
    let speaks = calls.iter().any(|call| call.name.starts_with("http::"));
    for (name, place) in &automation.params_places {
        let Some(value) = automation.params.get(name) else { continue };
        let Some(parameter) = header.parameters.iter().find(|parameter| parameter.name == *name) else {
            if !names.contains(&name.as_str()) {
                problems.push(unknown(config, script, name, place, &names));
            }
            continue;
        };
        let example = example.first().and_then(|automation| automation.params.get(name));
        match Kind::of(parameter, example) {
            Some(kind) if !kind.fits(value) => {
                let message = format!("`{name}` is {}, but must be {}", named(value), kind.words());
                let problem =
                    Problem::at(Severity::Error, &config.file, &config.text, place.value.clone(), message);
                problems.push(problem.help(format!("{}: {}", script.path.display(), parameter.meaning)));
            }
            _ if speaks => problems.extend(unreachable_hosts(config, place)),
            _ => {}
        }
        if tells && name == "channel" {
            problems.extend(place.texts.iter().filter_map(|text| no_such_channel(config, text)));
        }
        if name.ends_with("pages") {
            problems.extend(no_pages(config, name, place));
        }
    }
}

/// What a script cannot do without.
fn missing(
    config: &Config,
    automation: &Automation,
    script: &Script,
    calls: &[FoundCall],
    problems: &mut Vec<Problem>,
) {
    for call in calls.iter().filter(|call| call.name == "param" && call.arguments == 1) {
        let Some(wanted) = &call.first_text else { continue };
        if automation.params.contains_key(wanted) {
            continue;
        }
        let message = format!(
            "{:?} has no parameter {wanted:?}, which {} needs in line {}",
            automation.name.as_str(),
            script.path.display(),
            call.position.line().unwrap_or(1)
        );
        let span = automation.script_span.clone();
        let problem = Problem::at(Severity::Error, &config.file, &config.text, span, message);
        let near = did_you_mean(wanted, automation.params.keys().map(String::as_str));
        problems.push(match near {
            Some(near) => problem.help(format!("its `params` have {near:?}: is that the one?")),
            None => problem.help(format!(
                "add `params = {{ {wanted} = ... }}`, or give a default: param({wanted:?}, ...)"
            )),
        });
    }
}

fn unknown(config: &Config, script: &Script, name: &str, place: &ParamPlace, names: &[&str]) -> Problem {
    let message = format!("{} has no parameter `{name}`", script.path.display());
    let problem = Problem::at(Severity::Error, &config.file, &config.text, place.key.clone(), message);
    match did_you_mean(name, names.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("it has {}", names.join(", "))),
    }
}

/// The addresses in a parameter that `http::` may not reach. They can be secrets, so that their lines are not shown.
fn unreachable_hosts(config: &Config, place: &ParamPlace) -> Vec<Problem> {
    let problem = |(text, span): &(String, Range<usize>)| {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = host_of(&url).filter(|host| !config.http.contains_key(host))?;
        let (line, column) = line_column(&config.text, span.start);
        let problem = Problem::whole_file(&config.file, format!("scripts may not speak to {host}"));
        Some(Problem { line, column, ..problem.help(format!("add a section [http.\"{host}\"]")) })
    };
    place.texts.iter().filter_map(problem).collect()
}

/// A channel that is not there; an empty text stands for none.
fn no_such_channel(config: &Config, (name, span): &(String, Range<usize>)) -> Option<Problem> {
    let (message, help) =
        Some(name).filter(|name| !name.is_empty()).and_then(|name| no_channel(config, name))?;
    Some(Problem::at(Severity::Error, &config.file, &config.text, span.clone(), message).help(help))
}

/// What cannot be the name of a page.
fn no_pages(config: &Config, name: &str, place: &ParamPlace) -> Vec<Problem> {
    let problem = |(text, span): &(String, Range<usize>)| {
        let message = format!("`{name}`: no page is called \"{text}\"");
        let problem = Problem::at(Severity::Error, &config.file, &config.text, span.clone(), message);
        problem.help("a page is written as \"app/Page\"")
    };
    place.texts.iter().filter(|(text, _)| !text.contains('/')).map(problem).collect()
}

/// What kind of value a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Duration,
    Address,
    Text,
    Whole,
    Number,
    Truth,
    List,
    Table,
}

impl Kind {
    /// From the default, which is written as in the script, or else from the example.
    fn of(parameter: &Parameter, example: Option<&Value>) -> Option<Self> {
        let default = parameter.default.as_str();
        if let Some(text) = default.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Some(Self::of_text(text));
        }
        match default {
            "true" | "false" => Some(Self::Truth),
            default if default.starts_with('[') => Some(Self::List),
            default if default.starts_with("#{") => Some(Self::Table),
            default if default.parse::<i64>().is_ok() => Some(Self::Whole),
            default if default.parse::<f64>().is_ok() => Some(Self::Number),
            _ => example.and_then(Self::of_value),
        }
    }

    fn of_text(text: &str) -> Self {
        match text {
            text if parse_duration(text).is_ok() => Self::Duration,
            text if text.starts_with("https://") => Self::Address,
            _ => Self::Text,
        }
    }

    fn of_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::String(text) => Self::of_text(text),
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Whole,
            Value::Bool(_) => Self::Truth,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Table,
            Value::Null => return None,
        })
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            // Scripts take a number of seconds too.
            Self::Duration => match value {
                Value::String(text) => parse_duration(text).is_ok(),
                value => value.as_f64().is_some_and(|seconds| seconds >= 0.0),
            },
            Self::Address => value.as_str().is_some_and(|text| {
                Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            }),
            Self::Text => value.is_string(),
            Self::Whole => value.is_i64(),
            Self::Number => value.is_number(),
            Self::Truth => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Table => value.is_object(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Duration => "a duration such as \"90s\" or \"1h 30m\"",
            Self::Address => "an address such as \"https://example.org/...\"",
            Self::Text => "a text in quotes",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Truth => "true or false",
            Self::List => "a list: [\"...\", \"...\"]",
            Self::Table => "a table: { ... = ... }",
        }
    }
}

/// A value in a message. A text can be long, or not for everybody to see.
fn named(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() <= 20 && !text.contains("://") => format!("{text:?}"),
        Value::String(_) => "another text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        value => value.to_string(),
    }
}
