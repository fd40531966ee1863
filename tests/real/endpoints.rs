//! Every endpoint of the Admin API, called from a script by the real program; what it did is read back from the server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use uproctor::api::Endpoint;

use crate::support::{Action, PATIENCE, Participant, Server, Version, on_every_version, wait_until};

mod newer;

on_every_version!(every_endpoint_is_called_from_a_script);

const SCRIPT: &str = include_str!("endpoints.rhai");

/// The players of the script by what it does to them, in the order in which they are made.
const ROLES: [&str; 10] =
    ["advanced", "reverted", "ended", "unbegun", "set", "both", "told", "reloaded", "sent", "gone"];

fn every_endpoint_is_called_from_a_script(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", ROLES.len());
    let names = server.players(&session);
    let who: BTreeMap<&str, &str> = ROLES.iter().copied().zip(names.iter().map(String::as_str)).collect();
    let people: BTreeMap<&str, Participant> = ROLES
        .iter()
        .filter(|role| **role != "unbegun")
        .map(|role| (*role, Participant::of(&server, &session, who[role])))
        .collect();
    for (role, participant) in &people {
        assert_eq!(participant.open().path, "survey/Intro");
        if *role == "reverted" {
            participant.submit(&[("nickname", "Ada")]);
            assert_eq!(participant.submit(&[("offer", "4")]).path, "survey/Thanks");
        }
    }
    wait_until("all are online", PATIENCE, || server.online(&session).len() == people.len());

    let (own, room) = (format!("{session}-own"), format!("{session}-room"));
    let params = json!({"session": session, "own": own, "room": room, "who": who});
    let folder = project(&server.url(), server.token(), SCRIPT, "live", &params);
    let run = trigger(&folder);
    assert_eq!(run["outcome"], "done", "{}", run["reason"]);
    assert_eq!(called(&run), Endpoint::ALL.iter().map(|endpoint| endpoint.name()).collect());
    let text = fs::read_to_string(folder.path().join("exports/answers.json")).expect("the answers");
    assert!(!text.contains("_uproot_key"));
    for name in &names {
        let key = server.field(&session, name, "_uproot_key");
        assert!(key.as_str().is_none_or(|key| !text.contains(key)), "the key of {name} is in the answers");
        let in_store = |key: &str| newer::is_in_the_store(&folder, key);
        assert!(key.as_str().is_none_or(|key| !in_store(key)), "the key of {name} is in the store");
    }
    let answers: Value = serde_json::from_str(&text).expect("JSON");
    for endpoint in Endpoint::ALL {
        assert!(!answers[endpoint.name()].is_null(), "{endpoint} has no answer");
    }

    the_server_is_described(&server, &answers);
    sessions_are_made_and_set(&server, &answers, &own);
    players_are_listed(&answers, &session, &who);
    players_are_stepped(&server, &answers, &session, &who, &people);
    players_are_reached(&server, &answers, &session, &who, &people);
    data_are_exported(&answers, &who);
    rooms_are_made_and_set(&server, &answers, &room, &own);
    newer::players_are_arranged(&server, &answers, &session, &who, &own);
    newer::players_are_talked_to(&server, &answers, &session, &who, &people["told"]);
    newer::code_is_run(&answers, &who);
    newer::wholes_are_fetched(&server, &answers, &folder);
}

fn the_server_is_described(server: &Server, answers: &Value) {
    assert_eq!(answers["configs.list"], server.get("configs/"));
    assert_eq!(answers["configs.summary"]["name"], "pair");
    assert_eq!(answers["configs.summary"]["multiple_of"], 2);
    assert_eq!(answers["configs.summary"]["settings"], json!({"stake": 10}));
    let status = &answers["system.status"];
    assert_eq!(status["version"], server.version().number());
    assert!(status["database_size_mb"].is_number(), "{status}");
    assert_eq!(answers["system.digest"]["apps"], json!(["survey"]));
    assert_eq!(answers["system.auth_sessions"], server.get("auth/sessions/"));
}

