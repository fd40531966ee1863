//! Pausing, resuming, and the breaker.

use super::*;

fn hold(held: Held, until: Option<&str>) -> Input {
    let since = at("2026-06-01T18:00:00Z");
    let reason = "the pilot is over".to_owned();
    Input::Hold(Hold { held, since, until: until.map(at), reason })
}

#[test]
fn while_it_is_held_events_are_dropped_with_the_reason() {
    let all = "drop 1: paused: the pilot is over; `uproctor resume`";
    let one = "drop 1: paused: the pilot is over; `uproctor resume a`";
    for (held, reason) in [(Held::Everything, all), (Held::Automation(name("a")), one)] {
        let mut world = hook("", 16);
        assert!(world.tell(hold(held.clone(), None)).is_empty());
        assert_eq!(world.accept(1, "ann"), [reason]);
        assert!(world.tell(Input::Release(held)).is_empty());
        assert_eq!(world.accept(2, "ann"), ["start 2"]);
    }
    let mut world = hook("", 16);
    world.tell(hold(Held::Automation(name("b")), None));
    assert_eq!(world.accept(1, "ann"), ["start 1"], "another one is held");
}

#[test]
fn a_hold_with_an_end_is_over_by_itself() {
    let mut world = hook("", 16);
    world.tell(hold(Held::Everything, Some("2026-06-01T18:10:00Z")));
    assert_eq!(world.at("18:09:59").accept(1, "ann").len(), 1);
    assert_eq!(world.at("18:10:00").accept(2, "ann"), ["start 2"]);
}

#[test]
fn what_waits_is_judged_again_when_its_turn_comes() {
    let mut world = hook("", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert!(world.accept(2, "ann").is_empty() && world.accept(3, "ann").is_empty());
    world.tell(hold(Held::Everything, None));
    let dropped = world.finish(1, "ann");
    assert!(dropped.len() == 2 && dropped.iter().all(|word| word.contains("paused")), "{dropped:?}");

    let mut world = hook("debounce = { quiet = \"10s\" }", 16);
    assert!(world.accept(1, "ann").is_empty());
    world.tell(hold(Held::Everything, None));
    assert!(world.at("18:00:10").tell(Input::Tick)[0].contains("paused"));
}

#[test]
fn clocks_move_on_while_they_are_held_so_that_resuming_makes_up_for_nothing() {
    let (mut world, _) = start("on = { cron = \"*/10 * * * *\" }", "2026-06-01T18:05:00Z", None);
    world.tell(hold(Held::Everything, None));
    // The dispatcher makes an event of it, which is dropped with the reason.
    assert_eq!(world.tick("2026-06-01T18:10:00Z"), ["cron 2026-06-01T18:10:00Z +0"]);
    assert_eq!(world.accept(1, "").len(), 1);
    assert_eq!(world.tick("2026-06-01T18:20:00Z"), ["cron 2026-06-01T18:20:00Z +0"]);
    world.tell(Input::Release(Held::Everything));
    assert!(world.tick("2026-06-01T18:25:00Z").is_empty());
    assert_eq!(world.tick("2026-06-01T18:30:00Z"), ["cron 2026-06-01T18:30:00Z +0"]);
}

#[test]
fn nothing_is_polled_while_it_is_held() {
    let (mut world, _) = start("on = { poll = \"30s\" }", "2026-06-01T18:00:00Z", None);
    world.tell(hold(Held::Automation(name("a")), None));
    assert!(world.tell(Input::Tick).is_empty());
    assert_eq!(world.next().unwrap(), "2026-06-01T18:00:30Z");
    assert!(world.tick("2026-06-01T18:00:30Z").is_empty());
    world.tell(Input::Release(Held::Automation(name("a"))));
    assert_eq!(world.tick("2026-06-01T18:01:00Z"), ["poll a"]);
}

/// Lets a run start and end.
fn run(world: &mut World, id: i64, outcome: Outcome) -> Vec<String> {
    assert_eq!(world.accept(id, "ann"), [format!("start {id}")]);
    world.ends(id, "ann", outcome)
}

#[test]
fn five_runs_failed_in_a_row_hold_the_automation() {
    let held = ["hold the automation a: 5 runs failed in a row"];
    let mut world = hook("", 16);
    for id in 1..5 {
        assert!(run(&mut world, id, Outcome::Failed).is_empty());
    }
    assert!(run(&mut world, 5, Outcome::Interrupted).is_empty(), "it says nothing about the script");
    assert_eq!(run(&mut world, 6, Outcome::Failed), held);
    assert_eq!(world.accept(7, "ann"), ["drop 7: paused: 5 runs failed in a row; `uproctor resume a`"]);
    world.tell(Input::Release(Held::Automation(name("a"))));
    assert!((8..12).all(|id| run(&mut world, id, Outcome::Failed).is_empty()), "it counts anew");
    assert_eq!(run(&mut world, 12, Outcome::Failed), held);
}

#[test]
fn one_run_that_does_not_fail_ends_the_row() {
    for outcome in [Outcome::Done, Outcome::Skipped] {
        let mut world = hook("", 16);
        assert!((1..5).all(|id| run(&mut world, id, Outcome::Failed).is_empty()));
        assert!(run(&mut world, 5, outcome).is_empty());
        assert!((6..10).all(|id| run(&mut world, id, Outcome::Failed).is_empty()), "{outcome}");
        assert_eq!(run(&mut world, 10, Outcome::Failed).len(), 1);
    }
}

#[test]
fn failures_count_across_a_restart_and_polls_do_not_count() {
    let after = |failures| {
        let standing = Standing { failures, ..Standing::default() };
        hook_after("", 16, "2026-06-01T18:00:00Z", standing)
    };
    assert_eq!(run(&mut after(4), 1, Outcome::Failed).len(), 1);
    // The fifth was a hold; a person has resumed since.
    assert!(run(&mut after(5), 1, Outcome::Failed).is_empty());
    assert_eq!(run(&mut after(9), 1, Outcome::Failed).len(), 1);

    let (mut world, _) = start("on = { poll = \"1s\" }", "2026-06-01T18:00:00Z", None);
    for _ in 0..20 {
        world.now = world.engine.next_wake().unwrap();
        assert_eq!(world.tell(Input::Tick), ["poll a"]);
        assert!(world.poll_ends(PollResult::Failed { retry_after: None }).is_empty());
    }
}

#[test]
fn a_hold_of_a_person_is_not_replaced_by_the_breaker() {
    let mut world = hook("overlap = \"parallel\"", 16);
    for id in 1..6 {
        assert_eq!(world.accept(id, "ann"), [format!("start {id}")]);
    }
    world.tell(hold(Held::Automation(name("a")), None));
    assert!((1..6).all(|id| world.ends(id, "ann", Outcome::Failed).is_empty()));
}
