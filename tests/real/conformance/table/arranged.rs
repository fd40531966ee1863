//! What an admin arranges for players: deadlines, groups, and the first steps before they come.

use serde_json::{Value, json};

use super::{SURVEY, no_player, no_session};
use crate::conformance::expect::{
    Expect, broken, fault, faulty, invalid, no_names, no_such_path, not_allowed, ok, refused, too_small,
};
use crate::conformance::forms::{Each, each, since_0_1};
use crate::conformance::probe::{Probe, probe};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = deadlines();
    probes.extend(groups());
    probes.extend(refused_groups());
    probes.extend(first_steps());
    probes
}

/// There is no such path in 0.0.x.
fn later(later: impl Into<Each<Expect>>) -> Each<Expect> {
    later.into().before_0_1(no_such_path())
}

fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"]).joins("A")
}

fn deadlines() -> Vec<Probe> {
    let path = "{session}/players/timeout/";
    let until = "{session}/players/?fields=_uproot_timeouts_until";
    let adjusted = |unames: &[&str], delta: f64| later(ok(json!({"adjusted": unames, "delta": delta})));
    let deadlines = |a: Value, b: Value| {
        ok(json!({"A": {"_uproot_timeouts_until": a}, "B": {"_uproot_timeouts_until": b}}))
    };
    let wrong = |name, delta: Value, kind: &str| {
        two(name).post(path, json!({"unames": ["A"], "delta": delta})).is(later(faulty(
            kind,
            "delta",
            delta.clone(),
        )))
    };
    vec![
        // A page without a deadline gets one, and before the first page too.
        two("a deadline where there was none")
            .post(path, json!({"unames": ["A", "B"], "delta": 60}))
            .is(adjusted(&["A", "B"], 60.0))
            .get(until)
            .is(since_0_1(
                deadlines(json!({}), json!({})),
                deadlines(json!({"1": "<time>"}), json!({"-1": "<time>"})),
            )),
        two("a deadline as one does not say").act(path, &["A"]).is(adjusted(&["A"], 60.0)),
        two("a deadline earlier")
            .post(path, json!({"unames": ["A"], "delta": -5}))
            .is(adjusted(&["A"], -5.0)),
        two("a deadline by a text")
            .post(path, json!({"unames": ["A"], "delta": "5"}))
            .is(adjusted(&["A"], 5.0)),
        two("a deadline for a name given twice").act(path, &["A", "A"]).is(adjusted(&["A", "A"], 60.0)),
        two("a deadline of one, of an unknown name, and of another").act(path, &["A", "ZZ", "B"]).is(each(
            no_such_path(),
            broken(),
            no_player(),
        )),
        two("the one before the unknown name has the deadline")
            .act(path, &["A", "ZZ", "B"])
            .is(each(no_such_path(), broken(), no_player()))
            .get(until)
            .is(each(
                deadlines(json!({}), json!({})),
                deadlines(json!({"1": "<time>"}), json!({})),
                deadlines(json!({}), json!({})),
            )),
        two("a deadline without end")
            .post(path, json!({"unames": ["A"], "delta": "inf"}))
            .is(later(refused(400, "Timeout adjustment must be finite"))),
        wrong("a deadline that is no number", json!("x"), "float_parsing"),
        wrong("a deadline of nothing", json!(null), "float_type"),
        two("a deadline of nobody").act(path, &[]).is(later(invalid([no_names()]))),
        probe("a deadline in no session")
            .post("{sessions}/nope/players/timeout/", json!({"unames": ["A"], "delta": 1}))
            .is(no_session().before_0_1(no_such_path())),
        // Since 0.8 this is the path of a player of that name.
        two("deadlines cannot be read").get(path).is(each(
            no_such_path(),
            not_allowed("POST"),
            refused(404, "Player 'timeout' not found in session '{S}'"),
        )),
    ]
}

const GROUPS: &str = "{session}/players/?fields=_uproot_group&fields=member_id";