fn sessions_are_made_and_set(server: &Server, answers: &Value, own: &str) {
    let [unnamed, named] = two(&answers["sessions.create"]);
    assert_eq!(*named, json!({"sname": own, "created": true}));
    let unnamed = unnamed["sname"].as_str().expect("a name");
    let made = server.get(&format!("sessions/{unnamed}/"));
    assert_eq!((&made["config"], &made["n_players"]), (&json!("pair"), &json!(2)));
    assert_eq!(made["settings"], json!({"stake": 10}));
    assert_eq!(answers["sessions.list"][own]["n_players"], 2);
    assert!(answers["sessions.list"][unnamed].is_object());

    let flags = |name: &str, flags: [bool; 4]| json!(flags.map(|flag| json!({name: flag})));
    assert_eq!(answers["sessions.active"], flags("active", [true, false, true, false]));
    assert_eq!(answers["sessions.testing"], flags("testing", [false, true, false, true]));
    let description = "second wave, äöü";
    assert_eq!(answers["sessions.description"][1], json!({"description": description}));
    let settings = json!({"stake": 20, "nested": {"list": [1, 2.5, "x", true]}});
    assert_eq!(answers["sessions.settings"], json!({"settings": settings}));

    let now = server.get(&format!("sessions/{own}/"));
    assert_eq!((&now["active"], &now["testing"]), (&json!(false), &json!(true)));
    assert_eq!((&now["description"], &now["settings"]), (&json!(description), &settings));
    assert_eq!(sorted(server.players(own)), ["one", "two"]);
    let answer = &answers["sessions.get"];
    for field in ["sname", "config", "active", "testing", "description", "settings", "n_players", "apps"] {
        assert_eq!(answer[field], now[field], "{field}");
    }
}

