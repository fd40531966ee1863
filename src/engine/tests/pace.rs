//! Debounce, throttle, rate limit and cooldown.

use super::*;

#[test]
fn debounce_starts_the_last_of_a_burst_with_the_count_of_all() {
    let mut world = hook("debounce = { quiet = \"10s\" }\nkey = \"who.player\"", 16);
    assert!(world.accept(1, "ann").is_empty());
    assert!(world.at("18:00:09").accept(2, "ann").is_empty());
    assert!(world.at("18:00:12").accept(3, "bob").is_empty(), "each key has its own burst");
    assert!(world.at("18:00:18").accept(4, "ann").is_empty());
    assert!(world.at("18:00:21").tell(Input::Tick).is_empty());
    assert_eq!(world.at("18:00:22").tell(Input::Tick), ["start 3"]);
    assert_eq!(world.next().unwrap(), "2026-06-01T18:00:28Z");
    assert_eq!(
        world.at("18:00:28").tell(Input::Tick),
        [
            "drop 1: event 4 stands for it (debounce)",
            "drop 2: event 4 stands for it (debounce)",
            "4 stands for 3",
            "start 4",
        ]
    );
    assert_eq!(world.next(), None);
}

#[test]
fn debounce_waits_no_longer_than_max_wait() {
    let mut world = hook("debounce = { quiet = \"10s\", max_wait = \"25s\" }", 16);
    for (id, time) in [(1, "18:00:00"), (2, "18:00:08"), (3, "18:00:16"), (4, "18:00:24")] {
        assert!(world.at(time).accept(id, "ann").is_empty() && world.tell(Input::Tick).is_empty());
    }
    assert_eq!(world.at("18:00:25").tell(Input::Tick).last().unwrap(), "start 4");
}

#[test]
fn a_burst_is_the_same_after_a_restart() {
    let lines = "debounce = { quiet = \"10s\" }";
    let again = |world: &mut World, id, time: &str| {
        world.tell(Input::Accepted(event_at(id, "ann", &format!("2026-06-01T{time}Z"))))
    };
    let mut world = hook_after(lines, 16, "2026-06-01T18:00:12Z", Standing::default());
    assert!(again(&mut world, 1, "18:00:00").is_empty() && again(&mut world, 2, "18:00:05").is_empty());
    assert_eq!(world.next().unwrap(), "2026-06-01T18:00:10Z", "looked at, and found to go on");
    assert!(again(&mut world, 3, "18:00:11").is_empty());
    assert!(world.tell(Input::Tick).is_empty());
    assert_eq!(world.at("18:00:21").tell(Input::Tick).last().unwrap(), "start 3");

    // One that stood for others before the restart is not gathered again.
    let mut world = hook_after(lines, 16, "2026-06-01T18:00:12Z", Standing::default());
    let gathered = Arc::new(Event { count: 3, ..Event::clone(&event(4, "ann")) });
    assert_eq!(world.tell(Input::Accepted(gathered)), ["start 4"]);
}

