//! Reads the file of an experiment: all its problems at once, each with its place.

mod app;
mod flow;
mod people;

use std::{collections::HashMap, ops::Range, path::Path, sync::Arc};

use indexmap::IndexMap;

use super::{Config, Experiment, RoomPlan, Scenario};
use crate::{
    config::reader::{Placed, Section, Source},
    domain::{ConfigName, Problem, RoomName, did_you_mean},
};

/// Where in the file the pages are, and what is said of them.
#[derive(Default)]
struct Places {
    /// The wait pages that meet in a group, by path.
    meetings: HashMap<String, Range<usize>>,
    /// The fields that a wait page reads, by its path.
    reads: HashMap<String, Vec<Placed<String>>>,
}

/// Reads an experiment and its participants.
pub(super) fn read(file: &Path, text: &str) -> (Scenario, Vec<Problem>) {
    let source = Source::new(file, text);
    let scenario = match source.document() {
        Some(document) => {
            let mut whole = Section::new(&source, "the experiment", document.get_ref(), 0..text.len());
            let scenario = read_whole(&source, &mut whole);
            whole.finish();
            scenario
        }
        None => Scenario::default(),
    };
    (scenario, source.finish())
}

fn read_whole(source: &Source<'_>, whole: &mut Section<'_, '_>) -> Scenario {
    let mut experiment = Experiment::default();
    let mut places = Places::default();
    if let Some(mut apps) = whole.table("app", "[app]") {
        for (name, section) in apps.named_tables() {
            if app::is_named_like_python(source, "an app", &name) {
                let app = app::read(source, &name, section, &mut places);
                experiment.apps.insert(name.value, app);
            }
        }
    }
    let mut configs = whole.table("config", "[config]");
    for (name, section) in configs.as_mut().map(Section::named_tables).unwrap_or_default() {
        if let Err(error) = ConfigName::new(&name.value) {
            source.error(name.span, error.to_string());
            continue;
        }
        let config = config(source, &name, section, &experiment);
        experiment.configs.insert(name.value, config);
    }
    if experiment.configs.is_empty() && configs.is_none() {
        let help = match experiment.apps.keys().next() {
            Some(app) => format!("add [config.{app}] with `apps = [\"{app}\"]`"),
            None => "add a [config.NAME] with `apps = [\"APP\"]`, and an [app.APP] with `pages`".to_owned(),
        };
        source.error_help(0..0, "there is no configuration", help);
    }
    let mut rooms = whole.table("room", "[room]");
    for (name, section) in rooms.as_mut().map(Section::named_tables).unwrap_or_default() {
        if let Err(error) = RoomName::new(&name.value) {
            source.error(name.span, error.to_string());
            continue;
        }
        let room = room(section, &experiment);
        experiment.rooms.insert(name.value, room);
    }
    flow::check(source, &experiment, &places);
    let section = whole.table("participants", "[participants]");
    let named = whole.tables("participant", "[[participant]]");
    let participants = people::read(source, section, named, &experiment);
    Scenario { experiment: Arc::new(experiment), participants }
}

/// `[config.NAME]`.
fn config(
    source: &Source<'_>,
    name: &Placed<String>,
    mut section: Section<'_, '_>,
    experiment: &Experiment,
) -> Config {
    let mut config = Config::default();
    let written = section.has("apps");
    let apps = section.texts("apps");
    if !written || apps.as_ref().is_some_and(Vec::is_empty) {
        let message = format!("the configuration {:?} has no apps", name.value);
        source.error_help(name.span.clone(), message, "write `apps = [\"APP\"]`");
    }
    for app in apps.unwrap_or_default() {
        if known(source, "app", &app, &experiment.apps) {
            config.apps.push(app.value);
        }
    }
    config.settings = section.json("settings").unwrap_or_default();
    section.finish();
    config
}

/// `[room.NAME]`.
fn room(mut section: Section<'_, '_>, experiment: &Experiment) -> RoomPlan {
    let source = section.source;
    let config = section.text("config");
    let config = config.filter(|config| known(source, "configuration", config, &experiment.configs));
    let labels = section.texts("labels").map(|labels| {
        let mut taken: Vec<String> = Vec::new();
        for label in labels {
            if let Err(error) = crate::domain::PlayerName::new(&label.value) {
                source.error(label.span, error.to_string().replace("player name", "label"));
            } else if taken.contains(&label.value) {
                source.error(label.span, format!("the label {:?} is there twice", label.value));
            } else {
                taken.push(label.value);
            }
        }
        taken
    });
    let plan = RoomPlan {
        config: config.map(|config| config.value),
        labels,
        capacity: section.number("capacity", 1..=100_000).map(|capacity| capacity.value),
        open: section.boolean("open").is_some_and(|open| open.value),
    };
    section.finish();
    plan
}

/// Whether something is called so; says so where nothing is.
fn known<T>(source: &Source<'_>, what: &str, name: &Placed<String>, all: &IndexMap<String, T>) -> bool {
    if all.contains_key(&name.value) {
        return true;
    }
    let message = format!("there is no {what} {:?}", name.value);
    unknown(source, name.span.clone(), message, all.keys().map(String::as_str));
    false
}

/// Says that something is not there, and what may be meant.
fn unknown<'a>(
    source: &Source<'_>,
    span: Range<usize>,
    message: String,
    names: impl Iterator<Item = &'a str>,
) {
    let names: Vec<&str> = names.collect();
    let wanted = &source.text[span.clone()];
    let help = match did_you_mean(wanted.trim_matches(['"', '\'']), names.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if names.is_empty() => "there are none".to_owned(),
        None => format!("there are: {}", names.join(", ")),
    };
    source.error_help(span, message, help);
}
