//! Whole looks at a scripted server, in virtual time: what is asked, what is told, and what a restart remembers.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::world::{Session, State, World, epoch};
use crate::{
    api::Client,
    config::{self, Config},
    domain::{Detail, Event, PlayerCondition, ServerUrl, SessionName},
    environment::{Environment, Scope},
    store::Store,
    watch::{Rule, Watch},
};

/// A watch and the server that it looks at.
pub(super) struct Lab {
    pub(super) folder: TempDir,
    pub(super) world: Arc<World>,
    pub(super) watch: Watch,
    pub(super) rules: String,
}

fn config(rules: &str) -> Config {
    let text = format!("[uproot]\ntoken_env = \"T\"\n{rules}");
    config::parse("config.toml".as_ref(), text, &|_| Some("token".to_owned())).accept().unwrap()
}

pub(super) fn on(on: &str) -> String {
    format!("[[automation]]\nname = \"a\"\nscript = \"a.rhai\"\non = {on}\n")
}

impl Lab {
    pub(super) fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Arc::new(World::default());
        let watch = watch(&folder, &world, rules);
        Self { folder, world, watch, rules: rules.to_owned() }
    }

    /// Another daemon on the same store.
    pub(super) fn restart(&mut self) {
        self.watch.store.close();
        // Its lock is let go with it.
        let elsewhere = tempfile::tempdir().unwrap();
        self.watch = watch(&elsewhere, &self.world, "");
        self.watch.store.close();
        self.watch = watch(&self.folder, &self.world, &self.rules);
    }

    /// These rules hold from now on, as after a reload.
    fn rules(&self, rules: &str) {
        let config = config(rules);
        self.watch.set_rules(config.watch.clone(), Rule::of(config.automations.iter(), &config.watch));
    }

    pub(super) fn server<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.world.0.lock().unwrap())
    }

    /// A session in which these players are on the first page.
    pub(super) fn session(&self, name: &str, players: &[&str]) {
        self.server(|state| {
            let now = state.theirs;
            let moves = players.iter().map(|player| ((*player).to_owned(), vec![(now, 0)])).collect();
            let seen = players.iter().map(|player| ((*player).to_owned(), now)).collect();
            state.sessions.insert(name.to_owned(), Session { created: now, moves, seen, broken: None });
        });
    }

    /// A player goes to a page.
    pub(super) fn goes(&self, session: &str, player: &str, page: i64) {
        self.server(|state| {
            let now = state.theirs;
            let session = state.sessions.get_mut(session).unwrap();
            session.moves.entry(player.to_owned()).or_default().push((now, page));
            session.seen.insert(player.to_owned(), now);
        });
    }

    /// Looks every five seconds, for so long, while these players are heard of; gives what was told, as `what player` or `what`.
    pub(super) fn watch_for(&self, seconds: f64, there: &[(&str, &str)]) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..(seconds / 5.0) as u32 {
            self.world.pass(5.0);
            self.server(|state| {
                for (session, player) in there {
                    let now = state.theirs;
                    state.sessions.get_mut(*session).unwrap().seen.insert((*player).to_owned(), now);
                }
            });
            told.extend(self.look());
        }
        told
    }

    pub(super) fn look(&self) -> Vec<String> {
        self.watch.look(&forever()).0.iter().map(word).collect()
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        self.server(|state| std::mem::take(&mut state.asked))
    }
}

fn watch(folder: &TempDir, world: &Arc<World>, rules: &str) -> Watch {
    let env: Arc<dyn Environment> = Arc::clone(world) as Arc<dyn Environment>;
    let client = Client::new(Arc::clone(&env), ServerUrl::default(), "token".to_owned().into());
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    let config = config(rules);
    let watch = Watch::new(env, Arc::new(client), store, config.watch.clone()).unwrap();
    watch.set_rules(config.watch.clone(), Rule::of(config.automations.iter(), &config.watch));
    watch
}

pub(super) fn forever() -> Scope {
    Scope { deadline: Timestamp::MAX, cancel: CancellationToken::new() }
}