/// In which group each is, or none, and as which member.
fn members(of: &[(&str, Option<u64>)]) -> Value {
    let one = |(uname, id): &(&str, Option<u64>)| {
        let group = id.map(|_| json!({"sname": "{S}", "gname": "<text>"}));
        ((*uname).to_owned(), json!({"_uproot_group": group, "member_id": id}))
    };
    of.iter().map(one).collect::<serde_json::Map<_, _>>().into()
}

/// A has no group any more, but is still the member that they were in it.
fn members_after_clearing() -> Value {
    let mut members = members(&[("A", Some(0)), ("B", Some(1))]);
    members["A"]["_uproot_group"] = Value::Null;
    members
}

fn groups() -> Vec<Probe> {
    let path = "{session}/players/group/";
    let none = || ok(members(&[("A", None), ("B", None)]));
    let both = || ok(members(&[("A", Some(0)), ("B", Some(1))]));
    let same =
        json!({"action": "same_group", "players": ["A", "B"], "groups_created": 1, "group_name": "<text>"});
    let reset = |n: u64| later(ok(json!({"action": "reset", "players": ["A", "B"], "players_reset": n})));
    let by_size = |number: u64, names: Value| {
        later(ok(json!({
            "action": "by_size", "players": ["A", "B"], "groups_created": number, "group_names": names,
        })))
    };
    let body = |action: &str| json!({"unames": ["A", "B"], "action": action});
    let sized = |size: u64| json!({"unames": ["A", "B"], "action": "by_size", "group_size": size});
    let count = |n: u64| json!({"n_groups": n, "...": "<any>"});
    vec![
        two("a group of two").post(path, body("same_group")).is(later(ok(same.clone()))).get(GROUPS).is(
            since_0_1(none(), both()),
        ),
        two("a group of two again leaves the first behind")
            .post(path, body("same_group"))
            .is(later(ok(same.clone())))
            .post(path, body("same_group"))
            .is(later(ok(same.clone())))
            .get("{session}/")
            .is(since_0_1(ok(count(0)), ok(count(2)))),
        two("a group is dissolved, and is still there")
            .post(path, body("same_group"))
            .is(later(ok(same.clone())))
            .post(path, body("reset"))
            .is(reset(2))
            .post(path, body("reset"))
            .is(reset(0))
            .get(GROUPS)
            .is(none()),
        probe("a group is gone for who comes to a page that makes groups")
            .session("pair", &["A", "B"])
            .post(path, body("same_group"))
            .is(later(ok(same.clone())))
            .joins("A")
            .get(GROUPS)
            .is(since_0_1(none(), ok(members_after_clearing()))),
        two("groups by size").post(path, sized(1)).is(by_size(2, json!(["<text>", "<text>"]))),
        two("one group by size").post(path, sized(2)).is(by_size(1, json!(["<text>"]))).get(GROUPS).is(
            since_0_1(none(), both()),
        ),
        two("groups of one, as one does not say a size")
            .post(path, body("by_size"))
            .is(by_size(2, json!(["<text>", "<text>"]))),
        two("groups in any order, and loaded again")
            .post(
                path,
                json!({
                    "unames": ["A", "B"], "action": "by_size", "group_size": 2, "shuffle": true, "reload": true,
                }),
            )
            .is(by_size(1, json!(["<text>"]))),
    ]
}

