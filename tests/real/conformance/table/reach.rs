//! What reaches a player's browser: reloads, addresses, messages; and dropping out.

use serde_json::{Value, json};

use super::{SURVEY, no_player, places};
use crate::conformance::expect::{Expect, broken, ok, refused};
use crate::conformance::forms::{Each, each, since_0_1, since_0_8};
use crate::conformance::probe::{Probe, probe};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = told();
    probes.extend(dropouts());
    probes
}

/// One who has joined and one who has not.
fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"]).joins("A")
}

fn told() -> Vec<Probe> {
    let redirect = |name, url: &str, expect: Expect| {
        two(name).post("{session}/players/redirect/", json!({"unames": ["A"], "url": url})).is(expect)
    };
    let sent = |url: &str| ok(json!({"redirected": ["A"], "url": url}));
    let bad = || refused(400, "URL must start with http:// or https://");
    let message = |name, text: &str| {
        two(name)
            .post("{session}/players/message/", json!({"unames": ["A", "B"], "message": text}))
            .is(ok(json!({"messaged": ["A", "B"]})))
    };
    let reload = "{session}/players/reload/";
    vec![
        two("a reload, of one who has not joined too")
            .act(reload, &["A", "B"])
            .is(ok(json!({"reloaded": ["A", "B"]}))),
        two("a reload of a name given twice")
            .act(reload, &["A", "A"])
            .is(ok(json!({"reloaded": ["A", "A"]}))),
        // Before 0.8 nobody looks whether there is such a player.
        two("a reload of an unknown name")
            .act(reload, &["A", "ZZ"])
            .is(since_0_8(ok(json!({"reloaded": ["A", "ZZ"]})), no_player())),
        redirect("an address", "https://example.org/done?c=1&d=é", sent("https://example.org/done?c=1&d=é")),
        redirect("an address that is hardly one", "http://", sent("http://")),
        redirect("an address of another kind", "ftp://example.org/", bad()),
        redirect("an address in capitals", "HTTPS://example.org/", bad()),
        redirect("an address without a scheme", "//example.org/", bad()),
        redirect("an address after a space", " https://example.org/", bad()),
        redirect("an empty address", "", bad()),
        two("a good address for an unknown name")
            .post("{session}/players/redirect/", json!({"unames": ["ZZ"], "url": "http://example.org/"}))
            .is(since_0_8(ok(json!({"redirected": ["ZZ"], "url": "http://example.org/"})), no_player())),
        two("a bad address for an unknown name")
            .post("{session}/players/redirect/", json!({"unames": ["ZZ"], "url": "x"}))
            .is(since_0_8(bad(), no_player())),
        message("a message", "Please decide, <b>äöü</b>."),
        message("an empty message", ""),
        two("a message for an unknown name")
            .post("{session}/players/message/", json!({"unames": ["ZZ"], "message": "x"}))
            .is(since_0_8(ok(json!({"messaged": ["ZZ"]})), no_player())),
        two("nothing of this is written down")
            .act(reload, &["A"])
            .is(ok(json!({"reloaded": ["A"]})))
            .post("{session}/players/message/", json!({"unames": ["A"], "message": "x"}))
            .is(ok(json!({"messaged": ["A"]})))
            .get("{session}/{online}")
            .is(ok(places(&SURVEY, &[("A", 1), ("B", -1)], &["A"]))),
    ]
}

fn dropouts() -> Vec<Probe> {
    let dropout = "{session}/players/dropout/";
    let flags = "{session}/players/?fields=_uproot_dropout";
    let gone = |a: bool, b: bool| ok(json!({"A": {"_uproot_dropout": a}, "B": {"_uproot_dropout": b}}));
    vec![
        // In 0.0.x only an app that watches for dropouts notices.
        two("a dropout is marked, and is no longer online")
            .act(dropout, &["A"])
            .is(marked(&["A"], &[("A", 1), ("B", -1)], &[]))
            .get(flags)
            .is(since_0_1(gone(false, false), gone(true, false)))
            .get("{session}/{online}")
            .is(since_0_1(
                ok(places(&SURVEY, &[("A", 1), ("B", -1)], &["A"])),
                ok(places(&SURVEY, &[("A", 1), ("B", -1)], &[])),
            )),
        two("a dropout who comes back is online, and still one")
            .act(dropout, &["A"])
            .is(marked(&["A"], &[("A", 1), ("B", -1)], &[]))
            .submits("A", &[("nickname", "Ada")])
            .get("{session}/{online}")
            .is(ok(places(&SURVEY, &[("A", 2), ("B", -1)], &["A"])))
            .get(flags)
            .is(since_0_1(gone(false, false), gone(true, false))),
        two("a dropout who has not joined is given pages").act(dropout, &["B"]).is({
            let mut later = places(&SURVEY, &[("A", 1), ("B", -1)], &["A"]);
            later["info"]["B"] = json!([1, SURVEY, -1]);
            later["marked_dropout"] = json!(["B"]);
            since_0_1(ok(json!({"marked_dropout": ["B"]})), ok(later))
        }),
        two("a dropout twice").act(dropout, &["A", "A"]).is(marked(&["A", "A"], &[("A", 1), ("B", -1)], &[])),
        two("a dropout between others, one of them unknown").act(dropout, &["A", "ZZ"]).is(each(
            ok(json!({"marked_dropout": ["A", "ZZ"]})),
            broken(),
            no_player(),
        )),
    ]
}

/// Since 0.1 the answer says where all are.
fn marked(unames: &[&str], players: &[(&str, i64)], online: &[&str]) -> Each<Expect> {
    let mut later: Value = places(&SURVEY, players, online);
    later["marked_dropout"] = json!(unames);
    since_0_1(ok(json!({"marked_dropout": unames})), ok(later))
}
