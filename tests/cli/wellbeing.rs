//! How a daemon tells that it is well, and how it ends when it is not.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    daemon::{Daemon, log, until},
    project::Project,
    stub::answer,
};

/// A project whose automation starts every second.
pub(crate) fn every_second(more: &str) -> Project {
    let project = Project::with_script("fn run(event) { kv::add(\"n\", 1); }");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("every = \"1h\"", "every = \"1s\"");
    project.write("config.toml", &config.replace("[daemon]\n", &format!("[daemon]\n{more}\n")));
    project
}

/// A monitor; it answers with 500 as long as `broken`.
fn monitor(broken: &Arc<AtomicBool>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (beats, broken) = (Arc::new(AtomicUsize::new(0)), Arc::clone(broken));
    let counted = Arc::clone(&beats);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok).take(1000) {
            let mut request = [0_u8; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            assert!(String::from_utf8_lossy(&request[..read]).starts_with("GET /ping-me-in-secret HTTP/1.1"));
            counted.fetch_add(1, Ordering::SeqCst);
            let status = if broken.load(Ordering::SeqCst) { "500 No" } else { "200 OK" };
            let _ = stream.write_all(&answer(status, "text/plain", b"ok"));
        }
    });
    (address, beats)
}

#[test]
fn a_monitor_is_told_that_the_daemon_is_well_and_its_address_is_not_shown() {
    let broken = Arc::new(AtomicBool::new(false));
    let (address, beats) = monitor(&broken);
    let project = every_second("heartbeat_env = \"BEAT\"\nheartbeat_every = \"1s\"");
    let url = format!("http://{address}/ping-me-in-secret");
    let daemon = Daemon::start(&project, &[], &[("BEAT", &url)]);
    until("two beats", || beats.load(Ordering::SeqCst) >= 2);
    broken.store(true, Ordering::SeqCst);
    until("the failure is logged", || daemon.said("the heartbeat does not reach its monitor") == 1);
    let before = beats.load(Ordering::SeqCst);
    until("it is tried again", || beats.load(Ordering::SeqCst) >= before + 2);
    broken.store(false, Ordering::SeqCst);
    until("it works again", || daemon.said("the heartbeat reaches its monitor again") == 1);
    assert_eq!(daemon.said("does not reach its monitor: it answers with status 500"), 1, "{}", daemon.log());
    assert_eq!(daemon.said("in-secret"), 0, "{}", daemon.log());
    assert!(daemon.stop().success());
}

#[test]
fn an_address_that_is_none_is_refused_and_not_shown() {
    let project = every_second("heartbeat_env = \"BEAT\"");
    let check = project.command().arg("check").env("BEAT", "ping-me-in-secret").output().unwrap();
    let said = crate::project::text(&check);
    assert!(said.contains("is not an address") && !said.contains("in-secret"), "{said}");
}

#[test]
fn started_with_safe_everything_is_paused_until_a_person_resumes() {
    let project = every_second("");
    let daemon = Daemon::start(&project, &["--safe"], &[]);
    until("an event is not run", || !daemon.runs().is_empty());
    let runs = daemon.runs();
    assert!(runs.iter().all(|run| run["outcome"] == "dropped"), "{runs:?}");
    assert_eq!(runs[0]["reason"], "paused: started with --safe; `uproctor resume`");
    assert_eq!(project.run(&["resume"]).status.code(), Some(0));
    until("it runs", || daemon.runs().iter().any(|run| run["outcome"] == "done"));
}

#[test]
fn a_daemon_whose_store_another_has_taken_over_stops_and_says_so() {
    let project = every_second("");
    let daemon = Daemon::start(&project, &[], &[]);
    until("it runs", || !daemon.runs().is_empty());
    let other = rusqlite::Connection::open(project.path().join("uproctor.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute("UPDATE lease SET fence = fence + 1", []).unwrap();
    assert_eq!(daemon.end().code(), Some(1));
    let log = log(&project);
    assert!(log.contains("the daemon cannot go on: another uproctor has taken the store"), "{log}");
}