#[test]
fn throttle_lets_the_rest_wait_for_its_turn() {
    let mut world = hook("overlap = \"parallel\"\nthrottle = \"2 per 1m\"\nkey = \"who.player\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.at("18:00:20").accept(2, "ann"), ["start 2"]);
    assert!(world.at("18:00:21").accept(3, "ann").is_empty() && world.accept(4, "ann").is_empty());
    assert_eq!(world.accept(5, "bob"), ["start 5"], "each key has its own");
    assert_eq!(world.next().unwrap(), "2026-06-01T18:01:00Z");
    assert!(world.finish(1, "ann").is_empty(), "the end of a run changes nothing");
    assert!(world.at("18:00:59").tell(Input::Tick).is_empty());
    assert_eq!(world.at("18:01:00").tell(Input::Tick), ["start 3"]);
    assert_eq!(world.next().unwrap(), "2026-06-01T18:01:20Z");
    assert_eq!(world.at("18:01:20").tell(Input::Tick), ["start 4"]);
    assert_eq!(world.next(), None);
}

#[test]
fn throttle_counts_starts_also_where_runs_wait_for_workers() {
    let mut world = hook("overlap = \"parallel\"\nthrottle = \"2 per 1m\"", 1);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert!(world.accept(2, "ann").is_empty() && world.accept(3, "ann").is_empty());
    // Its worker is free only now: this is when the minute begins.
    assert_eq!(world.at("18:00:50").finish(1, "ann"), ["start 2"]);
    world.finish(2, "ann");
    assert_eq!(world.at("18:01:00").tell(Input::Tick), ["start 3"]);
    assert!(world.accept(4, "ann").is_empty());
    assert!(world.finish(3, "ann").is_empty());
    assert_eq!(world.at("18:01:50").tell(Input::Tick), ["start 4"]);
}

#[test]
fn restart_does_not_end_a_run_before_the_next_one_may_start() {
    let mut world = hook("overlap = \"restart\"\nthrottle = \"1 per 1m\"", 16);
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert!(world.at("18:00:30").accept(2, "ann").is_empty());
    assert_eq!(world.at("18:01:00").tell(Input::Tick), ["cancel 1"]);
    assert_eq!(world.ends(1, "ann", Outcome::Interrupted), ["start 2"]);
}

#[test]
fn rate_limit_drops_what_is_too_much() {
    let mut world = hook("rate_limit = \"2 per 1m\"\nkey = \"who.player\"\noverlap = \"parallel\"", 16);
    let why = "2 events for \"ann\" came within 1m before it (rate_limit = \"2 per 1m\")";
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert_eq!(world.at("18:00:30").accept(2, "ann"), ["start 2"]);
    assert_eq!(world.at("18:00:59").accept(3, "ann"), [format!("drop 3: {why}")]);
    assert_eq!(world.accept(4, "bob"), ["start 4"]);
    // The dropped one does not count.
    assert_eq!(world.at("18:01:00").accept(5, "ann"), ["start 5"]);
    assert_eq!(world.accept(6, "ann"), [format!("drop 6: {why}")]);
}

#[test]
fn cooldown_counts_from_the_last_run_that_succeeded() {
    let mut world = hook("cooldown = \"5m\"\nkey = \"who.player\"", 16);
    let why = "a run for \"ann\" succeeded less than 5m before (cooldown = \"5m\")";
    assert_eq!(world.accept(1, "ann"), ["start 1"]);
    assert!(world.at("18:00:10").accept(2, "ann").is_empty());
    // It is judged again when its turn comes: the run before it succeeded.
    assert_eq!(world.at("18:01:00").finish(1, "ann"), [format!("drop 2: {why}")]);
    assert_eq!(world.at("18:05:59").accept(3, "ann"), [format!("drop 3: {why}")]);
    assert_eq!(world.accept(4, "bob"), ["start 4"]);
    assert_eq!(world.at("18:06:00").accept(5, "ann"), ["start 5"]);
    for outcome in [Outcome::Failed, Outcome::Skipped, Outcome::Interrupted] {
        assert!(world.ends(5, "ann", outcome).is_empty());
        assert_eq!(world.accept(5, "ann"), ["start 5"], "{outcome}");
    }
}

#[test]
fn throttle_rate_limit_and_cooldown_remember_what_was_before_a_restart() {
    let now = "2026-06-01T18:00:40Z";
    let runs = || vec![past(1, "ann", "2026-06-01T18:00:00Z", Some(("2026-06-01T18:00:10Z", Outcome::Done)))];
    let standing = || Standing { runs: runs(), ..Standing::default() };
    let key = "key = \"who.player\"";
    let mut world = hook_after(&format!("throttle = \"1 per 1m\"\n{key}"), 16, now, standing());
    assert!(world.accept(2, "ann").is_empty());
    assert_eq!(world.accept(3, "bob"), ["start 3"]);
    assert_eq!(world.at("18:01:00").tell(Input::Tick), ["start 2"]);

    let mut world = hook_after(&format!("rate_limit = \"1 per 1m\"\n{key}"), 16, now, standing());
    assert!(world.accept(2, "ann")[0].starts_with("drop 2: 1 event for \"ann\" came within 1m"));
    assert_eq!(world.at("18:01:00").accept(3, "ann"), ["start 3"]);

    let mut world = hook_after(&format!("cooldown = \"1m\"\n{key}"), 16, now, standing());
    assert!(world.accept(2, "ann")[0].contains("cooldown"));
    assert_eq!(world.at("18:01:10").accept(3, "ann"), ["start 3"]);
}

#[test]
fn a_person_who_asks_for_a_run_is_not_held_up() {
    let mut world = hook(
        "debounce = { quiet = \"10s\" }\nthrottle = \"1 per 1h\"\nrate_limit = \"1 per 2h\"\ncooldown = \"1h\"",
        16,
    );
    let manual = |id| {
        let detail = Detail::Manual { payload: json!(null), dry_run: false };
        Input::Accepted(Arc::new(Event {
            kind: EventKind::Manual,
            detail,
            ..Event::clone(&event(id, "ann"))
        }))
    };
    for id in 1..4 {
        assert_eq!(world.tell(manual(id)), [format!("start {id}")]);
        world.finish(id, "ann");
    }
}

#[test]
fn a_clock_s_event_that_waited_past_its_deadline_does_not_run() {
    let scheduled = |id, instant: &str| {
        let detail = Detail::Scheduled { scheduled_at: at(instant), missed_count: 0 };
        Input::Accepted(Arc::new(Event { kind: EventKind::Cron, detail, ..Event::clone(&event(id, "")) }))
    };
    for (deadline, in_time, late) in
        [(", deadline = \"5m\"", "18:05:00", "18:05:01"), ("", "19:00:00", "19:00:01")]
    {
        for (end, starts) in [(in_time, true), (late, false)] {
            let on = format!("on = {{ cron = \"0 18 * * *\"{deadline} }}\noverlap = \"queued\"");
            let (mut world, _) = start(&on, "2026-06-01T17:00:00Z", None);
            world.at("18:00:00").accept(1, "ann");
            world.tell(scheduled(2, "2026-06-01T18:00:00Z"));
            let words = world.at(end).finish(1, "ann");
            assert_eq!(words.last().unwrap().starts_with("start 2"), starts, "{deadline} {end}: {words:?}");
            assert!(starts || words[0].contains("deadline"), "{words:?}");
        }
    }
}
