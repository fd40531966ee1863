//! The log as programs read it.

use serde_json::{Value, json};

use super::http::Client;
use crate::{
    daemon::{Daemon, until},
    project::Project,
};

fn lines(daemon: &Daemon<'_>) -> Vec<Value> {
    let log = daemon.log();
    // The last line may be half written.
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn find<'l>(lines: &'l [Value], message: &str) -> Option<&'l Value> {
    lines.iter().find(|line| line["message"].as_str().is_some_and(|said| said.contains(message)))
}

const SCRIPT: &str = r#"fn run(event) {
    log::info("going \u202e on\nand on");
    log::warn("careful");
    if event.payload != () { fail("broken"); }
}"#;

#[test]
fn every_line_of_a_run_says_of_which_run_event_and_automation_it_is() {
    let project = Project::with_script(SCRIPT);
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let more = "\n[[automation]]\nname = \"asks\"\non = { poll = \"1s\" }\nscript = \"asks.rhai\"\n";
    project.write("config.toml", &(config + more));
    project.write("scripts/asks.rhai", "fn poll() { log::info(\"asking\"); [] }\nfn run(event) {}");
    let daemon = Daemon::start(&project, &["--log-json"], &[]);
    let owner = Client::owner(&project);
    let trigger = |body: Value| {
        let answer = owner.post("/api/v1/automations/it/trigger", &body);
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.json()["event"].clone()
    };
    let good = trigger(json!({}));
    until("the run has ended", || find(&lines(&daemon), "run done").is_some());
    let bad = trigger(json!({ "payload": 1 }));
    until("the other one has failed", || find(&lines(&daemon), "run failed").is_some());
    until("the poll was asked", || find(&lines(&daemon), "asking").is_some());
    assert_eq!(owner.post("/api/v1/pause", &json!({ "held": "everything", "reason": "a test" })).status, 200);
    let held = trigger(json!({}));
    until("the last one is dropped", || find(&lines(&daemon), "not run: paused").is_some());

    let lines = lines(&daemon);
    let of = |event: &Value| -> Vec<&Value> { lines.iter().filter(|line| line["event"] == *event).collect() };
    for (event, last) in [(&good, "run done"), (&bad, "run failed: it.rhai")] {
        let said = of(event);
        let messages: Vec<&str> = said.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages[..2], ["a run is asked for by hand", "run starts"], "{said:#?}");
        assert_eq!(messages[2..4], ["going \u{202e} on\nand on", "careful"]);
        assert!(messages[4].starts_with(last) && messages.len() == 5, "{messages:?}");
        let run = &said[1]["run"];
        assert!(run.is_i64(), "{said:#?}");
        assert!(said[1..].iter().all(|line| line["run"] == *run), "{said:#?}");
        assert!(said.iter().all(|line| line["automation"] == "it"), "{said:#?}");
    }
    let dropped = of(&held);
    assert_eq!(dropped.last().unwrap()["message"].as_str().unwrap().split(':').next(), Some("not run"));
    assert!(dropped.iter().all(|line| line["automation"] == "it"), "{dropped:#?}");
    let asked = find(&lines, "asking").unwrap();
    assert_eq!(
        (&asked["automation"], &asked["run"], &asked["level"]),
        (&json!("asks"), &Value::Null, &json!("INFO"))
    );
    for line in &lines {
        assert!(line["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
    }
    assert!(daemon.stop().success());
}

#[test]
fn at_a_higher_level_the_lines_still_say_of_which_run_they_are() {
    let project = Project::with_script(SCRIPT);
    let daemon = Daemon::start(&project, &["--log-json", "--log", "warn"], &[]);
    let event = Client::owner(&project).post("/api/v1/automations/it/trigger", &json!({})).json();
    until("it warns", || !lines(&daemon).is_empty());
    let line = lines(&daemon).remove(0);
    assert_eq!((&line["message"], &line["event"]), (&json!("careful"), &event["event"]));
    assert!(daemon.stop().success());
}

#[test]
fn what_is_wrong_at_the_start_is_a_line_of_json_too() {
    let project = Project::with_script("fn run(event) {}");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("mode = \"live\"", "mode = \"alive\"\nmods = 1"));
    for (level, is_json) in [("error", true), ("off", false)] {
        let output = project.run(&["--log-json", "--log", level, "run"]);
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Option<Vec<Value>> = said.lines().map(|line| serde_json::from_str(line).ok()).collect();
        assert_eq!(lines.is_some(), is_json, "{said}");
        assert!(said.contains("alive") && said.contains("config.toml") && said.contains("mods"), "{said}");
        for line in lines.into_iter().flatten() {
            assert_eq!(line["level"], "ERROR", "{line}");
        }
    }
}

#[test]
fn lines_about_a_dry_run_say_so() {
    let script = "fn run(event) { files::append(\"a.csv\", \"1\\n\"); log::info(\"the file is written\"); }";
    let project = Project::with_script(script);
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let live = config.replace("on = { every = \"1h\" }", "on = []\nallow = [\"files.write\"]");
    project.write("config.toml", &live.replace("mode = \"live\"", "mode = \"dry-run\""));
    let daemon = Daemon::start(&project, &[], &[]);
    let (_, run) = project.trigger();
    until("its end is logged", || daemon.said("run done") == 1);
    for said in ["[dry-run] run starts", "[dry-run] the file is written", "[dry-run] run done"] {
        assert_eq!(daemon.said(said), 1, "{said}: {}", daemon.log());
    }
    let shown = crate::project::text(&project.run(&["show", &run["run"].to_string()]));
    assert!(shown.contains("a dry run") && shown.contains("would write 2 bytes"), "{shown}");
    assert!(daemon.stop().success());

    project.write("config.toml", &live);
    let daemon = Daemon::start(&project, &[], &[]);
    let (_, run) = project.trigger();
    until("the second end is logged", || daemon.said("run done") == 2);
    assert_eq!(daemon.said("[dry-run]"), 3, "{}", daemon.log());
    let shown = crate::project::text(&project.run(&["show", &run["run"].to_string()]));
    assert!(!shown.contains("a dry run") && !shown.contains("would"), "{shown}");
    assert!(daemon.stop().success());
}
