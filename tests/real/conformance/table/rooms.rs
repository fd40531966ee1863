//! Rooms: made, changed, parted from their sessions, deleted.

use serde_json::{Value, json};

use crate::conformance::expect::{
    Expect, broken, created, faulty, invalid, missing_body, ok, refused, too_small,
};
use crate::conformance::forms::{Each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, request};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = made();
    probes.extend(refusals());
    probes.extend(changed());
    probes.extend(ended());
    probes
}

/// A room as it is listed.
pub(super) fn listed(settings: &Value) -> Value {
    let mut room = json!({
        "name": "{R}", "config": null, "labels": null, "capacity": null, "open": false, "sname": null,
    });
    for (key, value) in settings.as_object().into_iter().flatten() {
        room[key] = value.clone();
    }
    room
}

/// A room as it is described since 0.1.
pub(super) fn described(settings: &Value) -> Value {
    let mut room = listed(settings);
    room["urls"] = json!({"room": "/room/{R}/", "label_template": "/room/{R}/?label={label}"});
    room
}

fn room(settings: Value) -> Each<Expect> {
    since_0_1(ok(listed(&settings)), ok(described(&settings)))
}

/// The answer when something has been done to a room: its name, and since 0.1 all there is to say.
fn done(status: fn(Value) -> Expect, what: &str, settings: Value) -> Each<Expect> {
    let mut later = described(&settings);
    later[what] = json!(true);
    since_0_1(status(json!({"name": "{R}", what: true})), status(later))
}

fn create(name: &'static str, settings: Value) -> Probe {
    let mut body = settings;
    if body.get("name").is_none() {
        body["name"] = json!("{R}");
    }
    probe(name).post("rooms/", body)
}

fn made() -> Vec<Probe> {
    let full = || json!({"config": "survey", "labels": ["seat1", "seat2"], "capacity": 2, "open": true});
    vec![
        create("a room without settings", json!({}))
            .is(done(created, "created", json!({})))
            .get("{room}/")
            .is(room(json!({})))
            .get("rooms/")
            .is(ok(json!({"{R}": listed(&json!({})), "...": "<object>"}))),
        create("a room with settings", full())
            .is(done(created, "created", full()))
            .get("{room}/")
            .is(room(full()))
            .get("rooms/")
            .is(ok(json!({"{R}": listed(&full()), "...": "<object>"}))),
        create("a room without labels", json!({"labels": []})).is(done(
            created,
            "created",
            json!({"labels": []}),
        )),
        // A session lets people in at once, unless it is said that it does not; in 0.0.x only if it is said.
        probe("a room for a session that there is")
            .session("survey", &["A"])
            .post("rooms/", json!({"name": "{R}", "sname": "{S}"}))
            .is(done(created, "created", json!({"sname": "{S}", "open": true, "n_players": 1})))
            .get("{room}/")
            .is(since_0_1(
                ok(listed(&json!({"sname": "{S}"}))),
                ok(described(&json!({"sname": "{S}", "open": true, "n_players": 1}))),
            ))
            .get("{session}/")
            .is(ok(json!({"room": "{R}", "...": "<any>"}))),
        probe("a room for a session, not open")
            .session("survey", &["A"])
            .post("rooms/", json!({"name": "{R}", "sname": "{S}", "open": false}))
            .is(done(created, "created", json!({"sname": "{S}", "n_players": 1}))),
        create("a room that is open because somebody says yes", json!({"open": "yes"})).is(done(
            created,
            "created",
            json!({"open": true}),
        )),
    ]
}

fn refusals() -> Vec<Probe> {
    let bad = |name, settings: Value, expect: Each<Expect>| create(name, settings).is(expect);
    let invalid_name = || since_0_1(broken(), refused(400, "Room name is invalid"));
    let fine = |settings: Value| done(created, "created", settings);
    let too_short = json!({
        "type": "string_too_short", "loc": ["body", "name"], "msg": "String should have at least 1 character",
        "input": "", "ctx": {"min_length": 1},
    });
    let label = |name, labels: Value, text: &'static str| {
        let labels = json!({"labels": labels});
        create(name, labels.clone()).is(fine(labels).since_0_8(refused(400, text)))
    };
    let long = "x".repeat(129);
    vec![
        probe("a room without a name").post("rooms/", json!({})).is(faulty("missing", "name", json!({}))),
        bad("a room with an empty name", json!({"name": ""}), invalid([too_short]).into()),
        bad("a room with a number as a name", json!({"name": 5}), faulty("string_type", "name", 5).into()),
        bad("a room's name with a space", json!({"name": "a b"}), invalid_name()),
        bad("a room's name with an accent", json!({"name": "é"}), invalid_name()),
        bad("a room's name with a slash", json!({"name": "a/b"}), invalid_name()),
        probe("a room's name that is taken")
            .room(json!({}))
            .post("rooms/", json!({"name": "{R}"}))
            .is(refused(400, "Room name already exists")),
        bad(
            "a room for an unknown configuration",
            json!({"config": "nosuch"}),
            refused(400, "Invalid configuration").into(),
        ),
        bad("a room for an unknown session", json!({"sname": "nosuch"}), super::no_session()),
        bad("a room for nobody", json!({"capacity": 0}), invalid([too_small("capacity", 1, 0)]).into()),
        bad(
            "a capacity that is no number",
            json!({"capacity": "x"}),
            faulty("int_parsing", "capacity", "x").into(),
        ),
        bad("labels that are a text", json!({"labels": "x"}), faulty("list_type", "labels", "x").into()),
        bad(
            "a label that is a number",
            json!({"labels": [1]}),
            faulty("string_type", json!(["labels", 0]), 1).into(),
        ),
        bad(
            "a label that is too long",
            json!({"labels": [long]}),
            since_0_1(broken(), refused(400, "Room labels must be no longer than 128 characters")),
        ),
        label("a label twice", json!(["a", "a"]), "Room labels must be unique"),
        label("a label with a space", json!(["a b"]), "Room labels contain invalid characters"),
        label("an empty label", json!([""]), "Room labels must not be empty"),
        bad("open is a number", json!({"open": 5}), faulty("bool_parsing", "open", 5).into()),
        bad(
            "open is null",
            json!({"open": null}),
            fine(json!({})).before_0_1(faulty("bool_type", "open", Value::Null)),
        ),
        probe("a session belongs to one room only")
            .session("survey", &["A"])
            .room(json!({"sname": "{S}"}))
            .post("rooms/", json!({"name": "{R}-2", "sname": "{S}"}))
            .is(since_0_1(
                created(json!({"name": "{R}-2", "created": true})),
                refused(400, "Session is already associated with another room"),
            )),
    ]
}

