//! A whole evening of the engine in virtual time.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    config,
    domain::{Detail, EventId, EventKind, HookName},
};

/// An engine and the time that it believes to be.
struct World {
    engine: Engine,
    now: Timestamp,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn name(text: &str) -> AutomationName {
    AutomationName::new(text).unwrap()
}

/// The automation `a` with these lines in its table, as the configuration is read.
fn automation(lines: &str) -> Arc<Automation> {
    let text = format!(
        "[uproot]\ntoken_env = \"T\"\n[daemon]\ntimezone = \"UTC\"\n[[automation]]\nname = \"a\"\nscript = \"a.rhai\"\n{lines}"
    );
    let draft = config::parse("config.toml".as_ref(), text, &|_| Some("secret".to_owned()));
    Arc::new(draft.accept().unwrap().automations.remove(0))
}

/// Starts with one automation at an instant, its clock last looked at at `cursor`.
fn start(lines: &str, now: &str, cursor: Option<&str>) -> (World, Vec<Command>) {
    let automation = automation(lines);
    let clock = cursor.map(|cursor| {
        let schedule = Clocks::start(at(now), &automation, None).1.unwrap().1;
        (at(cursor), schedule.to_string())
    });
    let now = at(now);
    let (engine, commands) = Engine::start(now, &[(automation, Standing { clock })], 16);
    (World { engine, now }, commands)
}

/// An engine with a number of workers and one automation that a webhook starts.
fn hook(lines: &str, workers: usize) -> World {
    let on = "on = { webhook = \"h\", scheme = \"bearer\", secret_env = \"S\" }\n";
    let now = at("2026-06-01T18:00:00Z");
    let automations = [(automation(&format!("{on}{lines}")), Standing::default())];
    World { engine: Engine::start(now, &automations, workers).0, now }
}

fn event(id: i64, player: &str) -> Arc<Event> {
    Arc::new(Event {
        id: EventId(id),
        automation: name("a"),
        kind: EventKind::Webhook,
        at: at("2026-06-01T18:00:00Z"),
        detail: Detail::Webhook {
            hook: HookName::new("h").unwrap(),
            payload: json!({ "who": { "player": player } }),
            headers: serde_json::Map::new(),
        },
    })
}

/// Commands in short words, the cursor's left out: it is in every answer of a clock.
fn words(commands: &[Command]) -> Vec<String> {
    let word = |command: &Command| match command {
        Command::Fire { kind, instant, missed_count, .. } => {
            Some(format!("{kind} {instant} +{missed_count}"))
        }
        Command::Clock { .. } => None,
        Command::Missed { count, latest, reason, .. } => {
            Some(format!("missed {count} to {latest}: {reason}"))
        }
        Command::Start { event } => Some(format!("start {}", event.id)),
        Command::Drop { event, reason } => Some(format!("drop {event}: {reason}")),
        Command::Poll { automation } => Some(format!("poll {automation}")),
    };
    commands.iter().filter_map(word).collect()
}

fn cursors(commands: &[Command]) -> Vec<String> {
    let cursor = |command: &Command| match command {
        Command::Clock { cursor: (at, schedule), .. } => Some(format!("{at} {schedule}")),
        _ => None,
    };
    commands.iter().filter_map(cursor).collect()
}

impl World {
    fn tell(&mut self, input: Input) -> Vec<String> {
        words(&self.engine.handle(self.now, input))
    }

    /// What is done when the daemon wakes at this instant.
    fn tick(&mut self, now: &str) -> Vec<String> {
        self.now = at(now);
        self.tell(Input::Tick)
    }

    fn next(&self) -> Option<String> {
        self.engine.next_wake().map(|next| next.to_string())
    }

    fn accept(&mut self, id: i64, player: &str) -> Vec<String> {
        self.tell(Input::Accepted(event(id, player)))
    }

