//! The data of a session as files.

use serde_json::{Value, json};

use super::SURVEY;
use crate::conformance::expect::{
    Expect, Table, csv, invalid, json_lines, json_list, no_such_path, ok, query_fault, refused, table, zip,
};
use crate::conformance::forms::{Each, each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, get};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = tables();
    probes.extend(rows());
    probes.extend(page_times());
    probes.extend(bad());
    probes
}

/// The columns of a log with one change a row. There are no sequence numbers in 0.0.x.
const LOG: [&str; 6] = ["!context", "!data", "!field", "!storage", "!time", "!unavailable"];
const NUMBERED: [&str; 7] = ["!context", "!data", "!field", "!seq", "!storage", "!time", "!unavailable"];

/// The columns of the players' final state, with reasonable filters.
const PLAYERS: [&str; 16] = [
    "!seq",
    "!storage",
    "!time",
    "_uproot_dropout",
    "app",
    "config",
    "group",
    "id",
    "label",
    "nickname",
    "page_order",
    "payoff",
    "pid",
    "session",
    "show_page",
    "started",
];

/// Somebody called Ada, and one who has not joined.
fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"]).joins("A").submits("A", &[("nickname", "Ada")])
}

/// A row about a player.
fn of_player(player: &str, mut row: Value) -> Value {
    row["!storage"] = json!(format!("player/{{S}}/{player}"));
    row
}

/// The same query under the two paths that there have been.
fn export(contract: &'static str, later: &'static str) -> Each<Request> {
    since_0_1(get(contract), get(later))
}

/// The files of an archive: 0.1 writes no dictionary, and page times are beside it, not in it.
fn archive(tables: Vec<(&str, Table)>, more: &[&str]) -> (Expect, Expect) {
    let mut files = vec![
        "README.txt",
        "SHA256SUMS",
        "latest/player.csv",
        "latest/session.csv",
        "sparse/player.csv",
        "sparse/session.csv",
        "ultralong/player.csv",
        "ultralong/session.csv",
    ];
    files.extend(more);
    let older = zip(&files, tables.clone());
    files.extend(["DATA_DICTIONARY.json", "page_times.csv"]);
    (older, zip(&files, tables))
}

fn csv_of(rows: Table, tables: Vec<(&str, Table)>, more: &[&str]) -> Each<Expect> {
    let (toggling, newest) = archive(tables, more);
    each(csv("attachment; filename={S}.csv", rows), toggling, newest)
}