fn changed() -> Vec<Probe> {
    let full = || json!({"config": "survey", "labels": ["seat1"], "capacity": 2, "open": true});
    let with = |key: &str, value: Value| {
        let mut room = full();
        room[key] = value;
        room
    };
    // 0.0.x sets what is left out back to nothing.
    let change = |name, body: Value, contract: Value, later: Value| {
        probe(name)
            .room(full())
            .patch("{room}/", body)
            .is(done(ok, "updated", later.clone()))
            .get("{room}/")
            .is(since_0_1(ok(listed(&contract)), ok(described(&later))))
    };
    let bad = |name, body: Value, expect: Expect| probe(name).room(full()).patch("{room}/", body).is(expect);
    vec![
        change("a room is opened", json!({"open": true}), json!({"open": true}), full()),
        change("a room is closed", json!({"open": false}), json!({}), with("open", json!(false))),
        change(
            "a room gets a capacity",
            json!({"capacity": 5}),
            json!({"capacity": 5}),
            with("capacity", json!(5)),
        ),
        change(
            "a room gets labels",
            json!({"labels": ["q"]}),
            json!({"labels": ["q"]}),
            with("labels", json!(["q"])),
        ),
        change("a room loses its labels", json!({"labels": null}), json!({}), with("labels", json!(null))),
        change(
            "a room loses its configuration",
            json!({"config": null}),
            json!({}),
            with("config", json!(null)),
        ),
        change("nothing is changed", json!({}), json!({}), full()),
        change("a room keeps its name", json!({"name": "other"}), json!({}), full()),
        change("everything is changed", full(), full(), full()),
        probe("a room is not opened by nothing")
            .room(full())
            .patch("{room}/", json!({"open": null}))
            .is(since_0_1(faulty("bool_type", "open", Value::Null), refused(400, "open cannot be null"))),
        bad(
            "a room is changed to hold nobody",
            json!({"capacity": 0}),
            invalid([too_small("capacity", 1, 0)]),
        ),
        bad(
            "a room is changed to an unknown configuration",
            json!({"config": "nosuch"}),
            refused(400, "Invalid configuration"),
        ),
        probe("a change without a body")
            .room(full())
            .ask(request("PATCH", "{room}/"))
            .is(invalid([missing_body()])),
        probe("a room with a session cannot be changed")
            .session("survey", &["A"])
            .room(json!({"sname": "{S}"}))
            .patch("{room}/", json!({"open": false}))
            .is(refused(400, "Cannot edit room settings while a session is associated")),
    ]
}

fn disassociate() -> Each<Request> {
    since_0_1(request("POST", "{room}/disassociate/"), request("DELETE", "{room}/sessions/"))
}

fn ended() -> Vec<Probe> {
    let occupied = |name| probe(name).session("survey", &["A"]).room(json!({"sname": "{S}", "open": true}));
    vec![
        probe("a room is deleted")
            .room(json!({}))
            .delete("{room}/")
            .is(ok(json!({"name": "{R}", "deleted": true})))
            .get("{room}/")
            .is(super::no_room()),
        occupied("a room with a session cannot be deleted")
            .delete("{room}/")
            .is(refused(400, "Cannot delete room while a session is associated")),
        probe("a room without a session is not parted from it")
            .room(json!({}))
            .ask(disassociate())
            .is(refused(400, "Room has no associated session")),
        occupied("a room is parted from its session")
            .ask(disassociate())
            .is(done(ok, "disassociated", json!({"open": true})))
            .get("{room}/")
            .is(room(json!({"open": true})))
            .get("{session}/")
            .is(ok(json!({"room": null, "...": "<any>"})))
            .delete("{room}/")
            .is(ok(json!({"name": "{R}", "deleted": true}))),
    ]
}
