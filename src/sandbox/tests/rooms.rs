//! Rooms: what a change wipes, who gets which place, and what begins by itself.

use serde_json::{Value, json};

use super::{super::Entered, api::Admin};
use crate::api::Generation;

fn path(generation: Generation, rest: &str) -> String {
    format!("{}/r/{rest}", if generation == Generation::Contract { "room" } else { "rooms" })
}

fn with_room(generation: Generation, mut room: Value) -> Admin {
    let mut admin = Admin::of(generation);
    room["name"] = "r".into();
    assert_eq!(admin.ask("POST", "rooms/", Some(room)).0, 201);
    admin
}

/// The player that somebody becomes.
fn enter(admin: &mut Admin, label: &str) -> Option<String> {
    match admin.server.enter_room(admin.now, "r", label, 1, 9.0) {
        Entered::Player { uname, .. } => Some(uname.to_string()),
        Entered::Waiting | Entered::Refused => None,
    }
}

#[test]
fn opening_a_room_in_the_contracts_form_wipes_what_is_not_said_again() {
    for generation in Generation::ALL {
        let room = json!({"config": "survey", "labels": ["a"], "capacity": 2});
        let mut admin = with_room(generation, room.clone());
        assert_eq!(admin.ask("PATCH", &path(generation, ""), Some(json!({"open": true}))).0, 200);
        let now = admin.get(&path(generation, ""));
        for key in ["config", "labels", "capacity"] {
            let kept = if generation == Generation::Contract { &Value::Null } else { &room[key] };
            assert_eq!(&now[key], kept, "{generation:?} {key}");
        }
    }
}

#[test]
fn a_change_in_the_contracts_form_that_does_not_say_open_closes_the_room() {
    for generation in Generation::ALL {
        let mut admin = with_room(generation, json!({"open": true}));
        admin.ask("PATCH", &path(generation, ""), Some(json!({"capacity": 3})));
        assert_eq!(admin.get(&path(generation, ""))["open"], generation != Generation::Contract);
    }
}

#[test]
fn an_open_room_with_a_configuration_begins_by_itself_when_somebody_comes() {
    let mut admin = with_room(Generation::Newest, json!({"config": "survey", "open": true}));
    assert_eq!(admin.get("sessions/"), json!({}));
    assert!(enter(&mut admin, "a").is_some());
    let sessions = admin.get("sessions/");
    let session = sessions.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!((&session["room"], &session["n_players"]), (&json!("r"), &json!(1)));
}

#[test]
fn a_room_without_labels_and_capacity_grows_and_others_do_not() {
    for (room, places) in [
        (json!({}), 3),
        (json!({"capacity": 2}), 2),
        (json!({"labels": ["a", "b", "c"]}), 3),
        (json!({"labels": ["a", "b", "c"], "capacity": 2}), 2),
    ] {
        let mut admin = with_room(Generation::Newest, room.clone());
        let body = json!({"config": "survey", "n_players": 1, "sname": "s"});
        assert_eq!(admin.ask("POST", "rooms/r/sessions/", Some(body)).0, 201);
        let let_in = ["a", "b", "c"].iter().filter(|label| enter(&mut admin, label).is_some()).count();
        assert_eq!(let_in, places, "{room}");
    }
}

#[test]
fn somebody_with_a_label_gets_the_same_place_again_and_the_one_that_was_meant() {
    let mut admin = with_room(Generation::Newest, json!({}));
    let body = json!({
        "config": "survey", "n_players": 2, "sname": "s", "unames": ["x", "y"], "assignees": ["a"],
    });
    admin.ask("POST", "rooms/r/sessions/", Some(body));
    assert_eq!(enter(&mut admin, "b").as_deref(), Some("y"));
    assert_eq!(enter(&mut admin, "a").as_deref(), Some("x"));
    assert_eq!(enter(&mut admin, "a").as_deref(), Some("x"));
    assert_eq!(admin.field("x", "started"), true);
}

#[test]
fn a_session_keeps_its_players_when_the_room_is_parted_from_it() {
    let mut admin = with_room(Generation::Newest, json!({}));
    let body = json!({"config": "survey", "n_players": 2, "sname": "s"});
    admin.ask("POST", "rooms/r/sessions/", Some(body));
    assert_eq!(admin.ask("DELETE", "rooms/r/", None).0, 400);
    assert_eq!(admin.ask("DELETE", "rooms/r/sessions/", None).0, 200);
    assert_eq!(admin.ask("DELETE", "rooms/r/", None).0, 200);
    assert_eq!(admin.get("sessions/")["s"]["n_players"], 2);
}