fn word(event: &Event) -> String {
    let Detail::Observed(observation) = &event.detail else { panic!("{event:?}") };
    match observation.subject["player"].as_str() {
        Some(player) => format!("{} {player}", observation.what),
        None => observation.what.clone(),
    }
}

#[test]
fn a_session_that_cannot_be_read_hides_no_other_and_is_not_the_server() {
    let lab = Lab::new(&on("[{ player = \"joined\" }, { server = \"down\", for = \"1s\" }]"));
    lab.watch_for(5.0, &[]);
    for name in ["aaa", "bad", "ccc"] {
        lab.session(name, &["x"]);
    }
    lab.server(|state| state.sessions.get_mut("bad").unwrap().broken = Some(500));
    let mut told = lab.watch_for(60.0, &[]);
    told.sort();
    assert_eq!(told, ["joined aaa/x", "joined ccc/x"]);
    lab.asked();
    lab.watch_for(50.0, &[]);
    let tries = lab.asked().iter().filter(|path| path.contains("bad")).count();
    assert!((1..=6).contains(&tries), "it is left alone for a minute, then tried anew: {tries}");
    lab.server(|state| state.sessions.get_mut("bad").unwrap().broken = None);
    assert_eq!(lab.watch_for(120.0, &[]), ["joined bad/x"]);
}

#[test]
fn what_was_not_watched_for_is_not_caught_up_with() {
    let finished = on("{ player = \"finished\" }");
    let some = on("{ player = \"finished\", sessions = [\"test\"] }");
    let lab = Lab::new(&some);
    lab.watch_for(5.0, &[]);
    lab.session("study", &["x", "y"]);
    lab.goes("study", "x", 3);
    lab.watch_for(30.0, &[]);
    lab.rules(&finished);
    assert!(lab.watch_for(30.0, &[]).is_empty(), "it was about another session until now");
    lab.rules("");
    lab.goes("study", "y", 3);
    lab.world.pass(60.0);
    lab.rules(&finished);
    assert!(lab.watch_for(60.0, &[]).is_empty(), "the automation was not there");
}

#[test]
fn what_happens_while_the_daemon_is_stopped_is_told() {
    let mut lab = Lab::new(&on("{ player = \"finished\" }"));
    lab.watch_for(5.0, &[]);
    lab.session("s", &["x", "y"]);
    lab.goes("s", "x", 3);
    assert_eq!(lab.watch_for(20.0, &[]), ["finished s/x"]);
    lab.goes("s", "y", 3);
    lab.world.pass(90.0);
    lab.restart();
    assert_eq!(lab.watch_for(20.0, &[]), ["finished s/y"]);
}

#[test]
fn the_time_that_nobody_looked_does_not_count_also_where_a_script_looks_first() {
    for script_first in [false, true] {
        for age in [60.0, 1200.0] {
            let mut lab = Lab::new(&on("{ player = \"stalled\", for = \"2m\" }"));
            lab.session("s", &["x"]);
            // It is an old session, in which somebody has just come to a page.
            lab.watch_for(age, &[("s", "x")]);
            lab.goes("s", "x", 2);
            assert!(lab.watch_for(60.0, &[("s", "x")]).is_empty());
            lab.world.pass(120.0);
            lab.goes("s", "x", 2);
            lab.restart();
            if script_first {
                let session = SessionName::new("s").unwrap();
                lab.watch.players(&session, None, &forever()).unwrap();
            }
            let what = format!("script first {script_first}, session of {age}");
            assert!(lab.watch_for(40.0, &[("s", "x")]).is_empty(), "{what}");
            // What was not written down before the stop, up to a minute, does not count either.
            assert_eq!(lab.watch_for(80.0, &[("s", "x")]), ["stalled s/x"], "{what}");
        }
    }
}

#[test]
fn who_is_alone_in_a_session_is_found_to_be_gone_also_after_long() {
    for (time, seconds) in [("2m", 180.0), ("15m", 1030.0)] {
        let lab = Lab::new(&on(&format!("{{ player = \"absent\", for = \"{time}\" }}")));
        lab.session("s", &["x"]);
        lab.watch_for(200.0, &[("s", "x")]);
        assert_eq!(lab.watch_for(seconds, &[]), ["absent s/x"], "{time}");
    }
}

