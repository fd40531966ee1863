//! Sessions, rooms and configurations that there are not.

use serde_json::{Value, json};

use super::{no_room, no_session};
use crate::conformance::expect::refused;
use crate::conformance::forms::{Each, since_0_1};
use crate::conformance::probe::{Probe, probe};
use crate::conformance::request::{Request, get, patch, post, request};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = sessions();
    probes.extend(rooms());
    probes.push(probe("no configuration").ask(configuration()).is(refused(404, "Configuration not found")));
    probes
}

fn sessions() -> Vec<Probe> {
    let on = |name, request: Request| probe(name).ask(request).is(no_session());
    let only = json!({"unames": ["A"]});
    let with = |key: &str, value: Value| {
        let mut body = json!({"unames": ["A"]});
        body[key] = value;
        body
    };
    let export = |contract, later| since_0_1(get(contract), get(later));
    vec![
        on("no session to read", get("{sessions}/nosuch/")),
        on("no session to activate", patch("{sessions}/nosuch/active/", &json!({"active": true}))),
        on("no session to test", patch("{sessions}/nosuch/testing/", &json!({"testing": true}))),
        on("no session to describe", patch("{sessions}/nosuch/description/", &json!({}))),
        on("no session to set", patch("{sessions}/nosuch/settings/", &json!({"settings": {}}))),
        on("no session with players", get("{sessions}/nosuch/players/")),
        on("no session with anybody online", get("{sessions}/nosuch/{online}")),
        on("no session for fields", patch("{sessions}/nosuch/players/fields/", &with("fields", json!({})))),
        on("no session to advance in", post("{sessions}/nosuch/players/advance/", &only)),
        on("no session to revert in", post("{sessions}/nosuch/players/revert/", &only)),
        on("no session to end", post("{sessions}/nosuch/players/end/", &only)),
        on("no session to reload in", post("{sessions}/nosuch/players/reload/", &only)),
        on(
            "no session to redirect from",
            post("{sessions}/nosuch/players/redirect/", &with("url", json!("x"))),
        ),
        on("no session to send to", post("{sessions}/nosuch/players/message/", &with("message", json!("")))),
        on("no session to drop out of", post("{sessions}/nosuch/players/dropout/", &only)),
        on("no session with data", get("{sessions}/nosuch/data/")),
        on("a session's name that could be none", get("{sessions}/n%20o/")),
        on("a session's name that is no text", get("{sessions}/%FF/")),
        probe("no session to export")
            .ask(export("session/nosuch/data/csv/", "sessions/nosuch/data/export/"))
            .is(no_session()),
        probe("no session to export rows of")
            .ask(export("session/nosuch/data/json/", "sessions/nosuch/data/jsonl/"))
            .is(no_session()),
        probe("no session with digests")
            .ask(export("session/nosuch/digest/", "sessions/nosuch/digests/"))
            .is(no_session()),
    ]
}

fn rooms() -> Vec<Probe> {
    let on = |name, request: Request| probe(name).ask(request).is(no_room());
    let create = json!({"config": "survey", "n_players": 1});
    vec![
        on("no room to read", get("{rooms}/nosuch/")),
        on("no room to change", patch("{rooms}/nosuch/", &json!({}))),
        on("no room to delete", request("DELETE", "{rooms}/nosuch/")),
        on("no room to wait in", get("{rooms}/nosuch/online/")),
        probe("no room to part from its session")
            .ask(since_0_1(
                request("POST", "room/nosuch/disassociate/"),
                request("DELETE", "rooms/nosuch/sessions/"),
            ))
            .is(no_room()),
        probe("no room for a session")
            .ask(since_0_1(post("room/nosuch/session/", &create), post("rooms/nosuch/sessions/", &create)))
            .is(no_room()),
    ]
}

fn configuration() -> Each<Request> {
    since_0_1(get("configs/nosuch/summary/"), get("configs/nosuch/"))
}
