//! Every change to players, and since when.

use serde_json::{Value, json};

use crate::conformance::expect::{Expect, invalid, ok, query_fault};
use crate::conformance::forms::{Each, each, since_0_1};
use crate::conformance::probe::{Probe, probe};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = since();
    probes.extend(histories());
    probes
}

fn since() -> Vec<Probe> {
    let two = |name| probe(name).session("survey", &["A", "B"]).joins("A");
    let everything = || ok(json!({"data": {"A": "<object>", "B": "<object>"}, "last_update": "<time>"}));
    let nothing = |last_update: Value| ok(json!({"data": {}, "last_update": last_update}));
    let no_number = |text: &str| invalid([query_fault("float_parsing", "since", text)]);
    vec![
        two("all changes").get("{session}/data/").is(everything()),
        two("all changes since the beginning").get("{session}/data/?since=0").is(everything()),
        two("all changes since before the beginning").get("{session}/data/?since=-1").is(everything()),
        // What was sent comes back.
        two("no change since an instant to come")
            .get("{session}/data/?since=3999999999.5")
            .is(nothing(json!(3_999_999_999.5))),
        two("no change since no number").get("{session}/data/?since=nan").is(nothing(json!(null))),
        two("no change since ever").get("{session}/data/?since=inf").is(nothing(json!(null))),
        two("an instant that is a word").get("{session}/data/?since=abc").is(no_number("abc")),
        two("an instant that is empty").get("{session}/data/?since=").is(no_number("")),
        two("no change since the last change")
            .get("{session}/data/")
            .is(everything())
            .get("{session}/data/?since={last}")
            .is(nothing(json!("<time>"))),
        two("one change since the last change")
            .get("{session}/data/")
            .is(everything())
            .patch("{session}/players/fields/", json!({"unames": ["A"], "fields": {"k": 1}}))
            .is(ok(json!("<object>")))
            .get("{session}/data/?since={last}")
            .is(ok(json!({"data": {"A": {"k": changes("int", &["1"])}}, "last_update": "<time>"}))),
        two("an instant is looked at before the session")
            .get("{sessions}/nosuch/data/?since=abc")
            .is(no_number("abc")),
        two("the last of two instants counts")
            .get("{session}/data/?since=0&since=3999999999.5")
            .is(nothing(json!(3_999_999_999.5))),
    ]
}

/// Changes of one type and text each, oldest first.
fn changes(kind: &str, texts: &[&str]) -> Value {
    texts.iter().map(|text| json!(["<time>", false, kind, text, "<context>"])).collect()
}

fn histories() -> Vec<Probe> {
    let of = |fields: Value| ok(json!({"data": {"A": fields}, "last_update": "<time>"}));
    let some = |fields: Value| {
        let mut fields = fields;
        fields["..."] = json!("<list>");
        of(fields)
    };
    let joined = |name| probe(name).session("survey", &["A"]).joins("A");
    let show_page = |texts: &[&str]| some(json!({"show_page": changes("int", texts)}));
    vec![
        probe("a player who has just been made")
            .session("survey", &["A"])
            .get("{session}/data/")
            .is(since_0_1(some(plain_fields()), of(all_fields()))),
        joined("a player who has joined").get("{session}/data/").is(joined_fields()),
        joined("what is filled in is written down")
            .submits("A", &[("nickname", "Ada")])
            .submits("A", &[("offer", "4")])
            .get("{session}/data/")
            .is(some(json!({
                "nickname": changes("str", &["Ada"]),
                "offer": changes("int", &["4"]),
                "show_page": changes("int", &["-1", "0", "1", "2", "3"]),
            }))),
        joined("what is not filled in rightly is not written down")
            .submits("A", &[("nickname", "Ada")])
            .submits("A", &[("offer", "99")])
            .get("{session}/data/")
            .is(show_page(&["-1", "0", "1", "2"])),
        joined("steps of an administrator are written down")
            .act("{session}/players/advance/", &["A", "A"])
            .is(ok(json!("<object>")))
            .act("{session}/players/revert/", &["A"])
            .is(ok(json!("<object>")))
            .act("{session}/players/end/", &["A"])
            .is(ok(json!("<object>")))
            .get("{session}/data/")
            .is(show_page(&["-1", "0", "1", "2", "3", "2", "4"])),
        joined("a value that is set again is written down again")
            .patch("{session}/players/fields/", json!({"unames": ["A", "A"], "fields": {"k": 1}}))
            .is(ok(json!("<object>")))
            .get("{session}/data/")
            .is(some(json!({"k": changes("int", &["1", "1"])}))),
        joined("values are written as Python writes them")
            .patch(
                "{session}/players/fields/",
                json!({"unames": ["A"], "fields": {
                    "i": -1, "f": 2.5, "whole": 2.0, "s": "it's", "b": true, "n": null,
                    "l": [1, "a", null, false], "d": {"k": {"x": [1.0]}}, "q": ["it's"],
                }}),
            )
            .is(ok(json!("<object>")))
            .get("{session}/data/")
            .is(some(json!({
                "i": changes("int", &["-1"]),
                "f": changes("float", &["2.5"]),
                "whole": changes("float", &["2.0"]),
                "s": changes("str", &["it's"]),
                "b": changes("bool", &["True"]),
                "n": changes("NoneType", &["None"]),
                "l": changes("list", &["[1, 'a', None, False]"]),
                "d": changes("dict", &["{'k': {'x': [1.0]}}"]),
                "q": changes("list", &["[\"it's\"]"]),
            }))),
        joined("a dropout is written down")
            .act("{session}/players/dropout/", &["A"])
            .is(ok(json!("<object>")))
            .get("{session}/data/")
            .is(since_0_1(
                some(json!({"_uproot_dropout": changes("bool", &["False"])})),
                some(json!({
                    "_uproot_dropout": changes("bool", &["False", "True"]),
                    "page_order": changes("list", &["[]", PAGES, PAGES]),
                })),
            )),
        joined("a reload, a message and an address are not")
            .act("{session}/players/reload/", &["A"])
            .is(ok(json!("<object>")))
            .post("{session}/players/message/", json!({"unames": ["A"], "message": "x"}))
            .is(ok(json!("<object>")))
            .post("{session}/players/redirect/", json!({"unames": ["A"], "url": "http://example.org/"}))
            .is(ok(json!("<object>")))
            .get("{session}/data/")
            .is(joined_fields()),
        probe("a group is written down")
            .session("pair", &["A", "B"])
            .joins("A")
            .joins("B")
            .get("{session}/data/")
            .is(ok(json!({"data": {"...": {
                "_uproot_group": ["...", ["<time>", false, "<text>", "<text>", "<context>"]],
                "member_id": ["...", ["<time>", false, "int", "<text>", "<context>"]],
                "...": "<list>",
            }}, "last_update": "<time>"}))),
    ]
}

