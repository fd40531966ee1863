//! What a test arranges: `rehearse(#{ players: 4, experiment: "survey", seed: 7 })`.

use std::{path::Path, sync::Arc};

use rhai::{Dynamic, Map};
use serde_json::{Value, json};

use super::{Faults, Setup, elsewhere::host_of};
use crate::{
    api::Generation,
    config::{self, Channel, Config},
    cookbook::Recipe,
    domain::{ChannelName, Mode, Problem, did_you_mean},
    sandbox::{RoomPlan, Scenario, parse_share},
    script::{self, Library},
};

/// Reads what a test arranges.
pub(super) struct Arrangement;

/// What may stand in it.
const KEYS: [&str; 19] = [
    "recipe",
    "experiment",
    "config",
    "players",
    "seed",
    "faults",
    "automation",
    "automations",
    "params",
    "stalls",
    "absent",
    "dropouts",
    "start",
    "generation",
    "rooms",
    "answers",
    "channels",
    "approve",
    "mode",
];

impl Arrangement {
    /// The setup with everything that the map changes. The error says which entry makes no sense.
    pub(super) fn read(map: &Map, base: &Setup, folder: &Path) -> Result<Setup, String> {
        let mut setup = base.clone();
        for key in map.keys() {
            if !KEYS.contains(&key.as_str()) {
                let hint = did_you_mean(key, KEYS).map(|near| format!(": did you mean `{near}`?"));
                return Err(format!("rehearse does not know `{key}`{}", hint.unwrap_or_default()));
            }
        }
        if let Some(name) = text(map, "experiment")? {
            let file = folder.join(&name);
            let which = if file.is_file() { file.to_string_lossy().into_owned() } else { name };
            setup.scenario = Scenario::load(&which).accept().map_err(|problems| told(&problems))?;
        }
        if let Some(config) = text(map, "config")? {
            if setup.scenario.experiment.apps_of(&config).is_none() {
                return Err(format!("the experiment has no configuration {config:?}"));
            }
            setup.scenario.participants.config = config;
        }
        if let Some(players) = whole(map, "players")? {
            let players = u64::try_from(players).ok().filter(|players| (1..=5000).contains(players));
            setup.mix.players = Some(players.ok_or("`players` is from 1 to 5000")?);
        }
        if let Some(seed) = whole(map, "seed")? {
            setup.seed = seed.unsigned_abs();
        }
        if let Some(faults) = map.get("faults") {
            let bad = faults.as_bool().map_err(|_| "`faults` is true or false".to_owned())?;
            setup.faults = if bad { Faults::BAD_EVENING } else { Faults::NONE };
        }
        for (key, share) in [
            ("stalls", &mut setup.mix.stalls),
            ("absent", &mut setup.mix.absent),
            ("dropouts", &mut setup.mix.dropouts),
        ] {
            if let Some(text) = text(map, key)? {
                *share = Some(parse_share(&text).map_err(|error| error.to_string())?);
            }
        }
        if let Some(start) = text(map, "start")? {
            setup.start = start
                .parse()
                .map_err(|_| format!("`start` is {start:?}: write it like 2026-03-02T18:00:00Z"))?;
        }
        if let Some(generation) = text(map, "generation")? {
            setup.generation = generation_named(&generation)?;
        }
        if let Some(approval) = text(map, "approve")? {
            setup.approval = approval.parse().map_err(|error| format!("`approve`: {error}"))?;
        }
        rooms(map, &mut setup)?;
        // Before the automations, which may speak to those that answer.
        channels(map, &mut setup)?;
        for (address, _) in Self::answers(map)? {
            setup.config.http.entry(host_of(&address)?).or_default();
        }
        automations(map, &mut setup, folder)?;
        Ok(setup)
    }

    /// What other servers are to answer, by address.
    pub(super) fn answers(map: &Map) -> Result<serde_json::Map<String, Value>, String> {
        let Some(answers) = map.get("answers") else { return Ok(serde_json::Map::new()) };
        rhai::serde::from_dynamic(answers).map_err(|_| "`answers` is a map of addresses".to_owned())
    }
}

fn told(problems: &[Problem]) -> String {
    let told = |p: &Problem| format!("{}:{}:{}: {}", p.file.display(), p.line, p.column, p.message);
    problems.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// A generation by the word that users write.
pub fn generation_named(text: &str) -> Result<Generation, String> {
    match text {
        "contract" => Ok(Generation::Contract),
        "toggling" => Ok(Generation::Toggling),
        "newest" => Ok(Generation::Newest),
        _ => Err(format!("there is no generation {text:?}: it is contract, toggling or newest")),
    }
}

/// The name that [`generation_named`] knows it by.
pub fn name_of(generation: Generation) -> &'static str {
    match generation {
        Generation::Contract => "contract",
        Generation::Toggling => "toggling",
        Generation::Newest => "newest",
    }
}

/// Rooms beside those of the experiment: `rooms: #{ lab: #{ config: "survey", open: true } }`.
fn rooms(map: &Map, setup: &mut Setup) -> Result<(), String> {
    let Some(described) = map.get("rooms") else { return Ok(()) };
    let described: serde_json::Map<String, Value> =
        rhai::serde::from_dynamic(described).map_err(|_| "`rooms` is a map of rooms".to_owned())?;
    for (name, room) in described {
        let plan: Room =
            serde_json::from_value(room).map_err(|error| format!("the room {name:?}: {error}"))?;
        if let Some(config) = &plan.config
            && setup.scenario.experiment.apps_of(config).is_none()
        {
            return Err(format!("the room {name:?}: the experiment has no configuration {config:?}"));
        }
        let Room { config, labels, capacity, open } = plan;
        let plan = RoomPlan { config, labels, capacity, open };
        Arc::make_mut(&mut setup.scenario.experiment).rooms.insert(name, plan);
    }
    Ok(())
}

