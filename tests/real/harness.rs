//! The servers and participants of these tests behave as they should.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{
    Action, Experiment, Habits, PATIENCE, Participant, Server, Version, on_every_version, wait_for,
    wait_until,
};

on_every_version!(
    a_participant_is_spoken_to_and_stepped_on,
    two_participants_meet_and_finish,
    time_ends_a_page,
    a_silent_participant_is_offline_and_a_frozen_one_ages,
    a_browser_may_ignore_a_reload_and_is_sent_away,
    an_app_notices_who_is_gone,
    a_room_lets_people_in_when_its_session_starts,
    a_server_comes_back_with_its_data_and_its_people,
);

fn a_participant_is_spoken_to_and_stepped_on(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 3);
    let players = server.players(&session);
    assert_eq!(players.len(), 3);
    let player = players[0].as_str();
    assert_eq!(server.page_of(&session, player), "Initialize");

    let ada = Participant::of(&server, &session, player);
    assert_eq!(ada.open().path, "survey/Intro");
    assert_eq!(ada.submit(&[("nickname", "Ada")]).path, "survey/Decision");
    assert_eq!(server.field(&session, player, "nickname"), "Ada");
    wait_until("Ada is online", PATIENCE, || server.online(&session).contains_key(player));

    server.message(&session, &[player], "Please decide.");
    ada.wait_for_message("Please decide.");
    assert_eq!(ada.messages(), ["Please decide."]);

    let before = server.show_page(&session, player);
    server.act("advance", &session, &[player]);
    ada.wait_for_page("survey/Thanks");
    assert_eq!(ada.actions(), [Action::Reload]);
    assert_eq!(server.show_page(&session, player), before + 1);
    assert_eq!(ada.visited(), ["Initialize", "survey/Intro", "survey/Decision", "survey/Thanks"]);

    ada.submit(&[("remark", "")]);
    assert!(ada.is_at_end());
    assert_eq!(server.page_of(&session, player), "End");
}

fn two_participants_meet_and_finish(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("pair", 2);
    let players = server.players(&session);
    let two: Vec<_> = players.iter().map(|player| Participant::of(&server, &session, player)).collect();

    assert_eq!(two[0].open().path, "pair/#Meet");
    two[1].open();
    for one in &two {
        one.wait_for_page("pair/Decide");
    }
    assert_eq!(two[0].submit(&[("give", "3")]).path, "pair/#Together");
    two[1].submit(&[("give", "4")]);
    for one in &two {
        one.wait_for_page("pair/Result");
        one.submit(&[]);
        assert!(one.is_at_end());
    }
    assert_eq!(server.field(&session, &players[0], "payoff"), 7);
    assert_eq!(
        server.get(&format!("sessions/{session}/digests/"))["digests"],
        json!({"pair": {"groups": 1}})
    );
}

fn time_ends_a_page(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("timed", 3);
    let players = server.players(&session);

    let patient = Participant::of(&server, &session, &players[0]);
    assert_eq!(patient.open().remaining_seconds, Some(3.0));
    patient.wait_for_page("timed/After");
    assert_eq!(server.field(&session, &players[0], "too_slow"), true);

    let favoured = Participant::of(&server, &session, &players[2]);
    favoured.open();
    let more = json!({"unames": [players[2]], "delta": 60});
    server.ask("POST", &format!("sessions/{session}/players/timeout/"), Some(more));
    wait_until("the browser hears of it", PATIENCE, || {
        favoured.entries().iter().any(|entry| entry["event"] == "_uproot_AdminTimeoutChanged")
    });
    assert!(favoured.open().remaining_seconds.is_some_and(|seconds| seconds > 30.0));

    // A page that nobody looks at stays: only the browser ends it.
    let absent = Participant::of(&server, &session, &players[1]);
    absent.open();
    absent.close();
    assert_eq!(server.page_of(&session, &players[1]), "timed/Hurry");
}

