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
    assert!(text(&output).contains("7 of 7 tests passed"), "{}", text(&output));
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
    assert!(writes.iter().all(|write| write["automation"] == "welcome"), "{answer:#}");
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
fn a_wrong_test_is_told_with_its_place() {
    for (script, wanted) in [
        ("fn test_it() { expect(1 == 2, \"the world stands\"); }", "x.test.rhai:1:16"),
        ("fn test_it() { let r = rehearse(#{ playrs: 3 }); }", "did you mean `players`?"),
        ("fn test_it() { rehearse(#{ players: 2 }).stall(\"p1\", \"no/Page\"); }", "no page"),
        ("fn test_it() { rehearse().player(\"nobody\"); }", "no player"),
        ("fn test_it() { rehearse(#{ experiment: \"survey\" }).run(\"soon\"); }", "not a duration"),
        ("fn test_it() { loop {} }", "computes without end"),
        ("fn test_it() { nosuch(); }", "nosuch"),
        ("fn test_it( { }", "x.test.rhai:1:"),
        ("fn helper() { }", "there is no test in it"),
    ] {
        let project = Project::with_script("fn run(event) {}");
        project.write("scripts/x.test.rhai", script);
        let output = project.run(&["test"]);
        assert_eq!(code(&output), 1, "{script}: {}", text(&output));
        assert!(text(&output).contains(wanted), "{script}: {wanted}: {}", text(&output));
    }
}

#[test]
fn the_demo_ends_by_itself_and_leaves_nothing_behind() {
    let project = Project::with_script("fn run(event) {}");
    let folder = project.path().join("temp");
    fs::create_dir(&folder).unwrap();
    let mut command = project.command();
    command.env("TMPDIR", &folder).args(["demo", "--for", "12s", "--seed", "5"]);
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("arrives") && said.contains("uproctor > welcome: welcomes"), "{said}");
    assert!(said.contains("people arrived"), "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "files are left behind");
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
