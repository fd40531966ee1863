//! Code of the experiment that an admin runs, and what is fetched as a whole.

use serde_json::json;

use super::no_session;
use crate::conformance::expect::{
    Expect, csv, file, json_lines, no_such_path, not_allowed, ok, refused, table, text,
};
use crate::conformance::forms::{Each, each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::request;

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = pipelines();
    probes.extend(whole());
    probes
}

fn later(later: impl Into<Each<Expect>>) -> Each<Expect> {
    later.into().before_0_1(no_such_path())
}

fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"])
}

fn pipelines() -> Vec<Probe> {
    let run = "{session}/pipelines/survey/runs/";
    let lines = "{session}/pipelines/survey/runs/?filetype=jsonl";
    let rows = || {
        let columns = table(&["data", "player"]).rows(2);
        let columns = columns.has(json!({"data": null, "player": "A"}));
        json_lines("attachment; filename={S}-survey.jsonl", columns.has(json!({"data": null, "player": "B"})))
    };
    let with_data = || {
        let columns = table(&["data", "player"]).rows(2).has(json!({"data": [1, 2.5], "player": "A"}));
        json_lines("attachment; filename={S}-survey.jsonl", columns)
    };
    let cells = || {
        let columns = table(&["data", "player"]).rows(2).has(json!({"data": "", "player": "A"}));
        csv("attachment; filename={S}-survey.csv", columns)
    };
    vec![
        two("the pipelines of a session")
            .get("{session}/pipelines/")
            .is(later(ok(json!({"apps": ["survey"]})))),
        probe("no pipelines").session("pair", &["A", "B"]).get("{session}/pipelines/").is(later(ok(json!({
            "apps": [],
        })))),
        probe("the pipelines of no session")
            .get("{sessions}/nope/pipelines/")
            .is(no_session().before_0_1(no_such_path())),
        two("a pipeline, read").get(run).is(later(cells())),
        two("a pipeline").ask(request("POST", run)).is(later(cells())),
        two("a pipeline as lines").ask(request("POST", lines)).is(later(rows())),
        two("a pipeline with nothing").post(lines, json!(null)).is(later(rows())),
        two("a pipeline with data").post(lines, json!([1, 2.5])).is(later(with_data())),
        two("a pipeline that gives a text").post(lines, json!("hello")).is(later(text("hello"))),
        two("a pipeline that gives an object")
            .post(lines, json!({"a": [1, 2.5, null]}))
            .is(later(text("{\"a\":[1,2.5,null]}"))),
        two("a pipeline with what is no JSON")
            .ask(request("POST", lines).bytes("not json"))
            .is(later(refused(400, "Pipeline data must be valid JSON"))),
        two("a pipeline in another form").get("{session}/pipelines/survey/runs/?filetype=xml").is(each(
            no_such_path(),
            refused(400, "Invalid filetype"),
            refused(400, "Invalid filetype. Use: csv or jsonl"),
        )),
        two("the pipeline of an app that has none")
            .ask(request("POST", "{session}/pipelines/pair/runs/"))
            .is(later(refused(404, "Pipeline not found"))),
        probe("a pipeline of no session")
            .ask(request("POST", "{sessions}/nope/pipelines/survey/runs/"))
            .is(no_session().before_0_1(no_such_path())),
        two("the digest of an app")
            .get("{session}/digests/survey/")
            .is(later(ok(json!({"app": "survey", "digest": "<object>"})))),
        two("the digest of an app that is not there")
            .get("{session}/digests/pair/")
            .is(later(refused(404, "Digest not found"))),
        probe("a digest of no session")
            .get("{sessions}/nope/digests/survey/")
            .is(no_session().before_0_1(no_such_path())),
    ]
}

fn whole() -> Vec<Probe> {
    let session = json!({
        "sname": "{S}", "created": "<time>", "active": true, "config": "survey", "room": null,
        "description": null, "n_players": 2, "n_groups": 0,
    });
    let dashboard = json!({
        "configs": {"configs": {"survey": "survey", "...": "<text>"}, "apps": {"...": "<text>"}},
        "rooms": {"...": "<object>"}, "active_sessions": {"{S}": session, "...": "<object>"},
    });
    let mut newest = dashboard.clone();
    newest["uproot_version"] = json!("<text>");
    newest["nudge_announcements"] = json!(false);
    let (msgpack, gzip) = ("application/msgpack", "application/gzip");
    vec![
        two("the dashboard").get("dashboard/").is(each(no_such_path(), ok(dashboard), ok(newest))),
        probe("the database as a file").get("database/dump/").is(each(
            no_such_path(),
            file(msgpack, "attachment; filename=uproot.msgpack"),
            file(gzip, "attachment; filename=uproot.msgpack.gz"),
        )),
        probe("the database is not taken")
            .ask(request("POST", "database/dump/"))
            .is(since_0_1(no_such_path(), not_allowed("GET"))),
        probe("the project as a file").get("project/archive/").is(each(
            no_such_path(),
            no_such_path(),
            file(gzip, "attachment; filename=project.tar.gz"),
        )),
    ]
}
