//! A configuration that changes while the daemon runs.

use std::{fs, process::Stdio, thread, time::Duration};

use crate::{
    daemon::{Daemon, until},
    post::post,
    project::Project,
};

const SLEEPS: &str = "fn run(event) { wait_for(\"4s\"); log::info(\"the first text\"); }";

fn outcomes(daemon: &Daemon<'_>, outcome: &str) -> usize {
    daemon.runs().iter().filter(|run| run["outcome"] == outcome).count()
}

#[test]
fn a_broken_script_changes_nothing_and_a_mended_one_is_taken_at_once() {
    let project = Project::new("http://127.0.0.1:9/", "", SLEEPS);
    let daemon = Daemon::start(&project, &[], &[]);
    let mut first = project.command().args(["trigger", "it"]).stdout(Stdio::null()).spawn().unwrap();
    until("a run is under way", || outcomes(&daemon, "running") == 1);

    project.write("scripts/it.rhai", "fn run(event) {\n    log::info(\"the second text\"\n}");
    until("the error is logged", || daemon.said("stays in force") == 1);
    assert_eq!(daemon.said("it.rhai:3:1"), 1, "the place of it: {}", daemon.log());
    thread::sleep(Duration::from_secs(5));
    assert_eq!(daemon.said("stays in force"), 1, "once for each version: {}", daemon.log());
    assert!(first.wait().unwrap().success());
    assert_eq!(daemon.said("the first text"), 1);
    daemon.signal("-HUP");
    until("it is read again", || daemon.said("stays in force") == 2);

    project.write("scripts/it.rhai", "fn run(event) { log::info(\"the second text\"); }");
    until("the mended one is taken", || daemon.said("holds from now on") == 1);
    assert!(daemon.log().contains("changed=\"it\""), "{}", daemon.log());
    assert_eq!(project.trigger().0, 0);
    assert_eq!((daemon.said("the first text"), daemon.said("the second text")), (1, 1));
}

#[test]
fn a_signal_has_everything_read_at_once_and_what_has_to_wait_is_said() {
    let project = Project::with_script("fn run(event) { }");
    let daemon = Daemon::start(&project, &[], &[]);
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let (head, it) = config.split_once("[[automation]]").unwrap();
    let other =
        it.replace("\"it\"", "\"other\"").replace("every = \"1h\"", "webhook = \"h\", scheme = \"none\"");
    let head = head.replace(":0\"", ":9\"");
    project.write("config.toml", &format!("{head}[[automation]]{other}"));
    daemon.signal("-HUP");
    until("it is taken", || daemon.said("holds from now on") == 1);
    let log = daemon.log();
    assert!(log.contains("added=\"other\" removed=\"it\""), "{log}");
    assert!(log.contains("`daemon.listen` was changed: that takes effect at the next start"), "{log}");
    assert_eq!(project.run(&["trigger", "other"]).status.code(), Some(0));
    let address = crate::daemon::address(&project).unwrap();
    let (status, answer) = post(&address, "h", "1", &serde_json::json!({})).unwrap();
    assert_eq!(status, 202, "{answer}");
}
