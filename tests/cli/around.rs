//! What is around the participants in a test beside a script: other servers, rooms, the server and the daemon as programs.

use crate::project::{Project, text};

/// Runs the tests in `it.test.rhai` of a project with this script and these writes allowed.
fn tested(script: &str, allow: &str, test: &str) -> (Option<i32>, String) {
    let project = Project::new("http://127.0.0.1:9/", &format!("allow = {allow}"), script);
    project.write("scripts/it.test.rhai", test);
    let output = project.run(&["test"]);
    (output.status.code(), text(&output))
}

#[test]
fn a_test_says_what_other_servers_answer_and_sees_what_was_sent() {
    let (code, said) = tested(
        "fn run(event) {
            let at = \"https://api.example.org/studies/1/\";
            let study = http::get(at);
            http::post(at + \"transition/\", #{ action: \"PAUSE\", was: study.body.status });
            let changed = http::patch(at, #{ places: 3 });
            let elsewhere = http::get(\"https://other.example.org/\");
            log::info(`${study.status} ${changed.status} ${changed.body} ${elsewhere.body.len()}`);
        }",
        "[\"http.post\", \"http.patch\"]",
        "fn test_requests() {
            let r = rehearse(#{ players: 2, answers: #{
                \"https://api.example.org/\": \"not this one\",
                \"https://api.example.org/studies/1/\": #{ status: \"ACTIVE\" },
                \"PATCH https://api.example.org/studies/1/\": #{ status: 409, body: \"no\" },
                \"https://other.example.org\": #{},
            } });
            r.trigger(\"it\");
            r.run(\"1m\");
            let sent = r.requests();
            expect_eq(sent.map(|s| s.method), [\"GET\", \"POST\", \"PATCH\", \"GET\"]);
            expect_eq(sent[1].url, \"https://api.example.org/studies/1/transition/\");
            expect_eq(sent[1].body, #{ action: \"PAUSE\", was: \"ACTIVE\" });
            expect_eq(sent[2].status, 409);
            expect_eq(r.log()[0].text, \"200 409 no 0\");
            r.answer(\"https://api.example.org/studies/1/\", #{ status: \"PAUSED\" });
            r.trigger(\"it\", #{ n: 1 });
            r.run(\"1m\");
            expect_eq(r.requests()[5].body.was, \"PAUSED\");
        }",
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn people_wait_in_a_room_and_take_part_in_its_session() {
    let (code, said) = tested(
        "fn run(event) {
            let waiting = rooms::online(\"lab\").online.len();
            files::append(\"seen/log.txt\", `${waiting}\n`);
            if waiting == 2 { rooms::create_session(\"lab\", \"survey\", 2, #{ sname: \"made\" }); }
        }",
        "[\"rooms.create_session\", \"files.write\"]",
        "fn test_rooms() {
            let r = rehearse(#{ experiment: \"survey\", players: 1, rooms: #{ lab: #{ labels: [\"a\", \"b\"] } } });
            r.wait_in_room(\"lab\", [\"a\"]);
            r.trigger(\"it\");
            r.run(\"1m\");
            r.wait_in_room(\"lab\", [\"b\"]);
            r.trigger(\"it\");
            r.run(\"30m\");
            expect_eq(r.files(), [\"seen/log.txt\"]);
            expect_eq(r.file(\"seen/log.txt\").split(), [\"1\", \"2\"]);
            expect_eq(r.file(\"none\"), ());
            let labels = r.ask(\"sessions/made/players/\").values().map(|p| p.label);
            labels.sort();
            expect_eq(labels, [\"a\", \"b\"]);
            r.ask(\"PATCH\", \"sessions/made/testing/\", #{ testing: true });
            expect(r.ask(\"sessions/made/\").testing, \"a test\");
        }",
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_server_is_away_and_the_daemon_starts_again() {
    let (code, said) = tested(
        "fn run(event) { kv::add(\"runs\", 1); log::info(`${kv::get(\"runs\")} ${sessions::list().len()}`); }",
        "[]",
        "fn test_restarts() {
            let r = rehearse(#{ players: 2 });
            r.run(\"1m\");
            r.stop_server(\"20m\");
            r.trigger(\"it\");
            r.run(\"10m\");
            expect_eq(r.runs().pop().outcome, \"failed\");
            r.run(\"15m\");
            r.restart_daemon();
            r.run(\"2m\");
            r.trigger(\"it\");
            r.run(\"2m\");
            expect_eq(r.log().pop().text, \"2 1\");
            expect(r.journal().contains(\"the daemon crashes\"), \"it crashed\");
        }",
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn what_makes_no_sense_is_told() {
    for (test, why) in [
        ("rehearse(#{ answers: #{ \"api.example.org\": 1 } })", "is no address"),
        ("rehearse(#{ answers: #{ \"https://a.example.org\": #{ status: 7 } } })", "7 is no status"),
        ("rehearse(#{ rooms: #{ lab: #{ opn: true } } })", "opn"),
        ("rehearse(#{ rooms: #{ lab: #{ config: \"none\" } } })", "no configuration \"none\""),
        ("rehearse().wait_in_room(\"none\", [\"a\"])", "no room \"none\""),
        ("rehearse(#{ rooms: #{ lab: #{} } }).wait_in_room(\"lab\", [\"p1\"])", "called \"p1\" already"),
        (
            "rehearse(#{ rooms: #{ lab: #{ labels: [\"a\"] } } }).wait_in_room(\"lab\", [\"b\"])",
            "nobody with the label",
        ),
        ("rehearse().trigger(\"none\")", "no automation \"none\""),
    ] {
        let (code, said) = tested("fn run(event) {}", "[]", &format!("fn test_it() {{ {test}; }}"));
        assert_eq!(code, Some(1), "{test}: {said}");
        assert!(said.contains(why), "{test}: {said}");
    }
}
