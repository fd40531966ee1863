//! What an automation's pace remembers when the daemon is started again.

use serde_json::json;

use super::*;

fn ann() -> Value {
    json!({ "who": "ann" })
}

/// A run for ann at second 10, a restart at 20, then another event.
fn second_event(lines: &str) -> (Lab, Daemon, Vec<Work>) {
    let lab = Lab::new("fn run(event) { }", &format!("{HOOK}\nkey = \"who\"\n{lines}"), fine());
    let (mut daemon, _) = lab.start(0);
    let (_, work) = daemon.accept(10, &ann());
    daemon.work_off(work);
    drop(daemon);
    let (mut daemon, nothing) = lab.start(20);
    assert!(nothing.is_empty());
    let (_, work) = daemon.accept(21, &json!({ "who": "bob" }));
    assert_eq!(work.len(), 1, "another key is free");
    daemon.work_off(work);
    let (_, work) = daemon.accept(30, &ann());
    (lab, daemon, work)
}

#[test]
fn a_throttle_goes_on() {
    let (lab, daemon, work) = second_event("throttle = \"1 per 1m\"");
    assert!(work.is_empty());
    assert_eq!(daemon.last().0, "accepted");
    drop(daemon);
    // It waits across one more restart.
    let (mut daemon, nothing) = lab.start(40);
    assert!(nothing.is_empty());
    assert_eq!(daemon.dispatcher.next_wake().unwrap(), Timestamp::from_second(70).unwrap());
    let work = daemon.tick(70);
    daemon.work_off(work);
    assert_eq!(daemon.last().0, "done");
}

#[test]
fn a_rate_limit_goes_on() {
    let (_lab, mut daemon, work) = second_event("rate_limit = \"1 per 1m\"");
    assert!(work.is_empty());
    let (outcome, reason) = daemon.last();
    assert!(outcome == "dropped" && reason.contains("rate_limit"), "{reason}");
    assert_eq!(daemon.accept(70, &ann()).1.len(), 1);
}

#[test]
fn a_cooldown_goes_on() {
    let (_lab, mut daemon, work) = second_event("cooldown = \"1m\"");
    assert!(work.is_empty());
    let (outcome, reason) = daemon.last();
    assert!(outcome == "dropped" && reason.contains("cooldown"), "{reason}");
    assert_eq!(daemon.accept(70, &ann()).1.len(), 1);
}

#[test]
fn a_burst_goes_on_and_what_it_became_knows_how_many_they_were() {
    let script = "fn run(event) { kv::set(\"count\", event.count); }";
    let lab = Lab::new(
        script,
        &format!("{HOOK}\ndebounce = {{ quiet = \"1m\" }}\nthrottle = \"1 per 1h\""),
        fine(),
    );
    let (mut daemon, _) = lab.start(0);
    for second in [10, 20] {
        assert!(daemon.accept(second, &ann()).1.is_empty());
    }
    drop(daemon);
    let (mut daemon, _) = lab.start(25);
    assert!(daemon.accept(30, &ann()).1.is_empty());
    let work = daemon.tick(90);
    assert_eq!(work.len(), 1);
    daemon.work_off(work);
    let gathered = ("dropped".to_owned(), "event 3 stands for it (debounce)".to_owned());
    assert_eq!(daemon.rows(), [gathered.clone(), gathered, ("done".to_owned(), String::new())]);
    // Two more, which have to wait for the throttle, and a restart while they do.
    for second in [100, 101] {
        assert!(daemon.accept(second, &ann()).1.is_empty());
    }
    assert!(daemon.tick(161).is_empty());
    drop(daemon);
    let (mut daemon, nothing) = lab.start(200);
    assert!(nothing.is_empty());
    let work = daemon.tick(3690);
    let [Work::Run { event, .. }] = work.as_slice() else { panic!("one run") };
    assert_eq!((event.id, event.count), (EventId(5), 2));
}

/// The first instant that there is.
const FAR: &str = "-009999-01-02T01:59:59Z";

#[test]
fn a_cursor_that_does_not_read_holds_its_automation_alone() {
    let other = "[[automation]]\nname = \"other\"\nscript = \"it.rhai\"\non = { every = \"1m\" }";
    let clock = format!("on = {{ every = \"1m\" }}\n{other}");
    let poll = format!("on = {{ poll = \"1m\" }}\n{other}");
    for (lines, name, value, reads) in [
        (&clock, "clock", "{", false),
        (&clock, "clock", "", false),
        (&clock, "clock", r#"{"at":"+999999-01-01T00:00:00Z","schedule":""}"#, false),
        (&clock, "clock", FAR, true),
        (&poll, "poll/dry-run", r#"{"value":null,"keys":[],"doubts":-1}"#, false),
        (&poll, "poll/dry-run", r#"{"value":null,"keys":[],"doubts":99999999999}"#, false),
    ] {
        let lab = Lab::new("fn poll() { [] }\nfn run(event) { }", lines, fine());
        drop(lab.start(0));
        let raw = rusqlite::Connection::open(&lab.config.daemon.store).unwrap();
        let (sql, params) = if reads {
            (
                "UPDATE cursor SET value = json_set(value, '$.at', ?2) WHERE automation = 'it' AND name = ?1",
                [name, value],
            )
        } else {
            ("INSERT OR REPLACE INTO cursor VALUES ('it', ?1, ?2)", [name, value])
        };
        assert_eq!(raw.execute(sql, params).unwrap(), 1);
        drop(raw);
        let (mut daemon, _) = lab.start(10);
        let held = daemon.store.history().holds(daemon.env.now()).unwrap();
        if reads {
            assert!(held.is_empty(), "{held:?}");
        } else {
            assert!(held.len() == 1 && held[0].held.to_string().contains("it"), "{value}: {held:?}");
            let reason = &held[0].reason;
            assert!(reason.contains(&format!("name = '{name}'")) && reason.contains("resume it"), "{reason}");
        }
        let mut work = daemon.tick(60);
        work.retain(|one| !matches!(one, Work::Poll { .. }) || reads);
        assert!(
            work.iter()
                .any(|one| matches!(one, Work::Run { event, .. } if event.automation.as_str() == "other"))
        );
        assert!(reads || work.len() == 1, "{name} {value}");
        daemon.work_off(work);
    }
}

#[test]
fn what_comes_while_open_writes_are_settled_waits_also_for_the_daemon_after() {
    let script = "fn run(event) { sessions::set_description(\"s\", \"x\"); }";
    let lines =
        "on = { webhook = \"h\", scheme = \"none\" }\nmode = \"live\"\nallow = [\"sessions.description\"]";
    let lab = Lab::new(script, lines, fine());
    let (mut daemon, _) = lab.start(0);
    let (_, work) = daemon.accept(1, &json!({}));
    daemon.work_off(work);
    drop(daemon);
    // As if the power had gone before the answer.
    let store = rusqlite::Connection::open(&lab.config.daemon.store).unwrap();
    store.execute("UPDATE effect SET state = 'claimed', settled = NULL", []).unwrap();
    drop(store);

    let (mut daemon, work) = lab.start(10);
    assert!(matches!(work[..], [Work::Settle { .. }]));
    assert!(daemon.accept(11, &json!({})).1.is_empty());
    assert_eq!(daemon.last().0, "accepted");
    drop((daemon, work));

    let (mut daemon, work) = lab.start(20);
    assert!(matches!(work[..], [Work::Settle { .. }]));
    daemon.work_off(work);
    assert_eq!(
        daemon.rows().iter().map(|(outcome, _)| outcome.as_str()).collect::<Vec<_>>(),
        ["done", "done"]
    );
}
