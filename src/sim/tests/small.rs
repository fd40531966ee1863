//! Evenings made for one question each.

use std::time::Duration;

use crate::{
    api::Generation,
    config,
    domain::Mode,
    sandbox::{Mix, Scenario},
    script::Library,
    sim::{Approval, Faults, Rehearsal, Report, Setup, journal::What},
};

/// An evening of automations that run this script every minute, each with a name and a limit for its time.
fn setup(script: &str, automations: &[(&str, &str)], faults: Faults) -> Setup {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("scripts")).expect("a folder");
    std::fs::write(folder.path().join("scripts/it.rhai"), script).expect("a script");
    let mut text = "[uproot]\ntoken_env = \"TOKEN\"\n[daemon]\ntimezone = \"UTC\"\n[guard]\n\
                    max_players_per_run = 1000\nmax_actions = \"1000 per 10m\"\n"
        .to_owned();
    for (name, limit) in automations {
        text.push_str(&format!(
            "[[automation]]\nname = \"{name}\"\non = {{ every = \"1m\" }}\nscript = \"it.rhai\"\n\
             params = {{ session = \"lab\" }}\nallow = [\"players.advance\"]\ntime_limit = \"{limit}\"\n"
        ));
    }
    let draft = config::parse_for_rehearsal(&folder.path().join("config.toml"), text);
    let config = draft.accept().unwrap_or_else(|problems| panic!("{problems:?}"));
    let (library, problems) = Library::load(&config);
    assert!(problems.is_empty(), "{problems:?}");
    Setup {
        config,
        library,
        scenario: Scenario::load("dilemma").accept().unwrap_or_else(|problems| panic!("{problems:?}")),
        mix: Mix { players: Some(6), dropouts: Some(0.3), ..Mix::default() },
        generation: Generation::Newest,
        faults,
        approval: Approval::default(),
        seed: 1,
        start: "2026-03-02T18:00:00Z".parse().expect("an instant"),
    }
}

#[test]
fn whoever_waits_for_the_server_gives_up_at_the_deadline() {
    let faults = Faults { slow_answers: 1.0, ..Faults::NONE };
    let script = "fn run(event) { players::list(param(\"session\")); }";
    let setup = setup(script, &[("patient", "5m"), ("hasty", "3s")], faults);
    let mut rehearsal = Rehearsal::prepare(setup).expect("a rehearsal");
    rehearsal.run_for(Duration::from_secs(20 * 60 + 30)).expect("time passes");
    let journal = rehearsal.journal();
    assert!(journal.contains("given up before its turn came"), "{journal}");
    let runs = rehearsal.runs().expect("the store works");
    let hasty: Vec<_> = runs.iter().filter(|run| run.automation == "hasty" && run.run.is_some()).collect();
    assert!(hasty.len() >= 5, "{hasty:#?}");
    for run in hasty {
        let took = run.ended.zip(run.started).map_or(i64::MAX, |(ended, started)| ended - started);
        assert!(took < 3_100, "{run:#?}");
    }
}

#[test]
fn with_scripts_that_do_nothing_it_is_the_evening_without_scripts() {
    let faults = Faults { server_restarts: 60.0, ..Faults::NONE };
    let setup = setup("fn run(event) { }", &[("idle", "1m")], faults);
    let mut rehearsal = Rehearsal::prepare(setup.clone()).expect("a rehearsal");
    rehearsal.run_for(Duration::from_mins(30)).expect("time passes");
    assert!(rehearsal.journal().contains("the server restarts"));
    let report = Report::of(&mut rehearsal, &setup).expect("a report");
    assert!(report.with.totals().finished > 0);
    assert_eq!(report.with.totals(), report.without.totals());
}

