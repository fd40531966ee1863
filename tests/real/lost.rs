//! Writes whose answers or requests are lost, on real servers: what the servers show decides what became of each, and nothing is
//! done twice.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ambiguity::{Loses, proxy};
use crate::support::{Participant, Server, Shared, Version, on_every_version};

on_every_version!(lost_answers_are_found_out, lost_requests_are_given_up);

/// Every write of it acts once more each time.
const SCRIPT: &str = r#"
fn attempt(what) {
    try { what.call(); } catch (e) { log::warn(e.message); }
}

fn run(event) {
    let s = param("session");
    let room = param("room");
    players::list(s);
    attempt(|| players::timeout(s, "A", 90));
    attempt(|| players::timeout(s, "B", 90));
    attempt(|| players::group(s, ["A", "B"], "same_group"));
    attempt(|| players::initialize(s, "C"));
    attempt(|| sessions::initialize(room));
    attempt(|| chat::send(s, "A", " Hello, "));
    attempt(|| chat::broadcast(s, ["A", "B"], "all"));
    attempt(|| rooms::close(room, #{ disassociate: true }));
    attempt(|| pipelines::run(s, "survey"));
}
"#;

/// A session with two who have come and one who has not, and a room with a session of its name.
struct Lab {
    server: Shared,
    session: String,
    room: String,
    deadline: f64,
    _people: Vec<Participant>,
}

impl Lab {
    fn new(version: Version) -> Lab {
        let server = Server::shared(version);
        let session = server.create_session("survey", 0);
        let (session, room) = (format!("{session}-lost"), format!("{session}-room"));
        let players =
            json!({"config": "survey", "n_players": 3, "sname": session, "unames": ["A", "B", "C"]});
        server.ask("POST", "sessions/", Some(players));
        server.ask("POST", "rooms/", Some(json!({"name": room})));
        let inside = json!({"config": "survey", "n_players": 1, "sname": room});
        server.ask("POST", &format!("rooms/{room}/sessions/"), Some(inside));
        let people = ["A", "B"].map(|player| Participant::of(&server, &session, player));
        people.iter().for_each(|person| assert_eq!(person.open().path, "survey/Intro"));
        let path = format!("sessions/{session}/players/timeout/");
        server.ask("POST", &path, Some(json!({"unames": ["A"], "delta": 600})));
        let mut lab = Lab { server, session, room, deadline: 0.0, _people: people.into() };
        lab.deadline = lab.deadline_of("A").expect("a deadline");
        lab
    }

    fn deadline_of(&self, player: &str) -> Option<f64> {
        self.server.field(&self.session, player, "_uproot_timeouts_until")["1"].as_f64()
    }

    /// What became of each write of the script, when its calls lose something on their way: one or two rows each.
    fn run(&self, loses: Loses) -> Vec<(String, String)> {
        let (address, _) = proxy(&self.server.url(), loses, 1);
        let folder = TempDir::new().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        fs::create_dir(folder.path().join("scripts")).expect("a folder");
        write("scripts/lost.rhai", SCRIPT);
        write("token", self.server.token());
        let (session, room) = (&self.session, &self.room);
        write(
            "config.toml",
            &format!(
                r#"
[uproot]
url = "{address}"
token_file = "token"

[[automation]]
name = "lost"
on = {{ every = "1h" }}
script = "lost.rhai"
mode = "live"
params = {{ session = "{session}", room = "{room}" }}
allow = ["sessions.*", "players.*", "chat.*", "pipelines.*", "rooms.*"]
"#
            ),
        );
        let output = Command::new(env!("CARGO_BIN_EXE_uproctor"))
            .args(["trigger", "lost", "--json"])
            .current_dir(folder.path())
            .output()
            .expect("it starts");
        let run: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(run["outcome"], "done", "{run:#}");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let effects = run["effects"].as_array().expect("effects").iter();
        effects.map(|effect| (text(&effect["action"]), text(&effect["state"]))).collect()
    }

    fn texts_of(&self, player: &str) -> Vec<String> {
        let thread = self.server.get(&format!("sessions/{}/players/{player}/admin-chat/", self.session));
        let messages = thread["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().filter_map(|message| Some(message["text"].as_str()?.to_owned())).collect()
    }
}

fn states(found: &[(String, String)], action: &str) -> Vec<String> {
    found.iter().filter(|(name, _)| name == action).map(|(_, state)| state.clone()).collect()
}

fn lost_answers_are_found_out(version: Version) {
    let lab = Lab::new(version);
    let found = lab.run(Loses::Answers);
    // Where there was no deadline, the page itself can have made the one that is there.
    assert_eq!(states(&found, "players.timeout"), ["done", "uncertain"]);
    for action in ["players.initialize", "sessions.initialize", "chat.send", "rooms.close"] {
        assert_eq!(states(&found, action), ["done"], "{action}");
    }
    for action in ["players.group", "chat.broadcast"] {
        assert_eq!(states(&found, action), ["done", "done"], "{action}");
    }
    assert_eq!(states(&found, "pipelines.run"), ["uncertain"]);

    let moved = lab.deadline_of("A").expect("a deadline") - lab.deadline;
    assert!((moved - 90.0).abs() < 0.001, "{moved}");
    assert_eq!(lab.server.get(&format!("sessions/{}/", lab.session))["n_groups"], 1);
    assert_eq!(lab.texts_of("A"), ["Hello,", "all"]);
    assert_eq!(lab.texts_of("B"), ["all"]);
    let room = lab.server.get(&format!("rooms/{}/", lab.room));
    assert_eq!((&room["open"], &room["sname"]), (&json!(false), &Value::Null));
}

fn lost_requests_are_given_up(version: Version) {
    let lab = Lab::new(version);
    let found = lab.run(Loses::Requests);
    let failed = |(action, state): &&(String, String)| {
        state == if action == "pipelines.run" { "uncertain" } else { "failed" }
    };
    let others: Vec<_> = found.iter().filter(|row| !failed(row)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(found.len(), 11);

    assert_eq!((lab.deadline_of("A"), lab.deadline_of("B")), (Some(lab.deadline), None));
    assert_eq!(lab.server.get(&format!("sessions/{}/", lab.session))["n_groups"], 0);
    assert!(lab.texts_of("A").is_empty());
    assert_eq!(lab.server.get(&format!("rooms/{}/", lab.room))["sname"], json!(lab.room));
}