/// A room as a test describes it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Room {
    config: Option<String>,
    labels: Option<Vec<String>>,
    capacity: Option<u64>,
    #[serde(default)]
    open: bool,
}

/// Channels beside those of the configuration, by their names.
fn channels(map: &Map, setup: &mut Setup) -> Result<(), String> {
    let Some(named) = map.get("channels") else { return Ok(()) };
    let named: Vec<String> = rhai::serde::from_dynamic(named)
        .map_err(|_| "`channels` is a list of names: [\"lab\"]".to_owned())?;
    for name in named {
        let name = ChannelName::new(&name).map_err(|error| error.to_string())?;
        setup.config.channels.entry(name).or_insert_with(Channel::stand_in);
    }
    Ok(())
}

fn automations(map: &Map, setup: &mut Setup, folder: &Path) -> Result<(), String> {
    if let Some(named) = map.get("recipe") {
        let named: Vec<String> = match named.clone().into_string() {
            Ok(one) => vec![one],
            Err(_) => rhai::serde::from_dynamic(named)
                .map_err(|_| "`recipe` is a script in quotes, or a list of them".to_owned())?,
        };
        recipes(&named, setup, folder)?;
    }
    if let Some(described) = map.get("automations") {
        describe(described, setup)?;
    }
    if let Some(name) = text(map, "automation")? {
        let all: Vec<String> = setup.config.automations.iter().map(|a| a.name.to_string()).collect();
        setup.config.automations.retain(|automation| automation.name.as_str() == name);
        if setup.config.automations.is_empty() {
            return Err(format!("there is no automation {name:?} here: there are {}", all.join(", ")));
        }
    }
    if let Some(word) = text(map, "mode")? {
        let mode = match word.as_str() {
            "live" => Mode::Live,
            "approve" => Mode::Approve,
            _ => return Err(format!("`mode` is \"live\" or \"approve\" here, not {word:?}")),
        };
        setup.config.automations.iter_mut().for_each(|automation| automation.mode = mode);
    }
    if let Some(params) = map.get("params") {
        let params: Value = rhai::serde::from_dynamic(params).map_err(|error| error.to_string())?;
        let Value::Object(params) = params else { return Err("`params` is a map".to_owned()) };
        for automation in &mut setup.config.automations {
            automation.params.extend(params.clone());
        }
    }
    Ok(())
}

/// Automations described in the test, in the words of `config.toml`, instead of those of the configuration. The rest of
/// the configuration stays.
fn describe(described: &Dynamic, setup: &mut Setup) -> Result<(), String> {
    let described: Value = rhai::serde::from_dynamic(described).map_err(|error| error.to_string())?;
    let zone = setup.config.daemon.timezone.as_ref().map_or_else(|| "UTC".to_owned(), ToString::to_string);
    let whole = json!({
        "uproot": {"token_env": "UPROOT_API_KEY"},
        "daemon": {"scripts": setup.config.daemon.scripts, "timezone": zone, "mode": setup.config.daemon.mode.as_str()},
        "automation": described,
    });
    let text =
        toml::to_string(&whole).map_err(|error| format!("`automations` is a list of maps: {error}"))?;
    let draft = config::parse_for_rehearsal(Path::new("automations"), text);
    // The places of what is wrong are those of this text.
    let (file, text) = (draft.config.file, draft.config.text);
    let config = Config { automations: draft.config.automations, file, text, ..setup.config.clone() };
    let (library, found) = Library::load(&config);
    let mut problems = draft.problems;
    problems.extend(found);
    problems.extend(script::check(&config, &library));
    let errors: Vec<&str> = problems.iter().filter(|p| p.is_error()).map(|p| p.message.as_str()).collect();
    if !errors.is_empty() {
        return Err(format!("`automations`: {}", errors.join("; ")));
    }
    setup.config = config;
    setup.library = library;
    Ok(())
}

/// The automations in the headers of scripts, instead of those of the configuration, and the servers that they speak to
/// beside its own.
fn recipes(named: &[String], setup: &mut Setup, folder: &Path) -> Result<(), String> {
    let zone = setup.config.daemon.timezone.as_ref().map_or_else(|| "UTC".to_owned(), ToString::to_string);
    let mut whole = Config { automations: Vec::new(), ..setup.config.clone() };
    for name in named {
        let path = folder.join(name);
        let source = std::fs::read_to_string(&path)
            .map_err(|error| format!("the recipe {} cannot be read: {error}", path.display()))?;
        let recipe = Recipe::read(&path, &source).map_err(|problem| problem.to_string())?;
        let draft = recipe.draft(&zone);
        let (library, found) = Library::load(&draft.config);
        let mut problems = draft.problems;
        problems.extend(found);
        problems.extend(script::check(&draft.config, &library));
        problems.retain(Problem::is_error);
        if !problems.is_empty() {
            return Err(told(&problems));
        }
        whole.automations.extend(draft.config.automations);
        whole.http.extend(draft.config.http);
        whole.channels.extend(draft.config.channels);
    }
    let (library, problems) = Library::load(&whole);
    if !problems.is_empty() {
        return Err(told(&problems));
    }
    setup.config = whole;
    setup.library = library;
    Ok(())
}

fn text(map: &Map, key: &str) -> Result<Option<String>, String> {
    map.get(key)
        .map(|value| {
            value.clone().into_string().map_err(|found| format!("`{key}` is a text in quotes, not {found}"))
        })
        .transpose()
}

fn whole(map: &Map, key: &str) -> Result<Option<i64>, String> {
    map.get(key)
        .map(|value: &Dynamic| value.as_int().map_err(|_| format!("`{key}` is a whole number")))
        .transpose()
}
