//! Reads: when they are repeated and after what wait, and how a server that changed is noticed.

use serde_json::json;

use super::world::*;
use crate::{
    api::{Answer, Call, Endpoint, ErrorKind, Generation},
    environment::{Priority, Stopped, TransportReason},
};

const ONLINE: &str = r#"{"info":{},"online":{}}"#;

#[test]
fn a_read_is_tried_five_times_with_growing_waits() {
    let broken = || failed(true, TransportReason::Broken);
    let (client, world) = client(vec![
        ok(NEWEST),
        broken(),
        failed(false, TransportReason::Connect),
        answer(503, ""),
        answer(500, "Internal Server Error"),
        ok("{}"),
    ]);
    client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope()).unwrap();
    assert_eq!(world.waits(), [1, 2, 4, 8]);

    let (client, world) =
        super::world::client((0..6).map(|_| failed(false, TransportReason::Connect)).collect());
    let error = client.version(&scope()).unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Unreachable, false));
    assert!(error.message.contains("http://127.0.0.1:8000"), "{error}");
    assert!(error.message.contains("nothing was sent"), "{error}");
    assert_eq!(world.lines().len(), 5);
}

#[test]
fn what_will_not_get_better_is_not_repeated() {
    let too_large = failed(true, TransportReason::TooLarge);
    for (outcome, kind) in [
        (answer(400, r#"{"detail":"no"}"#), ErrorKind::Refused),
        (answer(401, r#"{"detail":"Unauthorized"}"#), ErrorKind::Unauthorized),
        (answer(422, r#"{"detail":[]}"#), ErrorKind::Invalid),
        (answer(501, ""), ErrorKind::ServerError),
        (answer(301, ""), ErrorKind::BadAnswer),
        (ok("no json"), ErrorKind::BadAnswer),
        (too_large, ErrorKind::BadAnswer),
        (failed(true, TransportReason::Stopped(Stopped::Deadline)), ErrorKind::Stopped(Stopped::Deadline)),
    ] {
        let error = read_on(NEWEST, &Call::new(Endpoint::SessionsList), outcome).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[test]
fn a_wait_that_would_outlast_the_scope_is_not_begun() {
    let (client, world) = client(vec![ok(NEWEST), answer(502, ""), answer(502, ""), answer(502, "")]);
    let error = client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope_of(5)).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::ServerError, Some(502)));
    assert_eq!(world.waits(), [1, 2]);
}

#[test]
fn the_server_may_ask_for_a_longer_wait() {
    let busy = with_header(answer(429, ""), "retry-after", "90");
    let (client, world) = client(vec![ok(NEWEST), busy, ok("{}")]);
    client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope()).unwrap();
    assert_eq!(world.waits(), [90]);
    let absurd = with_header(answer(429, ""), "retry-after", "18446744073709551615");
    let error = read_on(NEWEST, &Call::new(Endpoint::SessionsList), absurd).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooManyRequests);
}

#[test]
fn nothing_is_sent_once_the_work_is_called_off() {
    let (client, world) = client(vec![]);
    let error = client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &cancelled()).unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Stopped(Stopped::Cancelled), false));
    let error = client.write(&advance(), &scope_of(0)).unwrap_err();
    assert_eq!((error.kind, error.may_have_acted()), (ErrorKind::Stopped(Stopped::Deadline), false));
    assert!(world.lines().is_empty());
}

#[test]
fn the_version_is_asked_for_once() {
    let (client, world) = client(vec![ok(TOGGLING), ok("{}"), ok("{}")]);
    assert_eq!(client.generation(&scope()), Ok(Generation::Toggling));
    assert_eq!(client.version(&scope()).unwrap().text(), "0.7.0");
    for _ in 0..2 {
        client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope()).unwrap();
    }
    assert_eq!(world.lines(), ["GET status/", "GET sessions/", "GET sessions/"]);
}

#[test]
fn an_upgraded_server_is_noticed() {
    let gone = || answer(404, r#"{"detail":"Not Found"}"#);
    let detail = r#"{"detail":"Player 'online' not found in session 'S'"}"#;
    for (before, missing, after) in [(CONTRACT, gone(), TOGGLING), (TOGGLING, answer(404, detail), NEWEST)] {
        let (client, world) = client(vec![ok(before), missing, ok(after), ok(ONLINE)]);
        client.read(&of_session(Endpoint::PlayersOnline), Priority::Read, &scope()).unwrap();
        assert_eq!(world.lines().len(), 4);
    }
    // The same version again: the endpoint is not there, and asking a third time would not help.
    let (client, world) = client(vec![ok(NEWEST), gone(), ok(NEWEST)]);
    let error = client.read(&of_session(Endpoint::Digest), Priority::Read, &scope()).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Unsupported, Some(404)));
    assert_eq!(world.lines().len(), 3);
}

