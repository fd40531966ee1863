//! What a stop leaves time for, and what it ends.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{project::Project, stub::answer};

struct Daemon<'a>(&'a Project, Child);

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.1.kill();
        let _ = self.1.wait();
    }
}

impl<'a> Daemon<'a> {
    fn start(project: &'a Project) -> Self {
        let mut command = project.command();
        let daemon = command.arg("run").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let daemon = Self(project, daemon);
        until("the daemon listens", || project.path().join("uproctor.db.control").exists());
        daemon
    }

    fn terminate(&self) {
        assert!(Command::new("kill").arg(self.1.id().to_string()).status().unwrap().success());
    }

    fn ends_within(&mut self, seconds: u64) {
        let begin = Instant::now();
        while self.1.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(seconds), "it has not ended after {seconds} s");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn runs(&self) -> Vec<Value> {
        serde_json::from_slice(&self.0.run(&["runs", "--json"]).stdout).unwrap()
    }

    fn show(&self, run: &Value) -> Value {
        serde_json::from_slice(&self.0.run(&["show", &run["run"].to_string(), "--json"]).stdout).unwrap()
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "waited for too long: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A project whose automations, `it` and `two`, start every second.
fn every_second(url: &str, script: &str) -> Project {
    let project = Project::new(url, "allow = [\"sessions.description\"]", script);
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("every = \"1h\"", "every = \"1s\"");
    let (_, automation) = config.split_once("[[automation]]").unwrap();
    let two = format!("[[automation]]{}", automation.replace("\"it\"", "\"two\""));
    project.write("config.toml", &format!("{config}\n{two}"));
    project
}

#[test]
fn runs_that_would_only_sleep_longer_than_a_stop_waits_do_not_hold_it_up() {
    let project = every_second("http://127.0.0.1:9/", "fn run(event) {\n    wait_for(\"5m\");\n}");
    let mut daemon = Daemon::start(&project);
    until("two runs wait", || daemon.runs().iter().filter(|run| run["outcome"] == "running").count() == 2);
    thread::sleep(Duration::from_millis(200));
    daemon.terminate();
    daemon.ends_within(5);
    for run in daemon.runs().iter().filter(|run| run["run"].is_i64()) {
        assert_eq!(run["outcome"], "interrupted", "{run:#}");
        assert_eq!(run["reason"], "it.rhai:2:5: the program stopped while this run was under way", "{run:#}");
    }
}

#[test]
fn a_second_signal_ends_runs_that_would_have_had_time() {
    let project = every_second("http://127.0.0.1:9/", "fn run(event) { loop { wait_for(\"1s\"); } }");
    let mut daemon = Daemon::start(&project);
    until("two runs are under way", || {
        daemon.runs().iter().filter(|run| run["outcome"] == "running").count() == 2
    });
    daemon.terminate();
    thread::sleep(Duration::from_secs(3));
    assert!(daemon.1.try_wait().unwrap().is_none(), "they had 25 s");
    daemon.terminate();
    daemon.ends_within(5);
    assert!(daemon.runs().iter().any(|run| run["outcome"] == "interrupted"));
}

/// A server that takes two seconds for each description that is set, and the number of them that it got.
fn slow() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0_u8; 16 * 1024];
            let read = stream.read(&mut request).unwrap_or(0);
            let mut body = r#"{"description":"x"}"#;
            if String::from_utf8_lossy(&request[..read]).contains("/status/") {
                body = r#"{"versions":{"uproot":"0.10.1"}}"#;
            } else {
                counted.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_secs(2));
            }
            let _ = stream.write_all(&answer("200 OK", "application/json", body.as_bytes()));
        }
    });
    (address, writes)
}

#[test]
fn a_write_that_waits_for_its_turn_is_not_sent_after_its_run_was_cancelled() {
    let (address, writes) = slow();
    let script = "fn run(event) { sessions::set_description(\"s\", \"x\"); wait_for(\"5m\"); }";
    let project = every_second(&format!("http://{address}/"), script);
    let mut daemon = Daemon::start(&project);
    let claimed = || -> usize {
        daemon
            .runs()
            .iter()
            .filter(|run| run["run"].is_i64())
            .map(|run| {
                let effects = daemon.show(run)["effects"].as_array().unwrap().clone();
                effects.iter().filter(|effect| effect["state"] == "claimed").count()
            })
            .sum()
    };
    until("one write is under way and one waits", || writes.load(Ordering::SeqCst) == 1 && claimed() == 2);
    daemon.terminate();
    thread::sleep(Duration::from_millis(200));
    daemon.terminate();
    daemon.ends_within(10);
    assert_eq!(writes.load(Ordering::SeqCst), 1, "a write was sent after the stop");
    let runs = daemon.runs();
    let mut effects: Vec<(String, String)> = runs
        .iter()
        .filter(|run| run["run"].is_i64())
        .flat_map(|run| {
            let shown = daemon.show(run);
            assert_eq!(shown["outcome"], "interrupted", "{shown:#}");
            let text = |effect: &Value, key: &str| effect[key].as_str().unwrap_or_default().to_owned();
            let effects = shown["effects"].as_array().unwrap().clone();
            effects.iter().map(|effect| (text(effect, "state"), text(effect, "note"))).collect::<Vec<_>>()
        })
        .collect();
    effects.sort();
    assert_eq!(effects[0], ("done".to_owned(), String::new()));
    assert_eq!(effects[1].0, "failed", "{effects:?}");
    assert!(effects[1].1.contains("not sent"), "{effects:?}");
}
