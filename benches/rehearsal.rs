//! `cargo bench --bench rehearsal`: how long an evening in virtual time takes. The goal: 200 participants, two hours and
//! five automations in under two seconds, and twice the participants in about twice the time. Nothing is asserted by the
//! clock.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints"
)]

use std::time::{Duration, Instant};

use uproctor::{
    api::Generation,
    config,
    sandbox::{Mix, Scenario},
    script::Library,
    sim::{Approval, Faults, Rehearsal, Setup},
};

/// Five automations: what a lab would run on such an evening.
const CONFIG: &str = r#"
[uproot]
token_env = "TOKEN"
[daemon]
timezone = "UTC"
scripts = "scripts"

[[automation]]
name = "step-stalled"
on = { cron = "* * * * *" }
script = "step_stalled.rhai"
params = { session = "lab", patience = "3m" }
allow = ["players.advance"]

[[automation]]
name = "step-at-night"
on = { every = "5m" }
script = "step_stalled.rhai"
params = { session = "lab", patience = "10m" }
allow = ["players.advance"]

[[automation]]
name = "welcome"
on = { poll = "15s", backfill = "all" }
script = "welcome.rhai"
params = { session = "lab", text = "Welcome!" }
allow = ["players.message"]

[[automation]]
name = "farewell"
on = { poll = "30s" }
script = "welcome.rhai"
params = { session = "lab", text = "Please stay." }
allow = ["players.message"]

[[automation]]
name = "returned"
on = { webhook = "prolific", scheme = "prolific", secret_env = "SECRET" }
script = "returned.rhai"
params = { session = "lab" }
allow = ["players.dropout"]
"#;

fn main() {
    // Once without measuring, so that nothing is loaded for the first time below.
    evening(20);
    let (half, single, double) = (best(100), best(200), best(400));
    println!("two hours, five automations, virtual time:");
    println!("  100 participants: {:.2} s", half.as_secs_f64());
    println!("  200 participants: {:.2} s (goal: under 2)", single.as_secs_f64());
    println!(
        "  400 participants: {:.2} s, {:.2} times as long (goal: about 2)",
        double.as_secs_f64(),
        double.as_secs_f64() / single.as_secs_f64()
    );
    println!("  resident memory at its highest: {:.0} MB", peak());
}

/// The shortest of three.
fn best(players: u64) -> Duration {
    (0..3).map(|_| evening(players)).min().unwrap()
}

fn evening(players: u64) -> Duration {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml");
    let config = config::parse_for_rehearsal(folder.as_ref(), CONFIG.to_owned()).accept().unwrap();
    let (library, problems) = Library::load(&config);
    assert!(problems.is_empty(), "{problems:?}");
    let scenario = Scenario::load("dilemma").accept().unwrap();
    let mix = Mix {
        players: Some(players),
        stalls: Some(0.2),
        dropouts: Some(0.1),
        arrive: Some(Duration::from_mins(60)),
        ..Mix::default()
    };
    let start = "2026-03-02T18:00:00Z".parse().unwrap();
    let setup = Setup {
        config,
        library,
        scenario,
        mix,
        generation: Generation::Newest,
        faults: Faults::NONE,
        approval: Approval::default(),
        seed: 1,
        start,
    };
    let begun = Instant::now();
    let mut rehearsal = Rehearsal::prepare(setup).unwrap();
    rehearsal.run_for(Duration::from_hours(2)).unwrap();
    assert!(!rehearsal.writes().unwrap().is_empty());
    begun.elapsed()
}

/// In megabytes.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}
