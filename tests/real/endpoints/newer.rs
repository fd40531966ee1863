//! What newer servers offer and older ones refuse.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;
use uproctor::api::Generation;

use super::{ROLES, project, trigger, two};
use crate::conformance::sandbox;
use crate::support::{PATIENCE, Participant, Server, Version, on_every_version, wait_until};

on_every_version!(a_group_is_for_those_who_wait_and_not_for_those_who_come);

pub(super) fn players_are_arranged(
    server: &Server,
    answers: &Value,
    session: &str,
    who: &BTreeMap<&str, &str>,
    own: &str,
) {
    let [begun, again] = two(&answers["sessions.initialize"]);
    assert_eq!(*begun, json!({"initialized": true}));
    assert_eq!((&again["kind"], &again["status"]), (&json!("refused"), &json!(400)));
    let all = answers["sessions.multiview"]["players"].as_array().expect("players");
    assert_eq!(all.len(), ROLES.len());
    assert_eq!(all[0]["url"], format!("/p/{session}/{}/", all[0]["uname"].as_str().expect("a name")));

    let [unseen, more, less] = answers["players.timeout"].as_array().expect("answers").as_slice() else {
        panic!("three answers")
    };
    assert_eq!(unseen["kind"], "not_seen");
    assert_eq!(*more, json!({"adjusted": [who["set"]], "delta": 90.0}));
    assert_eq!(less["adjusted"], json!([who["set"]]));
    assert!(less["refused"][who["unbegun"]].is_string(), "{less}");
    let until = server.field(session, who["set"], "_uproot_timeouts_until");
    let left = until["1"].as_f64().expect("a deadline") - now();
    assert!((0.0..=60.0).contains(&left), "{left} s are left");
    assert_eq!(server.field(session, who["unbegun"], "_uproot_timeouts_until"), json!({}));

    let [some, one] = two(&answers["players.initialize"]);
    assert_eq!(some["initialized"], json!([who["unbegun"]]));
    let why = "has its pages already: they would be laid out anew";
    assert_eq!(some["refused"], json!({who["set"]: why}));
    assert_eq!(*one, json!({"initialized": ["one"]}));
    assert_eq!(server.field(session, who["unbegun"], "page_order")[1], "survey/Intro");

    let [same, reset, sized] = answers["players.group"].as_array().expect("answers").as_slice() else {
        panic!("three answers")
    };
    assert_eq!((&same["action"], &same["groups_created"]), (&json!("same_group"), &json!(1)));
    assert_eq!(reset["players_reset"], 1);
    let names = sized["group_names"].as_array().expect("names");
    assert_eq!(names.len(), 2);
    for player in ["one", "two"] {
        assert!(names.contains(&server.field(own, player, "_uproot_group")["gname"]), "{player}");
    }
}

pub(super) fn players_are_talked_to(
    server: &Server,
    answers: &Value,
    session: &str,
    who: &BTreeMap<&str, &str>,
    told: &Participant,
) {
    let texts = |thread: &Value| -> Vec<String> {
        let messages = thread["messages"].as_array().into_iter().flatten();
        messages.filter_map(|message| Some(message["text"].as_str()?.to_owned())).collect()
    };
    for text in ["Is anything unclear?", "Then answer.", "We go on."] {
        let shows = |entry: &Value| entry["event"] == "_uproot_Chatted" && entry["data"]["text"] == text;
        wait_until(text, PATIENCE, || told.entries().iter().any(shows));
    }
    let [first, second, empty] = answers["chat.send"].as_array().expect("answers").as_slice() else {
        panic!("three answers")
    };
    assert_eq!(
        (texts(first), &first["chat"]["enabled"]),
        (vec!["Is anything unclear?".into()], &json!(false))
    );
    assert_eq!((texts(second).len(), &second["chat"]["enabled"]), (2, &json!(true)));
    assert_eq!(empty["kind"], "bad_call");
    let [both, one] = two(&answers["chat.broadcast"]);
    assert_eq!((&both["sent_count"], &one["sent_count"]), (&json!(2), &json!(1)));
    assert_eq!(answers["chat.replies"]["players"][0]["chat"]["enabled"], false);
    let [told, nobody] = two(&answers["chat.read"]);
    assert_eq!(texts(told), ["Is anything unclear?", "Then answer.", "We go on."]);
    assert_eq!((&nobody["kind"], &nobody["endpoint"]), (&json!("not_found"), &json!("chat.read")));
    assert_eq!(*told, server.get(&format!("sessions/{session}/players/{}/admin-chat/", who["told"])));
    assert_eq!(answers["chat.overview"], server.get(&format!("sessions/{session}/admin-chat/")));
    assert_eq!(answers["chat.overview"][who["set"]]["last_message_text"], "Now.");
}

pub(super) fn code_is_run(answers: &Value, who: &BTreeMap<&str, &str>) {
    assert_eq!(answers["system.digest_of"]["app"], "survey");
    assert!(answers["system.digest_of"]["digest"]["offers"].is_array());
    assert!(answers["system.dashboard"]["configs"]["configs"]["survey"].is_string());
    assert_eq!(answers["pipelines.list"], json!({"apps": ["survey"]}));
    let [plain, object, keys, text, none] = answers["pipelines.run"].as_array().expect("answers").as_slice()
    else {
        panic!("five answers")
    };
    assert_eq!(plain["rows"].as_array().map(Vec::len), Some(who.len()));
    assert_eq!(plain["rows"][0]["data"], Value::Null);
    assert_eq!(*object, json!({"result": {"rate": 0.5}}));
    assert!(keys["rows"][0]["player"].is_string() && keys["rows"][0]["_uproot_key"].is_null(), "{keys}");
    assert_eq!(*text, json!({"result": "hello"}));
    assert_eq!((&none["kind"], &none["status"]), (&json!("not_found"), &json!(404)));
}

