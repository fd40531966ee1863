//! `[participants]` and `[[participant]]`: who takes part.

use std::{collections::HashSet, time::Duration};

use toml::de::DeValue;

use super::{known, unknown};
use crate::{
    config::{
        reader::{Placed, Section, Source},
        value::integer,
    },
    domain::{PlayerName, Severity},
    sandbox::{Experiment, Named, PageKind, Participants, parse_share},
};

pub(super) fn read(
    source: &Source<'_>,
    section: Option<Section<'_, '_>>,
    named: Vec<Section<'_, '_>>,
    experiment: &Experiment,
) -> Participants {
    let mut participants = Participants::default();
    let mut players = None;
    if let Some(mut section) = section {
        let config = section.text("config");
        let config = config.filter(|config| known(source, "configuration", config, &experiment.configs));
        let room = section.text("room").filter(|room| known(source, "room", room, &experiment.rooms));
        players = section.number("players", 1..=10_000);
        participants.config = config.map(|config| config.value).unwrap_or_default();
        participants.room = room.map(|room| room.value);
        if let Some(arrive) = section.duration("arrive", Duration::ZERO) {
            participants.arrive = arrive.value;
        }
        if let Some(spread) = spread(&mut section) {
            participants.spread = spread;
        }
        let shares: [(&'static str, &mut f64); 8] = [
            ("stalls", &mut participants.stalls),
            ("absent", &mut participants.absent),
            ("dropouts", &mut participants.dropouts),
            ("late", &mut participants.late),
            ("two_tabs", &mut participants.two_tabs),
            ("throttled", &mut participants.throttled),
            ("racers", &mut participants.racers),
            ("heed", &mut participants.heed),
        ];
        for (key, share) in shares {
            if let Some(read) = section.parsed(key, parse_share) {
                *share = read.value;
            }
        }
        section.finish();
    }
    if participants.config.is_empty() {
        let room = participants.room.as_ref().and_then(|room| experiment.rooms.get(room)?.config.clone());
        let first = || experiment.configs.keys().next().cloned();
        participants.config = room.or_else(first).unwrap_or_default();
    }
    if let Some(players) = players {
        participants.players = players.value;
        whole_groups(source, &players, &participants.config, experiment);
    }
    let mut names = HashSet::new();
    for section in named {
        let Some((name, one)) = named_one(section, &participants.config, experiment) else { continue };
        if names.insert(name.value.clone()) {
            participants.named.push(one);
        } else {
            source.error(name.span, format!("two participants are called {:?}", name.value));
        }
    }
    participants
}

/// Whoever is left over when groups are made waits for ever.
fn whole_groups(source: &Source<'_>, players: &Placed<u64>, config: &str, experiment: &Experiment) {
    for (path, group) in pages(config, experiment).into_iter().filter_map(|path| {
        let PageKind::Group { size } = experiment.page(&path)?.kind else { return None };
        Some((path, size as u64))
    }) {
        if !players.value.is_multiple_of(group) {
            let message =
                format!("{} is not a multiple of {group}, the size of the groups of {path:?}", players.value);
            let warning = source.problem(Severity::Warning, players.span.clone(), message);
            source.push(warning.help("those who are left over wait for ever"));
            return;
        }
    }
}

/// The paths of the pages of a configuration, each once.
fn pages(config: &str, experiment: &Experiment) -> Vec<String> {
    let order = experiment.page_order(&experiment.apps_of(config).unwrap_or_default(), &mut |_| 0);
    let mut seen = HashSet::new();
    order.into_iter().filter(|path| experiment.page(path).is_some() && seen.insert(path.clone())).collect()
}

fn spread(section: &mut Section<'_, '_>) -> Option<f64> {
    let value = section.any("spread")?;
    let number = match value.get_ref() {
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        whole => integer(whole).map(|number| number as f64),
    };
    let spread = number.filter(|number| (0.0..=3.0).contains(number));
    if spread.is_none() {
        let help = "0 is none at all, 0.5 is usual: two thirds are within a factor of 1.6";
        section.source.error_help(value.span(), "`spread` must be a number from 0 to 3", help);
    }
    spread
}

/// `[[participant]]`.
fn named_one(
    mut section: Section<'_, '_>,
    config: &str,
    experiment: &Experiment,
) -> Option<(Placed<String>, Named)> {
    let source = section.source;
    if !section.has("name") {
        source.error_help(
            section.span.clone(),
            "this participant has no name",
            "write `name = \"p1\"`: participants are called p1, p2 and so on",
        );
    }
    let name = section.parsed("name", |name| PlayerName::new(name).map(|name| name.to_string()));
    let all = pages(config, experiment);
    let page = |key: &'static str, waits_too: bool, section: &mut Section<'_, '_>| {
        let path = section.text(key)?;
        match experiment.page(&path.value).filter(|_| all.contains(&path.value)) {
            Some(page) if page.is_wait() && !waits_too => {
                let help = "on a wait page there is nothing to do; name a page with something to do";
                source.error_help(
                    path.span,
                    format!("nobody can stall on the wait page {:?}", path.value),
                    help,
                );
                None
            }
            Some(_) => Some(path.value),
            None => {
                let message = format!("the configuration {config:?} has no page {:?}", path.value);
                unknown(source, path.span, message, all.iter().map(String::as_str));
                None
            }
        }
    };
    let leaves = section.has("leaves_on");
    let mut one = Named {
        stalls_on: page("stalls_on", false, &mut section),
        leaves_on: page("leaves_on", true, &mut section),
        arrives: section.duration("arrives", Duration::ZERO).map(|arrives| arrives.value),
        heeds: section.boolean("heeds").map(|heeds| heeds.value),
        two_tabs: section.boolean("two_tabs").is_some_and(|yes| yes.value),
        throttled: section.boolean("throttled").is_some_and(|yes| yes.value),
        races: section.boolean("races").is_some_and(|yes| yes.value),
        ..Named::default()
    };
    if let Some(returns) = section.duration("returns_after", Duration::ZERO) {
        if !leaves {
            let help = "write where they leave, with `leaves_on = \"app/Page\"`";
            source.error_help(returns.span, "only somebody who leaves can return", help);
        }
        one.returns_after = Some(returns.value);
    }
    section.finish();
    let name = name?;
    one.name.clone_from(&name.value);
    Some((name, one))
}
