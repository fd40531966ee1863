//! The places of the console, and their addresses.

use std::collections::HashMap;

use crate::domain::{AutomationName, PlayerName, RunId, SessionName};

/// A page, as its address names it. What belongs to it and stands behind the `?` is in [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Now,
    Session(SessionName),
    Player(SessionName, PlayerName),
    Automations,
    Automation(AutomationName),
    Plans,
    Plan(RunId),
    Events,
    Run(RunId),
    Dead,
    Scripts,
    Script(String),
    Log,
    Health,
}

/// The longest address, in bytes.
const LONGEST: usize = 2048;

/// What stands behind the `?` of an address.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(HashMap<String, String>);

impl Query {
    /// Reads it; of what is given twice, the last counts.
    pub(super) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// What is given under a name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether something is asked for.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl Place {
    /// The place of an address, which has no slash before it.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        Some(match parts.as_slice() {
            [""] => Self::Now,
            ["sessions", session] => Self::Session(SessionName::new(session).ok()?),
            ["sessions", session, player] => {
                Self::Player(SessionName::new(session).ok()?, PlayerName::new(player).ok()?)
            }
            ["automations"] => Self::Automations,
            ["automations", name] => Self::Automation(AutomationName::new(name).ok()?),
            ["plans"] => Self::Plans,
            ["plans", run] => Self::Plan(RunId(run.parse().ok()?)),
            ["events"] => Self::Events,
            ["runs", run] => Self::Run(RunId(run.parse().ok()?)),
            ["dead"] => Self::Dead,
            ["scripts"] => Self::Scripts,
            // The names of scripts have no slashes and are compared with those in use: none leads to a file.
            ["scripts", name] => Self::Script(percent_decoded(name)),
            ["log"] => Self::Log,
            ["status"] => Self::Health,
            _ => return None,
        })
    }

    /// The address of a page and what stands behind it, as a form or a link of ours gives it, without a slash before it.
    pub(super) fn parse_with_query(text: &str) -> Option<(Self, Query)> {
        // It also stands in a header, to lead back.
        if text.len() > LONGEST || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
            return None;
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Some((Self::parse(path)?, Query::parse(query)))
    }

    /// The entry of the navigation that it belongs to.
    pub(super) fn entry(&self) -> &'static str {
        match self {
            Self::Now | Self::Session(_) | Self::Player(..) => "",
            Self::Automations | Self::Automation(_) => "automations",
            Self::Plans | Self::Plan(_) => "plans",
            Self::Events | Self::Run(_) => "events",
            Self::Dead => "dead",
            Self::Scripts | Self::Script(_) => "scripts",
            Self::Log => "log",
            Self::Health => "status",
        }
    }
}

/// What leads from an address back to where the console begins: all links are relative, so that it works under any sub-path.
pub(super) fn way_back(path: &str) -> String {
    "../".repeat(path.matches('/').count())
}

/// A text as a part of an address.
pub(super) fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn percent_decoded(text: &str) -> String {
    let pair = format!("t={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or(String::new(), |(_, text)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_places_or_nothing() {
        assert_eq!(Place::parse(""), Some(Place::Now));
        assert_eq!(Place::parse("runs/7"), Some(Place::Run(RunId(7))));
        for nothing in [
            "runs/x",
            "runs/",
            "runs/7/",
            "sessions/../x",
            "sessions/a b",
            "nowhere",
            "plans/1/2",
            "..",
            "//evil",
        ] {
            assert_eq!(Place::parse(nothing), None, "{nothing}");
        }
        let name = "a b%/ü.rhai";
        assert_eq!(
            Place::parse(&format!("scripts/{}", percent_encoded(name))),
            Some(Place::Script(name.to_owned()))
        );
        assert_eq!(way_back("runs/7"), "../");
        assert_eq!(way_back(""), "");
    }
}
