//! Bodies that are not what they should be.

use serde_json::{Value, json};

use crate::conformance::expect::{
    Expect, created, fault, faulty, invalid, missing_body, no_names, not_json, ok, refused, too_small,
};
use crate::conformance::forms::{Each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, request};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = texts();
    probes.extend(new_sessions());
    probes.extend(unames());
    probes.extend(players());
    probes
}

/// What is no JSON object at all, or does not say that it is.
fn texts() -> Vec<Probe> {
    let create = || request("POST", "sessions/");
    let good = r#"{"config": "survey", "n_players": 1, "sname": "{S}"}"#;
    let bad = |name, request: Request, expect: Expect| probe(name).ask(request).is(expect);
    let no_object = |input: Value| faulty("model_attributes_type", Value::Null, input);
    let quotes = "Expecting property name enclosed in double quotes";
    vec![
        bad("no body", create(), invalid([missing_body()])),
        bad("an empty body", create().json_text(""), invalid([missing_body()])),
        bad("a body of null", create().json_text("null"), no_object(Value::Null)),
        bad("a body that is a list", create().json_text("[]"), no_object(json!([]))),
        bad("a body that is a text", create().json_text("\"x\""), no_object(json!("x"))),
        bad("half an object", create().json_text("{"), invalid([not_json(1, quotes)])),
        bad("no JSON", create().json_text("nonsense"), invalid([not_json(0, "Expecting value")])),
        bad(
            "a comma too few",
            create().json_text(r#"{"a": 1 "b": 2}"#),
            invalid([not_json(8, "Expecting ',' delimiter")]),
        ),
        bad(
            "a text without an end",
            create().json_text(r#"{"a": "b"#),
            invalid([not_json(6, "Unterminated string starting at")]),
        ),
        bad("something after the object", create().json_text("{} x"), invalid([not_json(3, "Extra data")])),
        bad(
            "a key twice, of which the last counts",
            create().json_text(r#"{"config": "nosuch", "n_players": 1, "sname": "{S}", "config": "survey"}"#),
            created(json!({"sname": "{S}", "created": true})),
        ),
        bad(
            "no UTF-8",
            create().json_text(b"{\"config\": \"\xff\"}"),
            refused(400, "There was an error parsing the body"),
        ),
        bad("JSON without a type", create().bytes(good), no_object(json!(good))),
        bad(
            "JSON that calls itself text",
            create().bytes(good).header("content-type", "text/plain"),
            no_object(json!(good)),
        ),
        bad(
            "JSON of a type of its own",
            create().bytes(good).header("content-type", "application/vnd.api+json"),
            created(json!({"sname": "{S}", "created": true})),
        ),
    ]
}

fn new_sessions() -> Vec<Probe> {
    let bad = |name, body: Value, expect: Each<Expect>| probe(name).post("sessions/", body).is(expect);
    let good = |name, n_players: Value| {
        probe(name)
            .post("sessions/", json!({"config": "survey", "n_players": n_players, "sname": "{S}"}))
            .is(created(json!({"sname": "{S}", "created": true})))
    };
    let with = |n_players: Value| json!({"config": "survey", "n_players": n_players});
    let fewest =
        |n: i64| since_0_1(invalid([too_small("n_players", 1, n)]), invalid([too_small("n_players", 0, n)]));
    let both = [fault("missing", "config", json!({})), fault("missing", "n_players", json!({}))];
    let n_players = |kind: &str, input: Value| faulty(kind, "n_players", input).into();
    let mut setting = with(json!(1));
    setting["settings"] = json!([1]);
    let mut sname = with(json!(1));
    sname["sname"] = json!(5);
    vec![
        bad("a session without anything", json!({}), invalid(both).into()),
        bad(
            "a session without n_players",
            json!({"config": "survey"}),
            faulty("missing", "n_players", json!({"config": "survey"})).into(),
        ),
        bad("n_players is half a number", with(json!(2.5)), n_players("int_from_float", json!(2.5))),
        bad("n_players is no number", with(json!("x")), n_players("int_parsing", json!("x"))),
        bad("n_players is null", with(json!(null)), n_players("int_type", json!(null))),
        bad("n_players is a list", with(json!([])), n_players("int_type", json!([]))),
        bad("n_players is below nothing", with(json!(-1)), fewest(-1)),
        good("n_players is a text of digits", json!("2")),
        good("n_players is a whole float", json!(2.0)),
        good("n_players is true", json!(true)),
        bad(
            "two faults at once",
            json!({"config": 1, "n_players": "x"}),
            invalid([fault("string_type", "config", 1), fault("int_parsing", "n_players", "x")]).into(),
        ),
        bad("settings are a list", setting, faulty("dict_type", "settings", json!([1])).into()),
        bad("sname is a number", sname, faulty("string_type", "sname", 5).into()),
        probe("unknown keys are passed over")
            .post("sessions/", json!({"config": "survey", "n_players": 1, "sname": "{S}", "colour": "red"}))
            .is(created(json!({"sname": "{S}", "created": true}))),
    ]
}

/// The list of names, which all actions on players have.
fn unames() -> Vec<Probe> {
    let on = |name, path, body: Value, expect: Expect| {
        probe(name).session("survey", &["A"]).post(path, body).is(expect)
    };
    let advance = "{session}/players/advance/";
    let missing = || faulty("missing", "unames", json!({}));
    vec![
        on("advance without names", advance, json!({}), missing()),
        on("revert without names", "{session}/players/revert/", json!({}), missing()),
        on("end without names", "{session}/players/end/", json!({}), missing()),
        on("reload without names", "{session}/players/reload/", json!({}), missing()),
        on("dropout without names", "{session}/players/dropout/", json!({}), missing()),
        on("an empty list of names", advance, json!({"unames": []}), invalid([no_names()])),
        on("names are a text", advance, json!({"unames": "A"}), faulty("list_type", "unames", "A")),
        on("names are null", advance, json!({"unames": null}), faulty("list_type", "unames", Value::Null)),
        on(
            "some names are none",
            advance,
            json!({"unames": ["A", null, 2]}),
            invalid([
                fault("string_type", json!(["unames", 1]), Value::Null),
                fault("string_type", json!(["unames", 2]), 2),
            ]),
        ),
        on(
            "the body is looked at before the names",
            "{sessions}/nosuch/players/advance/",
            json!({"unames": []}),
            invalid([no_names()]),
        ),
    ]
}

/// What else the actions on players take.
fn players() -> Vec<Probe> {
    let on = |name, path, body: Value, fault: Value| {
        probe(name).session("survey", &["A"]).post(path, body).is(invalid([fault]))
    };
    let fields = |name, body: Value, fault: Value| {
        probe(name).session("survey", &["A"]).patch("{session}/players/fields/", body).is(invalid([fault]))
    };
    let redirect = "{session}/players/redirect/";
    let message = "{session}/players/message/";
    let only = json!({"unames": ["A"]});
    vec![
        on("redirect without an address", redirect, only.clone(), fault("missing", "url", only.clone())),
        on(
            "an address that is a number",
            redirect,
            json!({"unames": ["A"], "url": 1}),
            fault("string_type", "url", 1),
        ),
        on("a message without a text", message, only.clone(), fault("missing", "message", only.clone())),
        on(
            "a message that is a number",
            message,
            json!({"unames": ["A"], "message": 5}),
            fault("string_type", "message", 5),
        ),
        fields("no fields at all", only.clone(), fault("missing", "fields", only.clone())),
        fields(
            "fields that are a list",
            json!({"unames": ["A"], "fields": [1]}),
            fault("dict_type", "fields", json!([1])),
        ),
        fields(
            "a reload that is no flag",
            json!({"unames": ["A"], "fields": {}, "reload": "x"}),
            fault("bool_parsing", "reload", "x"),
        ),
        probe("fields without any")
            .session("survey", &["A"])
            .patch("{session}/players/fields/", json!({"unames": ["A"], "fields": {}}))
            .is(ok(json!({"updated": ["A"], "fields": []}))),
    ]
}