    fn finish(&mut self, id: i64, player: &str) -> Vec<String> {
        self.tell(Input::RunFinished(event(id, player)))
    }

    fn poll_ends(&mut self, result: PollResult) -> Vec<String> {
        self.tell(Input::PollFinished { automation: name("a"), result })
    }
}

#[test]
fn clocks_fire_in_time_and_name_their_next_wake() {
    let (mut world, first) = start("on = { cron = \"0 3 * * *\" }", "2026-06-01T18:00:00Z", None);
    assert_eq!(cursors(&first), ["2026-06-01T18:00:00Z cron 0 3 * * * UTC"]);
    assert_eq!(world.next().unwrap(), "2026-06-02T03:00:00Z");
    assert!(world.tick("2026-06-02T02:59:59.999Z").is_empty());
    assert_eq!(world.tick("2026-06-02T03:00:00Z"), ["cron 2026-06-02T03:00:00Z +0"]);
    assert!(world.tick("2026-06-02T03:00:00Z").is_empty(), "an instant fires once");
    assert_eq!(world.next().unwrap(), "2026-06-03T03:00:00Z");

    let (mut world, _) = start("on = { every = \"90s\" }", "2026-06-01T18:00:10Z", None);
    assert_eq!(world.next().unwrap(), "2026-06-01T18:01:30Z");
    world.now = at("2026-06-01T18:01:31Z");
    let commands = world.engine.handle(world.now, Input::Tick);
    assert_eq!(words(&commands), ["every 2026-06-01T18:01:30Z +0"]);
    assert_eq!(cursors(&commands), ["2026-06-01T18:01:30Z every 1m 30s"]);
    assert_eq!(world.next().unwrap(), "2026-06-01T18:03:00Z");
}

#[test]
fn an_instant_that_two_clocks_name_is_one() {
    let lines = "on = [{ cron = \"0 * * * *\" }, { cron = \"*/30 * * * *\" }]";
    let (mut world, _) = start(lines, "2026-06-01T18:10:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:30:00Z"), ["cron 2026-06-01T18:30:00Z +0"]);
    assert_eq!(world.tick("2026-06-01T19:00:00Z"), ["cron 2026-06-01T19:00:00Z +0"]);
}

#[test]
fn no_wake_without_a_clock_and_the_first_of_several() {
    assert_eq!(hook("", 1).next(), None);
    let now = at("2026-06-01T18:00:00Z");
    let every = |period: &str| (automation(&format!("on = {{ every = \"{period}\" }}")), Standing::default());
    let (engine, _) = Engine::start(now, &[every("1h"), every("20m"), every("30m")], 1);
    assert_eq!(engine.next_wake(), Some(at("2026-06-01T18:20:00Z")));
}

#[test]
fn up_to_grace_late_an_instant_simply_runs() {
    for (late, fires) in [("18:01:00Z", true), ("18:01:00.001Z", false)] {
        let (mut world, _) = start("on = { every = \"1h\" }", "2026-06-01T17:30:00Z", None);
        let words = world.tick(&format!("2026-06-01T{late}"));
        let expected = if fires {
            "every 2026-06-01T18:00:00Z +0"
        } else {
            "missed 1 to 2026-06-01T18:00:00Z: missed = \"skip\""
        };
        assert_eq!(words, [expected], "at {late}");
    }
    let (mut world, _) = start("on = { every = \"1h\", grace = \"10m\" }", "2026-06-01T17:30:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:10:00Z"), ["every 2026-06-01T18:00:00Z +0"]);
}

/// After a night from 17:30 on, the daemon starts at `now`.
fn after_night(on: &str, now: &str) -> Vec<String> {
    let (mut world, first) = start(on, now, Some("2026-06-01T17:30:00Z"));
    assert!(cursors(&first).is_empty(), "the cursor is known");
    world.tell(Input::Tick)
}

