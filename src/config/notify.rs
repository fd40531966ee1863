//! `[[notify]]`: who is told of what by itself.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Automation,
    reader::{Placed, Section, Source},
};
use crate::domain::{AutomationName, ChannelName, NoticeKind, Pattern, did_you_mean};

/// `[[notify]]`.
#[derive(Clone, Debug)]
pub struct NotifyRule {
    /// `on`: of what. Default all there is.
    pub on: BTreeSet<NoticeKind>,
    /// `to`: which channels.
    pub to: Vec<ChannelName>,
    /// `automations`: of which; all where it is empty, and what is about none too.
    pub automations: Vec<Pattern>,
    /// `digest`: after the first, further ones of the same are gathered for so long. Default 10 min.
    pub digest: Duration,
}

impl NotifyRule {
    /// Whether it is about this.
    pub fn wants(&self, kind: NoticeKind, automation: Option<&AutomationName>) -> bool {
        let about = match automation {
            _ if self.automations.is_empty() => true,
            Some(name) => self.automations.iter().any(|pattern| pattern.matches(name.as_str())),
            None => false,
        };
        about && self.on.contains(&kind)
    }
}

pub(super) fn read(
    source: &Source<'_>,
    sections: Vec<Section<'_, '_>>,
    channels: &BTreeSet<ChannelName>,
    automations: &[Automation],
) -> Vec<NotifyRule> {
    sections.into_iter().map(|section| rule(source, section, channels, automations)).collect()
}

fn rule(
    source: &Source<'_>,
    mut section: Section<'_, '_>,
    channels: &BTreeSet<ChannelName>,
    automations: &[Automation],
) -> NotifyRule {
    let mut on: BTreeSet<NoticeKind> = NoticeKind::ALL.into_iter().collect();
    if let Some(words) = section.texts("on") {
        on.clear();
        for Placed { value, span } in words {
            match NoticeKind::named(&value) {
                Ok(kind) => {
                    on.insert(kind);
                }
                Err(near) => {
                    let words = NoticeKind::ALL.map(NoticeKind::as_str).join(", ");
                    let help = near.map_or_else(|| format!("write some of {words}"), meant);
                    source.error_help(span, format!("nothing is called {value:?} that `on` can name"), help);
                }
            }
        }
    }
    if !section.has("to") {
        let help = "add `to = \"...\"`: the name of a [channel.NAME], or a list of names";
        source.error_help(section.span.clone(), "this [[notify]] does not say to whom", help);
    }
    let mut to = Vec::new();
    for Placed { value, span } in section.texts("to").unwrap_or_default() {
        let known = ChannelName::new(&value).ok().filter(|name| channels.contains(name));
        match known {
            Some(name) if !to.contains(&name) => to.push(name),
            Some(_) => {}
            None => {
                let near = did_you_mean(&value, channels.iter().map(ChannelName::as_str));
                let help = near.map_or_else(|| format!("add a section [channel.{value}]"), meant);
                source.error_help(span, format!("there is no channel {value:?}"), help);
            }
        }
    }
    let mut patterns = Vec::new();
    for Placed { value, span } in section.texts("automations").unwrap_or_default() {
        let pattern = Pattern::new(value);
        if !automations.iter().any(|automation| pattern.matches(automation.name.as_str())) {
            let near = did_you_mean(&pattern.to_string(), automations.iter().map(|a| a.name.as_str()));
            let help = near.map_or_else(|| "see the names of your automations".to_owned(), meant);
            source.error_help(span, format!("no automation is called \"{pattern}\""), help);
        }
        patterns.push(pattern);
    }
    let digest = section.duration("digest", Duration::ZERO).map(|digest| digest.value);
    section.finish();
    NotifyRule { on, to, automations: patterns, digest: digest.unwrap_or(Duration::from_mins(10)) }
}

fn meant(near: &str) -> String {
    format!("did you mean {near:?}?")
}