#[test]
fn it_is_still_so_for_a_tab_in_the_background_and_not_for_who_went_on_or_is_back() {
    let lab = Lab::new(&on("{ player = \"joined\" }"));
    lab.session("s", &["x", "y"]);
    lab.watch_for(60.0, &[("s", "x"), ("s", "y")]);
    let session = SessionName::new("s").unwrap();
    let seen = |player: &str| lab.watch.players(&session, None, &forever()).unwrap()[player].clone();
    let still = |player: &str, condition, told: &Value| {
        lab.watch.still(&session, player, condition, told, &forever()).unwrap()
    };
    let (x, y) = (seen("x"), seen("y"));
    lab.watch_for(45.0, &[]);
    assert_eq!(still("x", PlayerCondition::Stalled, &x), Ok(()), "not heard of for 45 s");
    lab.goes("s", "x", 2);
    lab.world.pass(6.0);
    let why = still("x", PlayerCondition::Stalled, &x).unwrap_err();
    assert!(why.contains("x is thinking now: on a/Two"), "{why}");
    lab.goes("s", "x", 0);
    lab.world.pass(6.0);
    assert!(still("x", PlayerCondition::Stalled, &x).is_err(), "back on the page is another visit");

    lab.watch_for(180.0, &[]);
    assert_eq!(still("y", PlayerCondition::Absent, &y), Ok(()));
    lab.watch_for(10.0, &[("s", "y")]);
    assert!(still("y", PlayerCondition::Absent, &y).unwrap_err().contains("y is stalled now"));
}

#[test]
fn a_look_that_is_ended_tells_nothing_of_the_server() {
    let lab = Lab::new(&on("[{ server = \"down\", for = \"1s\" }, { server = \"up\" }]"));
    lab.watch_for(5.0, &[]);
    lab.server(|state| state.down = true);
    assert_eq!(lab.watch_for(60.0, &[]), ["down"]);
    let ended = forever();
    ended.cancel.cancel();
    lab.world.pass(20.0);
    assert!(lab.watch.look(&ended).0.is_empty());
    lab.server(|state| state.down = false);
    lab.world.pass(60.0);
    assert_eq!(lab.watch_for(60.0, &[]), ["up"]);
}

#[test]
fn a_restart_is_told_where_requests_found_nobody_and_not_where_people_left() {
    let lab = Lab::new(&on("[{ player = \"joined\" }, { server = \"restarted\" }]"));
    lab.session("s", &["w", "x", "y"]);
    lab.watch_for(30.0, &[("s", "w"), ("s", "x"), ("s", "y")]);
    lab.server(|state| state.sessions.get_mut("s").unwrap().seen.clear());
    assert!(lab.watch_for(60.0, &[]).is_empty(), "all have closed their tabs");
    lab.server(|state| state.down = true);
    lab.watch_for(10.0, &[]);
    lab.server(|state| state.down = false);
    lab.world.pass(60.0);
    assert_eq!(lab.watch_for(30.0, &[]), ["restarted"]);
}

#[test]
fn who_has_long_left_a_room_does_not_count() {
    let lab = Lab::new(&on("{ room = \"waiting\", count = 2 }"));
    lab.server(|state| state.room = Some(vec![-4000.0, -3000.0, 0.0]));
    assert!(lab.watch_for(30.0, &[]).is_empty());
    lab.server(|state| state.room = Some(vec![-4000.0, state.theirs, state.theirs]));
    assert_eq!(lab.watch_for(30.0, &[]), ["waiting"]);
}

#[test]
fn a_session_that_is_made_again_has_nothing_of_the_old_one() {
    let mut lab = Lab::new(&on("{ player = \"finished\" }"));
    lab.watch_for(5.0, &[]);
    for round in 0..3 {
        lab.session("s", &["x"]);
        lab.watch_for(20.0, &[]);
        lab.goes("s", "x", 3);
        assert_eq!(lab.watch_for(30.0, &[]), ["finished s/x"], "{round}");
        if round == 1 {
            lab.restart();
        }
    }
}

