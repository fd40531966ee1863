//! `[[automation]]`: a trigger, a script and its settings.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    ops::Range,
    time::Duration,
};

use super::{
    daemon::MODES,
    observe::{Observe, Observed},
    overlap::{KeyRule, Overlap},
    pace::Pace,
    params::{self, ParamPlaces},
    reader::{Section, Source},
    trigger::{self, Poll, Surroundings, Trigger},
};
use crate::domain::{AutomationName, Capability, Mode, PlayerCondition, line_column};

/// `[[automation]]`.
#[derive(Clone, Debug)]
pub struct Automation {
    /// `name`: unique. Its cursors, its `kv` and its history hang on it.
    pub name: AutomationName,
    /// `on`: one trigger or a list of them.
    pub triggers: Vec<Trigger>,
    /// `script`: a file in the scripts folder.
    pub script: String,
    /// Where `script` stands in the configuration.
    pub script_span: Range<usize>,
    /// `params`: what `param(name)` gives the script.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Where each of them stands in the configuration.
    pub params_places: ParamPlaces,
    /// `mode`: whether writes are carried out; the daemon's where it is not given.
    pub mode: Mode,
    /// `allow`: the kinds of writes that the script may make.
    pub allow: BTreeSet<Capability>,
    /// Where `allow` stands, or the automation where there is none.
    pub allow_span: Range<usize>,
    /// `overlap`, `key`, `max` and `on_full`: what happens to an event while a run is under way.
    pub overlap: Overlap,
    /// `debounce`, `throttle`, `rate_limit` and `cooldown`: how often it runs.
    pub pace: Pace,
    /// `time_limit`: the longest a run may take, waits included. Default 10 min.
    pub time_limit: Duration,
}

impl Automation {
    /// From when on its own trigger calls somebody stalled: the shortest `for` of `player = "stalled"`.
    pub fn patience(&self) -> Option<Duration> {
        let of_one = |trigger: &Trigger| match trigger {
            Trigger::Observe(Observe {
                what: Observed::Player { condition: PlayerCondition::Stalled, .. },
                time,
                ..
            }) => *time,
            _ => None,
        };
        self.triggers.iter().filter_map(of_one).min()
    }

    /// Reads one table. `names` has those of the tables before, and their lines. `None` where there is not even a name, or nothing that could start it.
    pub(super) fn read(
        source: &Source<'_>,
        mut section: Section<'_, '_>,
        daemon_mode: Mode,
        around: &Surroundings<'_>,
        names: &mut HashMap<AutomationName, usize>,
    ) -> Option<Self> {
        let span = section.span.clone();
        let named = section.has("name");
        let name = section.parsed("name", AutomationName::new);
        if !named {
            source.error_help(span.clone(), "an [[automation]] has no name", "add `name = \"...\"`");
        }
        if let Some(name) = &name {
            let (line, _) = line_column(source.text, name.span.start);
            match names.entry(name.value.clone()) {
                Entry::Occupied(first) => {
                    let message = format!("two automations are called {:?}", name.value.as_str());
                    source.error_help(
                        name.span.clone(),
                        message,
                        format!("the first is in line {}: give each a name of its own", first.get()),
                    );
                }
                Entry::Vacant(free) => {
                    free.insert(line);
                }
            }
        }
        let title =
            name.as_ref().map_or("this automation".to_owned(), |name| format!("{:?}", name.value.as_str()));
        if !section.has("on") {
            source.error_help(
                span.clone(),
                format!("{title} has no trigger"),
                "add `on = { every = \"1m\" }`, or cron, at, webhook, poll, player, session, room, server, run or daemon",
            );
        }
        let triggers: Vec<(Trigger, Range<usize>)> = section
            .tables("on", "`on`")
            .into_iter()
            .filter_map(|table| trigger::read(table, around))
            .collect();
        let mut polls = triggers.iter().filter(|(trigger, _)| matches!(trigger, Trigger::Poll(_)));
        if let (Some(_), Some((_, second))) = (polls.next(), polls.next()) {
            source.error(second.clone(), format!("{title} has two poll triggers: a script has one poll()"));
        }
        let script_given = section.has("script");
        let script = section.parsed("script", script_name);
        if !script_given {
            source.error_help(span.clone(), format!("{title} has no script"), "add `script = \"NAME.rhai\"`");
        }
        let (params, params_places) = params::read(&mut section);
        let mode = section.choice("mode", &MODES).map_or(daemon_mode, |mode| mode.value);
        let mut allow = BTreeSet::new();
        let mut allow_span = span.clone();
        for entry in section.texts("allow").unwrap_or_default() {
            allow_span = entry.span.clone();
            match Capability::parse_entry(&entry.value) {
                Ok(capabilities) => allow.extend(capabilities),
                Err(near) => {
                    let help = match near {
                        Some(near) => format!("did you mean \"{near}\"?"),
                        None => {
                            let all: Vec<&str> = Capability::all().map(Capability::as_str).collect();
                            format!("the capabilities are: {}", all.join(", "))
                        }
                    };
                    source.error_help(entry.span, format!("unknown capability {:?}", entry.value), help);
                }
            }
        }
        for (trigger, span) in &triggers {
            let trusts_gaps = match trigger {
                Trigger::Poll(Poll { stays: Some(stays), .. }) => stays.trusts_gaps,
                Trigger::Observe(observe) => observe.trusts_gaps,
                _ => false,
            };
            if trusts_gaps
                && let Some(capability) = allow.iter().find(|capability| capability.is_irreversible())
            {
                source.error_help(
                    span.clone(),
                    format!("{title} may not use `gap = \"trust\"`: {capability} cannot be taken back"),
                    "leave `gap` out: then times in which nobody could look do not count",
                );
            }
        }
        let from_outside = triggers.iter().any(|(trigger, _)| trigger.is_from_outside());
        let pace = Pace::read(&mut section, from_outside);
        let usual_key = if triggers.iter().any(|(trigger, _)| trigger.is_about_players()) {
            KeyRule::Field("player".to_owned())
        } else {
            KeyRule::Automation
        };
        let overlap = Overlap::read(&mut section, from_outside, pace.throttle.is_some(), usual_key);
        let time_limit = section.duration("time_limit", Duration::from_secs(1));
        section.finish();
        let script = script?;
        Some(Self {
            name: name?.value,
            triggers: triggers.into_iter().map(|(trigger, _)| trigger).collect(),
            script: script.value,
            script_span: script.span,
            params,
            params_places,
            mode,
            allow,
            allow_span,
            overlap,
            pace,
            time_limit: time_limit.map_or(Duration::from_mins(10), |limit| limit.value),
        })
    }
}

/// A file name inside the scripts folder: relative, and never out of it.
fn script_name(text: &str) -> Result<String, String> {
    let inside =
        std::path::Path::new(text).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if text.is_empty() || !inside || text.contains('\\') {
        return Err(format!("`script` cannot be {text:?}: write the name of a file in the scripts folder"));
    }
    if !text.ends_with(".rhai") {
        return Err(format!("`script` cannot be {text:?}: scripts end in .rhai"));
    }
    Ok(text.to_owned())
}
