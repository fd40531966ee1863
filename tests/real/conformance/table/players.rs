//! Players as they are listed, and the fields one asks for or sets.

use serde_json::{Value, json};

use super::{SURVEY, no_player, places};
use crate::conformance::expect::{Expect, broken, ok, refused};
use crate::conformance::forms::{Each, each, since_0_8};
use crate::conformance::probe::{Probe, probe};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = read();
    probes.extend(set());
    probes
}

/// One who has joined and one who has not.
fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"]).joins("A")
}

fn both(field: &str, one: Value, other: Value) -> Expect {
    ok(json!({"A": {field: one}, "B": {field: other}}))
}

fn read() -> Vec<Probe> {
    let default = || {
        ok(json!({
            "A": {"id": 0, "page_order": SURVEY, "show_page": 1, "started": true, "label": ""},
            "B": {"id": 1, "page_order": [], "show_page": -1, "started": false, "label": ""},
        }))
    };
    let null = |field: &str| both(field, json!(null), json!(null));
    vec![
        two("the players of a session").get("{session}/players/").is(default()),
        two("one field").get("{session}/players/?fields=show_page").is(both(
            "show_page",
            json!(1),
            json!(-1),
        )),
        two("two fields, the key repeated")
            .get("{session}/players/?fields=started&fields=id")
            .is(ok(json!({"A": {"started": true, "id": 0}, "B": {"started": false, "id": 1}}))),
        two("the same field twice").get("{session}/players/?fields=id&fields=id").is(both(
            "id",
            json!(0),
            json!(1),
        )),
        two("two fields with a comma").get("{session}/players/?fields=id,show_page").is(each(
            broken(),
            null("id,show_page"),
            null("id,show_page"),
        )),
        two("fields with brackets").get("{session}/players/?fields[]=id").is(default()),
        two("an unknown parameter").get("{session}/players/?colour=red").is(default()),
        two("an unknown field").get("{session}/players/?fields=nosuch").is(null("nosuch")),
        two("the name of a player as a field")
            .get("{session}/players/?fields=name")
            .is(since_0_8(both("name", json!("A"), json!("B")), null("name"))),
        two("the session as a field").get("{session}/players/?fields=session").is(broken()),
        two("what is not an attribute but a method")
            .get("{session}/players/?fields=get")
            .is(since_0_8(broken(), null("get"))),
        two("nobody has been paid").get("{session}/players/?fields=payoff").is(both(
            "payoff",
            json!("0"),
            json!("0"),
        )),
        two("nobody has dropped out").get("{session}/players/?fields=_uproot_dropout").is(both(
            "_uproot_dropout",
            json!(false),
            json!(false),
        )),
        // Who is first in the group is anybody's guess.
        probe("the group and the place in it")
            .session("pair", &["A", "B"])
            .joins("A")
            .get("{session}/players/?fields=_uproot_group&fields=member_id")
            .is(ok(json!({"...": {"_uproot_group": null, "member_id": null}})))
            .joins("B")
            .get("{session}/players/?fields=_uproot_group&fields=member_id")
            .is(ok(json!({
                "A": {"_uproot_group": {"sname": "{S}", "gname": "<text>"}, "member_id": "<number>"},
                "B": {"_uproot_group": {"sname": "{S}", "gname": "<text>"}, "member_id": "<number>"},
            }))),
        two("what has been filled in")
            .submits("A", &[("nickname", "Ada")])
            .get("{session}/players/?fields=nickname&fields=show_page")
            .is(ok(json!({
                "A": {"nickname": "Ada", "show_page": 2},
                "B": {"nickname": null, "show_page": -1},
            })))
            .submits("A", &[("offer", "4")])
            .get("{session}/players/?fields=offer")
            .is(both("offer", json!(4), json!(null))),
        two("a form that is not filled in rightly stays")
            .submits("A", &[("nickname", "Ada")])
            .submits("A", &[("offer", "99")])
            .get("{session}/players/?fields=offer&fields=show_page")
            .is(ok(json!({"A": {"offer": null, "show_page": 2}, "B": {"offer": null, "show_page": -1}}))),
        two("who is where, and online").get("{session}/{online}").is(ok(places(
            &SURVEY,
            &[("A", 1), ("B", -1)],
            &["A"],
        ))),
        probe("nobody is online").session("survey", &["A"]).get("{session}/{online}").is(ok(places(
            &SURVEY,
            &[("A", -1)],
            &[],
        ))),
    ]
}

