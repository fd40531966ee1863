//! Habits of the servers that scripts have to know: what is turned over, wiped, lost, kept or left behind.

use serde_json::json;

use super::{super::Push, api::Admin};
use crate::api::Generation;

#[test]
fn before_0_8_active_and_testing_are_turned_over_whatever_is_said() {
    for (generation, second) in
        [(Generation::Contract, true), (Generation::Toggling, true), (Generation::Newest, false)]
    {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        let path = admin.in_session("active/");
        let off = || Some(json!({"active": false}));
        assert_eq!(admin.ask("PATCH", &path, off()).1["active"], false);
        assert_eq!(admin.ask("PATCH", &path, off()).1["active"], second);
    }
}

#[test]
fn a_session_that_is_not_active_stops_nobody() {
    for generation in Generation::ALL {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        let path = admin.in_session("active/");
        admin.ask("PATCH", &path, Some(json!({"active": false})));
        assert_eq!(admin.join("A").path, "survey/Intro");
        assert_eq!(admin.act("advance", &["A"]).0, 200);
    }
}

#[test]
fn settings_are_replaced_as_a_whole() {
    for generation in Generation::ALL {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        let path = admin.in_session("settings/");
        admin.ask("PATCH", &path, Some(json!({"settings": {"a": 1, "b": 2}})));
        admin.ask("PATCH", &path, Some(json!({"settings": {"b": 3}})));
        let path = admin.in_session("");
        assert_eq!(admin.get(&path)["settings"], json!({"b": 3}));
    }
}

#[test]
fn before_0_8_a_field_of_nobody_shows_in_the_data_and_not_among_the_players() {
    for generation in [Generation::Contract, Generation::Toggling] {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        assert_eq!(admin.set(&["A", "ghost"], json!({"k": 1})).0, 200);
        let (players, data) = (admin.in_session("players/?fields=k"), admin.in_session("data/"));
        assert_eq!(admin.get(&players), json!({"A": {"k": 1}}));
        assert_eq!(admin.get(&data)["data"]["ghost"]["k"][0][3], "1");
        let path = admin.in_session("");
        assert_eq!(admin.get(&path)["n_players"], 1);
    }
    let mut admin = Admin::with(Generation::Newest, "survey", &["A"]);
    assert_eq!(admin.set(&["A", "ghost"], json!({"k": 1})).0, 404);
    assert_eq!(admin.field("A", "k"), json!(null));
}

#[test]
fn what_is_sent_to_a_closed_browser_is_kept_in_the_contracts_form_and_lost_since() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        let redirect = admin.in_session("players/redirect/");
        let body = json!({"unames": ["A"], "url": "https://example.org/"});
        assert_eq!(admin.ask("POST", &redirect, Some(body)).0, 200);
        admin.act("reload", &["A"]);
        assert!(admin.server.take_pushes().is_empty());
        admin.server.connect(admin.now + 60.0, "s", "A", 1, 9.0);
        let pushes: Vec<Push> = admin.server.take_pushes().into_iter().map(|(_, _, push)| push).collect();
        let kept = [Push::Redirect("https://example.org/".to_owned()), Push::Reload];
        assert_eq!(pushes, if generation == Generation::Contract { kept.to_vec() } else { Vec::new() });
    }
}

#[test]
fn a_dropout_needs_an_app_that_watches_in_the_contracts_form_and_nothing_since() {
    for generation in Generation::ALL {
        let contract = generation == Generation::Contract;
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.act("dropout", &["A"]);
        admin.now += 60.0;
        assert_eq!(admin.field("A", "_uproot_dropout"), json!(!contract));
        assert_eq!(admin.online().len(), usize::from(contract));
        assert_eq!(admin.at("A"), 1);

        let mut admin = Admin::with_joined(generation, "watched", &["A"]);
        admin.act("dropout", &["A"]);
        admin.now += 4.0;
        assert_eq!(admin.field("A", "_uproot_dropout"), json!(true));
        assert_eq!(admin.at("A"), 2, "the app moves dropouts to the end");
    }
}

#[test]
fn a_dropout_who_never_joined_is_given_pages_since_0_1() {
    let mut admin = Admin::with(Generation::Newest, "survey", &["A"]);
    let (_, answer) = admin.act("dropout", &["A"]);
    assert_eq!(answer["info"]["A"][1].as_array().unwrap().len(), 4);
    assert_eq!(admin.at("A"), -1);
}

#[test]
fn names_that_make_the_server_fail_leave_an_empty_session_behind() {
    for generation in Generation::ALL {
        let mut admin = Admin::of(generation);
        let body = json!({"config": "survey", "n_players": 2, "sname": "s", "unames": ["ok", "a b"]});
        assert_eq!(admin.ask("POST", "sessions/", Some(body)).0, 500);
        assert_eq!(admin.get("sessions/")["s"]["n_players"], 0);
    }
}

#[test]
fn the_contracts_form_counts_names_and_not_n_players() {
    let mut admin = Admin::of(Generation::Contract);
    let body = json!({"config": "survey", "n_players": 2, "sname": "s", "unames": ["only"]});
    assert_eq!(admin.ask("POST", "sessions/", Some(body)).0, 201);
    assert_eq!(admin.get("sessions/")["s"]["n_players"], 1);
}

#[test]
fn a_change_of_the_same_instant_as_the_last_one_known_is_never_told() {
    for generation in Generation::ALL {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        let path = admin.in_session("data/");
        let last = admin.get(&path)["last_update"].as_f64().unwrap();
        admin.set(&["A"], json!({"k": 1}));
        let path = admin.in_session(&format!("data/?since={last}"));
        assert_eq!(admin.get(&path)["data"], json!({}));
        admin.now += 0.001;
        admin.set(&["A"], json!({"k": 2}));
        assert_eq!(admin.get(&path)["data"]["A"]["k"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_value_that_is_set_again_is_a_new_change() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.set(&["A", "A"], json!({"show_page": 1}));
        let path = admin.in_session("data/");
        let changes = admin.get(&path)["data"]["A"]["show_page"].clone();
        let texts: Vec<&str> =
            changes.as_array().unwrap().iter().map(|change| change[3].as_str().unwrap()).collect();
        assert_eq!(texts, ["-1", "0", "1", "1", "1"]);
    }
}

#[test]
fn after_a_restart_the_data_are_there_and_nobody_is_online() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.server.connect(admin.now, "s", "A", 1, 9.0);
        admin.now += 30.0;
        admin.server.restart(admin.now);
        assert!(admin.online().is_empty());
        assert_eq!(admin.at("A"), 1);
        admin.now += 3.0;
        assert_eq!(admin.online(), ["A"]);
    }
}

#[test]
fn nobody_without_the_token_learns_anything() {
    use http::HeaderMap;

    let mut admin = Admin::with(Generation::Newest, "survey", &["A"]);
    for path in ["sessions/", "sessions/s/", "sessions/nosuch/", "sessions/s/data/?since=x"] {
        let url = format!("http://127.0.0.1/admin/api/v1/{path}");
        let answer =
            admin.server.answer(admin.now, &super::api::request("GET", &url, HeaderMap::new(), None));
        assert_eq!((answer.status, &answer.body[..]), (401, br#"{"detail":"Unauthorized"}"#.as_slice()));
    }
}
