//! The admin chat.

use serde_json::{Value, json};

use super::{SURVEY, no_player, no_session};
use crate::conformance::expect::{Expect, broken, faulty, invalid, no_names, no_such_path, ok, refused};
use crate::conformance::forms::{Each, each};
use crate::conformance::probe::{Probe, probe};

pub(in crate::conformance) fn probes() -> Vec<Probe> {
    let mut probes = one();
    probes.extend(several());
    probes.extend(answers());
    probes
}

fn later(later: impl Into<Each<Expect>>) -> Each<Expect> {
    later.into().before_0_1(no_such_path())
}

fn two(name: &'static str) -> Probe {
    probe(name).session("survey", &["A", "B"]).joins("A")
}

const OF_A: &str = "{session}/players/A/admin-chat/";
const OF_ALL: &str = "{session}/players/admin-chat/";

/// How a chat stands, after these texts.
fn summary(texts: &[&str], enabled: bool, exists: bool) -> Value {
    let last = texts.last();
    json!({
        "chat_id": exists.then_some("<text>"), "enabled": enabled, "has_messages": last.is_some(),
        "message_count": texts.len(), "last_message_at": last.map(|_| "<time>"),
        "last_sender": last.map(|_| "admin"), "last_message_text": last,
    })
}

/// A chat with A, who is on the first page, or with B, who has not come.
fn thread(uname: &str, texts: &[&str], enabled: bool, exists: bool) -> Value {
    let (id, at, order): (u64, i64, &[&str]) = if uname == "A" { (0, 1, &SURVEY) } else { (1, -1, &[]) };
    let message = |text: &&str| {
        json!({
            "cname": "<text>", "id": "<text>", "sender": ["admin", ""], "time": "<time>", "text": text,
            "can_reply": null,
        })
    };
    json!({
        "player": {"uname": uname, "id": id, "label": "", "show_page": at, "page_order": order},
        "chat": summary(texts, enabled, exists),
        "messages": texts.iter().map(message).collect::<Vec<_>>(),
    })
}

fn one() -> Vec<Probe> {
    let say = |text: &str| json!({"message": text});
    vec![
        two("no chat yet").get(OF_A).is(later(ok(thread("A", &[], false, false)))),
        two("no chats yet").get("{session}/admin-chat/").is(later(ok(json!({
            "A": summary(&[], false, false), "B": summary(&[], false, false),
        })))),
        two("a message in the chat, without the spaces around it")
            .post(OF_A, say("  Hello,\näöü  "))
            .is(later(ok(thread("A", &["Hello,\näöü"], false, true))))
            .get(OF_A)
            .is(later(ok(thread("A", &["Hello,\näöü"], false, true)))),
        two("messages in the chat, and an overview")
            .post(OF_A, say("one"))
            .is(later(ok(thread("A", &["one"], false, true))))
            .post(OF_A, json!({"message": "two", "enable_replies": true}))
            .is(later(ok(thread("A", &["one", "two"], true, true))))
            .post(OF_A, json!({"message": "three", "enable_replies": null}))
            .is(later(ok(thread("A", &["one", "two", "three"], true, true))))
            .get("{session}/admin-chat/")
            .is(later(ok(json!({
                "A": summary(&["one", "two", "three"], true, true), "B": summary(&[], false, false),
            })))),
        two("an empty message in the chat").post(OF_A, say("  ")).is(each(
            no_such_path(),
            broken(),
            refused(400, "Admin chat message cannot be empty"),
        )),
        two("no message in the chat").post(OF_A, json!({})).is(later(faulty("missing", "message", json!({})))),
        // Before 0.8 there is a chat with anybody.
        two("a chat with an unknown name").get("{session}/players/ZZ/admin-chat/").is(each(
            no_such_path(),
            ok(json!({"player": {"id": null, "...": "<any>"}, "chat": "<object>", "messages": []})),
            no_player(),
        )),
        two("a message in the chat with an unknown name")
            .post("{session}/players/ZZ/admin-chat/", say("x"))
            .is(each(
                no_such_path(),
                ok(json!({"player": {"id": null, "...": "<any>"}, "chat": "<object>", "messages": ["<object>"]})),
                no_player(),
            )),
        probe("chats of no session")
            .get("{sessions}/nope/admin-chat/")
            .is(no_session().before_0_1(no_such_path())),
        probe("a chat in no session")
            .get("{sessions}/nope/players/A/admin-chat/")
            .is(no_session().before_0_1(no_such_path())),
    ]
}

fn several() -> Vec<Probe> {
    let say = |unames: &[&str], text: &str| json!({"unames": unames, "message": text});
    vec![
        two("a message for all").post(OF_ALL, say(&["A", "B"], "now")).is(later(ok(json!({
            "sent_count": 2,
            "players": [thread("A", &["now"], false, true), thread("B", &["now"], false, true)],
        })))),
        two("a message for one, twice").post(OF_ALL, say(&["A", "A"], "now")).is(later(ok(json!({
            "sent_count": 2,
            "players": [thread("A", &["now"], false, true), thread("A", &["now", "now"], false, true)],
        })))),
        two("a message for all, one of them unknown").post(OF_ALL, say(&["A", "ZZ"], "now")).is(each(
            no_such_path(),
            ok(json!({"sent_count": 2, "players": ["<object>", "<object>"]})),
            no_player(),
        )),
        two("an empty message for all").post(OF_ALL, say(&["A"], " ")).is(each(
            no_such_path(),
            broken(),
            refused(400, "Admin chat message cannot be empty"),
        )),
        two("a message for nobody").post(OF_ALL, say(&[], "x")).is(later(invalid([no_names()]))),
        probe("a message for all of no session")
            .post("{sessions}/nope/players/admin-chat/", say(&["A"], "x"))
            .is(no_session().before_0_1(no_such_path())),
    ]
}

fn answers() -> Vec<Probe> {
    let path = "{session}/players/admin-chat/replies/";
    let set = |unames: &[&str], enabled: bool| json!({"unames": unames, "enabled": enabled});
    let state = |enabled: bool, exists: bool| {
        let mut thread = thread("B", &[], enabled, exists);
        thread["kind"] = json!("state");
        later(ok(json!({"enabled": enabled, "players": [thread]})))
    };
    vec![
        two("answers are allowed, and forbidden")
            .patch(path, set(&["B"], false))
            .is(state(false, false))
            .patch(path, set(&["B"], true))
            .is(state(true, true))
            .patch(path, set(&["B"], false))
            .is(state(false, true)),
        two("answers are neither allowed nor forbidden")
            .patch(path, json!({"unames": ["A"]}))
            .is(later(faulty("missing", "enabled", json!({"unames": ["A"]})))),
        two("answers of an unknown name").patch(path, set(&["ZZ"], true)).is(each(
            no_such_path(),
            ok(json!({"enabled": true, "players": ["<object>"]})),
            no_player(),
        )),
        probe("answers in no session")
            .patch("{sessions}/nope/players/admin-chat/replies/", set(&["A"], true))
            .is(no_session().before_0_1(no_such_path())),
    ]
}
