//! JSON answers in the contract's shape, whatever the server, and answers that nobody should believe.

use serde_json::{Value, json};

use super::world::*;
use crate::api::{Call, Endpoint, ErrorKind};

fn read(status: &'static str, call: &Call, body: &Value) -> Value {
    read_on(status, call, ok(body.to_string())).unwrap().json().unwrap()
}

fn write(status: &'static str, call: &Call, body: &Value) -> Value {
    write_on(status, call, answer(201, body.to_string())).unwrap().json().unwrap()
}

#[test]
fn a_summary_has_both_names_of_the_multiple() {
    let call = Call::new(Endpoint::ConfigsSummary).config(&"C".parse().unwrap());
    for key in ["suggested_multiple", "multiple_of"] {
        let summary = read(NEWEST, &call, &json!({"name": "C", key: 2}));
        assert_eq!((&summary["suggested_multiple"], &summary["multiple_of"]), (&json!(2), &json!(2)));
    }
}

#[test]
fn a_session_made_in_a_room_has_the_contracts_three_fields() {
    let call = Call::new(Endpoint::RoomsCreateSession).room(&"R".parse().unwrap());
    let wanted = json!({"sname": "s", "roomname": "R", "created": true});
    assert_eq!(write(CONTRACT, &call, &wanted), wanted);
    assert_eq!(write(NEWEST, &call, &json!({"sname": "s"})), wanted);
}

#[test]
fn failed_announcements_are_told_in_the_contracts_words() {
    let call = Call::new(Endpoint::Announcements);
    let wanted = json!({"error": "Failed to fetch announcements"});
    assert_eq!(read(CONTRACT, &call, &wanted), wanted);
    assert_eq!(read(NEWEST, &call, &json!({"error": true})), wanted);
    assert_eq!(read(NEWEST, &call, &json!([{"title": "x"}])), json!([{"title": "x"}]));
}

#[test]
fn digests_and_dropouts_keep_what_is_more() {
    let digest = json!({"apps": ["a"], "digests": {"a": 1}});
    assert_eq!(read(NEWEST, &of_session(Endpoint::Digest), &digest), digest);
    let call = of_session(Endpoint::PlayersDropout).players(&players(&["A"]));
    let marked = json!({"marked_dropout": ["A"], "info": {}, "online": {}});
    assert_eq!(write(NEWEST, &call, &marked), marked);
}

#[test]
fn the_key_of_a_player_never_comes_out() {
    let list = read(NEWEST, &of_session(Endpoint::PlayersList), &json!({"A": {"id": 0, "_uproot_key": "K"}}));
    assert_eq!(list, json!({"A": {"id": 0}}));
    let change = json!([[1.5, false, "str", "K", "x"]]);
    let data = json!({"data": {"A": {"_uproot_key": change, "n": change}, "B": {"_uproot_key": change}}, "last_update": 1.5});
    assert_eq!(
        read(CONTRACT, &of_session(Endpoint::DataSince), &data),
        json!({"data": {"A": {"n": change}}, "last_update": 1.5})
    );
}

#[test]
fn nor_out_of_what_the_code_of_an_experiment_makes() {
    let leaky = json!({"a": [{"_uproot_key": "K", "n": 1}], "_uproot_key": "K"});
    let digest = json!({"apps": ["a"], "digests": {"a": leaky}});
    let clean = json!({"a": [{"n": 1}]});
    let read = |call: Call, body: &Value| read(NEWEST, &call, body);
    assert_eq!(read(of_session(Endpoint::Digest), &digest)["digests"]["a"], clean);
    let app = "P".parse().unwrap();
    let one = of_session(Endpoint::DigestOf).app(&app);
    assert_eq!(read(one, &json!({"app": "P", "digest": leaky}))["digest"], clean);
    let run = of_session(Endpoint::PipelinesRun).app(&app);
    let gives = |kind: &'static str, body: String| {
        let mut response = ok(body).unwrap();
        response.headers.insert("content-type", kind.parse().unwrap());
        write_on(NEWEST, &run, Ok(response)).unwrap().json().unwrap()
    };
    let lines = format!("{leaky}\n{{\"n\":2}}\n");
    assert_eq!(gives("application/jsonl", lines), json!({"rows": [clean, {"n": 2}]}));
    assert_eq!(gives("text/plain; charset=utf-8", leaky.to_string()), json!({"result": clean}));
    for said in ["007", "5", "null", "words", ""] {
        assert_eq!(gives("text/plain; charset=utf-8", said.to_owned()), json!({"result": said}));
    }
}

#[test]
fn a_chat_with_nobody_is_no_chat() {
    let call = of_session(Endpoint::ChatRead).players(&players(&["ZZ"]));
    let thread = json!({"player": {"id": null}, "chat": {}, "messages": []});
    let error = read_on(TOGGLING, &call, ok(thread.to_string())).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, "the session has no player ZZ"));
}

#[test]
fn one_player_is_looked_up_in_the_list_where_there_is_no_other_way() {
    let call = |player: &str| of_session(Endpoint::PlayersGet).players(&players(&[player]));
    let one = json!({"id": 0, "_uproot_key": "K"});
    for (status, answer) in [(CONTRACT, json!({"A": one})), (TOGGLING, json!({"A": one})), (NEWEST, one)] {
        assert_eq!(read(status, &call("A"), &answer), json!({"id": 0}));
    }
    let error = read_on(TOGGLING, &call("ZZ"), ok(r#"{"A":{"id":0}}"#)).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, "the session has no player ZZ"));
    let detail = r#"{"detail":"Player 'ZZ' not found in session 'S'"}"#;
    let error = read_on(NEWEST, &call("ZZ"), answer(404, detail)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[test]
fn hostile_answers_are_errors_and_no_panics() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [&[u8]; 12] = [
        b"",
        b"null",
        b"[]",
        b"7",
        b"\"text\"",
        b"{",
        b"{\"data\": [], \"last_update\": null}",
        b"{\"data\": {\"A\": 5}, \"last_update\": null}",
        b"{\"data\": {}}",
        b"\xff\xfe\x00",
        b"<html></html>",
        deep.as_bytes(),
    ];
    for body in bodies {
        let error = read_on(NEWEST, &of_session(Endpoint::DataSince), ok(body.to_vec())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadAnswer, "{error}");
        assert!(error.message.len() < 400, "{error}");
    }
    for endpoint in Endpoint::ALL.iter().filter(|e| !e.is_write() && **e != Endpoint::Announcements) {
        for body in bodies.into_iter().filter(|body| !body.is_empty()) {
            let mut call = Call::new(*endpoint);
            for make in [
                |c: Call| c.session(&session()),
                |c: Call| c.room(&"R".parse().unwrap()),
                |c: Call| c.config(&"C".parse().unwrap()),
            ] {
                // Whichever name it takes; the others are refused before anything is sent.
                let named = make(call.clone());
                let tried = read_on(NEWEST, &named, ok(body.to_vec()));
                if !matches!(&tried, Err(error) if error.kind == ErrorKind::BadCall) {
                    call = named;
                }
            }
            let _ = read_on(NEWEST, &call, ok(body.to_vec()));
            let _ = read_on(CONTRACT, &call, ok(body.to_vec()));
        }
    }
    let error = read_on(NEWEST, &of_session(Endpoint::SessionsGet), answer(400, deep)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
}

#[test]
fn changes_without_the_last_update_are_not_believed() {
    let online = read_on(NEWEST, &of_session(Endpoint::PlayersOnline), ok(r#"{"info":{},"online":[]}"#));
    let error = online.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadAnswer);
    assert!(error.message.contains("\"online\" is not an object"), "{error}");
}
