//! What becomes of runs while others come.

use serde_json::json;

use super::*;
use crate::{
    domain::RunId,
    store::{Closed, Remedy},
};

#[test]
fn a_run_that_makes_room_is_interrupted_and_says_for_what() {
    let script = "fn run(event) { if event.payload.long { wait_for(\"1d\"); } }";
    let on = "on = { webhook = \"h\", scheme = \"none\" }\noverlap = \"restart\"\ntime_limit = \"2d\"";
    let lab = Lab::new(script, on, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, mut work) = daemon.accept(1, &json!({ "long": true }));
    let first = begin(work.remove(0));
    let (_, nothing) = daemon.accept(2, &json!({ "long": false }));
    assert!(nothing.is_empty(), "the first one has to end before");
    let second = daemon.dispatcher.handle(vec![first.join().unwrap()]).unwrap();
    daemon.work_off(second);
    let reason = "a newer event took its place (overlap = \"restart\")".to_owned();
    assert_eq!(daemon.rows(), [("interrupted".to_owned(), reason), ("done".to_owned(), String::new())]);
}

#[test]
fn five_failures_hold_the_automation_until_a_person_resumes_it() {
    let lab = Lab::new("fn run(event) { fail(\"no\"); }", HOOK, fine());
    let (mut daemon, _) = lab.start(0);
    for second in 1..4 {
        let (_, work) = daemon.accept(second, &json!({}));
        daemon.work_off(work);
    }
    drop(daemon);
    let (mut daemon, _) = lab.start(10);
    for second in 11..13 {
        assert!(daemon.store.history().holds(daemon.env.now()).unwrap().is_empty());
        let (_, work) = daemon.accept(second, &json!({}));
        daemon.work_off(work);
    }
    let holds = daemon.store.history().holds(daemon.env.now()).unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!(
        (holds[0].held.to_string(), holds[0].reason.as_str()),
        ("the automation it".to_owned(), "5 runs failed in a row")
    );
    let paused = ("dropped".to_owned(), "paused: 5 runs failed in a row; `uproctor resume it`".to_owned());
    daemon.accept(14, &json!({}));
    assert_eq!(daemon.last(), paused);
    drop(daemon);

    let (mut daemon, _) = lab.start(20);
    daemon.accept(21, &json!({}));
    assert_eq!(daemon.last(), paused, "also after a restart");
    let held = holds[0].held.clone();
    assert!(daemon.store.release(held.clone(), daemon.env.now()).wait().unwrap());
    daemon.dispatcher.handle(vec![Happened::Input(Input::Release(held))]).unwrap();
    let (_, work) = daemon.accept(22, &json!({}));
    daemon.work_off(work);
    assert_eq!(daemon.last().0, "failed");
    assert!(daemon.store.history().holds(daemon.env.now()).unwrap().is_empty(), "it counts anew");
}

#[test]
fn what_does_not_fire_has_a_row_and_an_instant_fires_once_however_the_clock_is_set() {
    let lab = Lab::new("fn run(event) { }", "on = { every = \"10m\" }", fine());
    let (mut daemon, _) = lab.start(100_000_000);
    let work = daemon.tick(100_000_200);
    daemon.work_off(work);
    assert_eq!(daemon.rows(), [("done".to_owned(), String::new())]);
    // The daemon slept.
    assert!(daemon.tick(100_002_100).is_empty());
    let missed = "3 instants were missed, and are not made up for: missed = \"skip\"";
    assert_eq!(daemon.last(), ("dropped".to_owned(), missed.to_owned()));
    drop(daemon);

    // The clock was two hours ahead, and is set right.
    let (mut daemon, _) = lab.start(99_993_000);
    let (outcome, reason) = daemon.rows().remove(0);
    assert_eq!(outcome, "dropped");
    assert!(reason.starts_with("the system's clock was set back by 2h 30m"), "{reason}");
    for second in (99_993_600..100_000_000).step_by(600) {
        let work = daemon.tick(second);
        assert_eq!(work.len(), 1, "{second}");
        daemon.work_off(work);
    }
    assert!(daemon.tick(100_000_200).is_empty());
    assert!(daemon.rows().iter().any(|(_, reason)| reason == "this instant has fired already, as event 1"));
    assert_eq!(daemon.tick(100_000_800).len(), 1, "and the schedule goes on");
}