fn refused_groups() -> Vec<Probe> {
    let path = "{session}/players/group/";
    let twice = |action: &str, size: u64| json!({"unames": ["A", "A"], "action": action, "group_size": size});
    let unique = || later(refused(400, "Constraint violation: Group members must be unique"));
    vec![
        two("a group that does not come out even")
            .post(path, json!({"unames": ["A", "B"], "action": "by_size", "group_size": 3}))
            .is(later(refused(400, "Number of selected players (2) must be divisible by group size (3)"))),
        two("a group of one and the same").post(path, twice("same_group", 1)).is(unique()),
        two("a group by size of one and the same").post(path, twice("by_size", 2)).is(unique()),
        two("a group by an unheard-of action")
            .post(path, json!({"unames": ["A"], "action": "nonsense"}))
            .is(later(refused(400, "Unknown action: nonsense"))),
        two("a group without an action").act(path, &["A"]).is(later(faulty(
            "missing",
            "action",
            json!({"unames": ["A"]}),
        ))),
        two("a group of size zero")
            .post(path, json!({"unames": ["A"], "action": "by_size", "group_size": 0}))
            .is(later(invalid([too_small("group_size", 1, 0)]))),
        two("a group of words")
            .post(path, json!({"unames": ["A"], "action": "reset", "group_size": "x", "shuffle": "maybe"}))
            .is(later(invalid([
                fault("int_parsing", "group_size", "x"),
                fault("bool_parsing", "shuffle", "maybe"),
            ]))),
        two("a group with an unknown name")
            .post(path, json!({"unames": ["A", "ZZ"], "action": "same_group"}))
            .is(each(no_such_path(), broken(), no_player())),
        probe("a group in no session")
            .post("{sessions}/nope/players/group/", json!({"unames": ["A"], "action": "reset"}))
            .is(no_session().before_0_1(no_such_path())),
    ]
}

fn first_steps() -> Vec<Probe> {
    let players = "{session}/players/initialize/";
    let fields =
        "{session}/players/?fields=_uproot_initialized&fields=page_order&fields=show_page&fields=started";
    let of = |has: bool, at: i64, started: bool| {
        let order: &[&str] = if has { &SURVEY } else { &[] };
        json!({"_uproot_initialized": has, "page_order": order, "show_page": at, "started": started})
    };
    let initialized = |unames: &[&str]| later(ok(json!({"initialized": unames})));
    let begun = "{session}/initialize/";
    let again = || later(refused(400, "Session already initialized"));
    vec![
        two("pages for one who has not come").act(players, &["B"]).is(initialized(&["B"])).get(fields).is(
            since_0_1(
                ok(json!({"A": of(true, 1, true), "B": of(false, -1, false)})),
                ok(json!({"A": of(true, 1, true), "B": of(true, -1, false)})),
            ),
        ),
        two("pages for one who has come").act(players, &["A", "A"]).is(initialized(&["A", "A"])),
        two("pages for an unknown name").act(players, &["B", "ZZ"]).is(each(
            no_such_path(),
            broken(),
            no_player(),
        )),
        two("pages for nobody").act(players, &[]).is(later(invalid([no_names()]))),
        probe("a session is begun before anybody comes")
            .session("survey", &["A"])
            .post(begun, json!({}))
            .is(later(ok(json!({"initialized": true}))))
            .post(begun, json!({}))
            .is(again())
            .get(fields)
            .is(ok(json!({"A": of(false, -1, false)}))),
        two("a session that has begun").post(begun, json!({})).is(again()),
        probe("pages for one begin the session")
            .session("survey", &["A"])
            .act(players, &["A"])
            .is(initialized(&["A"]))
            .post(begun, json!({}))
            .is(again()),
        probe("no session is begun")
            .post("{sessions}/nope/initialize/", json!({}))
            .is(no_session().before_0_1(no_such_path())),
        two("whether a session has begun is read elsewhere")
            .get(begun)
            .is(since_0_1(no_such_path(), not_allowed("POST"))),
        two("all players at once").get("{session}/multiview/").is(later(ok(json!({
            "sname": "{S}",
            "players": [
                {"id": 0, "uname": "A", "label": "", "url": "/p/{S}/A/"},
                {"id": 1, "uname": "B", "label": "", "url": "/p/{S}/B/"},
            ],
        })))),
        probe("all players of no session")
            .get("{sessions}/nope/multiview/")
            .is(no_session().before_0_1(no_such_path())),
    ]
}
