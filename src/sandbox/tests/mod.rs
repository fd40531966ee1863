//! The server as admins and participants meet it, and whole sessions in virtual time.

mod api;
mod arranged;
mod export;
mod faults;
mod files;
mod habits;
mod pages;
mod people;
mod rooms;
mod speed;
mod steps;
mod world;

use std::{path::Path, sync::Arc};

use super::{
    Experiment, Fate, Happening, Link, Mix, Outcome, Profile, Sandbox, Scenario, Spot, What, World,
    moves::Plan, population,
};
use crate::api::Generation;

/// When the sessions of these tests begin.
const START: f64 = 1_800_000_000.0;

/// A scenario without anything wrong.
fn scenario(text: &str) -> Scenario {
    let (scenario, problems) = Experiment::parse(Path::new("test.toml"), text);
    assert!(problems.is_empty(), "{problems:#?}");
    scenario
}

/// A built-in scenario.
fn built_in(name: &str) -> Scenario {
    let loaded = Scenario::load(name);
    assert!(loaded.problems.is_empty(), "{:#?}", loaded.problems);
    loaded.accept().unwrap()
}

/// A server with one session, `s`, of the scenario's configuration, and players of these names.
fn sandbox(scenario: &Scenario, generation: Generation, players: &[&str]) -> Sandbox {
    let mut sandbox = Sandbox::new(Arc::clone(&scenario.experiment), generation, "T".into(), 7);
    begin(&mut sandbox, START, scenario, None);
    for player in players {
        sandbox.create_player(START, "s", Some((*player).to_owned())).unwrap();
    }
    sandbox
}

/// Makes the session `s`, in a room if there is one.
fn begin(sandbox: &mut Sandbox, now: f64, scenario: &Scenario, room: Option<&str>) {
    let config = scenario.participants.config.clone();
    let apps = scenario.experiment.apps_of(&config).unwrap();
    let plan = Plan { config, apps, sname: Some("s".to_owned()), ..Plan::default() };
    sandbox.create_session(now, plan);
    if let Some(room) = room {
        let room = sandbox.rooms.get_mut(room).unwrap();
        room.session = Some("s".to_owned());
        room.open = true;
    }
}

/// A world of profiles, each with a link of their own.
fn world_of(scenario: &Scenario, generation: Generation, profiles: Vec<Profile>) -> World {
    let names: Vec<&str> = profiles.iter().map(|profile| &*profile.name).collect();
    let mut world = World::new(sandbox(scenario, generation, &names), START);
    for profile in profiles {
        let link = Link::Player { sname: "s".into(), uname: Arc::clone(&profile.name) };
        world.add(profile, link);
    }
    world
}

/// A world of the scenario's own population.
fn world(scenario: &Scenario, generation: Generation, mix: &Mix, seed: u64) -> World {
    world_of(scenario, generation, population(scenario, mix, seed))
}

/// Names and what happened to them and when, in seconds since the start; without the pages.
fn without_pages(happenings: &[Happening]) -> Vec<(String, f64, What)> {
    happenings
        .iter()
        .filter(|h| !matches!(h.what, What::Page { .. } | What::Waits { .. } | What::Joined))
        .map(|h| (h.player.to_string(), ((h.at - START) * 1000.0).round() / 1000.0, h.what.clone()))
        .collect()
}

/// What came of it.
fn outcome(happenings: &[Happening], end: f64) -> Outcome {
    let mut outcome = Outcome::new();
    for happening in happenings {
        outcome.observe(happening);
    }
    outcome.end(end);
    outcome
}

/// What one player lived through.
fn of<'a>(happenings: &'a [Happening], player: &str) -> Vec<&'a What> {
    happenings.iter().filter(|h| &*h.player == player).map(|h| &h.what).collect()
}
