//! A session put together from answers as real servers give them, and what its players are taken for.

mod news;
mod people;
mod server;
mod world;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    read::{Changes, Entries, Online, PlayerRow, parse},
    rule::{Fired, Rule, due},
    session::{Session, Stale},
};
use crate::{
    config,
    domain::{Class, OBSERVED, PlayerCondition, SessionName},
};

/// A session in a script of answers: `now` moves on, and each look is one of all three reads.
struct Story {
    session: Session,
    fields: Value,
    changes: Vec<(&'static str, f64, i64)>,
    online: BTreeMap<&'static str, f64>,
    up: f64,
}

impl Story {
    /// Players in one group, all of whom are on this page of the order since second 100.
    fn new(players: &[&'static str], order: &[&str], page: i64) -> Self {
        let row = json!({
            "show_page": page, "page_order": order, "started": true, "label": "",
            "_uproot_group": {"sname": "s", "gname": "g"}, "_uproot_timeouts_until": {}, "_uproot_dropout": false,
        });
        let fields = players.iter().map(|name| ((*name).to_owned(), row.clone())).collect();
        Self {
            session: Session::new(SessionName::new("s").unwrap()),
            fields: Value::Object(fields),
            changes: players.iter().map(|name| (*name, 100.0, page)).collect(),
            online: BTreeMap::new(),
            up: 0.0,
        }
    }

    /// A look at an instant at which these were heard of just now.
    fn look(&mut self, now: f64, there: &[&'static str]) {
        for name in there {
            self.online.insert(name, now - 1.0);
        }
        let fields = self.fields.to_string();
        let rows: Entries<'_, PlayerRow<'_>> = parse(fields.as_bytes()).unwrap();
        if self.session.stale > Stale::No {
            self.session.take_fields(&rows, now);
        }
        let mut data = json!({});
        for (name, at, page) in &self.changes {
            let change = json!([at, false, "int", page.to_string(), "uproot.server1.show_page:337"]);
            let list = &mut data[*name]["show_page"];
            match list {
                Value::Array(list) => list.push(change),
                _ => *list = json!([change]),
            }
        }
        let data = json!({"data": data, "last_update": now}).to_string();
        let changes: Changes<'_> = parse(data.as_bytes()).unwrap();
        self.session.take_changes(&changes, 0.0);
        let online = json!({"info": {}, "online": self.online}).to_string();
        let online: Online<'_> = parse(online.as_bytes()).unwrap();
        self.session.take_online(&online, now, 40.0);
        self.session.looked_at(now, 40.0);
    }

    fn class(&self, now: f64, name: &str) -> Class {
        let view = self.session.view(now, self.up, 120.0);
        view.class(&self.session.players[name], &self.session.players)
    }
}

const ORDER: [&str; 4] = ["a/Decision", "a/#Wait", "a/Result", "a/Bye"];

fn rules(lines: &str) -> Vec<Rule> {
    let text = format!(
        "[uproot]\ntoken_env = \"T\"\n[[automation]]\nname = \"a\"\nscript = \"a.rhai\"\non = {lines}\n"
    );
    let draft = config::parse("config.toml".as_ref(), text, &|_| Some("secret".to_owned()));
    let config = draft.accept().unwrap();
    Rule::of(config.automations.iter(), &config.watch)
}

#[test]
fn who_is_there_thinks_and_then_stalls() {
    let mut story = Story::new(&["x"], &ORDER, 0);
    story.look(150.0, &["x"]);
    assert_eq!(story.class(150.0, "x"), Class::Thinking);
    story.look(225.0, &["x"]);
    story.session.gaps.clear();
    assert_eq!(story.class(225.0, "x"), Class::Stalled);
}

#[test]
fn a_tab_in_the_background_is_not_taken_for_gone() {
    let mut story = Story::new(&["x"], &ORDER, 0);
    let mut seen = Vec::new();
    for look in 0..60 {
        let now = 150.0 + f64::from(look) * 15.0;
        // Its browser lets it speak once a minute.
        story.look(now, if look % 4 == 0 { &["x"] } else { &[] });
        seen.push(story.class(now, "x"));
    }
    assert!(!seen.contains(&Class::Absent), "{seen:?}");
}

#[test]
fn who_is_not_heard_of_for_two_minutes_is_gone() {
    let mut story = Story::new(&["x", "y"], &ORDER, 0);
    story.look(150.0, &["x", "y"]);
    let mut first = None;
    for look in 1..30 {
        let now = 150.0 + f64::from(look) * 15.0;
        story.look(now, &["y"]);
        if story.class(now, "x") == Class::Absent {
            first.get_or_insert(now - 149.0);
        }
        assert_ne!(story.class(now, "y"), Class::Absent);
    }
    assert!(first.is_some_and(|silent| (120.0..=136.0).contains(&silent)), "{first:?}");
}

#[test]
fn a_server_that_was_started_anew_makes_nobody_gone() {
    let names = ["w", "x", "y", "z"];
    let mut story = Story::new(&names, &ORDER, 0);
    story.look(150.0, &names);
    story.online.clear();
    story.look(165.0, &[]);
    // As requests told that found nobody there.
    story.up = 165.0;
    for look in 0..20 {
        let now = 180.0 + f64::from(look) * 15.0;
        story.look(now, &names[1..]);
        for name in &names[1..] {
            assert_ne!(story.class(now, name), Class::Absent);
        }
        if now - 165.0 < 120.0 {
            assert_ne!(story.class(now, "w"), Class::Absent, "too early to tell");
        }
    }
    assert_eq!(story.class(465.0, "w"), Class::Absent);
}

#[test]
fn a_partner_who_is_gone_makes_a_victim() {
    let mut story = Story::new(&["x", "y"], &ORDER, 0);
    story.changes.push(("y", 140.0, 1));
    story.look(150.0, &["x", "y"]);
    assert_eq!(story.class(150.0, "y"), Class::Blocked);
    for look in 1..20 {
        story.look(150.0 + f64::from(look) * 15.0, &["y"]);
    }
    let now = 150.0 + 19.0 * 15.0;
    assert_eq!((story.class(now, "x"), story.class(now, "y")), (Class::Absent, Class::Victim));
    let view = story.session.view(now, 0.0, 120.0);
    let told = story.session.player(1, &view).unwrap();
    assert_eq!((&told["held_up_by"], &told["mates"]), (&json!("x"), &json!(["x"])));
    assert!(told["reason"].as_str().unwrap().contains("for x, who is absent on a/Decision"), "{told}");
    assert!(told.as_object().unwrap().keys().eq(OBSERVED), "`check` knows other properties: {told}");
}

#[test]
fn a_partner_who_came_to_the_wait_page_and_left_makes_a_victim() {
    let mut story = Story::new(&["x", "y", "z"], &ORDER, 1);
    story.changes.push(("z", 140.0, 0));
    story.look(150.0, &["x", "y", "z"]);
    for look in 1..20 {
        story.look(150.0 + f64::from(look) * 15.0, &["y", "z"]);
    }
    let now = 150.0 + 19.0 * 15.0;
    assert_eq!(story.class(now, "y"), Class::Blocked, "z is still on the page before");
    story.changes.push(("z", now, 1));
    story.look(now + 15.0, &["y", "z"]);
    assert_eq!(story.class(now + 15.0, "y"), Class::Victim);
    let view = story.session.view(now + 15.0, 0.0, 120.0);
    assert_eq!(story.session.player(1, &view).unwrap()["held_up_by"], "x");
}

#[test]
fn it_comes_once_a_visit_and_again_on_the_next_page() {
    let rules = rules("{ player = \"stalled\", for = \"1m\", pages = [\"a/D*\", \"a/R*\"] }");
    let began = BTreeMap::from([(rules[0].scope(), 0.0)]);
    let mut story = Story::new(&["x"], &ORDER, 0);
    let mut fired = Fired::default();
    let mut came = Vec::new();
    for look in 0..40 {
        let now = 105.0 + f64::from(look) * 15.0;
        if now >= 300.0 && story.changes.len() == 1 {
            story.changes.push(("x", 299.0, 2));
        }
        // Heard of now and then only: the class flickers, and it still comes once.
        story.look(now, if look % 3 == 0 { &[] } else { &["x"] });
        let view = story.session.view(now, 0.0, 120.0);
        for one in due(&story.session, &view, &rules, &began, &fired) {
            fired.put(&rules[0].key(), "x", one.visit);
            came.push(now);
        }
    }
    assert_eq!(came, [165.0, 360.0]);
}

#[test]
fn times_in_which_nobody_could_look_do_not_count() {
    for (gap, came_at) in [("", 1090.0), (", gap = \"trust\"", 1060.0)] {
        let rules = rules(&format!("{{ player = \"stalled\", for = \"1m\"{gap} }}"));
        let began = BTreeMap::from([(rules[0].scope(), 0.0)]);
        let mut story = Story::new(&["x"], &ORDER, 0);
        story.look(130.0, &["x"]);
        let mut came = None;
        for look in 0..10 {
            let now = 1060.0 + f64::from(look) * 15.0;
            story.look(now, &["x"]);
            let view = story.session.view(now, 0.0, 120.0);
            if !due(&story.session, &view, &rules, &began, &Fired::default()).is_empty() {
                came.get_or_insert(now);
            }
        }
        assert_eq!(came, Some(came_at), "{gap}");
    }
}

#[test]
fn steps_made_before_anybody_watched_are_no_news() {
    let rules = rules("{ player = \"finished\" }");
    let mut story = Story::new(&["x", "y"], &ORDER, 0);
    story.changes.push(("x", 120.0, 4));
    story.changes.push(("y", 140.0, 4));
    story.look(150.0, &[]);
    let began = BTreeMap::from([(rules[0].scope(), 130.0)]);
    let view = story.session.view(150.0, 0.0, 120.0);
    let due = due(&story.session, &view, &rules, &began, &Fired::default());
    assert_eq!(due.iter().map(|one| one.player).collect::<Vec<_>>(), [Some(1)]);
}

#[test]
fn a_change_that_is_told_again_is_taken_up_once() {
    let mut story = Story::new(&["x"], &ORDER, 0);
    story.look(150.0, &["x"]);
    let body = json!({"data": {"x": {"label": [[160.0, false, "str", "L", "c"]]}}, "last_update": 160.0})
        .to_string();
    let changes: Changes<'_> = parse(body.as_bytes()).unwrap();
    story.session.take_changes(&changes, 0.0);
    assert_eq!(story.session.stale, Stale::Soon);
    let fields = story.fields.to_string();
    story.session.take_fields(&parse(fields.as_bytes()).unwrap(), 162.0);
    story.session.take_changes(&changes, 0.0);
    assert_eq!(story.session.stale, Stale::No);
}

#[test]
fn an_order_that_has_grown_is_read_before_anybody_is_called_finished() {
    let mut story = Story::new(&["x"], &ORDER, 3);
    story.look(150.0, &["x"]);
    let body = json!({"data": {"x": {
        "page_order": [[160.0, false, "list", "[]", "uproot.x:1"]],
        "show_page": [[160.0, false, "int", "4", "uproot.x:1"]],
    }}, "last_update": 160.0})
    .to_string();
    let changes: Changes<'_> = parse(body.as_bytes()).unwrap();
    story.session.take_changes(&changes, 0.0);
    assert_eq!(story.session.stale, Stale::Now);
}

#[test]
fn a_move_that_the_history_did_not_tell_has_it_read_anew() {
    let mut story = Story::new(&["x", "y"], &ORDER, 0);
    story.look(150.0, &["x", "y"]);
    let told = |session: &mut Session, now: f64, x: i64, y: i64| {
        let body = json!({"info": {"x": [0, ORDER, x], "y": [1, ORDER, y]}, "online": {"x": now, "y": now}});
        let body = body.to_string();
        session.take_online(&parse::<Online<'_>>(body.as_bytes()).unwrap(), now, 40.0);
    };
    told(&mut story.session, 165.0, 1, 0);
    told(&mut story.session, 180.0, 0, 1);
    assert!(story.session.cursor.is_some(), "each went on once between two reads");
    told(&mut story.session, 195.0, 0, 1);
    assert_eq!(story.session.cursor, None);
}

#[test]
fn who_comes_later_is_known_from_when_they_came() {
    let mut story = Story::new(&["x"], &ORDER, 0);
    story.look(150.0, &["x"]);
    let cursor = story.session.cursor;
    let body = json!({"data": {"z": {"show_page": [[160.0, false, "int", "1", "c"]]}}, "last_update": 170.0});
    let body = body.to_string();
    let changes: Changes<'_> = parse(body.as_bytes()).unwrap();
    story.session.take_changes(&changes, 0.0);
    assert!(story.session.stale == Stale::Now && story.session.cursor == cursor);
    story.fields["z"] = story.fields["x"].clone();
    let fields = story.fields.to_string();
    story.session.take_fields(&parse(fields.as_bytes()).unwrap(), 171.0);
    story.session.take_changes(&changes, 0.0);
    assert_eq!((story.session.players["z"].entered, story.session.cursor), (Some(160.0), Some(170.0)));
}

#[test]
fn a_name_that_is_nobodys_does_not_hold_the_history_up() {
    let mut story = Story::new(&["x"], &ORDER, 0);
    story.look(150.0, &["x"]);
    let body = json!({"data": {"ghost": {"k": [[160.0, false, "int", "1", "c"]]}}, "last_update": 170.0});
    let body = body.to_string();
    let changes: Changes<'_> = parse(body.as_bytes()).unwrap();
    let fields = story.fields.to_string();
    for expected in [Some(150.0), Some(170.0)] {
        story.session.take_changes(&changes, 0.0);
        assert_eq!(story.session.cursor, expected);
        story.session.take_fields(&parse(fields.as_bytes()).unwrap(), 171.0);
    }
    assert_eq!(story.session.stale, Stale::No);
}

#[test]
fn whoever_waits_since_nobody_knows_when_is_not_said_to_wait_for_long() {
    let mut story = Story::new(&["x"], &ORDER, 1);
    story.changes.clear();
    story.look(150.0, &["x"]);
    let view = story.session.view(150.0, 0.0, 120.0);
    assert_eq!(story.class(150.0, "x"), Class::Waiting);
    assert_eq!(
        view.since(PlayerCondition::Waiting, &story.session.players["x"], &story.session.players),
        None
    );
}

#[test]
fn triggers_of_one_word_remember_for_themselves_and_begin_anew_where_they_are_about_more() {
    let two = rules("[{ player = \"stalled\", for = \"1m\" }, { player = \"stalled\", for = \"5m\" }]");
    assert_ne!(two[0].key(), two[1].key());
    let some = rules("{ player = \"finished\", sessions = [\"test\"] }");
    let all = rules("{ player = \"finished\" }");
    assert_eq!(some[0].key(), all[0].key());
    assert_ne!(some[0].scope(), all[0].scope());
}

#[test]
fn fewer_who_have_finished_are_no_news() {
    let rules = rules("{ session = \"all_finished\", for = \"0s\" }");
    let began = BTreeMap::from([(rules[0].scope(), 0.0)]);
    let mut story = Story::new(&["x", "y"], &ORDER, 0);
    story.changes.extend([("x", 110.0, 4), ("y", 120.0, 4)]);
    story.look(150.0, &[]);
    let mut fired = Fired::default();
    let view = story.session.view(150.0, 0.0, 120.0);
    let first = due(&story.session, &view, &rules, &began, &fired);
    assert_eq!(first.len(), 1);
    fired.put(&rules[0].key(), "", first[0].visit.clone());
    story.session.players["y"].dropped = true;
    assert!(due(&story.session, &view, &rules, &began, &fired).is_empty());
}

#[test]
fn an_odd_value_hides_nobody_and_is_not_shown() {
    let body = json!({"info": {"x": [0, [], 1.0], "y": [1, [], null]}, "online": {"x": 5.0}}).to_string();
    assert!(parse::<Online<'_>>(body.as_bytes()).is_ok());
    let error = parse::<Online<'_>>(br#"{"info": "SECRET", "online": {}}"#).err().unwrap();
    assert!(!error.contains("SECRET"), "{error}");
    let entries =
        serde_json::from_str(r#"[[1.0, true, null, null, "c"], [2.0, false, "int", "3", "c"]]"#).unwrap();
    assert_eq!(super::read::changes(entries).len(), 1);
}