/// The files are there, for nobody else to read; nothing of them is in the answers.
pub(super) fn wholes_are_fetched(server: &Server, answers: &Value, folder: &TempDir) {
    let read = |name: &str| {
        let path = folder.path().join("exports/backup").join(name);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        fs::read(path).expect("the file")
    };
    let newest = server.version() == Version::Newest;
    let dump = read("database");
    assert_eq!(answers["system.dump_database"], json!({"file": "backup/database", "bytes": dump.len()}));
    assert_eq!(dump.starts_with(&[0x1f, 0x8b]), newest);
    let archive = &answers["system.archive_project"];
    if newest {
        assert_eq!(archive["bytes"], read("project.tar.gz").len());
        return;
    }
    assert_eq!((&archive["kind"], &archive["status"]), (&json!("unsupported"), &Value::Null));
    assert_eq!(
        archive["message"],
        "this needs uproot 0.8 or later, and the server is 0.1.0: nothing was sent"
    );
}

/// Whether a text stands anywhere in the store of a project.
pub(super) fn is_in_the_store(folder: &TempDir, text: &str) -> bool {
    let files = fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.expect("a file").path());
    let store: Vec<_> =
        files.filter(|path| path.to_string_lossy().contains("uproctor.db") && path.is_file()).collect();
    assert!(!store.is_empty());
    let has = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    store.into_iter().any(|path| has(fs::read(path).expect("a file")))
}

/// One waits for somebody to be grouped with, and goes on when a script groups them with one who has not come. But a page that
/// makes groups clears that of whoever comes to it: the other one waits.
fn a_group_is_for_those_who_wait_and_not_for_those_who_come(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("pair", 2);
    let names = server.players(&session);
    let [first, second] = [0, 1].map(|at| Participant::of(&server, &session, &names[at]));
    assert_eq!(first.open().path, "pair/#Meet");
    let script = "fn run(event) { players::group(param(\"s\"), param(\"p\"), \"same_group\"); }";
    let params = json!({"s": session, "p": names});
    let folder = project(&server.url(), server.token(), script, "live", &params);
    let run = trigger(&folder);
    assert_eq!(run["outcome"], "done", "{}", run["reason"]);
    first.wait_for_page("pair/Decide");
    assert!(server.field(&session, &names[1], "_uproot_group").is_object());
    assert_eq!(second.open().path, "pair/#Meet");
    assert_eq!(server.field(&session, &names[1], "_uproot_group"), Value::Null);
}

/// The time in seconds since 1970: that of the server on the same machine.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs_f64()
}

const TOO_NEW: &str = r#"
fn kind(what) {
    try { what.call(); return "nothing wrong"; } catch (e) { return e.kind + ": " + e.message; }
}

fn run(event) {
    players::list("s");
    files::write("kinds.json", json::encode([
        kind(|| sessions::initialize("s")), kind(|| sessions::multiview("s")),
        kind(|| players::timeout("s", "A", 60)), kind(|| players::group("s", "A", "reset")),
        kind(|| players::initialize("s", "A")), kind(|| chat::overview("s")), kind(|| chat::read("s", "A")),
        kind(|| chat::send("s", "A", "x")), kind(|| chat::broadcast("s", "A", "x")),
        kind(|| chat::replies("s", "A", true)), kind(|| pipelines::list("s")),
        kind(|| pipelines::run("s", "survey")), kind(|| rooms::capacity("r", 5)),
        kind(|| system::digest("s", "survey")), kind(|| system::dashboard()),
        kind(|| system::dump_database("d")), kind(|| system::archive_project("p")),
    ]));
    if DRY { fail("as a dry run writes no file: " + kind(|| players::timeout("s", "A", 60))); }
}
"#;

#[test]
fn what_an_old_server_lacks_is_refused_before_anything_is_claimed() {
    let url = sandbox::start(Generation::Contract, None);
    for mode in ["live", "dry-run"] {
        let script = TOO_NEW.replace("DRY", if mode == "live" { "false" } else { "true" });
        let script = script.replace(
            "players::list(\"s\");",
            if mode == "live" {
                "sessions::create(\"survey\", 1, #{ sname: \"s\", unames: [\"A\"] });"
            } else {
                "players::list(\"s\");"
            },
        );
        let folder = project(&url, sandbox::TOKEN, &script, mode, &json!({}));
        let run = trigger(&folder);
        let why = |since: &str| {
            format!(
                "unsupported: this needs uproot {since} or later, and the server is 0.0.1: nothing was sent"
            )
        };
        let effects = run["effects"].as_array().expect("effects");
        if mode == "dry-run" {
            assert!(run["reason"].as_str().is_some_and(|reason| reason.ends_with(&why("0.1"))), "{run}");
            assert!(effects.is_empty(), "{effects:?}");
            continue;
        }
        assert_eq!(run["outcome"], "done", "{}", run["reason"]);
        let actions: Vec<&Value> = effects.iter().map(|effect| &effect["action"]).collect();
        assert_eq!(actions, ["sessions.create"]);
        let text = fs::read_to_string(folder.path().join("exports/kinds.json")).expect("the kinds");
        let kinds: Vec<String> = serde_json::from_str(&text).expect("texts");
        let (last, others) = kinds.split_last().expect("some");
        assert_eq!(*last, why("0.8"));
        assert!(others.iter().all(|kind| *kind == why("0.1")), "{others:?}");
        assert!(!folder.path().join("exports/d").exists());
    }
}
