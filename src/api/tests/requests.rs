//! What is sent: addresses on all generations, bodies, headers, and what is refused before anything leaves.

use http::Method;
use serde_json::{Value, json};

use super::world::*;
use crate::{
    api::{Call, Endpoint, ErrorKind, Generation, Repeat},
    domain::{AppName, ConfigName, RoomName, ServerUrl},
    environment::Priority,
};

/// Every endpoint as it is on 0.0.1, 0.1.0, 0.7.0 and 0.10.1; `=` is "as the one before", `-` is "not there".
const GOLDEN: &str = "
sessions.list         | GET sessions/ | = | = | =
sessions.create       | POST sessions/ | = | = | =
sessions.get          | GET session/S/ | GET sessions/S/ | = | =
sessions.active       | PATCH session/S/active/ | PATCH sessions/S/active/ | = | =
sessions.testing      | PATCH session/S/testing/ | PATCH sessions/S/testing/ | = | =
sessions.description  | PATCH session/S/description/ | PATCH sessions/S/description/ | = | =
sessions.settings     | PATCH session/S/settings/ | PATCH sessions/S/settings/ | = | =
sessions.initialize   | - | POST sessions/S/initialize/ | = | =
sessions.multiview    | - | GET sessions/S/multiview/ | = | =
players.list          | GET session/S/players/ | GET sessions/S/players/ | = | =
players.get           | GET session/S/players/ | GET sessions/S/players/ | = | GET sessions/S/players/A/
players.online        | GET session/S/players/online/ | GET sessions/S/players/online/ | = | GET sessions/S/online-players/
players.fields        | PATCH session/S/players/fields/ | PATCH sessions/S/players/fields/ | = | =
players.advance       | POST session/S/players/advance/ | POST sessions/S/players/advance/ | = | =
players.revert        | POST session/S/players/revert/ | POST sessions/S/players/revert/ | = | =
players.end           | POST session/S/players/end/ | POST sessions/S/players/end/ | = | =
players.reload        | POST session/S/players/reload/ | POST sessions/S/players/reload/ | = | =
players.redirect      | POST session/S/players/redirect/ | POST sessions/S/players/redirect/ | = | =
players.message       | POST session/S/players/message/ | POST sessions/S/players/message/ | = | =
players.dropout       | POST session/S/players/dropout/ | POST sessions/S/players/dropout/ | = | =
players.timeout       | - | POST sessions/S/players/timeout/ | = | =
players.group         | - | POST sessions/S/players/group/ | = | =
players.initialize    | - | POST sessions/S/players/initialize/ | = | =
chat.overview         | - | GET sessions/S/admin-chat/ | = | =
chat.read             | - | GET sessions/S/players/A/admin-chat/ | = | =
chat.send             | - | POST sessions/S/players/A/admin-chat/ | = | =
chat.broadcast        | - | POST sessions/S/players/admin-chat/ | = | =
chat.replies          | - | PATCH sessions/S/players/admin-chat/replies/ | = | =
data.since            | GET session/S/data/ | GET sessions/S/data/ | = | =
data.csv              | GET session/S/data/csv/ | GET sessions/S/data/export/?filetype=csv&filters=false | = | =
data.json             | GET session/S/data/json/ | GET sessions/S/data/jsonl/ | = | =
data.page_times       | GET session/S/page-times/ | GET sessions/S/page-times/ | GET sessions/S/data/export/?filetype=csv&filters=false | =
pipelines.list        | - | GET sessions/S/pipelines/ | = | =
pipelines.run         | - | POST sessions/S/pipelines/P/runs/?filetype=jsonl | = | =
rooms.list            | GET rooms/ | = | = | =
rooms.create          | POST rooms/ | = | = | =
rooms.get             | GET room/R/ | GET rooms/R/ | = | =
rooms.update          | PATCH room/R/ | PATCH rooms/R/ | = | =
rooms.open            | PATCH room/R/open/ | PATCH rooms/R/open/ | = | =
rooms.close           | POST room/R/close/ | POST rooms/R/close/ | = | =
rooms.capacity        | - | PATCH rooms/R/capacity/ | = | =
rooms.delete          | DELETE room/R/ | DELETE rooms/R/ | = | =
rooms.disassociate    | POST room/R/disassociate/ | DELETE rooms/R/sessions/ | = | =
rooms.create_session  | POST room/R/session/ | POST rooms/R/sessions/ | = | =
rooms.online          | GET room/R/online/ | GET rooms/R/online/ | = | =
configs.list          | GET configs/ | = | = | =
configs.summary       | GET configs/C/summary/ | GET configs/C/ | = | =
system.announcements  | GET announcements/ | = | = | =
system.digest         | GET session/S/digest/ | GET sessions/S/digests/ | = | =
system.digest_of      | - | GET sessions/S/digests/P/ | = | =
system.dashboard      | - | GET dashboard/ | = | =
system.auth_sessions  | GET auth/sessions/ | = | = | =
system.status         | GET status/ | = | = | =
system.dump_database  | - | GET database/dump/ | = | =
system.archive_project | - | - | - | GET project/archive/
";