#[test]
fn the_last_changes_are_not_told_for_ever_and_no_instant_is_asked_for_that_has_not_come() {
    let lab = Lab::new(&on("{ player = \"finished\" }"));
    lab.watch_for(5.0, &[]);
    lab.session("s", &["x"]);
    lab.watch_for(60.0, &[("s", "x")]);
    // Our clock is set forward, and back; the server's own is what counts.
    for jump in [300.0, -300.0] {
        lab.server(|state| state.ours += jump);
        lab.asked();
        // A script is the first to look.
        lab.watch.players(&SessionName::new("s").unwrap(), None, &forever()).unwrap();
        for _ in 0..6 {
            lab.watch_for(5.0, &[("s", "x")]);
            let now = lab.server(|state| epoch(state.theirs));
            for path in lab.asked() {
                let Some((_, since)) = path.split_once("since=") else { continue };
                let since: f64 = since.parse().unwrap();
                assert!(since < now, "{path} at {now}");
                assert!(since > epoch(5.0), "the players came long before: {path}");
            }
        }
    }
    lab.goes("s", "x", 3);
    assert_eq!(lab.watch_for(10.0, &[]), ["finished s/x"]);
}

#[test]
fn many_old_sessions_do_not_keep_a_live_one_waiting() {
    let lab = Lab::new(&on("{ player = \"joined\" }"));
    for number in 0..100 {
        lab.session(&format!("old{number}"), &["x"]);
    }
    lab.world.pass(3600.0);
    lab.session("zz", &["x"]);
    lab.rules(&on("{ player = \"joined\" }"));
    lab.asked();
    lab.watch_for(5.0, &[]);
    let asked = lab.asked();
    assert!(asked.iter().any(|path| path.contains("sessions/zz/")));
    let old: std::collections::BTreeSet<&str> =
        asked.iter().filter_map(|path| path.strip_prefix("sessions/old")?.split('/').next()).collect();
    assert_eq!(old.len(), 20, "the others have their turn later");
}

#[test]
fn scripts_that_ask_at_once_make_one_look() {
    let lab = Lab::new("");
    lab.session("s", &["x"]);
    let session = SessionName::new("s").unwrap();
    let ask = || lab.watch.players(&session, None, &forever()).unwrap().len();
    lab.server(|state| state.slow = true);
    let found: Vec<usize> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(found, [1; 8]);
    let asked = lab.asked();
    let looks = asked.iter().filter(|path| path.contains("online")).count();
    assert_eq!(looks, 1, "{asked:?}");
    // A look that fails lets the next one try.
    lab.server(|state| state.sessions.get_mut("s").unwrap().broken = Some(404));
    lab.world.pass(60.0);
    assert!(lab.watch.players(&session, None, &forever()).is_err());
    lab.server(|state| state.sessions.get_mut("s").unwrap().broken = None);
    assert_eq!(ask(), 1);
}

#[test]
fn a_session_that_was_only_missing_for_a_while_is_not_told_again_and_one_of_long_ago_is_forgotten() {
    let mut lab = Lab::new(&on("{ player = \"joined\" }"));
    lab.session("other", &["o"]);
    lab.session("s", &["x"]);
    assert_eq!(lab.watch_for(10.0, &[]).len(), 2);
    let remembered = |lab: &Lab| {
        let rows = lab.watch.store.history().watched().unwrap();
        rows.iter().any(|(name, _)| name == "s")
    };
    let gone = lab.server(|state| state.sessions.remove("s").unwrap());
    lab.restart();
    lab.watch_for(60.0, &[]);
    assert!(remembered(&lab));
    lab.server(|state| state.sessions.insert("s".to_owned(), gone));
    assert_eq!(lab.watch_for(60.0, &[]), Vec::<String>::new(), "told once");
    lab.server(|state| state.sessions.remove("s").unwrap());
    lab.restart();
    lab.world.pass(8.0 * 86_400.0);
    lab.watch_for(60.0, &[]);
    assert!(!remembered(&lab), "after a week");
}
