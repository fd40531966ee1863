//! Names of sessions and players: which are taken, which are refused, and what is left behind.

use serde_json::{Value, json};

use crate::conformance::expect::{Expect, broken, created, ok, refused};
use crate::conformance::forms::{Each, each, since_0_1, since_0_8};
use crate::conformance::probe::{Probe, probe};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = sessions();
    probes.extend(players());
    probes
}

fn made() -> Expect {
    created(json!({"sname": "{S}", "created": true}))
}

fn sessions() -> Vec<Probe> {
    let named = |name, sname: &str, refusal: &'static str| {
        probe(name)
            .post("sessions/", json!({"config": "survey", "n_players": 1, "sname": sname}))
            .is(since_0_8(broken(), refused(400, refusal)))
    };
    vec![
        probe("a name is made up")
            .post("sessions/", json!({"config": "survey", "n_players": 1}))
            .is(created(json!({"sname": "<text>", "created": true}))),
        probe("a name with every sign that may be in one")
            .post("sessions/", json!({"config": "survey", "n_players": 1, "sname": "{S}.b_C-d"}))
            .is(created(json!({"sname": "{S}.b_C-d", "created": true}))),
        probe("a name that is taken")
            .session("survey", &["A"])
            .post("sessions/", json!({"config": "survey", "n_players": 1, "sname": "{S}"}))
            .is(refused(400, "Session name already exists")),
        named(
            "a session's name with a space",
            "a b",
            "Constraint violation: ('session', 'a b') is an invalid namespace",
        ),
        named(
            "a session's name with a slash",
            "a/b",
            "Constraint violation: ('session', 'a/b') is an invalid namespace",
        ),
        named(
            "a session's name with an accent",
            "é",
            "Constraint violation: ('session', 'é') is an invalid namespace",
        ),
        named("an empty name", "", "Constraint violation: ('session', '') is an invalid namespace"),
        probe("an unknown configuration")
            .post("sessions/", json!({"config": "nosuch", "n_players": 1}))
            .is(refused(400, "Invalid configuration")),
        probe("the configuration is looked at before the name")
            .session("survey", &["A"])
            .post("sessions/", json!({"config": "nosuch", "n_players": 1, "sname": "{S}"}))
            .is(refused(400, "Invalid configuration")),
    ]
}

fn players() -> Vec<Probe> {
    let create = |name, n_players: u32, unames: Value| {
        let body = json!({"config": "survey", "n_players": n_players, "sname": "{S}", "unames": unames});
        probe(name).post("sessions/", body)
    };
    let bad = |name, unames: Value| {
        create(name, 1, unames).is(broken()).get("{session}/players/").is(ok(json!({})))
    };
    let mismatch = || refused(400, "Number of player names must match n_players");
    vec![
        create("players get the names they are given", 2, json!(["b.2", "A_1"]))
            .is(made())
            .get("{session}/players/?fields=id")
            .is(ok(json!({"b.2": {"id": 0}, "A_1": {"id": 1}}))),
        probe("names of players are made up")
            .post("sessions/", json!({"config": "survey", "n_players": 2, "sname": "{S}"}))
            .is(made())
            .get("{session}/players/?fields=label")
            .is(ok(json!({"...": {"label": ""}}))),
        // The session is there all the same, and empty.
        bad("a player's name with a space", json!(["a b"])),
        bad("a player's name with an accent", json!(["é"])),
        bad("an empty name of a player", json!([""])),
        create("a player's name twice", 2, json!(["a", "a"]))
            .is(since_0_8(broken(), refused(400, "Duplicate player names")))
            .get("{session}/")
            .is(left_empty()),
        create("fewer names than players", 2, json!(["a"]))
            .is(since_0_1(made(), mismatch()))
            .get("{session}/players/?fields=id")
            .is(left_with(json!({"a": {"id": 0}}))),
        create("more names than players", 1, json!(["a", "b"])).is(since_0_1(made(), mismatch())),
        create("no names for one player", 1, json!([])).is(since_0_1(made(), mismatch())),
    ]
}

/// Up to 0.7 a name given twice leaves a session behind; since 0.8 nothing is made.
fn left_empty() -> Each<Expect> {
    let session = ok(json!({"sname": "{S}", "n_players": 0, "...": "<any>"}));
    since_0_8(session, refused(404, "Session not found"))
}

/// Only 0.0.x makes the session.
fn left_with(players: Value) -> Each<Expect> {
    each(ok(players), refused(400, "Invalid session"), refused(404, "Session not found"))
}