/// A call with every name that its paths have a place for.
fn call_of(endpoint: Endpoint, path: &str) -> Call {
    let mut call = Call::new(endpoint);
    if path.contains("/P/") {
        call = call.app(&AppName::new("P").unwrap());
    }
    if path.contains("/S/") {
        call = call.session(&session());
    }
    if path.contains("/R/") {
        call = call.room(&RoomName::new("R").unwrap());
    }
    if path.contains("/C/") {
        call = call.config(&ConfigName::new("C").unwrap());
    }
    match endpoint.name() {
        "sessions.active" => call = call.body(object(json!({"active": true}))),
        "sessions.testing" => call = call.body(object(json!({"testing": true}))),
        "players.get" | "chat.read" | "chat.send" | "chat.broadcast" | "chat.replies" => {
            call = call.players(&players(&["A"]));
        }
        name if name.starts_with("players.") && endpoint.is_write() => call = call.players(&players(&["A"])),
        _ => {}
    }
    call
}

#[test]
fn every_endpoint_has_its_address_on_every_generation() {
    let mut rows = GOLDEN.trim().lines();
    for endpoint in Endpoint::ALL {
        let mut cells = rows.next().expect("a row an endpoint").split('|').map(str::trim);
        assert_eq!(cells.next(), Some(endpoint.name()));
        assert_eq!(endpoint.name().parse(), Ok(*endpoint));
        let mut wanted = "";
        for status in [CONTRACT, EARLY, TOGGLING, NEWEST] {
            wanted = cells.next().filter(|cell| *cell != "=").unwrap_or(wanted);
            let call = call_of(*endpoint, GOLDEN.lines().find(|l| l.starts_with(endpoint.name())).unwrap());
            let (client, world) = client(vec![ok(status), ok("[]")]);
            let _ = if endpoint.is_write() {
                client.write(&call, &scope())
            } else {
                client.read(&call, Priority::Read, &scope())
            };
            if wanted == "-" {
                assert_eq!(world.lines(), ["GET status/"], "{endpoint} on {status}");
            } else {
                assert_eq!(world.lines().last().unwrap(), wanted, "{endpoint} on {status}");
            }
        }
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn only_absolute_writes_may_be_repeated() {
    let of = |repeat, generation| {
        let found = Endpoint::ALL.iter().filter(|e| e.is_write() && e.repeat(generation) == repeat);
        found.map(|e| e.name()).collect::<Vec<_>>()
    };
    let flags = ["sessions.active", "sessions.testing"];
    let absolute = [
        "sessions.description",
        "sessions.settings",
        "players.fields",
        "players.end",
        "players.reload",
        "chat.replies",
        "rooms.open",
        "rooms.capacity",
    ];
    for generation in Generation::ALL {
        let toggles = generation != Generation::Newest;
        assert_eq!(generation.toggles(), toggles);
        assert_eq!(of(Repeat::Toggle, generation), if toggles { flags.to_vec() } else { vec![] });
        let safe = of(Repeat::Safe, generation);
        assert!(absolute.iter().all(|name| safe.contains(name)));
        assert_eq!(safe.contains(&flags[0]), !toggles);
        assert_eq!(
            of(Repeat::Relative, generation),
            [
                "sessions.create",
                "sessions.initialize",
                "players.advance",
                "players.revert",
                "players.redirect",
                "players.message",
                "players.dropout",
                "players.timeout",
                "players.group",
                "players.initialize",
                "chat.send",
                "chat.broadcast",
                "pipelines.run",
                "rooms.create",
                "rooms.close",
                "rooms.delete",
                "rooms.disassociate",
                "rooms.create_session"
            ]
        );
    }
}

#[test]
fn a_request_carries_the_token_where_no_log_shows_it() {
    let (client, world) = client(vec![ok(NEWEST), ok(r#"{"info":{},"online":{}}"#)]);
    client.write(&advance(), &scope()).unwrap();
    for request in world.requests() {
        assert_eq!(request.headers["authorization"], "Bearer TOKEN");
        assert!(!format!("{request:?}").contains("TOKEN"));
        assert_eq!(request.lane, Some(Priority::Effect));
        assert_eq!(request.timeout.as_secs(), 30);
    }
    let write = world.last();
    assert_eq!(write.method, Method::POST);
    assert_eq!(write.headers["content-type"], "application/json");
    assert_eq!(write.body.unwrap(), r#"{"unames":["A"]}"#);
}

#[test]
fn the_flags_are_sent_only_where_they_are_read() {
    let call = of_session(Endpoint::SessionsActive).body(object(json!({"active": false, "other": 1})));
    for (status, body) in [(CONTRACT, None), (TOGGLING, None), (NEWEST, Some(r#"{"active":false}"#))] {
        let (client, world) = client(vec![ok(status), ok(r#"{"active":false}"#)]);
        client.write(&call, &scope()).unwrap();
        assert_eq!(world.last().body.as_deref(), body.map(str::as_bytes));
        assert_eq!(world.last().headers.contains_key("content-type"), body.is_some());
    }
    let empty = of_session(Endpoint::SessionsActive);
    assert!(write_on(CONTRACT, &empty, ok(r#"{"active":false}"#)).is_ok());
    assert_eq!(write_on(NEWEST, &empty, ok("")).unwrap_err().kind, ErrorKind::BadCall);
}

#[test]
fn query_values_are_encoded_and_keys_may_repeat() {
    let call = of_session(Endpoint::PlayersList).query("fields", "a b&c").query("fields", "é/?#");
    let (client, world) = client(vec![ok(NEWEST), ok("{}")]);
    client.read(&call, Priority::Observation, &scope()).unwrap();
    assert_eq!(world.lines()[1], "GET sessions/S/players/?fields=a+b%26c&fields=%C3%A9%2F%3F%23");
}

#[test]
fn a_grouped_table_is_asked_for_with_its_fields() {
    let call = of_session(Endpoint::DataCsv)
        .query("format", "latest")
        .query("gvar", "round")
        .query("gvar", "")
        .query("filters", "true");
    let (client, world) = client(vec![ok(NEWEST), ok("")]);
    let _ = client.read(&call, Priority::Export, &scope());
    assert_eq!(world.lines()[1], "GET sessions/S/data/export/?filetype=csv&filters=true&gvar=round");
    assert_eq!(world.last().timeout.as_secs(), 600);
    assert_eq!(world.last().max_answer, 512 * 1024 * 1024);
}

#[test]
fn wrong_calls_are_refused_before_anything_leaves() {
    use Endpoint::*;
    let two = players(&["A", "A"]);
    let one = players(&["A"]);
    let body = |value: Value| object(value);
    let bad = [
        (Call::new(SessionsGet), "name of a session"),
        (Call::new(RoomsGet), "name of a room"),
        (of_session(SessionsList), "takes no session"),
        (of_session(PlayersList).players(&one), "takes no players"),
        (of_session(PlayersList).query("field", "id"), "no query parameter \"field\""),
        (of_session(PlayersList).query("fields", "_uproot_key"), "secret"),
        (of_session(DataCsv).query("gvar", "_uproot_key"), "secret"),
        (of_session(DataSince).query("since", "nan"), "no number of seconds"),
        (of_session(DataSince).query("since", "1").query("since", "2"), "given twice"),
        (of_session(DataJson).query("format", "long"), "ultralong, sparse, latest"),
        (of_session(DataJson).query("filters", "yes"), "neither true nor false"),
        (of_session(SessionsGet).body(body(json!({}))), "takes no body"),
        (of_session(PlayersAdvance), "at least one player"),
        (of_session(PlayersAdvance).players(&two), "named twice"),
        (of_session(PlayersEnd).players(&one).body(body(json!({"unames": ["B"]}))), "beside the body"),
        (
            of_session(PlayersFields).players(&one).body(body(json!({"fields": {"_uproot_key": 1}}))),
            "cannot be set",
        ),
        (Call::new(SessionsCreate).body(body(json!({"sname": "a b"}))), "session name"),
        (Call::new(SessionsCreate).body(body(json!({"unames": ["é"], "n_players": 1}))), "player name"),
        (Call::new(SessionsCreate).body(body(json!({"unames": ["a", "a"]}))), "named twice"),
        (Call::new(SessionsCreate).players(&one).body(body(json!({"n_players": 2}))), "1 player is named"),
        (Call::new(RoomsCreate).body(body(json!({"name": "a/b"}))), "room name"),
    ];
    for (call, why) in bad {
        let (client, world) = client(vec![]);
        let error = if call.endpoint().is_write() {
            client.write(&call, &scope()).unwrap_err()
        } else {
            client.read(&call, Priority::Read, &scope()).unwrap_err()
        };
        assert_eq!(error.kind, ErrorKind::BadCall, "{call:?}: {error}");
        assert!(error.message.contains(why), "{call:?}: {error}");
        assert!(!error.sent && !error.may_have_acted());
        assert!(world.lines().is_empty());
    }
    let (client, _) = client(vec![]);
    assert_eq!(client.write(&of_session(SessionsGet), &scope()).unwrap_err().kind, ErrorKind::BadCall);
    assert_eq!(client.read(&advance(), Priority::Read, &scope()).unwrap_err().kind, ErrorKind::BadCall);
}

#[test]
fn a_call_survives_the_store() {
    let call = advance().body(object(json!({"x": [1, null]}))).query("k", "v");
    let text = serde_json::to_string(&call).unwrap();
    assert_eq!(
        text,
        r#"{"endpoint":"players.advance","session":"S","players":["A"],"query":[["k","v"]],"body":{"x":[1,null]}}"#
    );
    assert_eq!(serde_json::from_str::<Call>(&text).unwrap(), call);
    assert!(serde_json::from_str::<Call>(r#"{"endpoint":"players.fly"}"#).is_err());
    assert!(serde_json::from_str::<Call>(r#"{"endpoint":"players.end","session":"../x"}"#).is_err());
}

#[test]
fn addresses_come_in_one_form() {
    for (text, wanted) in [
        ("http://host:8000", "http://host:8000/"),
        (" https://example.com/mysub/// ", "https://example.com/mysub/"),
        ("HTTP://Host", "http://host/"),
        ("http://[::1]:8000/a%20b", "http://[::1]:8000/a%20b/"),
    ] {
        assert_eq!(ServerUrl::parse(text).unwrap().to_string(), wanted);
    }
    for (text, why) in [
        ("", "http://"),
        ("localhost:8000", "http://"),
        ("127.0.0.1:8000", "http://"),
        ("ftp://host/", "http://"),
        ("http://", "no address"),
        ("http://user:pw@host/", "token"),
        ("http://host/?a=b", "'?'"),
        ("http://host/#a", "'?'"),
        ("http://host/admin/", "without admin/"),
        ("http://host/sub/admin/api/v1/", "without admin/"),
    ] {
        let error = ServerUrl::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
        assert!(!error.contains("pw"));
    }
}

#[test]
fn what_a_person_types_goes_out_as_it_is() {
    for (typed, wanted) in [
        ("sessions", "GET sessions/"),
        ("/session/S/players/", "GET session/S/players/"),
        ("sessions/S/data/?since=1.5&x=a%20b", "GET sessions/S/data/?since=1.5&x=a%20b"),
        ("sessions/S/data?since=0", "GET sessions/S/data/?since=0"),
    ] {
        let (client, world) = client(vec![answer(418, "tea")]);
        let response = client.raw(Method::GET, typed, None, &scope()).unwrap();
        assert_eq!((response.status, &response.body[..]), (418, &b"tea"[..]));
        assert_eq!(world.lines(), [wanted]);
    }
    for bad in ["", "/", "?a=b", "../../x", "a/../../../..", "%2e%2e/%2e%2e/x"] {
        let (client, _) = client(vec![]);
        assert_eq!(
            client.raw(Method::GET, bad, None, &scope()).unwrap_err().kind,
            ErrorKind::BadCall,
            "{bad}"
        );
    }
}