#[test]
fn after_the_server_was_away_steps_wait_until_it_knows_who_is_there() {
    let faults = Faults { server_restarts: 100.0, ..Faults::NONE };
    let script = "fn run(event) {\n    let s = param(\"session\");\n    for p in players::list(s) {\n        \
                  try { players::advance(s, p.name); } catch (e) { log::warn(e.message); }\n    }\n}";
    let setup = setup(script, &[("steps", "5m")], faults);
    let mut rehearsal = Rehearsal::prepare(setup).expect("a rehearsal");
    rehearsal.run_for(Duration::from_mins(90)).expect("time passes");
    let state = rehearsal.stage.lock();
    let (mut gone, mut back, mut steps, mut waited) = (false, None, 0, 0);
    for entry in state.journal.entries() {
        let What::Call(call) = &entry.what else { continue };
        if call.outcome == "no server" {
            gone = true;
        } else if std::mem::take(&mut gone) {
            back = Some(entry.at);
        }
        if call.path.ends_with("/advance/") && call.outcome == "200" {
            steps += 1;
            if let Some(back) = back {
                waited += 1;
                assert!(
                    entry.at - back >= 119_000_000,
                    "a step {} s after the server came back",
                    (entry.at - back) / 1_000_000
                );
            }
        }
    }
    assert!(steps > 5 && waited > 0, "{steps} steps, {waited} after an absence");
}

#[test]
fn whoever_waits_for_the_server_goes_on_within_a_second_of_its_first_answer() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let setup = setup(
        "fn run(event) { players::list(param(\"session\")); }",
        &names.map(|name| (name, "30m")),
        Faults::NONE,
    );
    let mut rehearsal = Rehearsal::prepare(setup).expect("a rehearsal");
    rehearsal.run_for(Duration::from_secs(90)).expect("time passes");
    let back = rehearsal.now() + 5 * 60_000_000;
    rehearsal.stage.lock().server_down_until = back;
    rehearsal.run_for(Duration::from_mins(10)).expect("time passes");
    let state = rehearsal.stage.lock();
    let answers: Vec<(i64, u64)> = (state.journal.entries().iter())
        .filter_map(|entry| match &entry.what {
            What::Call(call) if entry.at >= back && call.outcome == "200" => Some((entry.at, call.actor)),
            _ => None,
        })
        .collect();
    let first = answers[0].0;
    assert!(first > back + 1_000_000, "nobody asks all the time");
    // One request after another takes some milliseconds each.
    let soon = answers.iter().filter(|(at, _)| at - first <= 1_100_000);
    let actors: std::collections::BTreeSet<u64> = soon.map(|(_, actor)| *actor).collect();
    assert_eq!(actors.len(), names.len(), "{answers:?}");
}

#[test]
fn a_plan_is_approved_once_its_run_has_asked_for_everything() {
    let script = "fn run(event) {\n    let s = param(\"session\");\n    players::list(s);\n    \
                  players::advance(s, \"p1\");\n    wait_for(\"30s\");\n    players::list(s);\n    players::advance(s, \"p2\");\n}";
    let mut setup = setup(script, &[("steps", "5m")], Faults::NONE);
    setup.config.automations[0].mode = Mode::Approve;
    setup.approval = Approval::Never;
    let mut rehearsal = Rehearsal::prepare(setup).expect("a rehearsal");
    // The participants come one after another; then a run has begun ten seconds ago.
    rehearsal.run_for(Duration::from_secs(3 * 60 + 10)).expect("time passes");
    let plans = rehearsal.director.history(|history| history.plans(false)).expect("the store works");
    let under_way = plans.iter().find(|plan| plan.effects.len() == 1);
    let plan = under_way.unwrap_or_else(|| panic!("no run goes on: {plans:#?}\n{}", rehearsal.journal()));
    rehearsal.approve(plan.run).expect("it waits");
    rehearsal.run_for(Duration::from_mins(2)).expect("time passes");
    let plans = rehearsal.plans().expect("the store works");
    let plan = plans.iter().find(|asked| asked.plan.run == plan.run).expect("it is there");
    assert_eq!(
        (plan.plan.state.as_str(), plan.plan.effects.len()),
        ("approved", 2),
        "{}",
        rehearsal.journal()
    );
    let run = plan.run.as_ref().and_then(|row| row.run).expect("it is carried out");
    let writes = rehearsal.writes().expect("the store works");
    assert_eq!(writes.iter().filter(|write| write.run == run).count(), 2, "{writes:#?}");
}
