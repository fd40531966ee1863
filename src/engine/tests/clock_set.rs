//! The system's clock is set while the daemon runs.

use super::*;

#[test]
fn a_jump_forward_goes_through_the_rules_for_what_was_missed() {
    let (mut world, _) = start("on = { cron = \"*/10 * * * *\" }", "2026-06-01T18:05:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:45:00Z"), ["cron 2026-06-01T18:40:00Z +4"]);
    let (mut world, _) = start("on = { every = \"10m\" }", "2026-06-01T18:05:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:45:00Z"), ["missed 4 to 2026-06-01T18:40:00Z: missed = \"skip\""]);
    // Up to the grace it is as if nothing had happened.
    assert_eq!(world.tick("2026-06-01T18:50:30Z"), ["every 2026-06-01T18:50:00Z +0"]);
}

#[test]
fn after_a_small_step_back_nothing_fires_twice_and_the_schedule_goes_on() {
    let (mut world, _) = start("on = { every = \"10m\" }", "2026-06-01T18:05:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:10:00Z"), ["every 2026-06-01T18:10:00Z +0"]);
    assert!(world.tick("2026-06-01T17:40:00Z").is_empty());
    assert_eq!(world.next().unwrap(), "2026-06-01T18:20:00Z", "18:10 has fired");
    assert!(world.tick("2026-06-01T18:10:00Z").is_empty());
    assert_eq!(world.tick("2026-06-01T18:20:00Z"), ["every 2026-06-01T18:20:00Z +0"]);
}

#[test]
fn after_a_large_step_back_the_schedule_goes_on_from_now_and_a_row_says_so() {
    let began = "the schedule goes on from 2026-06-01T12:04:00Z";
    let (mut world, _) = start("on = { every = \"10m\" }", "2026-06-01T18:05:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:10:00Z"), ["every 2026-06-01T18:10:00Z +0"]);
    world.now = at("2026-06-01T12:04:00Z");
    let commands = world.engine.handle(world.now, Input::Tick);
    assert_eq!(words(&commands), [format!("missed 0 to 2026-06-01T18:10:00Z: {began}")]);
    assert_eq!(cursors(&commands), ["2026-06-01T12:04:00Z every 10m"]);
    assert_eq!(world.next().unwrap(), "2026-06-01T12:10:00Z");
    assert_eq!(world.tick("2026-06-01T12:10:00Z"), ["every 2026-06-01T12:10:00Z +0"]);

    // Also where the daemon did not run meanwhile.
    let on = "on = { every = \"10m\" }";
    let (world, commands) = start(on, "2026-06-01T12:04:00Z", Some("2026-06-01T18:10:00Z"));
    assert_eq!(words(&commands), [format!("missed 0 to 2026-06-01T18:10:00Z: {began}")]);
    assert_eq!(world.next().unwrap(), "2026-06-01T12:10:00Z");
}

#[test]
fn polls_bursts_and_throttles_do_not_wait_for_the_old_time() {
    let (mut world, _) = start("on = { poll = \"30s\" }", "2026-06-01T18:00:00Z", None);
    assert_eq!(world.tell(Input::Tick), ["poll a"]);
    world.poll_ends(PollResult::Done);
    assert!(world.tick("2026-06-01T15:00:00Z").is_empty());
    assert_eq!(world.tick("2026-06-01T15:00:30Z"), ["poll a"]);

    let mut world = hook("debounce = { quiet = \"10s\" }", 16);
    assert!(world.accept(1, "ann").is_empty());
    assert!(world.at("15:00:00").tell(Input::Tick).is_empty());
    assert_eq!(world.at("15:00:10").tell(Input::Tick), ["start 1"]);

    let mut world = hook("overlap = \"parallel\"\nthrottle = \"1 per 1m\"\ncooldown = \"5m\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert!(world.accept(2, "ann").is_empty());
    assert!(world.at("15:00:00").tell(Input::Tick).is_empty());
    assert_eq!(world.at("15:01:00").tell(Input::Tick), ["start 2"]);
    world.finish(2, "ann");
    assert!(world.at("12:00:00").accept(3, "ann")[0].contains("cooldown"));
    assert_eq!(world.at("12:05:00").accept(4, "ann"), ["start 4"]);
}