#[test]
fn missed_instants_are_skipped_made_up_for_once_or_each() {
    for (on, expected) in [
        ("every = \"10m\"", &["missed 5 to 2026-06-01T18:20:00Z: missed = \"skip\""][..]),
        ("every = \"10m\", missed = \"once\"", &["every 2026-06-01T18:20:00Z +5"]),
        ("cron = \"*/10 * * * *\"", &["cron 2026-06-01T18:20:00Z +5"]),
        (
            "cron = \"*/10 * * * *\", missed = \"skip\"",
            &["missed 5 to 2026-06-01T18:20:00Z: missed = \"skip\""],
        ),
        (
            "every = \"10m\", missed = { all = 2 }, deadline = \"1h\"",
            &[
                "missed 3 to 2026-06-01T18:20:00Z: more than `all`, or past their deadline",
                "every 2026-06-01T18:10:00Z +1",
                "every 2026-06-01T18:20:00Z +1",
            ],
        ),
        (
            "every = \"10m\", missed = { all = 9 }, deadline = \"20m\"",
            &[
                "missed 3 to 2026-06-01T18:20:00Z: more than `all`, or past their deadline",
                "every 2026-06-01T18:10:00Z +1",
                "every 2026-06-01T18:20:00Z +1",
            ],
        ),
    ] {
        assert_eq!(after_night(&format!("on = {{ {on} }}"), "2026-06-01T18:25:00Z"), expected, "{on}");
    }
}

#[test]
fn the_one_in_time_stands_for_the_missed_ones_under_once() {
    assert_eq!(
        after_night("on = { cron = \"*/10 * * * *\" }", "2026-06-01T18:20:30Z"),
        ["cron 2026-06-01T18:20:00Z +4"]
    );
}

#[test]
fn past_the_deadline_nothing_is_made_up_for() {
    let gone = "missed 1 to 2026-06-01T18:00:00Z: their deadline has passed";
    let made_up = "cron 2026-06-01T18:00:00Z +1";
    for (on, now, expected) in [
        // The default is the period, at most an hour.
        ("cron = \"0 18 * * *\"", "2026-06-01T19:00:00Z", made_up),
        ("cron = \"0 18 * * *\"", "2026-06-01T19:00:01Z", gone),
        ("cron = \"0 18 * * *\", deadline = \"3h\"", "2026-06-01T21:00:00Z", made_up),
        ("cron = \"0 18 * * *\", deadline = \"3h\"", "2026-06-01T21:00:01Z", gone),
    ] {
        assert_eq!(after_night(&format!("on = {{ {on} }}"), now), [expected], "{on} at {now}");
    }
}

#[test]
fn each_clock_keeps_to_its_own_rule_for_what_was_missed() {
    let on = "on = [{ cron = \"0 18 * * *\" }, { every = \"10m\" }]";
    assert_eq!(
        after_night(on, "2026-06-01T18:25:00Z"),
        ["cron 2026-06-01T18:00:00Z +1", "missed 4 to 2026-06-01T18:20:00Z: missed = \"skip\"",]
    );
    // The other clock's instants do not shorten the deadline of the cron.
    assert_eq!(after_night(on, "2026-06-01T18:55:00Z")[0], "cron 2026-06-01T18:00:00Z +1");
}

#[test]
fn after_a_long_absence_the_latest_instant_is_still_found() {
    let on = "on = { every = \"1s\", missed = \"once\", grace = \"0s\", deadline = \"1m\" }";
    let words = after_night(on, "2026-06-09T18:00:00.5Z");
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].starts_with("every 2026-06-09T18:00:00Z +"), "{words:?}");
}

