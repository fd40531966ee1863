//! Every recipe of the cookbook on bad evenings: whatever goes wrong, what always holds still holds.

use std::{path::Path, time::Duration};

use rhai::Dynamic;
use serde_json::{Map, Value, json};

use crate::{
    api::Generation,
    config::{self, Trigger},
    cookbook::shelves,
    sandbox::{Mix, Scenario},
    script::Library,
    sim::{Faults, Rehearsal, Setup, arrange::Arrangement, broken},
};

/// The experiments, in turn, so that each recipe sees groups and single players.
const EXPERIMENTS: [&str; 3] = ["dilemma", "survey", "market"];

/// What is set beside the example in a recipe's header, so that there is something to do.
fn params(recipe: &str) -> Value {
    match recipe {
        "step_stalled" => json!({"not_pages": ["dilemma/Decision", "market/Bid"]}),
        "fill_and_advance" => json!({"defaults": {
            "dilemma/Decision": {"cooperate": false}, "market/Bid": {"bid": 0}, "survey/About": {"age": 0},
        }}),
        _ => json!({}),
    }
}

/// A message for a recipe that a webhook starts.
fn payload(number: u64) -> Value {
    json!({"status": "RETURNED", "participant_id": format!("worker-{number}"), "id": format!("submission-{number}")})
}

fn base() -> Setup {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let config = config::load_for_rehearsal(&file).accept().unwrap_or_else(|found| panic!("{found:?}"));
    Setup {
        config,
        library: Library::default(),
        scenario: Scenario::load("dilemma").accept().unwrap_or_else(|found| panic!("{found:?}")),
        mix: Mix {
            stalls: Some(0.3),
            absent: Some(0.2),
            dropouts: Some(0.2),
            throttled: Some(0.2),
            racers: Some(0.2),
            ..Mix::default()
        },
        generation: Generation::Newest,
        faults: Faults::NONE,
        seed: 1,
        start: "2026-03-02T17:50:00Z".parse().expect("an instant"),
    }
}

/// One bad evening with a recipe, until everything has come to rest.
fn evening(recipe: &str, experiment: &str, generation: &str, seed: u64) -> Rehearsal {
    let arranged = json!({
        "recipe": format!("{recipe}.rhai"), "experiment": experiment, "players": 8, "seed": seed,
        "faults": true, "generation": generation, "params": params(recipe),
    });
    let arranged: Dynamic = rhai::serde::to_dynamic(&arranged).expect("a map");
    let arranged = arranged.cast::<rhai::Map>();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let setup =
        Arrangement::read(&arranged, &base(), &scripts).unwrap_or_else(|why| panic!("{recipe}: {why}"));
    let hooked = setup.config.automations[0].clone();
    let hooked =
        hooked.triggers.iter().any(|trigger| matches!(trigger, Trigger::Webhook(_))).then_some(hooked.name);
    let mut rehearsal = Rehearsal::prepare(setup).expect("a rehearsal");
    for number in 1..=4 {
        rehearsal.run_for(Duration::from_mins(5)).expect("time passes");
        if let Some(name) = &hooked {
            rehearsal.webhook(name.as_str(), payload(number), Map::new()).expect("a webhook");
        }
    }
    rehearsal.calm_down();
    rehearsal.run_for(Duration::from_mins(15)).expect("time passes");
    rehearsal
}

#[test]
fn no_recipe_breaks_what_always_holds() {
    let mut failures = Vec::new();
    let recipes = shelves().flat_map(|shelf| shelf.entries);
    for (number, recipe) in recipes.enumerate() {
        for (seed, generation) in (1..).zip(["newest", "contract"]) {
            let experiment = EXPERIMENTS[(number + usize::from(seed > 1)) % EXPERIMENTS.len()];
            let mut rehearsal = evening(recipe.name, experiment, generation, seed);
            let found = broken(&mut rehearsal).expect("the store of a rehearsal works");
            if !found.is_empty() {
                failures
                    .push(format!("{} in {experiment}, {generation}, seed {seed}: {found:?}", recipe.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
