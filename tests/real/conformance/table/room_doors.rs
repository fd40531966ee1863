//! Rooms that are opened, closed, and made larger. What 0.0.x answers is told nowhere, only that it does it.

use serde_json::{Value, json};

use super::no_room;
use crate::conformance::expect::{
    Expect, created, faulty, invalid, missing_body, no_such_path, ok, refused, too_small,
};
use crate::conformance::forms::{Each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{post, request};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = opened();
    probes.extend(closed());
    probes.extend(capacities());
    probes
}

/// A room for the survey, as it is with this besides.
fn room(besides: &Value) -> Each<Expect> {
    let mut room = json!({
        "name": "{R}", "config": "survey", "labels": null, "capacity": null, "open": false, "sname": null,
        "urls": {"room": "/room/{R}/", "label_template": "/room/{R}/?label={label}"},
    });
    for (key, value) in besides.as_object().into_iter().flatten() {
        room[key] = value.clone();
    }
    since_0_1(ok(json!("<object>")), ok(room))
}

fn of_survey(name: &'static str) -> Probe {
    probe(name).room(json!({"config": "survey"}))
}

fn with_session(name: &'static str) -> Probe {
    let body = json!({"config": "survey", "n_players": 2, "sname": "{S}"});
    let start = since_0_1(post("{room}/session/", &body), post("{room}/sessions/", &body));
    of_survey(name).ask(start).is(created(json!({"sname": "{S}", "...": "<any>"})))
}

fn opened() -> Vec<Probe> {
    let path = "{room}/open/";
    vec![
        of_survey("a room is opened, and shut")
            .patch(path, json!({"open": true}))
            .is(room(&json!({"open": true})))
            .patch(path, json!({"open": true}))
            .is(room(&json!({"open": true})))
            .patch(path, json!({"open": false}))
            .is(room(&json!({})))
            .get("{room}/")
            .is(ok(json!({"open": false, "config": "survey", "...": "<any>"}))),
        with_session("a room is shut, and its session stays")
            .patch(path, json!({"open": false}))
            .is(room(&json!({"sname": "{S}", "n_players": 2}))),
        probe("a room with nothing in it is not opened")
            .room(json!({}))
            .patch(path, json!({"open": true}))
            .is(refused(400, "Cannot open a room that has no associated session or config")),
        probe("a room with nothing in it can be shut")
            .room(json!({}))
            .patch(path, json!({"open": false}))
            .is(room(&json!({"config": null}))),
        of_survey("a room is opened, or what").patch(path, json!({})).is(faulty(
            "missing",
            "open",
            json!({}),
        )),
        probe("no room is opened").patch("{rooms}/nope/open/", json!({"open": true})).is(no_room()),
    ]
}

fn closed() -> Vec<Probe> {
    let path = "{room}/close/";
    let closed = |parts: bool| room(&json!({"closed": true, "disassociated": parts}));
    let refusal =
        "Cannot close room while a session is associated; pass disassociate=true to disassociate first";
    vec![
        of_survey("a room is closed, twice")
            .patch("{room}/open/", json!({"open": true}))
            .is(room(&json!({"open": true})))
            .post(path, json!({}))
            .is(closed(false))
            .post(path, json!({"disassociate": true}))
            .is(closed(true))
            .get("{room}/")
            .is(ok(json!({"open": false, "sname": null, "...": "<any>"}))),
        with_session("a room with a session is not closed, unless they are parted")
            .post(path, json!({}))
            .is(refused(400, refusal))
            .post(path, json!({"disassociate": true}))
            .is(closed(true))
            .get("{session}/")
            .is(ok(json!({"room": null, "...": "<any>"}))),
        of_survey("a room is closed without a word").ask(request("POST", path)).is(invalid([missing_body()])),
        probe("no room is closed").post("{rooms}/nope/close/", json!({})).is(no_room()),
    ]
}

fn capacities() -> Vec<Probe> {
    let path = "{room}/capacity/";
    let later = |later: Each<Expect>| later.before_0_1(no_such_path());
    vec![
        with_session("a room with a session is made larger, and has no limit again")
            .patch(path, json!({"capacity": 5}))
            .is(later(room(&json!({"sname": "{S}", "n_players": 2, "open": true, "capacity": 5}))))
            .patch(path, json!({"capacity": null}))
            .is(later(room(&json!({"sname": "{S}", "n_players": 2, "open": true})))),
        of_survey("a room that takes nobody any more")
            .patch(path, json!({"capacity": 0}))
            .is(later(invalid([too_small("capacity", 1, 0)]).into())),
        of_survey("a room that takes nobody says how many")
            .patch(path, json!({}))
            .is(later(faulty("missing", "capacity", json!({})).into())),
        probe("no room is made larger")
            .patch("{rooms}/nope/capacity/", json!({"capacity": 5}))
            .is(later(no_room())),
    ]
}