fn a_silent_participant_is_offline_and_a_frozen_one_ages(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 2);
    let players = server.players(&session);
    let often = Habits { hello: Duration::from_millis(200), ..Habits::default() };

    let silent = Participant::with_habits(&server, &session, &players[0], often);
    silent.open();
    wait_until("the player is online", PATIENCE, || server.online(&session).contains_key(&players[0]));
    silent.go_silent();
    wait_until("the player is offline", PATIENCE, || !server.online(&session).contains_key(&players[0]));
    silent.come_back();
    wait_until("the player is back", PATIENCE, || server.online(&session).contains_key(&players[0]));

    let frozen = Participant::with_habits(&server, &session, &players[1], often);
    frozen.open();
    wait_until("the player is online", PATIENCE, || server.online(&session).contains_key(&players[1]));
    frozen.freeze();
    let last_seen = || server.online(&session)[&players[1]];
    let still = wait_for("the last hello", PATIENCE, || {
        let before = last_seen();
        thread::sleep(Duration::from_secs(1));
        (last_seen() - before).abs().lt(&0.001).then_some(before)
    });
    frozen.thaw();
    wait_until("the player is heard of again", PATIENCE, || last_seen() > still);
}

fn a_browser_may_ignore_a_reload_and_is_sent_away(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 1);
    let player = &server.players(&session)[0];
    let stubborn = Habits { reloads: false, ..Habits::default() };

    let eve = Participant::with_habits(&server, &session, player, stubborn);
    eve.open();
    server.act("advance", &session, &[player]);
    eve.wait_for_action(&Action::Reload);
    assert_eq!(eve.page().path, "survey/Intro");
    // The form of a page one has been taken from is dropped, and the new page shown.
    assert_eq!(eve.submit(&[("nickname", "Eve")]).path, "survey/Decision");
    assert_eq!(server.field(&session, player, "nickname"), json!(null));

    server.redirect(&session, &[player], "https://example.com/thanks");
    eve.wait_for_page("Away https://example.com/thanks");
}

fn an_app_notices_who_is_gone(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("watched", 1);
    let player = &server.players(&session)[0];

    let participant = Participant::of(&server, &session, player);
    assert_eq!(participant.open().path, "watched/Stay");
    participant.freeze();
    wait_until("the app takes the player to the end", PATIENCE, || server.page_of(&session, player) == "End");
    assert_eq!(server.field(&session, player, "was_gone"), true);
    participant.thaw();
    participant.wait_for_page("End");
}

fn a_room_lets_people_in_when_its_session_starts(version: Version) {
    let server = Server::shared(version);
    server.create_room("lab", "survey", Some(&["seat1", "seat2"]));
    let stranger = Participant::in_room(&server, "lab", "seat9");
    assert_eq!(stranger.open().path, "Label");

    let seated: Vec<_> = ["seat1", "seat2"].map(|label| Participant::in_room(&server, "lab", label)).into();
    for one in &seated {
        assert_eq!(one.open().path, "Lobby");
    }
    wait_until("both wait", PATIENCE, || server.waiting_in_room("lab") == ["seat1", "seat2"]);

    let session = server.create_session_in_room("lab", "survey", 2);
    for one in &seated {
        one.wait_for_page("survey/Intro");
        assert_eq!(one.player().0, session);
    }

    server.create_room("hall", "survey", None);
    let anybody = Participant::in_room(&server, "hall", "");
    anybody.open();
    wait_until("somebody waits", PATIENCE, || server.waiting_in_room("hall").len() == 1);
    server.create_session_in_room("hall", "survey", 1);
    anybody.wait_for_page("survey/Intro");
}

fn a_server_comes_back_with_its_data_and_its_people(version: Version) {
    let mut server = Server::start(version, &Experiment::standard().in_subdirectory("lab"));
    let session = server.create_session("both", 1);
    let player = server.players(&session)[0].clone();
    let participant = Participant::of(&server, &session, &player);
    participant.open();
    participant.submit(&[("nickname", "Ada")]);

    server.restart();
    assert_eq!(server.page_of(&session, &player), "survey/Decision");
    wait_until("the browser is back", PATIENCE, || server.online(&session).contains_key(&player));
    assert_eq!(participant.submit(&[("offer", "3")]).path, "survey/Thanks");

    // What was last written is lost in a crash: uproot collects writes and stores them with a later one.
    server.crash();
    server.resume();
    assert_eq!(server.field(&session, &player, "nickname"), "Ada");
    server.stop();
}
