//! What a person asks for, and what is found out after a crash: done once, or not at all and said so.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::lab::Lab;

fn automation(name: &str, more: &str) -> String {
    format!(
        "[[automation]]\nname = \"{name}\"\non = {{ cron = \"0 3 * * *\" }}\nscript = \"it.rhai\"\n\
         allow = [\"players.*\"]\n{more}\n"
    )
}

fn lab(players: usize, more: &str, script: &str) -> Lab {
    let lab = Lab::new(players, "newest", &("timezone = \"UTC\"\n".to_owned() + &automation("it", more)));
    lab.project.write("scripts/it.rhai", &format!("fn run(event) {{\n{script}\n}}"));
    lab
}

const ONE: &str = "players::list(\"s\"); players::advance(\"s\", \"p1\");";

fn states(run: &Value, state: &str) -> usize {
    run["effects"].as_array().unwrap().iter().filter(|effect| effect["state"] == state).count()
}

fn change(lab: &Lab, sql: &str) {
    let store = rusqlite::Connection::open(lab.project.path().join("uproctor.db")).unwrap();
    store.execute_batch(sql).unwrap();
}

/// The number of the run, which then is a dead letter as if it had come from the clock.
fn dead_letter(lab: &Lab, run: &Value) -> String {
    change(
        lab,
        "INSERT INTO dead_letter (run, automation, at, kind, reason, state) SELECT id, automation, ended, 'failed', reason, 'open' FROM run
         WHERE outcome = 'failed'",
    );
    run["run"].to_string()
}

#[test]
fn what_went_past_a_held_player_is_not_sent_again() {
    let lab = lab(2, "", "players::message(\"s\", [\"p1\", \"p2\"], \"hi\"); fail(\"later\");");
    assert_eq!(lab.run(&["trigger", "it", "--dry-run"]).0, 1);
    assert_eq!(lab.run(&["pause", "--session", "s", "--player", "p1"]).0, 0);
    let run = lab.json(&["trigger", "it", "--json"]);
    assert_eq!((states(&run, "refused"), states(&run, "done")), (1, 1), "{run:#}");
    let resumed = lab.json(&["dead", "resume", &dead_letter(&lab, &run), "--json"]);
    assert_eq!(resumed["effects"], json!([]), "{resumed:#}");
}

#[test]
fn only_those_for_whom_nothing_was_done_are_left_when_a_run_goes_on() {
    let lab = lab(2, "", "players::message(\"s\", [\"p1\", \"p2\"], \"hi\"); fail(\"later\");");
    let run = lab.json(&["trigger", "it", "--json"]);
    assert_eq!(states(&run, "done"), 2, "{run:#}");
    // As if the server had done it for one of them only.
    change(&lab, "UPDATE effect SET state = 'failed' WHERE player = 'p2'");
    let resumed = lab.json(&["dead", "resume", &dead_letter(&lab, &run), "--json"]);
    let players: Vec<&Value> =
        resumed["effects"].as_array().unwrap().iter().map(|row| &row["player"]).collect();
    assert_eq!(players, ["p2"], "{resumed:#}");
}

#[test]
fn what_was_done_is_not_done_again_however_often_a_run_goes_on() {
    let lab = lab(1, "", &format!("{ONE} fail(\"later\");"));
    let first = lab.json(&["trigger", "it", "--json"]);
    assert_eq!((states(&first, "done"), lab.pages()), (1, vec![2]));
    let second = lab.json(&["dead", "resume", &dead_letter(&lab, &first), "--json"]);
    change(&lab, "DELETE FROM dead_letter");
    let third = lab.json(&["dead", "resume", &dead_letter(&lab, &second), "--json"]);
    assert_eq!((states(&second, "done"), states(&third, "done"), lab.pages()), (0, 0, vec![2]), "{third:#}");
}

#[test]
fn a_plan_that_could_not_be_carried_out_is_a_dead_letter_that_goes_on() {
    let lab = lab(
        2,
        "mode = \"approve\"",
        "players::message(\"s\", \"p2\", \"hi\");\nplayers::list(\"s\"); players::advance(\"s\", \"p1\");",
    );
    let plan = lab.json(&["trigger", "it", "--json"])["run"].to_string();
    let wrong = |arguments: &[&str]| {
        let output = lab.project.command().env("SANDBOX_TOKEN", "wrong").args(arguments).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, run) = wrong(&["approve", &plan, "--json"]);
    assert_eq!(
        (code, run["outcome"].as_str(), lab.pages()),
        (Some(1), Some("failed"), vec![1, 1]),
        "{run:#}"
    );
    let run = run["run"].to_string();
    let resumed = lab.json(&["dead", "resume", &run, "--json"]);
    assert_eq!((states(&resumed, "done"), lab.pages()), (2, vec![2, 1]), "{resumed:#}");
}

