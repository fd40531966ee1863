//! Sessions that start in a room, and who waits there.

use serde_json::{Value, json};

use super::rooms::{described, listed};
use crate::conformance::expect::{Expect, broken, created, faulty, invalid, ok, refused, too_small};
use crate::conformance::forms::{Each, since_0_1, since_0_8};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, patch, post};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = started();
    probes.extend(refusals());
    probes
}

fn start(body: &Value) -> Each<Request> {
    since_0_1(post("{room}/session/", body), post("{room}/sessions/", body))
}

/// The answer to the start of a session in a room: since 0.1 all there is to say about the session.
fn is_started(n_players: usize, settings: &Value, players: Value) -> Each<Expect> {
    since_0_1(
        created(json!({"sname": "{S}", "roomname": "{R}", "created": true})),
        created(json!({
            "sname": "{S}", "config": "survey", "active": true, "testing": false, "initialized": false,
            "simulate": false, "description": null, "room": "{R}", "settings": settings, "secret": "<text>",
            "n_players": n_players, "n_groups": 0, "n_models": 0, "players": players, "groups": [], "models": [],
            "apps": ["survey"],
            "urls": {"session": "<text>", "player_template": "/p/{S}/{uname}/"},
            "roomname": "{R}", "created": true,
        })),
    )
}

fn started() -> Vec<Probe> {
    let full = json!({
        "config": "survey", "n_players": 3, "sname": "{S}", "unames": ["x", "y", "z"],
        "assignees": ["seat1", "seat2"], "settings": {"stake": 3}, "no_grow": true,
    });
    let plain = json!({"config": "survey", "n_players": 2, "sname": "{S}"});
    let begun = |settings: &Value, n: usize| {
        let mut later = settings.clone();
        later["n_players"] = json!(n);
        since_0_1(ok(listed(settings)), ok(described(&later)))
    };
    vec![
        probe("a session with everything starts in a room")
            .room(json!({}))
            .ask(start(&full))
            .is(is_started(3, &json!({"stake": 3}), json!(["x", "y", "z"])))
            .get("{room}/")
            .is(begun(&json!({"sname": "{S}", "open": true, "capacity": 3}), 3))
            .get("{session}/players/?fields=label")
            .is(ok(json!({"x": {"label": "seat1"}, "y": {"label": "seat2"}, "z": {"label": ""}}))),
        probe("a session with little starts in a room")
            .room(json!({"capacity": 5}))
            .ask(start(&plain))
            .is(is_started(2, &json!({}), json!(["<text>", "<text>"])))
            .get("{room}/")
            .is(begun(&json!({"sname": "{S}", "open": true, "capacity": 5}), 2)),
        probe("nobody waits").room(json!({})).get("{room}/online/").is(ok(json!({"info": {}, "online": {}}))),
        probe("somebody waits, and is given a player")
            .room(json!({"labels": ["seat1", "seat2"]}))
            .waits("seat2")
            .get("{room}/online/")
            .is(ok(json!({"info": {}, "online": {"seat2": "<time>"}})))
            .ask(start(&json!({"config": "survey", "n_players": 2, "sname": "{S}", "unames": ["x", "y"]})))
            .is(is_started(2, &json!({}), json!(["x", "y"])))
            .returns("seat2")
            .get("{session}/players/?fields=label&fields=show_page")
            .is(ok(json!({"x": {"label": "seat2", "show_page": 1}, "y": {"label": "", "show_page": -1}})))
            .get("{room}/online/")
            .is(ok(json!({"info": {}, "online": {}}))),
        probe("somebody is given the player with the label")
            .room(json!({"labels": ["seat1", "seat2"]}))
            .waits("seat1")
            .ask(start(&full))
            .is(is_started(3, &json!({"stake": 3}), json!(["x", "y", "z"])))
            .returns("seat1")
            .get("{session}/players/?fields=label&fields=started")
            .is(ok(json!({
                "x": {"label": "seat1", "started": true},
                "y": {"label": "seat2", "started": false},
                "z": {"label": "", "started": false},
            }))),
    ]
}

fn refusals() -> Vec<Probe> {
    let bad =
        |name, body: Value, expect: Each<Expect>| probe(name).room(json!({})).ask(start(&body)).is(expect);
    let with = |more: &Value| {
        let mut body = json!({"config": "survey", "n_players": 2});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    };
    let started = || created(json!({"roomname": "{R}", "created": true, "...": "<any>"}));
    let short = json!({"n_players": 2});
    vec![
        bad(
            "a room starts an unknown configuration",
            with(&json!({"config": "nosuch"})),
            refused(400, "Invalid configuration").into(),
        ),
        bad(
            "a room starts no configuration",
            short.clone(),
            since_0_8(
                faulty("missing", "config", short),
                refused(400, "No config given and room has no default config"),
            ),
        ),
        probe("a room starts its own configuration")
            .room(json!({"config": "survey"}))
            .ask(start(&json!({"n_players": 1, "sname": "{S}"})))
            .is(since_0_8(faulty("missing", "config", json!({"n_players": 1, "sname": "{S}"})), started())),
        bad(
            "a room starts with less than nobody",
            with(&json!({"n_players": -1})),
            since_0_1(invalid([too_small("n_players", 1, -1)]), invalid([too_small("n_players", 0, -1)])),
        ),
        bad(
            "a room starts a bad name",
            with(&json!({"sname": "a b"})),
            since_0_8(
                broken(),
                refused(400, "Constraint violation: ('session', 'a b') is an invalid namespace"),
            ),
        ),
        bad(
            "more labels than players",
            with(&json!({"assignees": ["a", "b", "c"]})),
            since_0_1(started(), refused(400, "Number of assignees cannot exceed n_players")),
        ),
        bad(
            "a label for two players",
            with(&json!({"assignees": ["a", "a"]})),
            since_0_8(started(), refused(400, "Duplicate assignees")),
        ),
        bad(
            "a name for two players",
            with(&json!({"unames": ["a", "a"]})),
            since_0_8(broken(), refused(400, "Duplicate player names")),
        ),
        bad(
            "a room starts with fewer names than players",
            with(&json!({"unames": ["a"]})),
            since_0_1(started(), refused(400, "Number of player names must match n_players")),
        ),
        probe("a room starts a name that is taken")
            .session("survey", &["A"])
            .room(json!({}))
            .ask(start(&with(&json!({"sname": "{S}"}))))
            .is(since_0_8(broken(), refused(400, "Constraint violation: Session name already exists"))),
        probe("a room starts a second session")
            .session("survey", &["A"])
            .room(json!({"sname": "{S}"}))
            .ask(start(&with(&json!({}))))
            .is(refused(400, "Room already has an active session")),
        probe("a room gets a session that there is")
            .session("survey", &["A"])
            .room(json!({"config": "survey"}))
            .ask(patch("{room}/", &json!({"sname": "{S}"})))
            .is(since_0_1(
                ok(json!({"name": "{R}", "updated": true})),
                ok(json!({"sname": "{S}", "open": true, "n_players": 1, "updated": true, "...": "<any>"})),
            )),
    ]
}
