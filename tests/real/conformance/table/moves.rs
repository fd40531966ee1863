//! Steps through the pages: forward, back, to the end; and who has moved when some could not.

use serde_json::{Value, json};

use super::{PAIR, SURVEY, no_player, places};
use crate::conformance::expect::{Expect, broken, ok, refused};
use crate::conformance::forms::since_0_8;
use crate::conformance::probe::{Probe, probe};

const ADVANCE: &str = "{session}/players/advance/";
const REVERT: &str = "{session}/players/revert/";
const END: &str = "{session}/players/end/";

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = forward();
    probes.extend(back());
    probes.extend(to_the_end());
    probes.extend(together());
    probes
}

/// One who has joined and one who has not.
fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"]).joins("A")
}

/// Three on the first page.
fn three(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B", "C"]).joins("A").joins("B").joins("C")
}

/// Where the two are.
fn at(a: i64, b: i64) -> Expect {
    ok(places(&SURVEY, &[("A", a), ("B", b)], &["A"]))
}

/// Where the three are.
fn all_at(a: i64, b: i64, c: i64) -> Expect {
    ok(places(&SURVEY, &[("A", a), ("B", b), ("C", c)], &["A", "B", "C"]))
}

fn forward() -> Vec<Probe> {
    vec![
        two("a step forward").act(ADVANCE, &["A"]).is(at(2, -1)),
        two("a step forward of one who has not joined").act(ADVANCE, &["B"]).is(at(1, -1)),
        two("a name given twice is stepped twice").act(ADVANCE, &["A", "A"]).is(at(3, -1)),
        two("the last step leads to the end, and no further")
            .act(ADVANCE, &["A", "A", "A"])
            .is(at(4, -1))
            .act(ADVANCE, &["A"])
            .is(at(4, -1)),
        two("no step from a page that there is not")
            .patch("{session}/players/fields/", json!({"unames": ["A"], "fields": {"show_page": 99}}))
            .is(ok(json!({"updated": ["A"], "fields": ["show_page"]})))
            .act(ADVANCE, &["A"])
            .is(at(99, -1)),
        // Before 0.8 the names are gone through one by one, so those before the unknown one have moved.
        three("an unknown name between others")
            .act(ADVANCE, &["A", "ZZ", "B"])
            .is(since_0_8(broken(), no_player()))
            .get("{session}/{online}")
            .is(since_0_8(all_at(2, 1, 1), all_at(1, 1, 1))),
        two("a step leaves the page's field unset")
            .act(ADVANCE, &["A"])
            .is(at(2, -1))
            .get("{session}/players/?fields=nickname")
            .is(ok(json!({"A": {"nickname": null}, "B": {"nickname": null}}))),
        two("a form of a page that is no longer shown is dropped")
            .act(ADVANCE, &["A"])
            .is(at(2, -1))
            .submits("A", &[("nickname", "Ada")])
            .get("{session}/players/?fields=nickname&fields=show_page")
            .is(ok(json!({
                "A": {"nickname": null, "show_page": 2},
                "B": {"nickname": null, "show_page": -1},
            }))),
    ]
}

