//! Steps that an admin makes: what they do, and what they do not look at.

use serde_json::{Map, json};

use super::api::Admin;
use crate::api::Generation;

const OLDER: [Generation; 2] = [Generation::Contract, Generation::Toggling];

#[test]
fn a_step_does_not_look_where_the_player_was_when_it_was_decided() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        // Decided on page 1; the participant goes on by themselves in the meantime, and never sees page 2.
        let form = json!({"nickname": "Ada"}).as_object().cloned().unwrap();
        admin.server.submit(admin.now, "s", "A", 1, &form).unwrap().unwrap();
        assert_eq!(admin.act("advance", &["A"]).0, 200);
        assert_eq!(admin.at("A"), 3);
        assert_eq!(admin.field("A", "offer"), json!(null));
    }
}

#[test]
fn a_name_given_twice_is_stepped_forward_twice() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.act("advance", &["A", "A"]);
        assert_eq!(admin.at("A"), 3);
    }
}

#[test]
fn before_the_first_page_and_at_the_end_a_step_does_nothing_and_says_nothing() {
    for generation in Generation::ALL {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        assert_eq!(admin.act("advance", &["A"]).0, 200);
        assert_eq!(admin.at("A"), -1);
        admin.join("A");
        admin.act("end", &["A"]);
        assert_eq!(admin.act("advance", &["A"]).0, 200);
        assert_eq!(admin.at("A"), 4);
    }
}

#[test]
fn a_step_may_lead_onto_a_marker_and_an_open_page_goes_on_from_there() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "rounds", &["A"]);
        let play = admin.at("A");
        admin.act("advance", &["A"]);
        assert_eq!(admin.at("A"), play + 1);
        let view = admin.server.load(admin.now, "s", "A").unwrap().unwrap();
        assert_eq!((view.path.as_str(), view.show_page), ("rounds/Play", play + 5));
    }
}

#[test]
fn names_before_an_unknown_one_have_moved_when_an_older_server_fails() {
    for generation in OLDER {
        for (action, moved) in [("advance", 2), ("revert", 0), ("end", 4)] {
            let mut admin = Admin::with_joined(generation, "survey", &["A", "B"]);
            assert_eq!(admin.act(action, &["A", "nobody", "B"]).0, 500);
            assert_eq!((admin.at("A"), admin.at("B")), (moved, 1));
        }
    }
}

#[test]
fn since_0_8_nobody_moves_if_one_name_is_unknown() {
    for action in ["advance", "revert", "end", "dropout", "reload"] {
        let mut admin = Admin::with_joined(Generation::Newest, "survey", &["A"]);
        let (status, answer) = admin.act(action, &["A", "nobody"]);
        assert_eq!((status, &answer["detail"]), (404, &json!("Player 'nobody' not found in session 's'")));
        assert_eq!(admin.at("A"), 1);
    }
}

#[test]
fn the_end_of_one_who_never_joined_is_the_first_place_for_good() {
    for generation in Generation::ALL {
        let mut admin = Admin::with(generation, "survey", &["A"]);
        admin.act("end", &["A"]);
        assert_eq!(admin.at("A"), 0);
        assert_eq!(admin.field("A", "page_order"), json!([]));
        assert!(admin.server.load(admin.now, "s", "A").unwrap().unwrap().end);
    }
}

#[test]
fn older_servers_step_back_onto_markers_and_before_the_first_page() {
    for generation in OLDER {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.act("revert", &["A"]);
        assert_eq!(admin.at("A"), 0);
        admin.act("revert", &["A"]);
        assert_eq!(admin.at("A"), -1);
        assert_eq!(admin.act("revert", &["A"]).0, 200);
        assert_eq!(admin.at("A"), -1);
        admin.act("end", &["A"]);
        admin.act("revert", &["A"]);
        assert_eq!(admin.at("A"), 3);
    }
}

