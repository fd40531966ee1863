//! Our own simulation test: random experiments, random automations, random faults and crashes, and what always holds.

mod absence;
mod cookbook;
mod evening;
mod small;
mod surroundings;

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Rehearsal, broken};
use evening::Evening;

/// How many evenings are simulated unless `UPROCTOR_SEEDS` says otherwise.
const SEEDS: u64 = 300;

/// A number from the environment: only these tests read it, to be repeated and to be run longer.
#[expect(clippy::disallowed_methods, reason = "a failing seed is replayed by naming it in the environment")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What is broken after one evening, and its journal.
fn simulate(seed: u64) -> (Vec<String>, String) {
    let (rehearsal, broken) = play(seed);
    (broken, rehearsal.journal())
}

fn play(seed: u64) -> (Rehearsal, Vec<String>) {
    let mut rehearsal = Evening::draw(seed).play();
    let broken = broken(&mut rehearsal).expect("the store of a rehearsal works");
    (rehearsal, broken)
}

#[test]
fn nothing_is_lost_or_done_twice_whatever_goes_wrong() {
    let replayed = number("UPROCTOR_SEED");
    let first = replayed.unwrap_or(0);
    let seeds = number("UPROCTOR_SEEDS").unwrap_or(if replayed.is_some() { 1 } else { SEEDS });
    let next = AtomicU64::new(first);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        // An evening's threads take turns: more than one of a core's share keeps it busy.
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds || failures.lock().unwrap().len() > 3 {
                        return;
                    }
                    let (broken, journal) = simulate(seed);
                    if !broken.is_empty() {
                        failures.lock().unwrap().push((seed, broken, journal));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let mut told = String::new();
    for (seed, broken, journal) in &failures {
        let _ = writeln!(told, "seed {seed}: {}", broken.join("; "));
        let _ = writeln!(told, "  again: UPROCTOR_SEED={seed} cargo test --lib sim::tests::nothing");
        if replayed.is_some() {
            let _ = writeln!(told, "{journal}");
        }
    }
    assert!(failures.is_empty(), "\n{told}");
}

#[test]
fn the_same_seed_gives_the_same_journal_byte_for_byte() {
    for seed in [1, 2, 4, 17] {
        let (_, first) = simulate(seed);
        let (_, second) = simulate(seed);
        assert!(first.lines().count() > 50, "seed {seed}: an evening has something to tell:\n{first}");
        assert_eq!(first, second, "seed {seed}");
    }
    assert_ne!(simulate(1).1, simulate(2).1);
}

#[test]
fn faults_and_every_way_of_not_running_do_happen() {
    let (mut journal, mut reasons) = (String::new(), String::new());
    for seed in 0..20 {
        let (rehearsal, _) = play(seed);
        journal.push_str(&rehearsal.journal());
        for run in rehearsal.runs().expect("the store of a rehearsal works") {
            let _ = writeln!(reasons, "{}", run.reason.unwrap_or_default());
        }
    }
    for reason in [
        "overlap = \"single\"",
        "a newer event took its place (overlap = \"restart\")",
        "(debounce)",
        "(rate_limit = ",
        "(cooldown = ",
        "missed = \"skip\"",
        "paused: 5 runs failed in a row",
        "carried out plan",
        "has moved on since",
    ] {
        assert!(reasons.contains(reason), "no event of twenty evenings has: {reason}");
    }
    for fault in [
        "the daemon crashes",
        "the server restarts",
        "the daemon's clock is set",
        "the request is lost",
        "the answer is lost",
        "-> 500\n",
        "-> 200, answered as 500",
        "known, as event",
        "nobody answers",
        "and not answered; it will come again",
        " approved (by a person)",
        " rejected (a person rejected it)",
        " replaced (plan ",
        " expired\n",
        "lab gets (plan)",
        "lab gets (failed)",
    ] {
        assert!(journal.contains(fault), "no evening of twenty has: {fault}");
    }
}
