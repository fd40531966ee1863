//! What somebody runs into on the first day with it.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    daemon::{Daemon, until},
    lab::Lab,
    project::{Project, text},
};

/// What `check` says.
fn checked(project: &Project) -> (i32, Value) {
    let output = project.command().env("UPROOT_API_KEY", "T").args(["check", "--json"]).output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn what_is_still_the_placeholder_of_a_recipe_is_said_and_nothing_live_starts_with_it() {
    let project = Project(TempDir::new().unwrap());
    let output = project.run(&["init", "--with", "completion"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let message = "`url` of \"completion\" still has the placeholder CODE";
    let (code, said) = checked(&project);
    assert_eq!((code, &said["warnings"][0]["message"]), (0, &message.into()), "{said:#}");
    assert!(said["warnings"][0]["help"].as_str().unwrap().contains("the address, with the completion code"));
    // A rehearsal needs no code.
    let rehearsed = project.run(&["rehearse", "--experiment", "survey", "--players", "3", "--stalls", "0%"]);
    assert!(!text(&rehearsed).contains("placeholder"), "{}", text(&rehearsed));

    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    for mode in ["live", "approve"] {
        let at = config.find("name = \"completion\"").unwrap();
        let (before, after) = config.split_at(at);
        let after = after.replace("mode = \"dry-run\"", &format!("mode = \"{mode}\""));
        project.write("config.toml", &format!("{before}{after}"));
        let (code, said) = checked(&project);
        assert_eq!((code, &said["errors"][0]["message"]), (1, &message.into()), "{said:#}");
        let run = project.command().env("UPROOT_API_KEY", "T").arg("run").output().unwrap();
        assert!(run.status.code() == Some(1) && text(&run).contains(message), "{}", text(&run));
    }
    project.write("config.toml", &config.replace("cc=CODE", "cc=C1A2B3C4"));
    let (code, said) = checked(&project);
    assert_eq!((code, said["warnings"].as_array().map(Vec::len)), (0, Some(0)), "{said:#}");
}

#[test]
fn those_who_have_finished_and_were_sent_on_are_counted() {
    let project = Project(TempDir::new().unwrap());
    assert_eq!(project.run(&["init", "--with", "completion"]).status.code(), Some(0));
    let arguments = [
        "rehearse",
        "completion",
        "--experiment",
        "survey",
        "--players",
        "3",
        "--stalls",
        "0%",
        "--dropouts",
        "0%",
    ];
    let output = project.run(&[&arguments[..], &["--json"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let with = &answer["with"];
    assert_eq!(
        (&with["finished"], &with["redirected"], &with["under_way"]),
        (&3.into(), &3.into(), &0.into()),
        "{with:#}"
    );
    assert_eq!(answer["without"]["redirected"], 0);
    let said = text(&project.run(&[&arguments[..], &["--html", "page.html"]].concat()));
    let line = said.lines().find(|line| line.contains("sent to another address")).unwrap_or_default();
    assert_eq!(line.split_whitespace().rev().take(2).collect::<Vec<_>>(), ["0", "3"], "{said}");
    let page = fs::read_to_string(project.path().join("page.html")).unwrap();
    assert!(page.contains("Sent to another address"));
}

#[test]
fn players_are_listed_by_name_and_a_place_in_the_list_is_explained() {
    let help = "`for p in players { ... }` goes through all";
    for (script, line) in [
        ("fn run(event) {\n    let p = players::list(\"s\")[0];\n}", 2),
        ("fn run(event) {\n    let all = players_of(\"s\");\n    log::info(all[0].name);\n}", 3),
        ("fn run(event) {\n    log::info(sessions::list()[1].sname);\n}", 2),
    ] {
        let (code, said) = checked(&Project::with_script(script));
        let errors = said["errors"].as_array().unwrap();
        let found = errors.iter().find(|error| error["line"] == line).unwrap_or(&Value::Null);
        assert!(
            code == 1 && found["message"].as_str().is_some_and(|text| text.contains("listed by name")),
            "{script}: {said:#}"
        );
        assert!(found["help"].as_str().is_some_and(|text| text.contains(help)), "{said:#}");
    }
    // A list of them, another name and a key that is a text are right.
    let right = "fn run(event) { let all = players::list(\"s\"); let a = all[\"p1\"]; let f = all.values()[0]; all = all.values(); let b = all[0]; }";
    let project = Project::with_script(right);
    let output = project.command().args(["check", "--json"]).output().unwrap();
    assert!(!text(&output).contains("listed by name"), "{}", text(&output));

    let lab = Lab::new(1, "newest", "[[automation]]\nname = \"it\"\non = []\nscript = \"it.rhai\"\n");
    for (script, wanted) in [
        (
            "fn run(event) { let all = players::list(\"s\"); let n = 0; let p = [all][0][n]; }",
            "[0]: players, sessions and rooms are listed by name",
        ),
        (
            "fn run(event) { players::list(\"s\").filter(|p| p.started) }",
            "`filter` is for lists, and players, sessions and rooms are listed by name, and not by number: write `.values().filter(...)`",
        ),
    ] {
        lab.project.write("scripts/it.rhai", script);
        let (code, said) = lab.run(&["trigger", "it"]);
        assert!(code == 1 && said.contains(wanted), "{script}: {said}");
        assert!(said.contains("it.rhai:1:") && said.contains("players.values()"), "{said}");
    }
}

#[test]
fn a_sandbox_says_where_its_address_and_its_token_belong() {
    let project = Project::with_script("fn run(event) {}");
    let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--subdirectory", "lab"];
    let mut server = project.command().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<String> =
        BufReader::new(server.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect();
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    server.wait().unwrap();
    let address = lines[0].rsplit(' ').next().unwrap();
    assert_eq!(lines[1..3], ["For config.toml, under [uproot]:".to_owned(), format!("url = \"{address}\"")]);
    assert!(lines[3].contains("`token_env`") && lines[4].starts_with("export UPROOT_API_KEY="), "{lines:?}");
    // The line is one of the configuration as it is.
    let config = format!("[uproot]\n{}\ntoken_env = \"LAB_TOKEN\"\n", lines[2]);
    project.write("config.toml", &config);
    assert_eq!(project.run(&["check"]).status.code(), Some(0));
}

#[test]
fn without_a_number_the_newest_run_is_shown() {
    let project = Project::with_script("fn run(event) { log::info(`time ${kv::add(\"n\", 1)}`); }");
    let none = project.run(&["show"]);
    assert_eq!(none.status.code(), Some(1), "{}", text(&none));
    project.trigger();
    project.trigger();
    let said = text(&project.run(&["show"]));
    assert!(said.contains("run 2 of it: done") && said.contains("time 2"), "{said}");
    assert!(text(&project.run(&["show", "1"])).contains("run 1 of it"));
}

#[test]
fn the_first_poll_says_what_it_leaves_out_and_lines_of_approve_are_marked() {
    let project =
        Project::new("http://127.0.0.1:9/", "", "fn poll() { [#{ key: \"a\" }] } fn run(event) { }");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config =
        config.replace("every = \"1h\"", "poll = \"1s\"").replace("mode = \"live\"", "mode = \"approve\"");
    project.write("config.toml", &config);
    let daemon = Daemon::start(&project, &[], &[]);
    until("it says so", || daemon.said("the first poll: what is there already") == 1);
    assert!(daemon.log().contains("there=1"), "{}", daemon.log());
    assert_eq!(project.trigger().0, 0);
    assert!(daemon.said("[approve] run starts") > 0, "{}", daemon.log());
}

#[test]
fn who_waits_for_a_run_is_told_what_it_is_waited_for() {
    let automation = "[[automation]]\nname = \"it\"\nscript = \"it.rhai\"\non = []\n";
    let lab = Lab::new(1, "newest", automation);
    lab.project.write("scripts/it.rhai", "fn run(event) { wait_for(\"5s\"); }");
    let daemon = lab.daemon();
    let started = lab.json(&["trigger", "it", "--json"]);
    let run = &started["run"];
    assert_eq!(started["outcome"], "done", "what is said beside it is not in the answer: {started:#}");
    let (code, said) = lab.run(&["trigger", "it"]);
    let told = said.matches("is under way: `uproctor show").count();
    assert!(code == 0 && told == 1 && run.is_i64(), "{run}: {said}");
    daemon.stop();
}