#[test]
fn newer_servers_do_not_step_back_past_the_start_of_an_app_or_round_or_from_the_end() {
    let mut admin = Admin::with_joined(Generation::Newest, "survey", &["A", "B"]);
    admin.act("advance", &["B"]);
    let (status, answer) = admin.act("revert", &["B", "A"]);
    let why = "Constraint violation: Cannot revert A past survey/#StartApp, the start of a round or an app";
    assert_eq!((status, &answer["detail"]), (400, &json!(why)));
    assert_eq!(admin.at("B"), 2, "nobody moves if one may not");
    admin.act("end", &["A"]);
    assert_eq!(admin.act("revert", &["A"]).0, 400);

    let mut admin = Admin::with_joined(Generation::Newest, "rounds", &["A"]);
    admin.set(&["A"], json!({"show_page": 10}));
    let (_, answer) = admin.act("revert", &["A"]);
    let why = "Constraint violation: Cannot revert A past #RoundStart, the start of a round or an app";
    assert_eq!(answer["detail"], why);
}

#[test]
fn a_name_given_twice_is_stepped_back_once_by_newer_servers_and_twice_by_older_ones() {
    for (generation, at) in [(Generation::Contract, 1), (Generation::Toggling, 1), (Generation::Newest, 2)] {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.act("advance", &["A", "A"]);
        admin.act("revert", &["A", "A"]);
        assert_eq!(admin.at("A"), at);
    }
}

#[test]
fn a_form_of_a_page_that_was_left_is_dropped() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        admin.act("advance", &["A"]);
        let form = json!({"nickname": "Ada"}).as_object().cloned().unwrap();
        let view = admin.server.submit(admin.now, "s", "A", 1, &form).unwrap().unwrap();
        assert_eq!(view.path, "survey/Decision");
        assert_eq!(admin.field("A", "nickname"), json!(null));
    }
}

#[test]
fn a_page_that_there_is_not_breaks_the_participants_page_until_it_is_set_back() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "survey", &["A"]);
        assert_eq!(admin.set(&["A"], json!({"show_page": 99})).0, 200);
        assert!(admin.server.load(admin.now, "s", "A").unwrap().is_err());
        admin.act("advance", &["A"]);
        assert_eq!(admin.at("A"), 99);
        admin.set(&["A"], json!({"show_page": 2}));
        assert_eq!(admin.server.load(admin.now, "s", "A").unwrap().unwrap().path, "survey/Decision");
    }
}

#[test]
fn a_step_past_the_grouping_breaks_the_next_wait_page_or_makes_it_wait_for_ever() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "pair", &["A"]);
        admin.act("advance", &["A"]);
        assert_eq!(admin.server.load(admin.now, "s", "A").unwrap().unwrap().path, "pair/Decide");
        let form = json!({"give": 3}).as_object().cloned().unwrap();
        let arrived = admin.server.submit(admin.now, "s", "A", 2, &form).unwrap();
        if generation == Generation::Contract {
            assert_eq!(arrived.unwrap().path, "pair/#Together");
            let later = admin.server.submit(admin.now + 3600.0, "s", "A", 3, &Map::new());
            assert_eq!(later.unwrap().unwrap().path, "pair/#Together");
        } else {
            assert!(arrived.is_err());
        }
    }
}

#[test]
fn a_page_whose_time_is_over_keeps_an_absent_player_until_the_link_is_followed() {
    for generation in Generation::ALL {
        let mut admin = Admin::with_joined(generation, "timed", &["A"]);
        admin.now += 3600.0;
        assert_eq!(admin.at("A"), 1);
        assert_eq!(admin.server.load(admin.now, "s", "A").unwrap().unwrap().path, "timed/Slow");
        // Back on it, the time is still over.
        admin.set(&["A"], json!({"show_page": 1}));
        assert_eq!(admin.server.load(admin.now, "s", "A").unwrap().unwrap().path, "timed/Slow");
    }
}
