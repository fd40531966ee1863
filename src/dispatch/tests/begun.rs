//! A run begins while its start is still being written down.

use std::sync::mpsc;

use serde_json::json;

use super::*;
use crate::{
    api::{Call, Endpoint},
    domain::{Mode, RunId, SessionName},
    effects::{Actor, EffectError},
    store::{Begun, KvScope, StoreError},
};

const LIVE: &str = "on = { webhook = \"h\", scheme = \"none\" }\nmode = \"live\"\nallow = [\"sessions.description\", \"sessions.active\", \"files.write\"]";

/// The end of a run of this script, when it turned out that its start is not to be written down. It has asked the server nothing.
fn not_written_down(script: &str) -> (Lab, Daemon, String) {
    let lab = Lab::new(script, LIVE, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, mut work) = daemon.accept(1, &json!({}));
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
fn the_door_opens_for_nobody_whose_start_is_not_written_down() {
    let lab = Lab::new("fn run(event) { }", LIVE, fine());
    let (daemon, _) = lab.start(1);
    let allow = lab.config.automations[0].allow.clone();
    let (begun, scope) = (Begun::default(), Scope::for_duration(daemon.env.now(), DAY));
    begun.say(Err(StoreError::Full("uproctor.db".into())));
    let actor = Actor::new(RunId(1), "it".parse().unwrap(), Mode::Live, allow, scope, begun);
    let session: SessionName = "s".parse().unwrap();
    let body = [("description".to_owned(), json!("x"))].into_iter().collect();
    let call = Call::new(Endpoint::SessionsDescription).session(&session).body(body);
    let refused = daemon.dispatcher.tools.door.write(&actor, call);
    assert!(matches!(refused, Err(EffectError::Store(_))), "{refused:?}");
    assert_eq!(daemon.env.now().as_second(), 1, "it has asked the server nothing");
}

#[test]
fn a_run_begins_once_its_start_is_on_its_way_to_the_store() {
    let lab = Lab::new("fn run(event) { }", LIVE, fine());
    let (mut daemon, _) = lab.start(0);
    let new = NewEvent {
        automation: "it".parse().unwrap(),
        kind: EventKind::Manual,
        at: daemon.env.now(),
        detail: Detail::Manual { payload: Value::Null, dry_run: false },
    };
    let event = Arc::new(daemon.store.accept_manual(new).wait().unwrap());
    let (store, mut known) = (daemon.store.clone(), Vec::new());
    let happened = vec![Happened::Input(Input::Accepted(event))];
    daemon
        .dispatcher
        .handle_and_begin(happened, |_| {
            // Whatever a run hands to the store now comes after its start.
            store.check().wait().unwrap();
            known.push(store.history().newest_run().unwrap());
        })
        .unwrap();
    assert_eq!(known, [Some(RunId(1))]);
}

#[test]
fn a_run_begins_before_it_is_written_down_and_is_known_of_once_it_acts() {
    let lab = Lab::new("fn run(event) { kv::set(\"did\", 1); }", LIVE, fine());
    let (mut daemon, _) = lab.start(0);
    let detail = Detail::Manual { payload: Value::Null, dry_run: false };
    let new =
        NewEvent { automation: "it".parse().unwrap(), kind: EventKind::Manual, at: daemon.env.now(), detail };
    let event = Arc::new(daemon.store.accept_manual(new).wait().unwrap());
    // Nothing can be written down until the run has begun, or for two seconds.
    let other = rusqlite::Connection::open(&lab.config.daemon.store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (has_begun, told) = mpsc::channel();
    let hold = move || {
        let in_time = told.recv_timeout(Duration::from_secs(2)).is_ok();
        other.execute_batch("ROLLBACK").unwrap();
        in_time
    };
    let holder = thread::Builder::new().name("holder".into()).spawn(hold).unwrap();
    let mut runs = Vec::new();
    let happened = vec![Happened::Input(Input::Accepted(event))];
    daemon
        .dispatcher
        .handle_and_begin(happened, |one| {
            runs.push(begin(one));
            let _ = has_begun.send(());
        })
        .unwrap();
    assert!(holder.join().unwrap(), "it began only once its start was written down");
    let ended: Vec<Happened> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(ended.len(), 1);
    assert!(daemon.dispatcher.handle(ended).unwrap().is_empty());
    assert_eq!(daemon.last(), ("done".to_owned(), String::new()));
}