fn set() -> Vec<Probe> {
    let fields = "{session}/players/fields/";
    let on = |name, unames: &[&str], fields_: Value, expect: Each<Expect>| {
        two(name).patch(fields, json!({"unames": unames, "fields": fields_})).is(expect)
    };
    let done = |unames: &[&str], fields: &[&str]| ok(json!({"updated": unames, "fields": fields}));
    let no_identifier = |text: &'static str| since_0_8(broken(), refused(400, text));
    let values = json!({
        "n": 2, "x": 0.5, "text": "täxt", "yes": true, "none": null, "list": [1, "b"], "map": {"k": 1},
    });
    let everything =
        "{session}/players/?fields=n&fields=x&fields=text&fields=yes&fields=none&fields=list&fields=map";
    let nothing =
        json!({"n": null, "x": null, "text": null, "yes": null, "none": null, "list": null, "map": null});
    vec![
        on(
            "values of every kind come back as they were set",
            &["A"],
            values.clone(),
            done(&["A"], &["n", "x", "text", "yes", "none", "list", "map"]).into(),
        )
        .get(everything)
        .is(ok(json!({"A": values, "B": nothing}))),
        on("a field of both", &["B", "A"], json!({"k": 1}), done(&["B", "A"], &["k"]).into())
            .get("{session}/players/?fields=k")
            .is(both("k", json!(1), json!(1))),
        on("a name twice", &["A", "A"], json!({"k": 1}), done(&["A", "A"], &["k"]).into()),
        on("a label", &["A"], json!({"label": "seat1"}), done(&["A"], &["label"]).into())
            .get("{session}/players/?fields=label")
            .is(both("label", json!("seat1"), json!(""))),
        on("a page", &["A"], json!({"show_page": 3}), done(&["A"], &["show_page"]).into())
            .get("{session}/{online}")
            .is(ok(places(&SURVEY, &[("A", 3), ("B", -1)], &["A"]))),
        on("a page that there is not", &["A"], json!({"show_page": 99}), done(&["A"], &["show_page"]).into())
            .get("{session}/players/?fields=show_page")
            .is(both("show_page", json!(99), json!(-1))),
        two("fields and a reload")
            .patch(fields, json!({"unames": ["A"], "fields": {"k": 1}, "reload": true}))
            .is(done(&["A"], &["k"])),
        on(
            "a field with a space",
            &["A"],
            json!({"a b": 1}),
            no_identifier("Field name 'a b' is not a valid identifier"),
        ),
        on(
            "a field that begins with a digit",
            &["A"],
            json!({"1x": 1}),
            no_identifier("Field name '1x' is not a valid identifier"),
        ),
        on(
            "a field without a name",
            &["A"],
            json!({"": 1}),
            no_identifier("Field name '' is not a valid identifier"),
        ),
        on("the session as a field to set", &["A"], json!({"session": 1}), broken().into()),
        // Before 0.8 an unknown name is written all the same, and does not show among the players.
        on(
            "an unknown name among those to set",
            &["A", "ZZ"],
            json!({"k": 1}),
            since_0_8(done(&["A", "ZZ"], &["k"]), no_player()),
        )
        .get("{session}/players/?fields=k")
        .is(since_0_8(both("k", json!(1), json!(null)), both("k", json!(null), json!(null)))),
    ]
}