fn back() -> Vec<Probe> {
    let at_end = |player: &str| {
        refused(400, &format!("Constraint violation: Cannot revert {player}, who has reached the end"))
    };
    let at_start = |player: &str| {
        let text = format!(
            "Constraint violation: Cannot revert {player} past {}, the start of a round or an app",
            SURVEY[0]
        );
        refused(400, &text)
    };
    vec![
        two("a step back").act(ADVANCE, &["A"]).is(at(2, -1)).act(REVERT, &["A"]).is(at(1, -1)),
        two("a step back of one who has not joined").act(REVERT, &["B"]).is(at(1, -1)),
        // Since 0.9 there is no way back past the start of an app; before, one comes to stand on its marker.
        two("a step back from the first page")
            .act(REVERT, &["A"])
            .is(since_0_8(at(0, -1), at_start("A")))
            .get("{session}/{online}")
            .is(since_0_8(at(0, -1), at(1, -1))),
        two("a step back from the end")
            .act(END, &["A"])
            .is(at(4, -1))
            .act(REVERT, &["A"])
            .is(since_0_8(at(3, -1), at_end("A"))),
        // Since 0.9 all targets are found before anybody moves.
        two("a name given twice, backwards")
            .act(ADVANCE, &["A", "A"])
            .is(at(3, -1))
            .act(REVERT, &["A", "A"])
            .is(since_0_8(at(1, -1), at(2, -1))),
        three("nobody moves back if one cannot")
            .act(ADVANCE, &["A"])
            .is(all_at(2, 1, 1))
            .act(REVERT, &["A", "B"])
            .is(since_0_8(all_at(1, 0, 1), at_start("B")))
            .get("{session}/{online}")
            .is(since_0_8(all_at(1, 0, 1), all_at(2, 1, 1))),
        three("an unknown name between others, backwards")
            .act(ADVANCE, &["A", "B"])
            .is(all_at(2, 2, 1))
            .act(REVERT, &["A", "ZZ", "B"])
            .is(since_0_8(broken(), no_player()))
            .get("{session}/{online}")
            .is(since_0_8(all_at(1, 2, 1), all_at(2, 2, 1))),
    ]
}

fn to_the_end() -> Vec<Probe> {
    let never_joined = |at: Value| {
        let mut places = places(&SURVEY, &[("A", 1), ("B", -1)], &["A"]);
        places["info"]["B"] = json!([1, [], at]);
        ok(places)
    };
    vec![
        two("to the end, and once more").act(END, &["A"]).is(at(4, -1)).act(END, &["A"]).is(at(4, -1)),
        // The end of an empty order of pages is its first place.
        two("the end of one who has not joined").act(END, &["B"]).is(never_joined(json!(0))),
        two("back from the end of one who has not joined")
            .act(END, &["B"])
            .is(never_joined(json!(0)))
            .act(REVERT, &["B"])
            .is(since_0_8(
                never_joined(json!(-1)),
                refused(400, "Constraint violation: Cannot revert B, who has reached the end"),
            )),
        three("an unknown name between others, to the end")
            .act(END, &["A", "ZZ", "B"])
            .is(since_0_8(broken(), no_player()))
            .get("{session}/{online}")
            .is(since_0_8(all_at(4, 1, 1), all_at(1, 1, 1))),
    ]
}

/// A page on which two are put together, and one on which they wait for each other.
fn together() -> Vec<Probe> {
    let pair = |name| probe(name).session("pair", &["A", "B"]).joins("A");
    let at = |a: i64, b: i64| {
        let online: &[&str] = if b < 0 { &["A"] } else { &["A", "B"] };
        ok(places(&PAIR, &[("A", a), ("B", b)], online))
    };
    vec![
        pair("one alone waits to be put into a group")
            .get("{session}/{online}")
            .is(at(1, -1))
            .submits("A", &[])
            .get("{session}/{online}")
            .is(at(1, -1)),
        pair("two meet, wait for each other and go on")
            .joins("B")
            .submits("A", &[])
            .get("{session}/{online}")
            .is(at(2, 2))
            .submits("A", &[("give", "3")])
            .get("{session}/{online}")
            .is(at(3, 2))
            .submits("A", &[])
            .get("{session}/{online}")
            .is(at(3, 2))
            .submits("B", &[("give", "4")])
            .submits("A", &[])
            .get("{session}/{online}")
            .is(at(4, 4))
            .submits("A", &[])
            .submits("B", &[])
            .get("{session}/{online}")
            .is(at(5, 5)),
        pair("a step past the page on which two meet leads on without a group")
            .act(ADVANCE, &["A"])
            .is(at(2, -1))
            .get("{session}/players/?fields=_uproot_group")
            .is(ok(json!({"A": {"_uproot_group": null}, "B": {"_uproot_group": null}}))),
        pair("a step past the page on which two wait")
            .joins("B")
            .submits("A", &[])
            .submits("A", &[("give", "3")])
            .act(ADVANCE, &["A"])
            .is(at(4, 2)),
    ]
}
