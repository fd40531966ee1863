//! Sessions as they are listed, described and set.

use serde_json::{Value, json};

use crate::conformance::expect::{broken, created, faulty, invalid, missing_body, ok};
use crate::conformance::forms::{since_0_1, since_0_8};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, patch, request};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = read();
    probes.extend(flags());
    probes.extend(texts());
    probes
}

fn read() -> Vec<Probe> {
    let listed = json!({
        "sname": "{S}", "created": "<time>", "active": true, "config": "pair", "room": null,
        "description": null, "n_players": 2, "n_groups": 0,
    });
    vec![
        probe("a session is listed")
            .session("pair", &["A", "B"])
            .get("sessions/")
            .is(ok(json!({"{S}": listed, "...": "<object>"}))),
        probe("a session that has just been made")
            .session("pair", &["A", "B"])
            .get("{session}/")
            .is(since_0_1(ok(described()), ok(described_at_length(json!(["A", "B"]), json!([]), false)))),
        probe("a session with somebody in it")
            .session("pair", &["A", "B"])
            .joins("A")
            .get("{session}/")
            .is(since_0_1(ok(described()), ok(described_at_length(json!(["A", "B"]), json!([]), true)))),
        probe("a session with a group")
            .session("pair", &["A", "B"])
            .joins("A")
            .joins("B")
            .get("{session}/")
            .is({
                let mut short = described();
                short["n_groups"] = json!(1);
                let mut long = described_at_length(json!(["A", "B"]), json!(["<text>"]), true);
                long["n_groups"] = json!(1);
                since_0_1(ok(short), ok(long))
            }),
        probe("settings of one's own take the place of the configuration's")
            .post(
                "sessions/",
                json!({"config": "pair", "n_players": 1, "sname": "{S}", "settings": {"a": [1, null]}}),
            )
            .is(created(json!({"sname": "{S}", "created": true})))
            .get("{session}/")
            .is(ok(json!({"settings": {"a": [1, null]}, "...": "<any>"}))),
    ]
}

fn described() -> Value {
    json!({
        "sname": "{S}", "config": "pair", "active": true, "testing": false, "description": null, "room": null,
        "settings": {"stake": 10}, "n_players": 2, "n_groups": 0, "n_models": 0, "apps": ["pair"],
    })
}

fn described_at_length(players: Value, groups: Value, initialized: bool) -> Value {
    let mut session = described();
    session["players"] = players;
    session["groups"] = groups;
    session["models"] = json!([]);
    session["initialized"] = json!(initialized);
    session["simulate"] = json!(false);
    session["secret"] = json!("<text>");
    session["urls"] = json!({"session": "<text>", "player_template": "/p/{S}/{uname}/"});
    session
}

fn flags() -> Vec<Probe> {
    let active = |body: Value| patch("{session}/active/", &body);
    let testing = |body: Value| patch("{session}/testing/", &body);
    let is = |name: &str, value: bool| ok(json!({name: value}));
    let bad = |name, request: Request, kind: &str, input: Value, toggled: bool| {
        let fault = faulty(kind, "active", input);
        probe(name).session("survey", &["A"]).ask(request).is(since_0_8(is("active", toggled), fault))
    };
    vec![
        // Before 0.8 whatever is said turns the flag over.
        probe("active is said to be true twice")
            .session("survey", &["A"])
            .ask(active(json!({"active": true})))
            .is(since_0_8(is("active", false), is("active", true)))
            .ask(active(json!({"active": true})))
            .is(is("active", true)),
        probe("active is said to be false twice")
            .session("survey", &["A"])
            .ask(active(json!({"active": false})))
            .is(is("active", false))
            .ask(active(json!({"active": false})))
            .is(since_0_8(is("active", true), is("active", false)))
            .get("{session}/")
            .is(since_0_8(
                ok(json!({"active": true, "...": "<any>"})),
                ok(json!({"active": false, "...": "<any>"})),
            )),
        probe("testing is said to be true twice")
            .session("survey", &["A"])
            .ask(testing(json!({"testing": true})))
            .is(is("testing", true))
            .ask(testing(json!({"testing": true})))
            .is(since_0_8(is("testing", false), is("testing", true)))
            .get("{session}/")
            .is(since_0_8(
                ok(json!({"testing": false, "...": "<any>"})),
                ok(json!({"testing": true, "...": "<any>"})),
            )),
        bad("active is missing", active(json!({})), "missing", json!({}), false),
        bad("active is null", active(json!({"active": null})), "bool_type", json!(null), false),
        bad("active is two", active(json!({"active": 2})), "bool_parsing", json!(2), false),
        probe("testing without a body")
            .session("survey", &["A"])
            .ask(request("PATCH", "{session}/testing/"))
            .is(since_0_8(is("testing", true), invalid([missing_body()]))),
        probe("words that mean a flag")
            .session("survey", &["A"])
            .ask(active(json!({"active": "no"})))
            .is(is("active", false))
            .ask(active(json!({"active": 1})))
            .is(is("active", true)),
    ]
}

fn texts() -> Vec<Probe> {
    let description = |name| probe(name).session("survey", &["A"]);
    let path = "{session}/description/";
    let settings = "{session}/settings/";
    let bad = |kind: &str, input: Value| faulty(kind, "settings", input);
    vec![
        description("a description is set, kept and listed")
            .patch(path, json!({"description": "wave 2, äöü"}))
            .is(ok(json!({"description": "wave 2, äöü"})))
            .get("{session}/")
            .is(ok(json!({"description": "wave 2, äöü", "...": "<any>"})))
            .get("sessions/")
            .is(ok(json!({"{S}": {"description": "wave 2, äöü", "...": "<any>"}, "...": "<any>"}))),
        description("an empty description clears")
            .patch(path, json!({"description": "x"}))
            .is(ok(json!({"description": "x"})))
            .patch(path, json!({"description": ""}))
            .is(ok(json!({"description": null})))
            .get("{session}/")
            .is(ok(json!({"description": null, "...": "<any>"}))),
        description("no description clears")
            .patch(path, json!({"description": "x"}))
            .is(ok(json!({"description": "x"})))
            .patch(path, json!({}))
            .is(ok(json!({"description": null}))),
        description("a description of null").patch(path, json!({"description": null})).is(faulty(
            "string_type",
            "description",
            Value::Null,
        )),
        description("a description without a body").ask(request("PATCH", path)).is(invalid([missing_body()])),
        probe("settings are replaced as a whole")
            .session("pair", &["A"])
            .patch(settings, json!({"settings": {"other": {"list": [1, 2.5, "x", true, null]}}}))
            .is(ok(json!({"settings": {"other": {"list": [1, 2.5, "x", true, null]}}})))
            .get("{session}/")
            .is(ok(json!({"settings": {"other": {"list": [1, 2.5, "x", true, null]}}, "...": "<any>"}))),
        probe("settings may be empty")
            .session("pair", &["A"])
            .patch(settings, json!({"settings": {}}))
            .is(ok(json!({"settings": {}}))),
        description("settings are missing").patch(settings, json!({})).is(bad("missing", json!({}))),
        description("settings are null")
            .patch(settings, json!({"settings": null}))
            .is(bad("dict_type", json!(null))),
        description("settings are a text")
            .patch(settings, json!({"settings": "x"}))
            .is(bad("dict_type", json!("x"))),
        description("a setting with the name of a parameter")
            .patch(settings, json!({"settings": {"sname": "x"}}))
            .is(since_0_8(broken(), ok(json!({"settings": {"sname": "x"}})))),
    ]
}