const PAGES: &str = "['survey/#StartApp', 'survey/Intro', 'survey/Decision', 'survey/Thanks']";

/// The fields that a player has in every generation, as they are at first.
fn plain_fields() -> Value {
    json!({
        "id": changes("int", &["0"]),
        "label": changes("str", &[""]),
        "page_order": changes("list", &["[]"]),
        "show_page": changes("int", &["-1"]),
        "started": changes("bool", &["False"]),
        "_uproot_dropout": changes("bool", &["False"]),
        "_uproot_group": changes("NoneType", &["None"]),
    })
}

/// All fields that a player has at first, since 0.1.
fn all_fields() -> Value {
    let mut fields = plain_fields();
    let more = [
        ("app", "NoneType", "None"),
        ("config", "str", "survey"),
        ("payoff", "Decimal", "0"),
        ("pid", "PlayerIdentifier", "A"),
        ("_uproot_adminchat", "NoneType", "None"),
        ("_uproot_adminchat_replies", "bool", "False"),
        ("_uproot_initialized", "bool", "False"),
        ("_uproot_key", "UUID", "<text>"),
        ("_uproot_part", "int", "0"),
        ("_uproot_session", "SessionIdentifier", "{S}"),
        ("_uproot_timeouts_until", "dict", "{}"),
        ("_uproot_watch", "list", "[]"),
    ];
    for (name, kind, text) in more {
        fields[name] = changes(kind, &[text]);
    }
    fields
}

/// What joining changes.
fn joined_fields() -> Each<Expect> {
    let of = |fields: Value| ok(json!({"data": {"A": fields}, "last_update": "<time>"}));
    let join = |mut fields: Value| {
        fields["page_order"] = changes("list", &["[]", PAGES]);
        fields["show_page"] = changes("int", &["-1", "0", "1"]);
        fields["started"] = changes("bool", &["False", "True"]);
        fields
    };
    let mut contract = join(plain_fields());
    contract["..."] = json!("<list>");
    let mut later = join(all_fields());
    later["app"] = json!([
        ["<time>", false, "NoneType", "None", "<context>"],
        ["<time>", false, "str", "survey", "<context>"],
    ]);
    later["_uproot_initialized"] = changes("bool", &["False", "True"]);
    // Which callbacks have run: a set, which 0.1 writes when it is made and when the page is left.
    let mut toggling = later.clone();
    toggling["_uproot_what_ran"] = changes("set", &["set()", "{'0:after_always_once'}"]);
    let mut newest = later;
    newest["_uproot_what_ran"] = changes("frozenset", &["frozenset({'0:after_always_once'})"]);
    each(of(contract), of(toggling), of(newest))
}