#[test]
fn what_a_server_is_too_old_for_is_not_sent() {
    let call = of_session(Endpoint::SessionsMultiview);
    let (client, world) = client(vec![ok(CONTRACT), ok(CONTRACT)]);
    let error = client.read(&call, Priority::Read, &scope()).unwrap_err();
    assert_eq!((error.kind, error.status, error.sent), (ErrorKind::Unsupported, None, false));
    assert_eq!(
        error.to_string(),
        "sessions.multiview: this needs uproot 0.1 or later, and the server is 0.0.1: nothing was sent"
    );
    // By now it may be another one.
    assert!(client.offers(Endpoint::PlayersTimeout, &scope()).is_err());
    assert_eq!(world.lines(), ["GET status/", "GET status/"]);
}

#[test]
fn a_server_that_has_become_new_enough_is_noticed() {
    let (client, world) = client(vec![ok(TOGGLING), ok(NEWEST), ok("abc")]);
    assert_eq!(client.version(&scope()).unwrap().text(), "0.7.0");
    let file = client.read(&Call::new(Endpoint::ArchiveProject), Priority::Export, &scope()).unwrap();
    assert_eq!(file.file().as_deref(), Some(&b"abc"[..]));
    assert_eq!(world.lines(), ["GET status/", "GET status/", "GET project/archive/"]);
    assert_eq!(client.offers(Endpoint::SessionsList, &scope()), Ok(()));
}

#[test]
fn a_status_that_is_read_tells_the_version_too() {
    let (client, world) = client(vec![ok(NEWEST), ok("{}")]);
    let status = client.read(&Call::new(Endpoint::Status), Priority::Read, &scope()).unwrap();
    assert_eq!(
        status,
        Answer::Json(json!({
            "versions": {"uproot": "0.10.1"}, "database": {"size_mb": 0.5}, "version": "0.10.1", "database_size_mb": 0.5
        }))
    );
    client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope()).unwrap();
    assert_eq!(world.lines(), ["GET status/", "GET sessions/"]);
}

#[test]
fn versions_decide_the_generation() {
    for (text, generation) in [
        ("0.0.1", Generation::Contract),
        ("0.0.99", Generation::Contract),
        ("0.1.0", Generation::Toggling),
        ("0.7.3", Generation::Toggling),
        ("0.8.0rc1", Generation::Newest),
        ("0.10", Generation::Newest),
        ("0.10.1.dev4+gabc", Generation::Newest),
        ("0.11.0", Generation::Newest),
        ("0.99.0", Generation::Newest),
    ] {
        let (client, _) = client(vec![ok(json!({"versions": {"uproot": text}}).to_string())]);
        assert_eq!(client.generation(&scope()), Ok(generation), "{text}");
    }
    let (client, _) = client(vec![ok(r#"{"public_demo":true}"#)]);
    assert_eq!(client.generation(&scope()), Ok(Generation::Contract));
}

#[test]
fn servers_that_are_not_known_are_not_spoken_to() {
    for (status, why) in [
        (json!({"version": "1.0.0"}), "0.1.0 to 0.10.x"),
        (json!({"versions": {"uproot": "12.3.4"}}), "newer than this program knows"),
        (json!({"version": "0.0.0"}), "no version known"),
        (json!({"version": "x"}), "no version known"),
        (json!({"version": ""}), "no version known"),
        (json!({"version": "0"}), "no version known"),
        (json!({"version": "0.99999999999.1"}), "no version known"),
        (json!({"version": 1}), "names no uproot version"),
        (json!({}), "names no uproot version"),
    ] {
        let (client, _) = client(vec![ok(status.to_string())]);
        let error = client.write(&advance(), &scope()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::UnknownServer, "{status}");
        assert!(error.message.contains(why), "{status}: {error}");
        assert_eq!((error.endpoint.as_str(), error.may_have_acted()), ("players.advance", false));
    }
    let (client, _) = client(vec![answer(404, "<html>not here</html>")]);
    let error = client.version(&scope()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownServer);
    assert!(error.message.contains("no uproot Admin API at http://127.0.0.1:8000/"), "{error}");
}
