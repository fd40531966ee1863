//! Stores that cannot be used, and daemons that were killed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::project::{Project, text};

fn run_fails_with(project: &Project, said: &str) {
    let output = project.run(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains(said), "{}", text(&output));
}

#[test]
fn a_store_that_cannot_be_used_is_named() {
    let project = Project::with_script("fn run(event) { }");
    project.write("uproctor.db", "this is no database, but some other file that must not be touched");
    run_fails_with(&project, "not an uproctor store");
    assert!(
        fs::read_to_string(project.path().join("uproctor.db")).unwrap().starts_with("this is no database")
    );

    let project = Project::with_script("fn run(event) { }");
    let store = project.path().join("uproctor.db");
    let connection = rusqlite::Connection::open(&store).unwrap();
    connection
        .execute_batch("PRAGMA application_id = 1431327299; PRAGMA user_version = 99; CREATE TABLE t (a);")
        .unwrap();
    drop(connection);
    run_fails_with(&project, "written by a newer uproctor");

    let project = Project::with_script("fn run(event) { }");
    project.trigger();
    let store = project.path().join("uproctor.db");
    let connection = rusqlite::Connection::open(&store).unwrap();
    connection
        .execute_batch("PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE; UPDATE kv SET key = key;")
        .unwrap();
    run_fails_with(&project, "locked by another program");
    drop(connection);

    let project = Project::with_script("fn run(event) { }");
    project.trigger();
    let store = project.path().join("uproctor.db");
    fs::set_permissions(&store, fs::Permissions::from_mode(0o444)).unwrap();
    run_fails_with(&project, "cannot be written");
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(project: &Project) -> Running {
    let daemon = project.command().arg("run").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait("the daemon listens", || project.path().join("uproctor.db.control").exists());
    Running(daemon)
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "waited for too long: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_second_daemon_does_not_start_and_the_first_takes_what_is_triggered() {
    let project = Project::with_script("fn run(event) { log::info(\"here\"); }");
    let _daemon = start(&project);
    run_fails_with(&project, "in use by another uproctor");
    let (code, run) = project.trigger();
    assert_eq!((code, &run["outcome"]), (0, &"done".into()), "{run:#}");
}

#[test]
fn a_killed_daemons_run_is_interrupted_and_not_run_again() {
    let project = Project::new("http://127.0.0.1:9/", "", "fn run(event) { wait_for(\"5m\"); }");
    let mut daemon = start(&project);
    let mut waiting = project.command().args(["trigger", "it"]).stdout(Stdio::null()).spawn().unwrap();
    let runs = || -> Vec<Value> { serde_json::from_slice(&project.run(&["runs", "--json"]).stdout).unwrap() };
    wait("the run is under way", || runs().iter().any(|run| run["outcome"] == "running"));
    daemon.0.kill().unwrap();
    daemon.0.wait().unwrap();
    fs::remove_file(project.path().join("uproctor.db.control")).unwrap();
    let _again = start(&project);
    wait("it is interrupted", || runs().iter().all(|run| run["outcome"] == "interrupted"));
    assert_eq!(runs().len(), 1);
    assert_eq!(waiting.wait().unwrap().code(), Some(1));
    // Whoever started it by hand may have gone home.
    let dead: Value = serde_json::from_slice(&project.run(&["dead", "--json"]).stdout).unwrap();
    assert_eq!(dead[0]["kind"], "interrupted", "{dead}");
}

#[test]
fn a_store_that_is_locked_for_a_while_holds_the_daemon_up_and_does_not_end_it() {
    let project = Project::with_script("fn run(event) { }");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("every = \"1h\"", "every = \"1s\""));
    let mut daemon = start(&project);
    let runs = || -> Vec<Value> {
        serde_json::from_slice(&project.run(&["runs", "--json", "--limit", "500"]).stdout).unwrap()
    };
    wait("a first run", || !runs().is_empty());
    let store = project.path().join("uproctor.db");
    assert_eq!(
        fs::metadata(&store).unwrap().permissions().mode() & 0o777,
        0o600,
        "others can read the store"
    );
    let connection = rusqlite::Connection::open(&store).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::sleep(Duration::from_secs(5));
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    let before = runs().len();
    wait("runs go on", || runs().len() >= before + 3);
    assert!(daemon.0.try_wait().unwrap().is_none(), "the daemon ended");
}

#[test]
fn a_command_waits_for_a_locked_store_and_then_says_what_to_do() {
    let project = Project::with_script("fn run(event) { }");
    project.trigger();
    let store = project.path().join("uproctor.db");
    let lock = || {
        let connection = rusqlite::Connection::open(&store).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection
    };
    let locked = lock();
    let waiting = project.command().arg("pause").stdout(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(5));
    drop(locked);
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success() && text(&output).contains("is paused"), "{}", text(&output));

    let _daemon = start(&project);
    let locked = lock();
    let resuming = project.command().arg("resume").stdout(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(5));
    drop(locked);
    let output = resuming.wait_with_output().unwrap();
    assert!(output.status.success() && text(&output).contains("goes on"), "{}", text(&output));

    let _locked = lock();
    let output = project.run(&["pause"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("close whatever has it open, and try again"), "{}", text(&output));
}