#[test]
fn what_would_not_be_done_now_waits_on() {
    let lab = lab(1, "mode = \"approve\"", ONE);
    let plan = lab.json(&["trigger", "it", "--json"])["run"].to_string();
    assert_eq!(lab.run(&["pause"]).0, 0);
    let (code, said) = lab.run(&["approve", &plan]);
    assert!(code == 1 && said.contains("everything is paused") && said.contains("waits on"), "{said}");
    assert_eq!(lab.run(&["resume"]).0, 0);
    lab.configure(&("timezone = \"UTC\"\n".to_owned() + &automation("other", "")));
    let (code, said) = lab.run(&["approve", &plan]);
    assert!(code == 1 && said.contains("not in the configuration any more"), "{said}");
    lab.configure(&("timezone = \"UTC\"\n".to_owned() + &automation("it", "mode = \"approve\"")));
    let carried_out = lab.json(&["approve", &plan, "--json"]);
    assert_eq!((states(&carried_out, "done"), lab.pages()), (1, vec![2]), "{carried_out:#}");

    lab.project.write("scripts/it.rhai", "fn run(event) { fail(\"no\"); }");
    let letter = dead_letter(&lab, &lab.json(&["trigger", "it", "--json"]));
    assert_eq!(lab.run(&["pause", "it"]).0, 0);
    let (code, said) = lab.run(&["dead", "retry", &letter]);
    assert!(code == 1 && said.contains("while it is paused"), "{said}");
    let open = lab.json(&["dead", "--json"]);
    let letter: i64 = letter.parse().unwrap();
    assert!(open.as_array().unwrap().iter().any(|one| one["run"] == letter), "{open:#}");
}

#[test]
fn a_guard_that_trips_after_many_calls_still_tells_what_was_wanted() {
    let script = "for i in 0..201 { players::message(\"s\", \"p1\", \"hi\"); }\nlet names = [];\n\
                  for p in players::list(\"s\") { names.push(p.name); }\nplayers::advance(\"s\", names);";
    let lab = lab(12, "", script);
    let run = lab.json(&["trigger", "it", "--json"]);
    assert_eq!((states(&run, "done"), states(&run, "planned")), (201, 12), "{:#}", run["reason"]);
    assert_eq!(lab.json(&["plans", "--json"])[0]["run"], run["run"]);
}

#[test]
fn a_step_of_long_ago_does_not_explain_what_a_person_does_now() {
    let lab = lab(1, "", ONE);
    assert_eq!(states(&lab.json(&["trigger", "it", "--json"]), "done"), 1);
    // Its move is older than what is looked at of the server's history.
    change(
        &lab,
        "UPDATE effect SET precondition = json_set(precondition, '$.looked', json_extract(precondition, '$.looked') - 1200)",
    );
    let run = lab.json(&["trigger", "it", "--json"]);
    assert_eq!(states(&run, "refused"), 1, "{run:#}");
    assert!(run["effects"][0]["note"].as_str().unwrap().contains("a person moved p1"), "{run:#}");
}

#[test]
fn a_step_that_is_still_on_its_way_after_a_crash_is_found() {
    let lab = lab(1, "", ONE);
    assert_eq!(lab.run(&["trigger", "it", "--dry-run"]).0, 0);
    // As if the program had been killed five seconds before that has to be known, with the request in a proxy.
    change(
        &lab,
        "UPDATE run SET ended = NULL, outcome = NULL, mode = 'live';
         UPDATE effect SET state = 'claimed', settled = NULL, claimed = unixepoch() * 1000 - 25000",
    );
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(2));
            lab.advance(&["p1"]);
        });
        lab.project.write("scripts/it.rhai", "fn run(event) {}");
        lab.json(&["trigger", "it", "--json"]);
    });
    let run = lab.json(&["show", "1", "--json"]);
    assert_eq!((states(&run, "done"), lab.pages()), (1, vec![2]), "{run:#}");
}

#[test]
fn what_a_script_says_or_remembers_is_bounded() {
    let lab = lab(1, "", "let why = \"x\"; why.pad(70000, 'y'); skip(why);");
    assert_eq!(lab.run(&["trigger", "it"]).0, 0);
    let (code, said) = lab.run(&["runs"]);
    assert!(code == 0 && said.len() < 2000, "{code} {}", said.len());
    let said = lab.json(&["runs", "--json"])[0]["reason"].as_str().unwrap().len();
    assert_eq!(said, 10_004, "nobody reads more");

    let script = "let m = #{}; let k = \"k\"; k.pad(1000, 'x'); for i in 0..9000 { m[\"\" + i] = k; }\nkv::set(\"m\", m);";
    lab.project.write("scripts/it.rhai", &format!("fn run(event) {{ {script} }}"));
    let run = lab.json(&["trigger", "it", "--json"]);
    assert!(run["reason"].as_str().unwrap().contains("8 MiB as JSON"), "{:#}", run["reason"]);
}

#[test]
fn the_red_button_stops_a_run_by_hand_too() {
    let script = "for i in 0..100 { players::message(\"s\", \"p1\", \"hi\"); wait_for(\"200ms\"); }";
    let lab = lab(1, "", script);
    let run = thread::scope(|scope| {
        let run = scope.spawn(|| lab.json(&["trigger", "it", "--json"]));
        thread::sleep(Duration::from_secs(1));
        let (code, said) = lab.run(&["pause", "--reason", "stop it"]);
        assert_eq!(code, 0, "{said}");
        run.join().unwrap()
    });
    assert_eq!(run["outcome"], "halted", "{run:#}");
    assert!(states(&run, "done") < 50 && run["reason"].as_str().unwrap().contains("stop it"), "{run:#}");
}

#[test]
fn the_file_of_a_killed_daemon_does_not_mislead() {
    let lab = lab(1, "", ONE);
    assert_eq!(lab.run(&["trigger", "it", "--dry-run"]).0, 0);
    // By now the simulated server listens at its address.
    let address = lab.url.trim_start_matches("http://").trim_end_matches('/');
    lab.project.write("uproctor.db.control", &json!({ "address": address, "token": "old" }).to_string());
    let (code, said) = lab.run(&["pause"]);
    assert_eq!(code, 0, "{said}");
}
