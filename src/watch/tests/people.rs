//! What people look at in the console, and that automations notice nothing of it.

use super::server::{Lab, forever, on};
use crate::domain::Held;

/// Looks for automations, and for people where somebody looks, every five seconds; gives what was told.
fn watch_for(lab: &Lab, seconds: f64, there: &[(&str, &str)], shown: bool) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..(seconds / 5.0) as u32 {
        if shown {
            lab.watch.show();
            lab.watch.look_for_people(&forever());
        }
        told.extend(lab.watch_for(5.0, there));
    }
    told
}

#[test]
fn who_looks_changes_nothing_for_automations() {
    let evening = |shown: bool| {
        let lab = Lab::new(&on(
            "[{ player = \"stalled\", for = \"1m\", sessions = [\"main\"] }, { player = \"absent\", sessions = [\"main\"] }, { server = \"down\" }]",
        ));
        lab.session("main", &["m", "n"]);
        lab.session("a-test", &["t"]);
        lab.session("broken", &["b"]);
        lab.server(|state| state.sessions.get_mut("broken").unwrap().broken = Some(500));
        let mut told = watch_for(&lab, 120.0, &[("main", "m"), ("main", "n")], shown);
        told.extend(watch_for(&lab, 600.0, &[("main", "m")], shown));
        told
    };
    let told = evening(false);
    assert!(told.contains(&"absent n".to_owned()) || told.contains(&"absent main/n".to_owned()), "{told:?}");
    assert_eq!(evening(true), told);
}

#[test]
fn which_sessions_there_are_is_known_once_the_server_has_listed_them() {
    let lab = Lab::new(&on("{ player = \"joined\", sessions = [\"main\"] }"));
    lab.session("main", &["m"]);
    lab.server(|state| state.down = true);
    lab.watch_for(10.0, &[]);
    assert!(!lab.watch.knows_sessions());
    lab.server(|state| state.down = false);
    lab.watch_for(120.0, &[]);
    assert!(lab.watch.knows_sessions());
}

#[test]
fn only_a_name_that_is_not_on_the_server_is_doubted_whatever_is_observed() {
    let lab = Lab::new(&on("{ player = \"joined\", sessions = [\"main\"] }"));
    let doubt = |session: &str, player: Option<&str>| {
        let session = session.parse().unwrap();
        let held = match player {
            None => Held::Session(session),
            Some(player) => Held::Player(session, player.parse().unwrap()),
        };
        lab.watch.doubt(&held, &forever())
    };
    assert_eq!(doubt("main", None), None, "that nobody has a session at all is not believed");
    lab.session("main", &["m1", "m2"]);
    lab.session("other", &["x"]);
    // Before anything was looked at, and after it.
    for seconds in [0.0, 60.0] {
        lab.watch_for(seconds, &[]);
        assert_eq!(doubt("other", None), None);
        assert_eq!(doubt("other", Some("x")), None);
        assert_eq!(doubt("othre", None).unwrap(), "the server has no session othre: did you mean other?");
        assert_eq!(doubt("z", Some("x")).unwrap(), "the server has no session z");
        let no_player = "the session main has no player m3: did you mean m1?";
        assert_eq!(doubt("main", Some("m3")).unwrap(), no_player);
        assert!(lab.watch.seen_session("other").is_none(), "it is not observed for that");
    }
    lab.session("late", &["x"]);
    assert_eq!(doubt("late", None), None);
    assert_eq!(lab.watch.doubt(&Held::Everything, &forever()), None);
    lab.server(|state| state.down = true);
    assert_eq!(doubt("othre", None), None, "nobody knows");
}

#[test]
fn what_no_automation_is_about_is_shown_and_looked_at_last() {
    let lab = Lab::new(&on("{ player = \"joined\", sessions = [\"main\"] }"));
    lab.session("main", &["m"]);
    lab.session("other", &["x"]);
    lab.watch_for(20.0, &[]);
    assert!(lab.watch.seen_session("other").is_none(), "nobody asked for it");
    assert!(lab.asked().iter().all(|path| !path.contains("other")));
    let told = watch_for(&lab, 60.0, &[("other", "x")], true);
    assert_eq!(told, Vec::<String>::new());
    let seen = lab.watch.seen_session("other").unwrap();
    assert!(seen.now - seen.looked.unwrap() <= 10.0, "{seen:?}");
    assert_eq!(seen.players[0].class.as_str(), "thinking");
    let before = seen.looked;
    lab.watch_for(60.0, &[]);
    assert_eq!(lab.watch.seen_session("other").unwrap().looked, before, "nobody looks any more");
}

#[test]
fn why_somebody_is_shown_as_they_are_stays_the_same_while_nothing_changes() {
    let lab = Lab::new(&on("{ player = \"stalled\", for = \"10s\" }"));
    lab.session("s", &["x", "y"]);
    watch_for(&lab, 30.0, &[("s", "x"), ("s", "y")], true);
    let reasons = || {
        let seen = lab.watch.seen_session("s").unwrap();
        seen.players.iter().map(|player| player.reason.clone()).collect::<Vec<_>>()
    };
    let first = reasons();
    assert_eq!(first[0], "longer than 10s on this page, and there");
    watch_for(&lab, 15.0, &[("s", "x"), ("s", "y")], true);
    assert_eq!(reasons(), first);
}
