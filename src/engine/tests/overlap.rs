//! What happens to an event while a run is under way.

use super::*;

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
fn parallel_runs_so_many_at_a_time_and_the_rest_waits() {
    let mut world = hook("overlap = \"parallel\"\nmax = 2\nkey = \"who.player\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.accept(2, "ann"), ["start 2"]);
    assert!(world.accept(3, "ann").is_empty() && world.accept(4, "ann").is_empty());
    assert_eq!(world.accept(5, "bob"), ["start 5"], "each key has its own");
    assert_eq!(world.finish(2, "ann"), ["start 3"]);
    assert_eq!(world.finish(1, "ann"), ["start 4"]);
    assert!(world.finish(3, "ann").is_empty());
    assert_eq!(world.accept(6, "ann"), ["start 6"]);

    // Of a clock at most ten wait.
    let (mut world, _) = start(
        "on = { every = \"1s\" }\noverlap = \"parallel\"\nmax = 1\non_full = \"drop_oldest\"",
        "2026-06-01T18:00:00Z",
        None,
    );
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    for id in 2..12 {
        assert!(world.accept(id, "ann").is_empty());
    }
    assert_eq!(
        world.accept(12, "ann"),
        ["drop 2: 10 events were waiting already (on_full = \"drop_oldest\")"]
    );
}

#[test]
fn restart_ends_the_run_under_way_and_only_the_newest_waits() {
    let mut world = hook("overlap = \"restart\"\nkey = \"who.player\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.accept(2, "ann"), ["cancel 1"]);
    assert_eq!(
        world.accept(3, "ann"),
        ["drop 2: event 3 took its place (overlap = \"restart\")"],
        "it is told once"
    );
    assert_eq!(world.accept(4, "bob"), ["start 4"]);
    assert_eq!(world.ends(1, "ann", Outcome::Interrupted), ["start 3"]);
    assert_eq!(world.accept(5, "ann"), ["cancel 3"]);
    assert_eq!(world.ends(3, "ann", Outcome::Done), ["start 5"], "it may have come to its end by itself");
    assert!(world.finish(5, "ann").is_empty());
}

#[test]
fn restart_lets_go_of_an_event_that_still_waits_for_a_worker() {
    let mut world = hook("overlap = \"restart\"\nkey = \"who.player\"", 1);
    assert_eq!(world.accept(1, "bob"), ["start 1"]);
    assert!(world.accept(2, "ann").is_empty());
    assert_eq!(world.accept(3, "ann"), ["drop 2: event 3 took its place (overlap = \"restart\")"]);
    assert_eq!(world.finish(1, "bob"), ["start 3"]);
}