fn players_are_listed(answers: &Value, session: &str, who: &BTreeMap<&str, &str>) {
    let online = answers["players.online"]["online"].as_object().expect("times by name");
    let there: BTreeSet<&str> = online.keys().map(String::as_str).collect();
    let begun = who.iter().filter(|(role, _)| **role != "unbegun").map(|(_, name)| *name);
    assert_eq!(there, begun.collect(), "online in {session}");
    let [all, some] = two(&answers["players.list"]);
    assert_eq!(all.as_object().map(serde_json::Map::len), Some(who.len()));
    assert_eq!(all[who["unbegun"]]["show_page"], -1);
    let reverted = &all[who["reverted"]];
    let at = reverted["show_page"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("begun");
    assert_eq!(reverted["page_order"][at], "survey/Thanks");
    assert_eq!(some[who["reverted"]]["nickname"], "Ada");
    assert_eq!(some[who["advanced"]]["unheard_of"], Value::Null);
    let [one, some, none] = answers["players.get"].as_array().expect("answers").as_slice() else {
        panic!("three answers")
    };
    let mut named = reverted.clone();
    named["name"] = json!(who["reverted"]);
    assert_eq!((one, some), (&named, &json!({"name": who["reverted"], "nickname": "Ada"})));
    assert_eq!(none["kind"], "not_found");
}

fn players_are_stepped(
    server: &Server,
    answers: &Value,
    session: &str,
    who: &BTreeMap<&str, &str>,
    people: &BTreeMap<&str, Participant>,
) {
    let stepped = |verb: &str, names: &[&str], refused: Value| json!({verb: names, "moved": [], "refused": refused, "dry_run": false});
    let [once, twice] = two(&answers["players.advance"]);
    assert_eq!(*once, stepped("advanced", &[who["advanced"]], json!({})));
    assert_eq!(
        *twice,
        stepped("advanced", &[who["advanced"]], json!({who["ended"]: "has finished already"}))
    );
    let [once, twice] = two(&answers["players.revert"]);
    assert_eq!(*once, stepped("reverted", &[who["reverted"]], json!({})));
    // Whoever cannot go back keeps nobody else from it.
    let why = "is on the first page after survey/#StartApp, and there is no way back past it";
    assert_eq!(*twice, stepped("reverted", &[who["reverted"]], json!({who["set"]: why})));
    let [ended] = answers["players.end"].as_array().expect("answers").as_slice() else {
        panic!("one answer")
    };
    assert_eq!(ended["ended"], json!([who["ended"]]));
    assert!(ended["refused"][who["unbegun"]].is_string(), "{ended}");

    for (role, page) in [("advanced", "survey/Thanks"), ("reverted", "survey/Intro"), ("ended", "End")] {
        assert_eq!(server.page_of(session, who[role]), page, "{role}");
        people[role].wait_for_page(page);
    }
    assert_eq!(server.page_of(session, who["unbegun"]), "Initialize");
    for role in ["set", "both", "told", "reloaded", "sent", "gone"] {
        assert_eq!(server.page_of(session, who[role]), "survey/Intro", "{role} was not to be stepped");
    }
}

fn players_are_reached(
    server: &Server,
    answers: &Value,
    session: &str,
    who: &BTreeMap<&str, &str>,
    people: &BTreeMap<&str, Participant>,
) {
    let [one, both] = two(&answers["players.fields"]);
    assert_eq!(one["updated"], json!([who["set"]]));
    assert_eq!(both["updated"], json!([who["set"], who["both"]]));
    let fields = [
        ("number", json!(2)),
        ("share", json!(0.5)),
        ("text", json!("täxt")),
        ("yes", json!(true)),
        ("list", json!([1, "b"])),
        ("treatment", json!({"arm": "b"})),
    ];
    for (field, value) in fields {
        assert_eq!(server.field(session, who["set"], field), value, "{field}");
    }
    assert_eq!(server.field(session, who["both"], "treatment"), json!({"arm": "b"}));
    assert_eq!(server.field(session, who["both"], "number"), Value::Null);

    for role in ["set", "both", "reloaded"] {
        people[role].wait_for_action(&Action::Reload);
    }
    people["told"].wait_for_message("Please decide.");
    let address = "https://example.org/complete?c=1&d=2";
    people["sent"].wait_for_action(&Action::Redirect(address.to_owned()));
    assert!(people["gone"].actions().is_empty() && people["gone"].messages().is_empty());
    assert_eq!(answers["players.message"]["messaged"], json!([who["told"]]));
    assert_eq!(answers["players.reload"]["reloaded"], json!([who["reloaded"]]));
    let sent = &answers["players.redirect"];
    assert_eq!((&sent["redirected"], &sent["url"]), (&json!([who["sent"]]), &json!(address)));
    assert_eq!(answers["players.dropout"]["marked_dropout"], json!([who["gone"]]));
    assert_eq!(server.field(session, who["gone"], "_uproot_dropout"), true);
    assert_ne!(server.field(session, who["told"], "_uproot_dropout"), true);
}

fn data_are_exported(answers: &Value, who: &BTreeMap<&str, &str>) {
    let [all, same, none] = answers["data.since"].as_array().expect("answers").as_slice() else {
        panic!("three answers")
    };
    let nickname = &all["data"][who["reverted"]]["nickname"];
    assert_eq!(
        nickname.as_array().and_then(|changes| changes.last()).map(|last| &last[3]),
        Some(&json!("Ada"))
    );
    assert_eq!(all["data"], same["data"]);
    assert_eq!(none["data"], json!({}));

    for kind in ["data.csv", "data.json"] {
        let exports = answers[kind].as_array().expect("exports");
        for (index, rows) in exports.iter().enumerate() {
            assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{kind} {index}: {rows}");
        }
        let has_ada = |rows: &Value| rows.to_string().contains("Ada");
        for (index, rows) in exports.iter().enumerate() {
            assert!(has_ada(rows), "{kind} {index} lacks the nickname");
        }
        // The latest: a row for each player and the value as it is now.
        let latest = exports[3].as_array().expect("rows");
        let of_players =
            latest.iter().filter(|row| row["!storage"].as_str().is_some_and(|s| s.starts_with("player/")));
        assert_eq!(of_players.count(), who.len(), "{kind}");
    }
    let visits = answers["data.page_times"].as_array().expect("rows");
    let ada: Vec<&str> = visits
        .iter()
        .filter(|visit| visit["uname"] == who["reverted"])
        .filter_map(|visit| visit["page_name"].as_str())
        .collect();
    for page in ["survey/Intro", "survey/Decision", "survey/Thanks"] {
        assert!(ada.contains(&page), "{page} is not among {ada:?}");
    }
}

fn rooms_are_made_and_set(server: &Server, answers: &Value, room: &str, own: &str) {
    let (old, of) = (format!("{room}-old"), format!("{room}-of"));
    for (answer, name) in answers["rooms.create"].as_array().into_iter().flatten().zip([room, &old, &of]) {
        assert_eq!((&answer["name"], &answer["created"]), (&json!(name), &json!(true)));
    }
    assert_eq!(answers["rooms.update"]["updated"], true);
    let [plain, with_session] = two(&answers["rooms.get"]);
    let expected = [
        ("name", json!(room)),
        ("config", json!("survey")),
        ("labels", json!(["seat1", "seat2"])),
        ("capacity", json!(2)),
        ("open", json!(true)),
        ("sname", Value::Null),
    ];
    for (field, value) in expected {
        assert_eq!(plain[field], value, "{field} after the update");
    }
    assert_eq!(with_session["sname"], own);
    assert_eq!(answers["rooms.list"][room]["labels"], json!(["seat1", "seat2"]));
    assert!(answers["rooms.list"][&old].is_object());
    assert_eq!(answers["rooms.online"]["online"], json!({}));
    assert_eq!(answers["rooms.delete"]["deleted"], true);
    assert!(server.get("rooms/")[&old].is_null());
    assert_eq!(answers["rooms.disassociate"]["disassociated"], true);
    let [shut, open] = two(&answers["rooms.open"]);
    assert_eq!((&shut["open"], &open["open"]), (&json!(false), &json!(true)));
    let [seven, any] = two(&answers["rooms.capacity"]);
    assert_eq!((&seven["capacity"], &any["capacity"]), (&json!(7), &Value::Null));
    let [closed, refused, parted] = answers["rooms.close"].as_array().expect("answers").as_slice() else {
        panic!("three answers")
    };
    assert_eq!((&closed["closed"], &closed["disassociated"]), (&json!(true), &json!(false)));
    assert_eq!((&refused["kind"], &refused["status"]), (&json!("refused"), &json!(400)));
    assert_eq!((&parted["sname"], &parted["disassociated"]), (&Value::Null, &json!(true)));

    let [replaced, seated] = two(&answers["rooms.create_session"]);
    let room_of = |name: &str| server.get(&format!("rooms/{name}/"));
    // It was closed at the end.
    assert_eq!((&room_of(&of)["sname"], &room_of(&of)["open"]), (&Value::Null, &json!(false)));
    assert_ne!(replaced["sname"], own);
    let named = format!("{own}-seated");
    assert_eq!((&seated["sname"], &seated["roomname"]), (&json!(named), &json!(room)));
    assert_eq!((&room_of(room)["sname"], &room_of(room)["capacity"]), (&json!(named), &json!(2)));
    let session = server.get(&format!("sessions/{named}/"));
    assert_eq!((&session["room"], &session["settings"]), (&json!(room), &json!({"stake": 3})));
    assert_eq!(sorted(server.players(&named)), ["left", "right"]);
    let labels = ["left", "right"].map(|player| server.field(&named, player, "label"));
    assert!(labels.contains(&json!("seat2")), "{labels:?}");
}

/// The script calls every function of the modules that stand for the API.
#[test]
fn the_script_leaves_no_function_out() {
    let modules =
        ["sessions::", "players::", "chat::", "data::", "pipelines::", "rooms::", "configs::", "system::"];
    let answer = uproctor(&["functions", "--json"]);
    let functions: Value = serde_json::from_str(&answer).expect("JSON");
    let names: BTreeSet<&str> = functions
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|function| function["name"].as_str())
        .filter(|name| modules.iter().any(|module| name.starts_with(module)))
        .collect();
    assert!(names.len() >= Endpoint::ALL.len(), "{names:?}");
    let missing: Vec<&str> = names.into_iter().filter(|name| !SCRIPT.contains(&format!("{name}("))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// The endpoints that a run called by its own account: reads are in its trace, writes among its effects.
fn called(run: &Value) -> BTreeSet<&str> {
    let list = |name: &str| run[name].as_array().into_iter().flatten();
    let reads = list("trace")
        .filter(|line| line["kind"] == "call")
        .filter_map(|line| line["text"].as_str()?.split([' ', ':']).next());
    let writes = list("effects").filter(|effect| effect["state"] == "done");
    reads.chain(writes.filter_map(|effect| effect["action"].as_str())).collect()
}

fn project(url: &str, token: &str, script: &str, mode: &str, params: &Value) -> TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file is written");
    fs::create_dir(folder.path().join("scripts")).expect("a folder for scripts");
    write("scripts/everything.rhai", script);
    write("token", token);
    let inline = toml_of(params);
    write(
        "config.toml",
        &format!(
            r#"
[uproot]
url = "{url}"
token_file = "token"

[[automation]]
name = "everything"
on = {{ every = "1h" }}
script = "everything.rhai"
mode = "{mode}"
params = {inline}
allow = ["sessions.*", "players.*", "chat.*", "pipelines.*", "rooms.*", "files.*", "system.*"]
"#
        ),
    );
    folder
}

/// Objects of texts as an inline table.
fn toml_of(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key} = {}", toml_of(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// The run, as the program shows it.
fn trigger(folder: &TempDir) -> Value {
    let config = folder.path().join("config.toml");
    let config = config.to_str().expect("a path of letters");
    serde_json::from_str(&uproctor(&["trigger", "everything", "--json", "--config", config])).expect("JSON")
}

/// What the program prints, whatever its exit code is.
fn uproctor(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_uproctor")).args(arguments).output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(!text.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}

fn two(value: &Value) -> [&Value; 2] {
    match value.as_array().map(Vec::as_slice) {
        Some([first, second]) => [first, second],
        _ => panic!("not two answers: {value}"),
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