#[test]
fn the_first_start_and_a_changed_schedule_begin_anew() {
    let (mut world, first) = start("on = { every = \"10m\" }", "2026-06-01T18:05:00Z", None);
    assert_eq!(cursors(&first), ["2026-06-01T18:05:00Z every 10m"]);
    assert!(world.tell(Input::Tick).is_empty(), "nothing was missed before the first start");

    let now = at("2026-06-01T18:05:00Z");
    let standing = Standing { clock: Some((at("2026-05-01T00:00:00Z"), "every 5m".to_owned())) };
    let (mut engine, first) =
        Engine::start(now, &[(automation("on = { cron = \"*/10 * * * *\" }"), standing)], 1);
    assert_eq!(cursors(&first), ["2026-06-01T18:05:00Z cron */10 * * * * UTC"]);
    assert!(words(&engine.handle(now, Input::Tick)).is_empty());
    assert_eq!(engine.next_wake(), Some(at("2026-06-01T18:10:00Z")));
}

#[test]
fn at_fires_once_and_never_again() {
    let on = "on = { at = \"2026-06-01T20:00:00Z\" }";
    let (mut world, _) = start(on, "2026-06-01T18:00:00Z", None);
    assert_eq!(world.next().unwrap(), "2026-06-01T20:00:00Z");
    assert_eq!(world.tick("2026-06-01T20:00:00Z"), ["at 2026-06-01T20:00:00Z +0"]);
    assert_eq!(world.next(), None);
    assert!(world.tick("2026-06-02T20:00:00Z").is_empty());
    // Neither after a restart, nor where it was past before the first start.
    assert_eq!(start(on, "2026-06-01T20:00:01Z", Some("2026-06-01T20:00:00Z")).0.next(), None);
    assert_eq!(start(on, "2026-06-01T20:00:01Z", None).0.next(), None);
    // Where the daemon was away, it is made up for.
    assert_eq!(after_night(on, "2026-06-01T20:30:00Z"), ["at 2026-06-01T20:00:00Z +1"]);
}

#[test]
fn single_drops_what_comes_during_a_run_and_says_why() {
    let mut world = hook("overlap = \"single\"\nkey = \"who.player\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.accept(2, "bob"), ["start 2"]);
    assert_eq!(world.accept(3, "ann"), ["drop 3: a run for \"ann\" was under way (overlap = \"single\")"]);
    assert!(world.finish(1, "ann").is_empty());
    assert_eq!(world.accept(4, "ann"), ["start 4"]);

    let mut world = hook("overlap = \"single\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.accept(2, "bob"), ["drop 2: a run was under way (overlap = \"single\")"]);
}

#[test]
fn queued_keeps_the_order_of_each_key() {
    let mut world = hook("key = \"who.player\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    for (id, player) in [(2, "ann"), (4, "ann"), (5, "ann")] {
        assert!(world.accept(id, player).is_empty());
    }
    assert_eq!(world.accept(3, "bob"), ["start 3"]);
    assert!(world.accept(6, "bob").is_empty());
    assert_eq!(world.finish(1, "ann"), ["start 2"]);
    assert_eq!(world.finish(3, "bob"), ["start 6"]);
    assert_eq!(world.finish(2, "ann"), ["start 4"]);
    assert_eq!(world.finish(4, "ann"), ["start 5"]);
    assert!(world.finish(5, "ann").is_empty());
    assert_eq!(world.accept(7, "ann"), ["start 7"], "the key is free again");
}

#[test]
fn a_full_queue_gives_way_as_on_full_says() {
    for (on_full, dropped, left) in [
        (
            "drop_newest",
            &["drop 4: 2 events were waiting already (on_full = \"drop_newest\")"][..],
            &[2, 3][..],
        ),
        ("drop_oldest", &["drop 2: 2 events were waiting already (on_full = \"drop_oldest\")"], &[3, 4]),
        (
            "coalesce",
            &[
                "drop 2: 2 events were waiting already: event 4 stands for it (on_full = \"coalesce\")",
                "drop 3: 2 events were waiting already: event 4 stands for it (on_full = \"coalesce\")",
            ],
            &[4],
        ),
    ] {
        let mut world = hook(&format!("max = 2\non_full = \"{on_full}\""), 16);
        assert_eq!(world.accept(1, "ann"), ["start 1"]);
        assert!(world.accept(2, "ann").is_empty() && world.accept(3, "ann").is_empty());
        assert_eq!(world.accept(4, "ann"), dropped, "{on_full}");
        let mut running = 1;
        for next in left {
            assert_eq!(world.finish(running, "ann"), [format!("start {next}")], "{on_full}");
            running = *next;
        }
        assert!(world.finish(running, "ann").is_empty(), "{on_full}");
    }
}

#[test]
fn no_more_runs_than_workers_and_a_waiting_run_lends_its_own() {
    let mut world = hook("key = \"who.player\"", 2);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.accept(2, "bob"), ["start 2"]);
    assert!(world.accept(3, "cat").is_empty() && world.accept(4, "dan").is_empty());
    assert_eq!(world.tell(Input::Waiting), ["start 3"], "ann's run waits");
    assert!(world.accept(5, "ann").is_empty(), "and holds its key");
    assert!(world.tell(Input::Resumed).is_empty());
    assert!(world.finish(2, "bob").is_empty(), "three were working: two are left");
    assert_eq!(world.finish(3, "cat"), ["start 4"]);
    assert_eq!(world.finish(1, "ann"), ["start 5"]);
}

