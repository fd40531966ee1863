//! When clocks fire, and what was missed.

use super::*;

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
    let clock = Some((at("2026-05-01T00:00:00Z"), "every 5m".to_owned()));
    let standing = Standing { clock, ..Standing::default() };
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
