//! A run begins while its start is still being written down.

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::{
    domain::Mode,
    store::{Begun, KvScope, StoreError},
};

const LIVE: &str = "on = { webhook = \"h\", scheme = \"none\" }\nmode = \"live\"\nallow = [\"sessions.description\", \"sessions.active\", \"files.write\"]";

/// The end of a run of this script, when it turned out that its start is not to be written down. It has asked the server nothing.
fn not_written_down(script: &str) -> (Lab, Daemon, String) {
    let lab = Lab::new(script, LIVE, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, mut work) = daemon.accept(1, json!({}));
    let Work::Run { mut task, event, ending } = work.remove(0) else { panic!("it is a run") };
    task.begun = Begun::default();
    let begun = task.begun.clone();
    let run = begin(Work::Run { task, event, ending });
    begun.say(Err(StoreError::Full("uproctor.db".into())));
    let Happened::RunEnded { run, report, trace, .. } = run.join().unwrap() else { panic!("it is a run") };
    assert_eq!(trace.1, []);
    // A request takes a second.
    assert_eq!(daemon.env.now().as_second(), 1, "it looked before it was known whether it may act");
    assert!(daemon.store.history().run(run).unwrap().unwrap().effects.is_empty());
    (lab, daemon, report.reason.unwrap_or_default())
}

#[test]
fn what_is_not_written_down_leaves_no_trace_on_the_server() {
    for call in ["sessions::set_description(\"s\", \"x\")", "sessions::set_active(\"s\", true)"] {
        let (.., reason) = not_written_down(&format!("fn run(event) {{ {call}; }}"));
        assert!(reason.contains("uproctor.db"), "{reason}");
    }
}

#[test]
fn what_is_not_written_down_leaves_no_trace_in_the_store() {
    let (_, daemon, reason) = not_written_down("fn run(event) { kv::set(\"did\", 1); }");
    assert!(reason.contains("uproctor.db"), "{reason}");
    let scope = KvScope::automation(&"it".parse().unwrap(), Mode::Live);
    assert_eq!(daemon.store.history().kv_get(&scope, "did", daemon.env.now()).unwrap(), None);
}

#[test]
fn what_is_not_written_down_leaves_no_file() {
    let (lab, _, reason) = not_written_down("fn run(event) { files::append(\"bonus.csv\", \"1\"); }");
    assert!(reason.contains("uproctor.db"), "{reason}");
    assert!(!lab.config.daemon.exports.join("bonus.csv").exists());
}

#[test]
fn what_is_not_written_down_has_no_lines() {
    let (.., reason) = not_written_down("fn run(event) { log::info(\"here\"); }");
    assert!(reason.contains("uproctor.db"), "{reason}");
}

#[test]
fn work_begins_before_it_is_written_down_and_is_known_of_once_it_acts() {
    let lab = Lab::new("fn run(event) { kv::set(\"did\", 1); }", LIVE, fine());
    let (mut daemon, _) = lab.start(0);
    let detail = Detail::Manual { payload: Value::Null, dry_run: false };
    let new =
        NewEvent { automation: "it".parse().unwrap(), kind: EventKind::Manual, at: daemon.env.now(), detail };
    let event = Arc::new(daemon.store.accept_manual(new).wait().unwrap());
    let begun = Mutex::new(Vec::new());
    let happened = vec![Happened::Input(Input::Accepted(event))];
    daemon.dispatcher.handle_and(happened, |one| begun.lock().unwrap().push(begin(one))).unwrap();
    let ended: Vec<Happened> =
        begun.into_inner().unwrap().into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(ended.len(), 1);
    assert!(daemon.dispatcher.handle(ended).unwrap().is_empty());
    assert_eq!(daemon.last(), ("done".to_owned(), String::new()));
}