#[test]
fn a_dead_letter_whose_turn_does_not_come_stays_open() {
    let script = "fn run(event) { if event.payload.long { wait_for(\"1d\"); } fail(\"no\"); }";
    let on = "on = { webhook = \"h\", scheme = \"none\" }\noverlap = \"single\"\ntime_limit = \"2d\"";
    let lab = Lab::new(script, on, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, work) = daemon.accept(1, &json!({ "long": false }));
    daemon.work_off(work);
    let run = RunId(daemon.store.history().dead_letters(false).unwrap()[0].run);
    let (_, mut work) = daemon.accept(2, &json!({ "long": true }));
    let long = begin(work.remove(0));
    let closed = daemon.store.close_dead_letter(run, Remedy::Resume, daemon.env.now(), |_| true).wait();
    let Ok(Closed::Now(Some(event))) = closed else { panic!("{closed:?}") };
    let event = Happened::Input(Input::Accepted(Arc::new(event)));
    assert!(daemon.dispatcher.handle(vec![event]).unwrap().is_empty());
    let open = daemon.store.history().dead_letters(false).unwrap();
    assert_eq!(open.len(), 1);
    assert!(open[0].note.as_ref().unwrap().contains("a run was under way"), "{open:?}");
    daemon.dispatcher.cancel.cancel();
    long.join().unwrap();
}

#[test]
fn in_whose_place_a_run_goes_on_is_known_after_a_restart() {
    let script = "fn run(event) { fail(\"no\"); }";
    let lab = Lab::new(script, "on = { webhook = \"h\", scheme = \"none\" }", fine());
    let (mut daemon, _) = lab.start(0);
    let (_, work) = daemon.accept(1, &json!({}));
    daemon.work_off(work);
    let run = RunId(daemon.store.history().dead_letters(false).unwrap()[0].run);
    let closed = daemon.store.close_dead_letter(run, Remedy::Resume, daemon.env.now(), |_| true).wait();
    let Ok(Closed::Now(Some(event))) = closed else { panic!("{closed:?}") };
    assert_eq!(daemon.store.resumes(event.id), Some(run));
    drop(daemon);
    let (daemon, work) = lab.start(10);
    assert_eq!(work.len(), 1, "it was accepted and did not run");
    assert_eq!(daemon.store.resumes(event.id), Some(run));
    assert_eq!(daemon.store.resumes(EventId(1)), None);
}

#[test]
fn what_is_retried_is_done_once_more_and_what_is_resumed_is_not() {
    let script = "fn run(event) { sessions::set_description(\"s\", \"x\"); fail(\"no\"); }";
    let on =
        "on = { webhook = \"h\", scheme = \"none\" }\nmode = \"live\"\nallow = [\"sessions.description\"]";
    let lab = Lab::new(script, on, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, work) = daemon.accept(1, &json!({}));
    daemon.work_off(work);
    for (remedy, once_more) in [(Remedy::Retry, true), (Remedy::Resume, false)] {
        let run = RunId(daemon.store.history().dead_letters(false).unwrap()[0].run);
        let closed = daemon.store.close_dead_letter(run, remedy, daemon.env.now(), |_| true).wait();
        let Ok(Closed::Now(Some(event))) = closed else { panic!("{closed:?}") };
        assert_eq!(daemon.store.resumes(event.id), (!once_more).then_some(run));
        let event = Happened::Input(Input::Accepted(Arc::new(event)));
        let work = daemon.dispatcher.handle(vec![event]).unwrap();
        daemon.work_off(work);
        let history = daemon.store.history();
        let newest = history.run(history.newest_run().unwrap().unwrap()).unwrap().unwrap();
        let states: Vec<_> = newest.effects.iter().map(|effect| effect.state.as_str()).collect();
        assert_eq!(states, if once_more { vec!["done"] } else { vec![] }, "{:?}", newest.effects);
    }
}
