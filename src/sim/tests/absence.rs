//! Who is gone, and who only looks like it: evenings with tabs in the background, second tabs, pages loaded again, and servers
//! and daemons that start anew. Nobody who is there is ever taken for gone, and everybody who is gone is found in time.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde_json::Value;

use super::number;
use crate::{
    api::Generation,
    config,
    domain::EventId,
    sandbox::{self, Mix, Scenario},
    script::Library,
    sim::{Approval, Faults, Rehearsal, Setup, journal::What},
};

/// How many sessions are played unless `UPROCTOR_SEEDS` says otherwise.
const SESSIONS: u64 = 8;
/// How long each lasts.
const EVENING: Duration = Duration::from_mins(40);
/// Whoever is gone is found within this, in seconds.
const FOUND: f64 = 180.0;
/// Silence that counts, in seconds.
const SILENCE: f64 = 120.0;

const CONFIG: &str = "[uproot]\ntoken_env = \"TOKEN\"\n[daemon]\ntimezone = \"UTC\"\n\
    [[automation]]\nname = \"gone\"\non = [{ player = \"absent\" }, { player = \"dropped\" }]\nscript = \"gone.rhai\"\nallow = [\"players.fields\"]\n";

const SCRIPT: &str = r#"
fn run(event) {
    if event.what == "absent" { players::set_fields(event.session, event.player.name, #{ gone: true }); }
}
"#;

fn setup(seed: u64) -> Setup {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("scripts")).expect("a folder");
    std::fs::write(folder.path().join("scripts/gone.rhai"), SCRIPT).expect("a script");
    let draft = config::parse_for_rehearsal(&folder.path().join("config.toml"), CONFIG.to_owned());
    let config = draft.accept().unwrap_or_else(|problems| panic!("{problems:?}"));
    let (library, problems) = Library::load(&config);
    assert!(problems.is_empty(), "{problems:?}");
    let experiment = ["dilemma", "survey"][usize::try_from(seed % 2).unwrap_or_default()];
    let generation = Generation::ALL[usize::try_from(seed / 2 % 3).unwrap_or_default()];
    Setup {
        config,
        library,
        scenario: Scenario::load(experiment).accept().unwrap_or_else(|problems| panic!("{problems:?}")),
        mix: Mix {
            players: Some(40),
            stalls: Some(0.3),
            absent: Some(0.15),
            dropouts: Some(0.15),
            two_tabs: Some(0.2),
            throttled: Some(0.4),
            late: Some(0.1),
            ..Mix::default()
        },
        generation,
        faults: faults(seed),
        approval: Approval::default(),
        seed,
        start: "2026-03-02T18:00:00Z".parse().expect("an instant"),
    }
}

/// Servers and daemons start anew; in some sessions answers are lost or late besides.
fn faults(seed: u64) -> Faults {
    let lost = if seed % 4 == 3 { 0.01 } else { 0.0 };
    Faults { server_restarts: 3.0, crashes: 3.0, lost_answers: lost, slow_answers: lost, ..Faults::NONE }
}

/// When each participant had no tab open, in seconds since 1970; the end is open while they are gone.
fn gone(rehearsal: &Rehearsal) -> BTreeMap<String, Vec<(f64, f64)>> {
    let mut gone: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for entry in rehearsal.stage.lock().journal.entries() {
        let What::Participant(happening) = &entry.what else { continue };
        let spells = gone.entry(happening.player.to_string()).or_default();
        match happening.what {
            sandbox::What::Left | sandbox::What::DroppedOut => spells.push((happening.at, f64::INFINITY)),
            sandbox::What::Returned => {
                if let Some(last) = spells.last_mut() {
                    last.1 = happening.at;
                }
            }
            _ => {}
        }
    }
    gone
}

/// Of which player this was told and when, in seconds since 1970, and how the player looked then.
fn told(rehearsal: &Rehearsal, what: &str) -> Vec<(String, f64, Value)> {
    let events = rehearsal.runs().expect("the store works").into_iter().filter_map(|run| run.event);
    let mut told = Vec::new();
    for event in events {
        let found =
            rehearsal.director.history(|history| history.event(EventId(event))).expect("the store works");
        let found = found.expect("the event is there");
        let observed = &found.detail["observed"];
        if observed["what"] == what {
            let player = &observed["about"]["player"];
            let name = player["name"].as_str().expect("a name").to_owned();
            told.push((name, found.at as f64 / 1000.0, player.clone()));
        }
    }
    told
}

/// What is wrong with one session.
fn play(seed: u64) -> Vec<String> {
    let mut rehearsal = Rehearsal::prepare(setup(seed)).expect("a rehearsal");
    rehearsal.run_for(EVENING).expect("time passes");
    let gone = gone(&rehearsal);
    let taken = told(&rehearsal, "absent");
    let mut wrong = Vec::new();
    for (name, at, player) in &taken {
        let spells = gone.get(name).map_or(&[][..], Vec::as_slice);
        if !spells.iter().any(|(from, to)| from <= at && at <= to) {
            wrong.push(format!(
                "seed {seed}: {name} was there and taken for gone at {at}: {player}; gone {spells:?}"
            ));
        }
    }
    // Where answers are lost, nobody can look for half a minute each time.
    if faults(seed).lost_answers > 0.0 {
        return wrong;
    }
    let end = rehearsal.now() as f64 / 1e6;
    let outages = outages(&rehearsal);
    let over = over(&mut rehearsal);
    for (name, spells) in &gone {
        for (from, to) in spells {
            // Time in which a server or a daemon was away, or had just come back, does not count.
            let hindered: f64 = outages
                .iter()
                .filter(|(a, b)| *b > *from && *a < from + FOUND * 2.0)
                .map(|(a, b)| b - a + SILENCE)
                .sum();
            let by = from + FOUND + hindered;
            let found = taken.iter().any(|(taken, at, _)| taken == name && at >= from && *at <= by);
            if by < to.min(end) && !found && !over.contains(name) {
                wrong.push(format!("seed {seed}: {name} is gone since {from} and was not found: {spells:?}, ended {end}, outages {outages:?}"));
            }
        }
    }
    wrong
}

/// Who has finished, and whom the app itself has marked as dropped out: of them nobody need be told that they are gone.
fn over(rehearsal: &mut Rehearsal) -> Vec<String> {
    let finished =
        rehearsal.players().expect("players").into_iter().filter(|player| player["finished"] == true);
    let mut over: Vec<String> =
        finished.filter_map(|player| Some(player["name"].as_str()?.to_owned())).collect();
    over.extend(told(rehearsal, "dropped").into_iter().map(|(name, ..)| name));
    over
}

/// When the server or the daemon was away, in seconds since 1970.
fn outages(rehearsal: &Rehearsal) -> Vec<(f64, f64)> {
    use crate::sim::journal::Fault;
    let stage = rehearsal.stage.lock();
    let faults = stage.journal.entries().iter().filter_map(|entry| match entry.what {
        What::Fault(Fault::ServerRestart(away)) => Some((entry.at, away)),
        // It happens some steps later, and how long it takes is drawn.
        What::Fault(Fault::CrashAhead(_)) => Some((entry.at, 120_000_000)),
        _ => None,
    });
    faults.map(|(at, away)| (at as f64 / 1e6, (at + away) as f64 / 1e6)).collect()
}

#[test]
fn nobody_who_is_there_is_taken_for_gone_and_who_is_gone_is_found() {
    let sessions = number("UPROCTOR_SEEDS").unwrap_or(SESSIONS);
    let next = AtomicU64::new(number("UPROCTOR_SEED").unwrap_or(0));
    let last = next.load(Ordering::Relaxed) + sessions;
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= last {
                        return;
                    }
                    wrong.lock().unwrap().extend(play(seed));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
