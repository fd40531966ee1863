//! Rehearsals, tests beside scripts, the demo and the sandbox, as a user types them.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::project::{Project, text};

/// A project as `init` writes it. No secret is set: a rehearsal needs none.
fn lab() -> Project {
    let project = Project::with_script("fn run(event) {}");
    fs::remove_dir_all(project.path().join("scripts")).unwrap();
    fs::remove_file(project.path().join("config.toml")).unwrap();
    let output = project.run(&["init"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    project
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

#[test]
fn a_new_project_is_rehearsed_at_once() {
    let output = lab().run(&["rehearse", "--players", "8", "--stalls", "30%"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    let said = text(&output);
    for wanted in [
        "8 participants",
        "players.advance",
        "players.message",
        "with scripts",
        "without",
        "time lost in all",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn the_tests_of_a_new_project_pass() {
    let output = lab().run(&["test"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("12 of 12 tests passed"), "{}", text(&output));
}

#[test]
fn the_same_seed_writes_the_same_journal_and_page() {
    let project = lab();
    let written = |number: &str| {
        let (journal, page) = (format!("journal{number}"), format!("page{number}"));
        let arguments =
            ["rehearse", "--faults", "--seed", "5", "--for", "30m", "--journal", &journal, "--html", &page];
        let output = project.run(&arguments);
        assert!(matches!(code(&output), 0 | 1), "{}", text(&output));
        (fs::read(project.path().join(journal)).unwrap(), fs::read(project.path().join(page)).unwrap())
    };
    let (first, second) = (written("1"), written("2"));
    assert!(first.0 == second.0, "the journals differ");
    assert!(first.1 == second.1, "the pages differ");
    assert!(first.0.len() > 2_000 && first.1.starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn a_rehearsal_answers_a_program() {
    let output = lab().run(&["rehearse", "welcome", "--players", "4", "--for", "10m", "--json"]);
    let answer: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    assert_eq!(answer["with"]["players"], 4, "{answer:#}");
    assert_eq!(answer["seconds"], 600.0);
    let writes = answer["writes"].as_array().unwrap();
    assert!(!writes.is_empty(), "{answer:#}");
    assert!(writes.iter().all(|write| write["automation"] == "welcome"), "{answer:#}");
    let runs = answer["runs"].as_array().unwrap();
    for row in writes.iter().chain(runs) {
        let at = row["at"].as_f64().unwrap();
        assert!((0.0..600.0).contains(&at), "times are seconds since the beginning: {row:#}");
    }
    for absent in ["journal_lacks", "empty_sessions"] {
        assert!(answer.get(absent).is_some(), "{absent}: {answer:#}");
    }
}

#[test]
fn a_failed_run_is_exit_code_1() {
    let project = Project::with_script("fn run(event) { throw \"on purpose\"; }");
    let output = project.run(&["rehearse", "--for", "3h"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    assert!(text(&output).contains("it.rhai:1:17: the script threw: on purpose"), "{}", text(&output));
}

#[test]
fn a_wrong_experiment_is_told_with_its_places() {
    let project = lab();
    project.write(
        "mine.toml",
        "[config.mine]\napps = [\"game\"]\n[app.gaem]\npages = [{ page = \"One\", thnk = \"3s\" }]\n",
    );
    let output = project.run(&["rehearse", "--experiment", "mine.toml"]);
    assert_eq!(code(&output), 1);
    let said = text(&output);
    assert!(said.contains("mine.toml:2:") && said.contains("mine.toml:4:"), "{said}");
    assert!(said.contains("did you mean"), "{said}");
    let output = project.run(&["rehearse", "--experiment", "dilema"]);
    assert!(text(&output).contains("did you mean `dilemma`?"), "{}", text(&output));
}

#[test]
fn a_rehearsal_waits_for_those_who_stall() {
    let project = lab();
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let patience = config.lines().find(|line| line.contains("patience")).expect("a patience").to_owned();
    let patient = patience.split("patience = \"").next().unwrap().to_owned() + "patience = \"10m\"";
    let rest = patience.split("patience = \"").nth(1).unwrap().split_once('"').unwrap().1;
    project.write("config.toml", &config.replace(&patience, &format!("{patient}{rest}")));
    let arguments = ["--experiment", "survey", "--players", "1", "--stalls", "100%", "--json"];
    let output = project.run(&[&["rehearse", "step-stalled"], &arguments[..]].concat());
    let answer: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    assert_eq!(answer["with"]["finished"], 1, "{answer:#}");
    assert_eq!(answer["writes"][0]["action"], "players.advance", "{answer:#}");
    assert!(answer["writes"][0]["at"].as_f64().unwrap() > 600.0, "{answer:#}");
}

#[test]
fn what_was_done_is_told_also_while_the_daemon_is_down() {
    let project = lab();
    let answer = |seed: &str| -> Value {
        let fixed =
            ["rehearse", "step-stalled", "--experiment", "survey", "--players", "4", "--stalls", "50%"];
        let output =
            project.run(&[&fixed[..], &["--faults", "--for", "30m", "--json", "--seed", seed]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
    };
    for seed in ["248", "249", "250", "251"] {
        let found = answer(seed);
        assert!(!found["runs"].as_array().unwrap().is_empty(), "seed {seed}: {found:#}");
    }
}

#[test]
fn a_test_asks_what_became_of_a_crashed_daemon_and_sends_headers() {
    let project =
        Project::with_script("fn run(event) { log::info(event.headers.from); skip(event.headers.from); }");
    project.write(
        "scripts/it.test.rhai",
        r#"
        fn test_headers() {
            let r = rehearse(#{ automations: [#{ name: "hook", on: #{ webhook: "hook", scheme: "none" }, script: "it.rhai" }] });
            r.webhook("hook", #{ a: 1 }, #{ From: "us" });
            r.run("1m");
            expect_eq(r.runs()[0].reason, "us");
            expect_eq(0.1 + 0.2, 0.3);
            expect_eq([1, 2.0], [1.0, 2]);
        }
        fn test_runs_do_not_vanish_while_the_daemon_is_down() {
            let r = rehearse(#{ faults: true, players: 4, seed: 3 });
            let before = 0;
            for minute in 0..180 {
                r.run("20s");
                let runs = r.runs().len();
                expect(runs >= before, `${before} runs became ${runs}`);
                before = runs;
            }
        }
        "#,
    );
    let output = project.run(&["test"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
}

#[test]
fn a_name_that_no_test_has_is_told() {
    let project = lab();
    let output = project.run(&["test", "stalld"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("no test is called \"stalld\": there are"), "{said}");
    assert!(said.contains("step_stalled: "), "{said}");
}

#[test]
fn sessions_without_participants_are_told() {
    let project = lab();
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let session = config.find("session = \"").expect("a session");
    let (before, after) = config.split_at(session);
    project.write(
        "config.toml",
        &format!("{before}{}", after.replacen("session = \"", "session = \"first-", 1)),
    );
    let output = project.run(&["rehearse", "--for", "1m"]);
    assert!(text(&output).contains("All of them are in first-"), "{}", text(&output));
    assert!(text(&output).contains("; nobody is in "), "{}", text(&output));
}

#[test]
fn a_wrong_test_is_told_with_its_place() {
    for (script, wanted) in [
        ("fn test_it() { expect(1 == 2, \"the world stands\"); }", "x.test.rhai:1:16"),
        ("fn test_it() { let r = rehearse(#{ playrs: 3 }); }", "did you mean `players`?"),
        ("fn test_it() { rehearse(#{ players: 2 }).stall(\"p1\", \"no/Page\"); }", "no page"),
        ("fn test_it() { rehearse().player(\"nobody\"); }", "no player"),
        ("fn test_it() { rehearse(#{ experiment: \"survey\" }).run(\"soon\"); }", "not a duration"),
        ("fn test_it() { rehearse(#{ recipe: \"none.rhai\" }); }", "none.rhai cannot be read"),
        (
            "fn test_it() { rehearse(#{ recipe: \"it.rhai\" }); }",
            "it.rhai has no ```toml block in its header",
        ),
        ("fn test_it() { rehearse(#{ recipe: 7 }); }", "`recipe` is a script in quotes"),
        ("fn test_it() { loop {} }", "computes without end"),
        ("fn test_it() { nosuch(); }", "nosuch"),
        ("fn test_it( { }", "x.test.rhai:1:"),
        ("fn test_it() { expect_eq(1 + 1, 3, \"the sum\"); }", "the sum: expected 3, found 2"),
        (
            "fn test_it() { rehearse(#{ automations: [#{ on: #{ player: \"stalled\", for: \"1m\" } }] }); }",
            "stands in quotes as the key of a map: `\"for\": \"1m\"`",
        ),
        ("fn helper() { }", "there is no test in it"),
        ("fn test_it() { }\nfn test_that(r) { }", "error: test_that takes arguments"),
        ("fn test_it() { expect_eq(9007199254740993, 9007199254740992); }", "expected 9007199254740992"),
        ("fn test_it() { expect_eq(1e-20, 2e-20); }", "expected 2e-20"),
        (
            "fn test_it() { rehearse(#{ automations: [#{ name: \"a\", on: #{ cron: \"soon\" }, script: \"no.rhai\" }] }); }",
            "; ",
        ),
    ] {
        let project = Project::with_script("fn run(event) {}");
        project.write("scripts/x.test.rhai", script);
        let output = project.run(&["test"]);
        assert_eq!(code(&output), 1, "{script}: {}", text(&output));
        assert!(text(&output).contains(wanted), "{script}: {wanted}: {}", text(&output));
    }
}

#[test]
fn an_automation_of_a_test_may_be_longer_than_the_configuration() {
    let project = Project::with_script("fn run(event) {}");
    let test = format!(
        "fn test_it() {{ rehearse(#{{ automations: [#{{ name: \"a\", on: #{{ every: \"1m\" }}, script: \"it.rhai\", \
         params: #{{ text: \"{}\" }}, allow: [\"players.advance\"] }}] }}); }}",
        "long ".repeat(500)
    );
    project.write("scripts/it.test.rhai", &test);
    let output = project.run(&["test"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
}

#[test]
fn the_demo_ends_by_itself_and_leaves_nothing_behind() {
    let project = Project::with_script("fn run(event) {}");
    let folder = project.path().join("temp");
    fs::create_dir(&folder).unwrap();
    let mut command = project.command();
    command.env("TMPDIR", &folder).args(["demo", "--for", "12s", "--seed", "5", "--players", "7"]);
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("arrives") && said.contains("uproctor > welcome: welcomes"), "{said}");
    assert!(said.contains("7 people taking part") && said.contains("people arrived"), "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "files are left behind");
}

#[test]
fn participants_without_a_session_are_wrong_usage() {
    let project = Project::with_script("fn run(event) {}");
    let output = project.run(&["sandbox", "--players", "3", "--stalls", "20%"]);
    assert_eq!(code(&output), 2, "{}", text(&output));
    assert!(
        text(&output).contains("--players, --stalls: nobody takes part without a session"),
        "{}",
        text(&output)
    );
}

#[test]
fn the_sandbox_serves_what_the_commands_ask() {
    let project = Project::with_script("fn run(event) {}");
    let arguments =
        ["sandbox", "--listen", "127.0.0.1:0", "--token", "T", "--session", "s", "--players", "3"];
    let mut server = project.command().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let address = first.trim().rsplit(' ').next().unwrap().to_owned();
    let output = project.run(&["api", "-u", &address, "-a", "T", "sessions/s/players"]);
    let stopped = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    let ended = server.wait().unwrap();
    assert!(stopped.success() && ended.success(), "{ended}");
    let players: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    assert_eq!(players.as_object().unwrap().len(), 3, "{players:#}");
}

#[test]
fn where_nothing_happens_it_is_said_why() {
    let project = Project::with_script("fn run(event) {}");
    let init = project.run(&["init", "lab", "--with", "nudge,mark_dropouts,welcome,open_evening,completion"]);
    assert_eq!(code(&init), 0, "{}", text(&init));
    let config = fs::read_to_string(project.path().join("lab/config.toml")).unwrap();
    let config = config.replace(
        "player = \"stalled\", for = \"2m\"",
        "player = \"stalled\", for = \"2m\", pages = [\"xyz/*\"], sessions = \"lab-*\"",
    );
    project.write("lab/config.toml", &config.replace("session = \"mysession\"", "session = \"lab-1\""));
    let rehearse = |more: &[&str]| {
        let fixed = ["--config", "lab/config.toml", "rehearse", "--players", "4", "--for", "30m"];
        let output = project.run(&[&fixed[..], more].concat());
        assert_eq!(code(&output), 0, "{}", text(&output));
        text(&output)
    };
    let said = rehearse(&["nudge", "open-evening", "mark-dropouts", "--dropouts", "0%"]);
    for wanted in [
        "nudge: nothing happened: no player ever was on a page that matches `xyz/*`; the experiment's pages are \
         instructions/Welcome, instructions/Instructions, dilemma/#Pair, dilemma/Decision",
        "open-evening: nothing happened: it is next due at 2026-01-05T17:00:00Z",
        "mark-dropouts: nothing happened: nobody was \"absent\" for 10m: `--dropouts 20%`",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("welcome"), "only those that were named: {said}");
    // A session that the patterns fit was made, and where there are others, it is said.
    assert!(!said.contains("were in"), "{said}");
    let config = fs::read_to_string(project.path().join("lab/config.toml")).unwrap();
    project.write("lab/config.toml", &config.replace("sessions = \"lab-*\"", "sessions = \"other-*\""));
    let said = rehearse(&["nudge", "welcome"]);
    assert!(said.contains("the participants were in lab-1, which fits none of `other-*`"), "{said}");
    let output = project.run(&["--config", "lab/config.toml", "rehearse", "nudge", "welcom"]);
    assert!(text(&output).contains("did you mean welcome?"), "{}", text(&output));
}

#[test]
fn why_runs_were_skipped_is_counted() {
    let project = Project::with_script("fn run(event) { skip(\"nobody is here\"); }");
    let said = text(&project.run(&["rehearse", "--for", "3h", "--players", "2"]));
    assert!(said.contains("skipped: it: nobody is here (3 times)"), "{said}");
    let output = project.run(&["rehearse", "--for", "3h", "--players", "2", "--json", "--html", "page.html"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reason =
        serde_json::json!({"automation": "it", "outcome": "skipped", "reason": "nobody is here", "count": 3});
    assert_eq!(answer["reasons"], serde_json::json!([reason]), "{answer:#}");
    assert_eq!(answer["silent"], serde_json::json!([]));
    let page = fs::read_to_string(project.path().join("page.html")).unwrap();
    assert!(page.contains("it: nobody is here (3 times)"));
}