fn tables() -> Vec<Probe> {
    let ada =
        || json!({"!storage": "player/{S}/A", "!field": "nickname", "!data": "Ada", "!unavailable": "FALSE"});
    let session = || json!({"!storage": "session/{S}", "!field": "config", "!data": "survey"});
    let order = r#"["survey/#StartApp","survey/Intro","survey/Decision","survey/Thanks"]"#;
    let pages = || json!({"!storage": "player/{S}/A", "!field": "page_order", "!data": order});
    let yes = || json!({"!storage": "player/{S}/A", "!field": "started", "!data": "TRUE"});
    let group = || json!({"!storage": "player/{S}/A", "!field": "_uproot_group", "!data": ""});
    let key = || json!({"!field": "_uproot_key"});
    let state = || {
        let state = json!({"nickname": "Ada", "show_page": "2", "started": "TRUE", "label": ""});
        of_player("A", state)
    };
    let unbegun = || {
        let state = json!({"nickname": "", "show_page": "-1", "started": "FALSE", "page_order": "[]"});
        of_player("B", state)
    };
    let sparse =
        || json!({"!storage": "player/{S}/A", "!field": "nickname", "nickname": "Ada", "show_page": ""});
    let log = |columns: &[&'static str]| table(columns).has(ada()).has(pages()).has(yes());
    vec![
        two("every change as a table, without filters")
            .ask(export("{session}/data/csv/", "{session}/data/export/?filters=false"))
            .is(csv_of(
                log(&LOG).has(session()).has(group()).has(key()),
                vec![
                    ("ultralong/player.csv", log(&NUMBERED).has(group()).has(key())),
                    ("ultralong/session.csv", table(&NUMBERED).has(session())),
                    ("sparse/player.csv", table(&[]).has(sparse())),
                    ("latest/player.csv", table(&[]).has(state()).has(unbegun()).rows(2)),
                    ("latest/session.csv", table(&[]).has(json!({"!storage": "session/{S}"})).rows(1)),
                ],
                &[],
            )),
        // Up to 0.7 the filters leave out what is nobody's group.
        two("every change as a table, with filters")
            .ask(export("{session}/data/csv/?filters=true", "{session}/data/export/"))
            .is({
                let mut without = PLAYERS.to_vec();
                without.retain(|column| *column != "group");
                let tables = |columns: &[&'static str]| {
                    vec![
                        ("ultralong/player.csv", log(&NUMBERED).has_not(key()).has_not(group())),
                        ("latest/player.csv", table(columns).has(state()).has(unbegun()).rows(2)),
                    ]
                };
                let (older, _) = archive(tables(&without), &[]);
                let (_, newest) = archive(tables(&PLAYERS), &[]);
                let contract = log(&LOG).has(session()).has_not(key());
                each(csv("attachment; filename={S}.csv", contract), older, newest)
            }),
        two("the final state as a table")
            .ask(export("{session}/data/csv/?format=latest", "{session}/data/export/?format=latest"))
            .is(csv_of(
                table(&[]).has(state()).has(unbegun()),
                vec![("latest/player.csv", table(&[]).has(state()).has(unbegun()))],
                &[],
            )),
        two("changes by column as a table")
            .ask(export("{session}/data/csv/?format=sparse", "{session}/data/export/?format=sparse"))
            .is(csv_of(table(&[]).has(sparse()), vec![("sparse/player.csv", table(&[]).has(sparse()))], &[])),
        two("the state by page as a table")
            .ask(export(
                "{session}/data/csv/?format=latest&gvar=show_page",
                "{session}/data/export/?gvar=show_page",
            ))
            .is(csv_of(
                table(&[]).has(json!({"!storage": "player/{S}/A", "show_page": "1", "nickname": "Ada"})),
                vec![(
                    "latest_by_show-page/player.csv",
                    table(&[])
                        .has(json!({"!storage": "player/{S}/A", "show_page": "1", "nickname": "Ada"}))
                        .rows(5),
                )],
                &["latest_by_show-page/player.csv", "latest_by_show-page/session.csv"],
            )),
        // Since 0.1 an archive may be of rows instead of tables.
        two("every change in an archive of rows").get("{session}/data/export/?filetype=jsonl").is({
            let files = |more: &[&'static str]| {
                let mut files = vec!["README.txt", "SHA256SUMS"];
                files.extend([
                    "latest/player.jsonl",
                    "latest/session.jsonl",
                    "sparse/player.jsonl",
                    "sparse/session.jsonl",
                    "ultralong/player.jsonl",
                    "ultralong/session.jsonl",
                ]);
                files.extend(more);
                let ada = json!({"!storage": "player/{S}/A", "!field": "nickname", "!data": "Ada"});
                zip(&files, vec![("ultralong/player.jsonl", table(&NUMBERED).has(ada))])
            };
            each(no_such_path(), files(&[]), files(&["DATA_DICTIONARY.json", "page_times.jsonl"]))
        }),
        probe("groups as a table")
            .session("pair", &["A", "B"])
            .joins("A")
            .joins("B")
            .ask(export("{session}/data/csv/?format=latest", "{session}/data/export/?filters=false"))
            .is(csv_of(
                table(&[]).has(json!({"!storage": "player/{S}/B", "member_id": "1"})),
                vec![("latest/group.csv", table(&[]).has(json!({"app": "pair", "id": "1"})).rows(1))],
                &["latest/group.csv", "sparse/group.csv", "ultralong/group.csv"],
            )),
    ]
}

fn rows() -> Vec<Probe> {
    let list = |rows: Table| json_list("attachment; filename={S}.json", rows);
    let lines = |rows: Table| json_lines("attachment; filename={S}.jsonl", rows);
    let both = |rows: Table| since_0_1(list(rows.clone()), lines(rows));
    let ada = || {
        let change = json!({
            "!field": "nickname", "!data": "Ada", "!unavailable": false, "!time": "<time>",
            "!context": "<context>",
        });
        of_player("A", change)
    };
    let at = || json!({"!storage": "player/{S}/A", "!field": "show_page", "!data": 2});
    let flag = || json!({"!storage": "session/{S}", "!field": "active", "!data": true});
    let none = || json!({"!storage": "player/{S}/A", "!field": "_uproot_group", "!data": null});
    let key = || json!({"!field": "_uproot_key"});
    let log = |columns: &[&'static str]| table(columns).has(ada()).has(at()).has(flag());
    let state = || {
        let state = json!({
            "!time": "<time>", "nickname": "Ada", "show_page": 2, "started": true, "page_order": SURVEY,
        });
        of_player("A", state)
    };
    let sparse =
        || json!({"!storage": "player/{S}/A", "!field": "nickname", "nickname": "Ada", "!time": "<time>"});
    let session =
        || json!({"!storage": "session/{S}", "apps": ["survey"], "config": "survey", "description": null});
    let filtered = || json!({"!storage": "player/{S}/A", "session": "session/{S}", "pid": ["{S}", "A"]});
    vec![
        two("every change as rows").ask(export("{session}/data/json/", "{session}/data/jsonl/")).is(
            since_0_1(list(log(&LOG).has(none()).has(key())), lines(log(&NUMBERED).has(none()).has(key()))),
        ),
        two("every change as rows, with filters")
            .ask(export("{session}/data/json/?filters=true", "{session}/data/jsonl/?filters=true"))
            .is(since_0_1(list(log(&LOG).has_not(key())), lines(log(&NUMBERED).has_not(key())))),
        two("the final state as rows")
            .ask(export("{session}/data/json/?format=latest", "{session}/data/jsonl/?format=latest"))
            .is(both(table(&[]).has(state()).has(session()).rows(3))),
        two("the final state as rows, with filters")
            .ask(export(
                "{session}/data/json/?format=latest&filters=true",
                "{session}/data/jsonl/?format=latest&filters=true",
            ))
            .is(both(table(&[]).has(state()).has(session()).has(filtered()).rows(3))),
        two("changes by column as rows")
            .ask(export("{session}/data/json/?format=sparse", "{session}/data/jsonl/?format=sparse"))
            .is(both(table(&[]).has(sparse()).has_not(json!({"!data": "<any>"})))),
        two("the final state by what was filled in")
            .ask(export(
                "{session}/data/json/?format=latest&gvar=nickname",
                "{session}/data/jsonl/?format=latest&gvar=nickname",
            ))
            .is(both(table(&[]).has(json!({"!storage": "player/{S}/A", "nickname": "Ada"})))),
        // What each combination was like when it ended. What never had one is as it is at last, since 0.1.
        two("the state by page")
            .ask(export(
                "{session}/data/json/?format=latest&gvar=show_page",
                "{session}/data/jsonl/?format=latest&gvar=show_page",
            ))
            .is({
                let pages = || {
                    table(&[])
                        .has(json!({"!storage": "player/{S}/A", "show_page": -1}))
                        .has(json!({"!storage": "player/{S}/A", "show_page": 0}))
                        .has(json!({"!storage": "player/{S}/A", "show_page": 1, "nickname": "Ada"}))
                        .has(json!({"!storage": "player/{S}/A", "show_page": 2, "nickname": "Ada"}))
                        .has(json!({"!storage": "player/{S}/B", "show_page": -1}))
                };
                since_0_1(list(pages()), lines(pages().has(session()).rows(6)))
            }),
        two("words that mean a filter")
            .ask(export("{session}/data/json/?filters=yes", "{session}/data/jsonl/?filters=yes"))
            .is(both(table(&[]).has(ada()).has_not(key()))),
    ]
}

fn page_times() -> Vec<Probe> {
    const COLUMNS: [&str; 7] = ["context", "entered", "left", "page_name", "show_page", "sname", "uname"];
    let visit = |uname: &str, page: &str, at: i64, is_last: bool| {
        let left = if is_last { json!("") } else { json!("<text>") };
        json!({"sname": "{S}", "uname": uname, "page_name": page, "show_page": at.to_string(), "left": left})
    };
    let visits = {
        table(&COLUMNS)
            .has(visit("A", "(Initialize)", -1, false))
            .has(visit("A", "survey/#StartApp", 0, false))
            .has(visit("A", "survey/Intro", 1, false))
            .has(visit("A", "survey/Decision", 2, true))
            .has(visit("B", "(Initialize)", -1, true))
            .rows(5)
    };
    let end = table(&COLUMNS).has(visit("A", "(End)", 4, true));
    let file = |rows: Table| csv("attachment; filename={S}-page-times.csv", rows);
    let path =
        || each(get("{session}/page-times/"), get("{session}/page-times/"), get("{session}/data/export/"));
    let times = |rows: Table| {
        let (_, newest) = archive(vec![("page_times.csv", rows.clone())], &[]);
        each(file(rows.clone()), file(rows), newest)
    };
    vec![
        two("who was on which page").ask(path()).is(times(visits)),
        two("who was at the end")
            .act("{session}/players/end/", &["A"])
            .is(ok(json!("<object>")))
            .ask(path())
            .is(times(end)),
    ]
}

fn bad() -> Vec<Probe> {
    let format = || refused(400, "Invalid format. Use: ultralong, sparse, or latest");
    let filters = |text: &str| invalid([query_fault("bool_parsing", "filters", text)]);
    vec![
        two("rows of an unknown format")
            .ask(export("{session}/data/json/?format=bad", "{session}/data/jsonl/?format=bad"))
            .is(format()),
        two("rows of an empty format")
            .ask(export("{session}/data/json/?format=", "{session}/data/jsonl/?format="))
            .is(format()),
        two("rows of a format in capitals")
            .ask(export("{session}/data/json/?format=Latest", "{session}/data/jsonl/?format=Latest"))
            .is(format()),
        two("a table of an unknown format or type")
            .ask(export("{session}/data/csv/?format=bad", "{session}/data/export/?filetype=bad"))
            .is(since_0_1(format(), refused(400, "Invalid filetype. Use: csv or jsonl"))),
        two("filters that are no flag")
            .ask(export("{session}/data/csv/?filters=abc", "{session}/data/export/?filters=abc"))
            .is(filters("abc")),
        two("filters that are empty")
            .ask(export("{session}/data/json/?filters=", "{session}/data/jsonl/?filters="))
            .is(filters("")),
    ]
}
