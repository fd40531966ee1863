//! Every recipe of the cookbook on bad evenings: whatever goes wrong, what always holds still holds.

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rhai::Dynamic;
use serde_json::{Map, Value, json};

use super::surroundings;
use crate::{
    api::Generation,
    config::{self, Trigger},
    cookbook::names,
    sandbox::{Mix, Scenario},
    script::Library,
    sim::{Approval, Faults, Rehearsal, Setup, arrange::Arrangement, broken},
    store::WriteRow,
};

/// A message for a recipe that a webhook starts.
fn payload(number: u64) -> Value {
    json!({"status": "RETURNED", "participant_id": format!("worker-{number}"), "id": format!("submission-{number}"),
        "EventType": "AssignmentReturned", "AssignmentId": format!("worker-{number}")})
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
            dropouts: Some(0.3),
            throttled: Some(0.2),
            racers: Some(0.2),
            ..Mix::default()
        },
        generation: Generation::Newest,
        faults: Faults::NONE,
        approval: Approval::default(),
        seed: 1,
        start: "2026-03-02T17:50:00Z".parse().expect("an instant"),
    }
}

/// One bad evening with a recipe, until everything has come to rest.
fn evening(recipe: &str, experiment: &str, generation: &str, seed: u64) -> Rehearsal {
    let mut arranged = json!({
        "recipe": format!("{recipe}.rhai"), "experiment": experiment, "players": 7, "seed": seed,
        "faults": true, "generation": generation,
    });
    for (key, value) in surroundings::arranged(recipe, experiment).as_object().cloned().unwrap_or_default() {
        arranged[key] = value;
    }
    let arranged: Dynamic = rhai::serde::to_dynamic(&arranged).expect("a map");
    let arranged = arranged.cast::<rhai::Map>();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let setup =
        Arrangement::read(&arranged, &base(), &scripts).unwrap_or_else(|why| panic!("{recipe}: {why}"));
    let hooked = setup.config.automations[0].clone();
    let hooked =
        hooked.triggers.iter().any(|trigger| matches!(trigger, Trigger::Webhook(_))).then_some(hooked.name);
    let mut rehearsal = Rehearsal::prepare(setup).expect("a rehearsal");
    for (address, answer) in Arrangement::answers(&arranged).expect("answers") {
        rehearsal.answer(&address, &answer).expect("an address");
    }
    surroundings::prepare(&mut rehearsal, recipe, experiment);
    for number in 1..=4 {
        rehearsal.run_for(Duration::from_mins(5)).expect("time passes");
        if let Some(name) = &hooked {
            let label = json!({"label": format!("worker-{number}")});
            rehearsal.set_fields(&format!("p{number}"), &label).expect("a player");
            rehearsal.webhook(name.as_str(), payload(number), Map::new()).expect("a webhook");
        }
    }
    rehearsal.calm_down();
    rehearsal.run_for(Duration::from_mins(15)).expect("time passes");
    rehearsal
}

/// What a recipe itself promises.
fn promises(rehearsal: &Rehearsal, recipe: &str, broken: &mut Vec<String>) {
    let writes = rehearsal.writes().expect("the store of a rehearsal works");
    let happened = |write: &WriteRow| matches!(write.effect.state.as_str(), "done" | "uncertain");
    let mut once = HashSet::new();
    for write in writes.iter().filter(|write| happened(write)) {
        let (action, player) = (write.effect.action.as_str(), &write.effect.player);
        if matches!(action, "players.redirect" | "players.dropout" | "players.end")
            && !once.insert((action, player))
        {
            broken.push(format!("{action} of {player:?} came twice"));
        }
        if action == "rooms.create_session" && !once.insert((action, &write.effect.target)) {
            broken.push(format!("a second session in room {:?}", write.effect.target));
        }
        let filled = |other: &WriteRow| {
            other.run == write.run
                && other.effect.action == "players.fields"
                && other.effect.ordinal < write.effect.ordinal
                && other.effect.state == "done"
        };
        let marks = matches!(recipe, "fill_and_advance" | "free_partners" | "leave_lobby");
        if marks && matches!(action, "players.advance" | "players.end") && !writes.iter().any(filled) {
            broken.push(format!("{action} of {player:?} without what has to be written before"));
        }
    }
}

/// An evening of one recipe for each form of the server, and more until it had something to do: how many writes were made, and
/// what was broken.
fn evenings(recipe: &'static str) -> (usize, Vec<String>) {
    let (mut made, mut failures) = (0, Vec::new());
    let evenings = super::number("UPROCTOR_SEEDS").unwrap_or(2);
    let kinds = ["newest", "contract"].into_iter().cycle();
    let experiments = ["dilemma", "dilemma", "market", "survey"].into_iter().cycle();
    for ((seed, generation), experiment) in (1..).zip(kinds).zip(experiments) {
        let mut rehearsal = evening(recipe, experiment, generation, seed);
        let mut found = broken(&mut rehearsal).expect("the store of a rehearsal works");
        promises(&rehearsal, recipe, &mut found);
        failures.extend(
            found.iter().map(|found| format!("{recipe} in {experiment}, {generation}, seed {seed}: {found}")),
        );
        let writes = rehearsal.writes().expect("the store of a rehearsal works");
        made += writes.iter().filter(|write| write.effect.state == "done").count();
        let may_idle = IDLE.iter().any(|(idle, _)| *idle == recipe);
        if seed >= evenings && (made > 0 || may_idle || seed >= 12) {
            break;
        }
    }
    (made, failures)
}

/// Recipes that have nothing to write on these evenings, and why.
const IDLE: [(&str, &str); 4] = [
    ("bonus_file", "it writes a file"),
    ("export_nightly", "it writes files"),
    ("reload_expired", "browsers end their pages by themselves"),
    ("step_together", "people rarely are all on one page, and nobody presses"),
];

#[test]
fn no_recipe_breaks_what_always_holds() {
    let recipes: Vec<&'static str> = names().collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(recipe) = recipes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (made, failures) = evenings(recipe);
                    found.lock().expect("no evening panics").push((*recipe, made, failures));
                }
            });
        }
    });
    let found = found.into_inner().expect("no evening panics");
    assert_eq!(found.len(), recipes.len());
    let failures: Vec<&String> = found.iter().flat_map(|(_, _, failures)| failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let is_idle = |recipe: &str| IDLE.iter().any(|(idle, _)| *idle == recipe);
    let idle: Vec<&str> = found
        .iter()
        .filter(|(recipe, made, _)| *made == 0 && !is_idle(recipe))
        .map(|(recipe, ..)| *recipe)
        .collect();
    assert!(idle.is_empty(), "nothing was done in any evening by {idle:?}");
}