#[test]
fn events_of_an_automation_that_is_gone_are_dropped() {
    let (mut engine, _) = Engine::start(at("2026-06-01T18:00:00Z"), &[], 1);
    let commands = engine.handle(at("2026-06-01T18:00:00Z"), Input::Accepted(event(1, "ann")));
    assert_eq!(words(&commands), ["drop 1: the automation is not in the configuration any more"]);
}

#[test]
fn a_poll_never_overlaps_itself() {
    let (mut world, first) = start("on = { poll = \"30s\" }", "2026-06-01T18:00:00Z", None);
    assert!(first.is_empty());
    assert_eq!(world.next().unwrap(), "2026-06-01T18:00:00Z");
    assert_eq!(world.tell(Input::Tick), ["poll a"]);
    assert_eq!(world.next(), None, "one is under way");
    assert!(world.tick("2026-06-01T19:00:00Z").is_empty());
    world.poll_ends(PollResult::Done);
    assert_eq!(world.next().unwrap(), "2026-06-01T19:00:30Z");
    assert!(world.tick("2026-06-01T19:00:29Z").is_empty());
    assert_eq!(world.tick("2026-06-01T19:00:30Z"), ["poll a"]);
}

#[test]
fn a_poll_backs_off_after_failures_and_keeps_to_retry_after() {
    let (mut world, _) = start("on = { poll = \"30s\" }", "2026-06-01T18:00:00Z", None);
    let mut wait_after = |retry_after: Option<u64>, done: bool| {
        world.now = world.engine.next_wake().unwrap();
        assert_eq!(world.tell(Input::Tick), ["poll a"]);
        let retry_after = retry_after.map(Duration::from_secs);
        world.poll_ends(if done { PollResult::Done } else { PollResult::Failed { retry_after } });
        world.engine.next_wake().unwrap().duration_since(world.now).as_secs()
    };
    let failed: Vec<i64> = (0..7).map(|_| wait_after(None, false)).collect();
    assert_eq!(failed, [60, 120, 240, 480, 600, 600, 600]);
    assert_eq!(wait_after(Some(1800), false), 1800, "longer than the backoff");
    assert_eq!(wait_after(Some(1), false), 600, "shorter than the backoff");
    assert_eq!(wait_after(None, true), 30, "a success ends it");
    assert_eq!(wait_after(Some(90), false), 90);

    let (mut world, _) = start("on = { poll = \"1h\" }", "2026-06-01T18:00:00Z", None);
    world.tell(Input::Tick);
    world.poll_ends(PollResult::Failed { retry_after: None });
    assert_eq!(world.next().unwrap(), "2026-06-01T19:00:00Z", "never more often than without failures");
}
