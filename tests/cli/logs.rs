//! What the daemon's log says, for people and for programs.

use std::fs;

use serde_json::Value;

use crate::{
    daemon::{Daemon, until},
    project::Project,
};

/// A project with an automation that is run by hand.
fn project(mode: &str, script: &str) -> Project {
    let project = Project::with_script(script);
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("on = { every = \"1h\" }", "on = []\nallow = [\"files.write\"]");
    project.write("config.toml", &config.replace("mode = \"live\"", &format!("mode = \"{mode}\"")));
    project
}

const APPENDS: &str = "fn run(event) { files::append(\"a.csv\", \"1\\n\"); log::info(\"the file is written\"); log::warn(\"twice\"); }";

#[test]
fn lines_about_a_dry_run_say_so() {
    let project = project("dry-run", APPENDS);
    let daemon = Daemon::start(&project, &[], &[]);
    let (_, run) = project.trigger();
    until("its end is logged", || daemon.said("run done") == 1);
    for said in
        ["[dry-run] run starts", "[dry-run] the file is written", "[dry-run] twice", "[dry-run] run done"]
    {
        assert_eq!(daemon.said(said), 1, "{said}: {}", daemon.log());
    }
    let shown = crate::project::text(&project.run(&["show", &run["run"].to_string()]));
    assert!(shown.contains("a dry run") && shown.contains("would write 2 bytes"), "{shown}");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("mode = \"dry-run\"", "mode = \"live\""));
    until("it is live", || {
        daemon.said("the configuration was read again") == 1 || daemon.log().contains("changed")
    });
    let (_, run) = project.trigger();
    let shown = crate::project::text(&project.run(&["show", &run["run"].to_string()]));
    assert!(!shown.contains("a dry run") && !shown.contains("would"), "{shown}");
    until("the second end is logged", || daemon.said("run done") == 2);
    assert_eq!(daemon.said("[dry-run] the file is written"), 1, "{}", daemon.log());
    assert!(daemon.stop().success());
}

#[test]
fn each_line_about_a_run_says_which_it_is() {
    let project = project("live", APPENDS);
    let daemon = Daemon::start(&project, &["--log-format", "json", "--log", "debug"], &[]);
    let (_, run) = project.trigger();
    until("its end is logged", || daemon.said("run done") == 1);
    let lines: Vec<Value> = daemon.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()),
        "{lines:#?}"
    );
    let of_the_run: Vec<&str> = lines
        .iter()
        .filter(|line| line["span"]["run"] == run["run"] && line["span"]["event"] == run["event"])
        .filter(|line| line["span"]["automation"] == "it" && line["span"]["mode"] == "live")
        .filter_map(|line| line["message"].as_str())
        .collect();
    assert_eq!(of_the_run, ["run starts", "the file is written", "twice", "run done"], "{lines:#?}");
    assert!(daemon.stop().success());
}

#[test]
fn an_event_that_does_not_run_is_named_too() {
    let project = project("live", "fn run(event) { }");
    let daemon = Daemon::start(&project, &["--log-format", "json"], &[]);
    assert_eq!(project.run(&["pause", "it"]).status.code(), Some(0));
    assert_eq!(project.run(&["trigger", "it"]).status.code(), Some(1));
    until("it is logged", || daemon.said("not run") == 1);
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("not run")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["span"]["event"], daemon.runs()[0]["event"], "{line}");
    assert!(daemon.stop().success());
}
