//! What was sent is not sent again, and what waits is not sent once somebody has paused it.

use serde_json::json;

use super::*;
use crate::{
    domain::{AutomationName, Held, Hold, RunId},
    store::{Closed, Decided, EffectRow, Remedy},
};

const PAY: &str = "mode = \"live\"\nallow = [\"http.post\"]\ntime_limit = \"2d\"\n[http.\"pay.example.org\"]";
const DESCRIBE: &str = "mode = \"live\"\nallow = [\"sessions.description\"]";

fn lab(script: &str, lines: &str, world: World) -> Lab {
    Lab::new(script, &format!("on = {{ webhook = \"h\", scheme = \"none\" }}\n{lines}"), world)
}

/// The writes of the newest run.
fn writes(daemon: &Daemon) -> Vec<EffectRow> {
    let history = daemon.store.history();
    history.run(history.newest_run().unwrap().unwrap()).unwrap().unwrap().effects
}

fn hold(held: Held) -> Hold {
    Hold { held, since: Timestamp::UNIX_EPOCH, until: None, reason: "the fire alarm".to_owned() }
}

#[test]
fn a_request_to_another_server_is_not_sent_again_by_a_run_that_goes_on() {
    let script = "fn run(event) {
        let sum = if kv::add(\"runs\", 1) < 4 { 5 } else { 6 };
        let answer = http::post(\"https://pay.example.org/bonus?key=k\", #{ euros: sum });
        fail(if \"made_before\" in answer { \"before\" } else { \"now\" });
    }";
    // What the other server answers with an error may have been done all the same.
    for status in [200, 500] {
        let lab = lab(script, PAY, answering(status));
        let (mut daemon, _) = lab.start(0);
        let (_, work) = daemon.accept(1, &json!({}));
        daemon.work_off(work);
        // The fourth run says something else, which the fifth does not say again.
        let remedies = [
            (Remedy::Retry, "now", 1),
            (Remedy::Resume, "before", 0),
            (Remedy::Resume, "now", 1),
            (Remedy::Resume, "before", 0),
        ];
        for (remedy, said, sent) in remedies {
            let run = RunId(daemon.store.history().dead_letters(false).unwrap()[0].run);
            let closed = daemon.store.close_dead_letter(run, remedy, daemon.env.now(), |_| true).wait();
            let Ok(Closed::Now(Some(event))) = closed else { panic!("{closed:?}") };
            let work = daemon.dispatcher.handle(vec![Happened::Input(Input::Accepted(Arc::new(event)))]);
            daemon.work_off(work.unwrap());
            let reason = daemon.last().1;
            assert!(reason.ends_with(said), "{status}: {reason}");
            let writes = writes(&daemon);
            assert_eq!(writes.len(), sent, "{writes:?}");
            assert!(writes.iter().all(|write| !write.arguments.to_string().contains("key=k")), "{writes:?}");
        }
    }
}

#[test]
fn a_dead_letter_is_not_begun_anew_while_its_run_may_do_more() {
    let script = "fn run(event) { http::post(\"https://pay.example.org/bonus\", \"5\"); wait_for(\"1d\"); }";
    let lab = lab(script, PAY, answering(500));
    let (mut daemon, _) = lab.start(0);
    let (_, mut work) = daemon.accept(1, &json!({}));
    let long = begin(work.remove(0));
    let letters = || daemon.store.history().dead_letters(false).unwrap();
    while letters().is_empty() {
        thread::yield_now();
    }
    let run = RunId(letters()[0].run);
    let close =
        |remedy| daemon.store.close_dead_letter(run, remedy, daemon.env.now(), |_| true).wait().unwrap();
    for remedy in [Remedy::Retry, Remedy::Resume] {
        assert_eq!(close(remedy), Closed::UnderWay);
    }
    assert_eq!(letters().len(), 1);
    assert_eq!(close(Remedy::Discard("paid by hand".to_owned())), Closed::Now(None));
    daemon.dispatcher.cancel.cancel();
    long.join().unwrap();
}

#[test]
fn what_waits_to_be_sent_again_is_not_sent_once_everything_is_paused() {
    let script = "fn run(event) { sessions::set_description(\"s\", \"x\"); }";
    let lab = lab(script, DESCRIBE, answering(429));
    let (mut daemon, _) = lab.start(0);
    let store = daemon.store.clone();
    let pause = move || store.hold(hold(Held::Everything)).wait().unwrap();
    let (_, work) = daemon.accept(1, &json!({}));
    *daemon.env.meanwhile.lock().unwrap() = Some(Box::new(pause));
    daemon.work_off(work);
    assert!(daemon.last().1.contains("everything is paused: the fire alarm"), "{:?}", daemon.last());
    assert!(writes(&daemon).iter().all(|write| write.state == "failed"), "{:?}", writes(&daemon));
}

#[test]
fn what_a_person_lets_go_on_before_its_run_has_ended_is_not_held_by_its_end() {
    for is_held in [false, true] {
        let lab = lab("fn run(event) { }", "", fine());
        let (mut daemon, _) = lab.start(0);
        let (_, mut work) = daemon.accept(1, &json!({}));
        let mut ended = begin(work.remove(0)).join().unwrap();
        if let Happened::RunEnded { report, .. } = &mut ended {
            report.tripped = true;
        }
        if is_held {
            daemon.store.hold(hold(Held::Automation(AutomationName::new("it").unwrap()))).wait().unwrap();
        }
        daemon.dispatcher.handle(vec![ended]).unwrap();
        assert_eq!(daemon.accept(2, &json!({})).1.is_empty(), is_held, "{:?}", daemon.last());
    }
}

#[test]
fn a_plan_whose_request_is_refused_is_not_carried_out() {
    let script = "fn run(event) { http::post(\"https://pay.example.org/bonus\", \"5\"); }";
    for (status, outcome) in [(200, "done"), (404, "failed"), (500, "failed")] {
        let lab = lab(script, &PAY.replace("live", "approve"), answering(status));
        let (mut daemon, _) = lab.start(0);
        let (_, work) = daemon.accept(1, &json!({}));
        daemon.work_off(work);
        let run = daemon.store.history().newest_run().unwrap().unwrap();
        let now = daemon.env.now();
        let decided = daemon.store.approve(run, "a test".to_owned(), now, |_| true).wait();
        let Ok(Decided::Now(Some(event))) = decided else { panic!("{decided:?}") };
        let work = daemon.dispatcher.handle(vec![Happened::Input(Input::Accepted(Arc::new(event)))]);
        daemon.work_off(work.unwrap());
        assert_eq!(daemon.last().0, outcome, "{status}: {:?}", daemon.last());
    }
}
