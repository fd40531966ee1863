//! Recipes of the cookbook on real servers: from a room in which people wait to the files and marks after the last of them.

use std::time::Duration;

use serde_json::json;

use crate::{
    daemon::Lab,
    support::{PATIENCE, Participant, Server, Version, on_every_version, wait_until},
};

on_every_version!(who_waits_gets_a_session_and_the_files_are_written_after_it);

/// Rooms are looked at every 15 s, and it takes a while until all have finished.
const LOOKS: Duration = Duration::from_secs(120);

fn who_waits_gets_a_session_and_the_files_are_written_after_it(version: Version) {
    let server = Server::start(version, &crate::support::Experiment::standard());
    server.create_room("lab", "pair", Some(&["a", "b", "c"]));
    let automations = r#"
[[automation]]
name = "open-when-full"
on = { room = "waiting", rooms = ["lab"], count = 2, for = "5s" }
script = "open_when_full.rhai"
allow = ["rooms.create_session"]

[[automation]]
name = "empty-seats"
on = []
script = "empty_seats.rhai"
params = { room = "lab" }
allow = ["notify.send"]

[[automation]]
name = "bonus-file"
on = { session = "all_finished", for = "5s" }
script = "bonus_file.rhai"
allow = ["files.write"]

[[automation]]
name = "attention-checks"
on = { session = "all_finished", for = "5s" }
script = "attention_checks.rhai"
params = { checks = { give = 3 }, least = 1 }
allow = ["players.fields"]

[[automation]]
name = "export-nightly"
on = []
script = "export_nightly.rhai"
params = { rest = "1s" }
allow = ["files.write"]

[[automation]]
name = "close-tests"
on = []
script = "close_tests.rhai"
params = { after = "1s" }
allow = ["sessions.active", "rooms.disassociate", "rooms.update"]
"#;
    let scripts = [
        ("open_when_full.rhai", include_str!("../../scripts/open_when_full.rhai")),
        ("empty_seats.rhai", include_str!("../../scripts/empty_seats.rhai")),
        ("bonus_file.rhai", include_str!("../../scripts/bonus_file.rhai")),
        ("attention_checks.rhai", include_str!("../../scripts/attention_checks.rhai")),
        ("export_nightly.rhai", include_str!("../../scripts/export_nightly.rhai")),
        ("close_tests.rhai", include_str!("../../scripts/close_tests.rhai")),
    ];
    let mut lab = Lab::new(&server, automations, &scripts);
    lab.start();
    let outcome = |automation: &str| {
        let runs = lab.runs();
        let run = runs.iter().find(|run| run["automation"] == automation);
        run.map(|run| (run["outcome"].clone(), run["reason"].clone())).unwrap_or_default()
    };
    let ended = |automation: &str, wanted: &str| {
        wait_until(&format!("{automation} is {wanted}"), LOOKS, || outcome(automation).0 == wanted);
    };

    let two = ["a", "b"].map(|label| Participant::in_room(&server, "lab", label));
    for one in &two {
        assert_eq!(one.open().path, "Lobby");
    }
    for one in &two {
        wait_until("they meet", LOOKS, || one.page().path == "pair/Decide");
    }
    ended("open-when-full", "done");
    let session = two[0].player().0;
    assert_eq!(server.players(&session).len(), 2);
    lab.trigger(&["empty-seats"]);
    ended("empty-seats", "done");

    for (one, give) in two.iter().zip(["3", "4"]) {
        one.submit(&[("give", give)]);
    }
    for one in &two {
        one.wait_for_page("pair/Result");
        one.submit(&[]);
        assert!(one.is_at_end());
    }
    ended("bonus-file", "done");
    let bonus = lab.file(&format!("bonus/{session}-2.csv")).unwrap();
    let mut bonus: Vec<&str> = bonus.lines().collect();
    bonus[1..].sort_unstable();
    assert_eq!(bonus, ["id,payoff", "a,7.0", "b,7.0"]);
    ended("attention-checks", "done");
    assert_eq!(server.field(&session, &two[1].player().1, "attention_failed"), true);
    assert_eq!(server.field(&session, &two[0].player().1, "attention_failed"), json!(null));

    for one in &two {
        one.close();
    }
    let online = || server.online(&session).len();
    wait_until("both are gone", PATIENCE, || online() == 0);
    lab.trigger(&["export-nightly"]);
    ended("export-nightly", "done");
    let files = lab.files(&format!("data/{session}"));
    assert_eq!(files.len(), 2, "{files:?}");
    let text = |name: &str| lab.file(&format!("data/{session}/{name}")).unwrap();
    assert!(text(&files[0]).contains("give"), "{}", text(&files[0]));
    assert!(text(&files[1]).contains("pair/Decide"), "{}", text(&files[1]));

    let path = format!("sessions/{session}/testing/");
    server.ask("PATCH", &path, Some(json!({"testing": true})));
    lab.trigger(&["close-tests"]);
    ended("close-tests", "done");
    assert_eq!(server.get(&format!("sessions/{session}/"))["active"], false);
    let room = server.get("rooms/lab/");
    assert_eq!((&room["sname"], &room["open"]), (&json!(null), &json!(false)));
    assert_eq!((&room["config"], &room["labels"]), (&json!("pair"), &json!(["a", "b", "c"])));
    lab.stop();
}
