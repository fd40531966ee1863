//! Writes: one attempt, and an error that says whether the server can have acted.

use serde_json::json;

use super::world::*;
use crate::{
    api::{Answer, Call, Endpoint, ErrorKind},
    environment::{Stopped, TransportReason},
};

const ONLINE: &str = r#"{"info":{},"online":{}}"#;

#[test]
fn a_write_is_sent_exactly_once() {
    for outcome in [
        answer(503, ""),
        answer(500, "Internal Server Error"),
        answer(429, ""),
        failed(false, TransportReason::Connect),
        failed(true, TransportReason::Timeout),
        answer(404, r#"{"detail":"Not Found"}"#),
    ] {
        let (client, world) = client(vec![ok(NEWEST), outcome]);
        assert!(client.write(&advance(), &scope()).is_err());
        assert_eq!(world.lines().len(), 2);
    }
}

#[test]
fn an_error_says_whether_the_write_may_have_happened() {
    let stopped = Stopped::Cancelled;
    let redirect = with_header(answer(307, ""), "location", "https://example.com/sub/admin/api/v1/sessions/");
    for (outcome, kind, acted) in [
        (failed(false, TransportReason::Connect), ErrorKind::Unreachable, false),
        (failed(false, TransportReason::Timeout), ErrorKind::Unreachable, false),
        (failed(true, TransportReason::Timeout), ErrorKind::LostAnswer, true),
        (failed(true, TransportReason::Broken), ErrorKind::LostAnswer, true),
        (failed(true, TransportReason::TooLarge), ErrorKind::LostAnswer, true),
        (failed(true, TransportReason::Stopped(stopped)), ErrorKind::Stopped(stopped), true),
        (failed(false, TransportReason::Stopped(stopped)), ErrorKind::Stopped(stopped), false),
        (ok("{\"info\":"), ErrorKind::LostAnswer, true),
        (ok("[]"), ErrorKind::LostAnswer, true),
        (ok("{}"), ErrorKind::LostAnswer, true),
        (answer(204, ""), ErrorKind::LostAnswer, true),
        (answer(500, "Internal Server Error"), ErrorKind::ServerError, true),
        (answer(502, "<html>"), ErrorKind::ServerError, true),
        (answer(504, ""), ErrorKind::ServerError, true),
        (redirect, ErrorKind::BadAnswer, false),
        (answer(400, r#"{"detail":"Constraint violation"}"#), ErrorKind::Refused, false),
        (answer(401, r#"{"detail":"Unauthorized"}"#), ErrorKind::Unauthorized, false),
        (answer(403, r#"{"detail":"no"}"#), ErrorKind::Refused, false),
        (answer(404, r#"{"detail":"Session not found"}"#), ErrorKind::NotFound, false),
        (answer(404, r#"{"detail":"Not Found"}"#), ErrorKind::Unsupported, false),
        (answer(405, r#"{"detail":"Method Not Allowed"}"#), ErrorKind::Unsupported, false),
        (answer(413, "<html>"), ErrorKind::Refused, false),
        (answer(422, r#"{"detail":[]}"#), ErrorKind::Invalid, false),
        (answer(429, ""), ErrorKind::TooManyRequests, false),
        (answer(99, ""), ErrorKind::BadAnswer, true),
    ] {
        let shown = format!("{outcome:?}");
        let error = write_on(NEWEST, &advance(), outcome).unwrap_err();
        assert_eq!((error.kind, error.may_have_acted()), (kind, acted), "{shown}: {error}");
        assert!(!error.message.is_empty() && !error.message.contains("TOKEN"), "{shown}: {error}");
    }
}

#[test]
fn who_only_did_not_wait_any_longer_leaves_the_request_on_its_way() {
    for (status, pending) in [(500, false), (502, false), (503, false), (504, true), (522, true), (524, true)]
    {
        let error = write_on(NEWEST, &advance(), answer(status, "")).unwrap_err();
        assert_eq!((error.pending, error.may_have_acted()), (pending, true), "{status}");
    }
}

#[test]
fn a_question_that_got_lost_before_the_write_is_no_lost_write() {
    let (client, _) = client((0..5).map(|_| failed(true, TransportReason::Timeout)).collect());
    let error = client.write(&advance(), &scope()).unwrap_err();
    assert_eq!((error.kind, error.sent, error.may_have_acted()), (ErrorKind::Unreachable, false, false));
}

#[test]
fn messages_say_what_to_do() {
    let say = |status, body: &str| write_on(NEWEST, &advance(), answer(status, body.to_owned())).unwrap_err();
    assert!(say(401, "").message.contains("upd.API_KEYS"));
    assert_eq!(say(404, r#"{"detail":"Session not found"}"#).message, "there is no session S on the server");
    let problems = json!({"detail": [
        {"type": "int_parsing", "loc": ["body", "n_players"], "msg": "Input should be a valid integer", "input": "x"},
        {"type": "string_type", "loc": ["body", "unames", 0], "msg": "Input should be a valid string"},
        {"type": "missing", "loc": ["body"], "msg": "Field required"},
    ]});
    assert_eq!(
        say(422, &problems.to_string()).message,
        "n_players: Input should be a valid integer; unames.0: Input should be a valid string; Field required"
    );
    assert_eq!(say(500, "Internal Server Error").message, "the server failed (500): Internal Server Error");
    let long = say(400, &json!({"detail": "\u{1b}[31mé\n".repeat(500)}).to_string()).message;
    assert!(long.chars().count() < 310 && !long.contains('\u{1b}') && !long.contains('\n'), "{long}");
    let redirect =
        with_header(answer(307, ""), "location", "https://example.com/sub/admin/api/v1/sessions/S/");
    let error = write_on(NEWEST, &advance(), redirect).unwrap_err();
    assert!(error.message.contains("redirects to https://example.com/sub/:"), "{error}");
}

#[test]
fn unknown_sessions_and_rooms_are_not_found_on_every_generation() {
    let room = Call::new(Endpoint::RoomsDelete).room(&"R".parse().unwrap());
    for status in [CONTRACT, TOGGLING] {
        let error = write_on(status, &advance(), answer(400, r#"{"detail":"Invalid session"}"#)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        let error = write_on(status, &room, answer(400, r#"{"detail":"Invalid room"}"#)).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::NotFound, "there is no room R on the server")
        );
    }
    let error = write_on(NEWEST, &room, answer(404, r#"{"detail":"Room not found"}"#)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[test]
fn after_a_sign_of_another_server_the_version_is_asked_again() {
    let active = of_session(Endpoint::SessionsActive).body(object(json!({"active": true})));
    let missing = r#"{"detail":[{"loc":["body"],"msg":"Field required"}]}"#;
    for (before, call, sign) in [
        (TOGGLING, &active, answer(422, missing)),
        (NEWEST, &active, ok(r#"{"active":false}"#)),
        (CONTRACT, &advance(), answer(404, r#"{"detail":"Not Found"}"#)),
    ] {
        let (client, world) = client(vec![ok(before), sign, ok(NEWEST), ok(ONLINE)]);
        client.write(call, &scope()).unwrap_err();
        client.write(&advance(), &scope()).unwrap();
        assert_eq!(world.lines().len(), 4);
    }
}

#[test]
fn a_flag_that_did_not_take_the_value_is_not_reported_as_done() {
    let active = of_session(Endpoint::SessionsActive).body(object(json!({"active": true})));
    let error = write_on(NEWEST, &active, ok(r#"{"active":false}"#)).unwrap_err();
    assert_eq!((error.kind, error.may_have_acted()), (ErrorKind::LostAnswer, true));
    let toggled = write_on(TOGGLING, &active, ok(r#"{"active":false}"#)).unwrap();
    assert_eq!(toggled, Answer::Json(json!({"active": false})));
}
