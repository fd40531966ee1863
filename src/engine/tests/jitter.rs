//! Jitter.

use super::*;
use crate::engine::jitter::jittered;

#[test]
fn an_instant_fires_later_by_always_the_same_and_keeps_its_name() {
    let most = Duration::from_secs(30);
    let instant = at("2026-06-01T18:00:00Z");
    let later = |who: &str, instant| jittered(&name(who), instant, most).duration_since(instant).as_millis();
    // Fixed here once: a new version must not move what a running experiment is used to.
    assert_eq!(later("a", instant), 13_278);
    let spread: Vec<i128> = (0..1000).map(|n| later(&format!("a{n}"), instant)).collect();
    assert!(spread.iter().all(|by| (0..30_000).contains(by)));
    let third = |from: i128| spread.iter().filter(|by| (from..from + 10_000).contains(*by)).count();
    assert!([0, 10_000, 20_000].into_iter().all(|from| (250..420).contains(&third(from))), "{spread:?}");
    assert_eq!(jittered(&name("a"), instant, Duration::ZERO), instant);

    let on = "on = { every = \"1h\", jitter = \"30s\" }";
    let (mut world, _) = start(on, "2026-06-01T17:59:00Z", None);
    assert_eq!(world.next().unwrap(), "2026-06-01T18:00:13.278Z");
    assert!(world.tick("2026-06-01T18:00:13.277Z").is_empty());
    assert_eq!(world.tick("2026-06-01T18:00:13.278Z"), ["every 2026-06-01T18:00:00Z +0"]);
    // After a restart in between, it is neither fired twice nor forgotten.
    let (mut world, _) = start(on, "2026-06-01T18:00:10Z", Some("2026-06-01T17:00:00Z"));
    assert_eq!(world.next().unwrap(), "2026-06-01T18:00:13.278Z");
    assert_eq!(world.tick("2026-06-01T18:00:20Z"), ["every 2026-06-01T18:00:00Z +0"]);
}

#[test]
fn lateness_is_counted_from_the_jittered_time() {
    let on = "on = { every = \"1h\", jitter = \"30s\", grace = \"1s\" }";
    let (mut world, _) = start(on, "2026-06-01T17:59:00Z", None);
    assert_eq!(world.tick("2026-06-01T18:00:14.278Z"), ["every 2026-06-01T18:00:00Z +0"]);
    let (mut world, _) = start(on, "2026-06-01T17:59:00Z", None);
    assert_eq!(
        world.tick("2026-06-01T18:00:14.279Z"),
        ["missed 1 to 2026-06-01T18:00:00Z: missed = \"skip\""]
    );
}

#[test]
fn what_one_clock_holds_back_is_not_passed_over_by_another() {
    let on = "on = [{ every = \"1h\", jitter = \"30s\" }, { every = \"10s\" }]";
    let (mut world, _) = start(on, "2026-06-01T17:59:55Z", None);
    // The first of two clocks that name an instant has it.
    assert!(world.tick("2026-06-01T18:00:00Z").is_empty());
    world.now = at("2026-06-01T18:00:10Z");
    let commands = world.engine.handle(world.now, Input::Tick);
    assert_eq!(words(&commands), ["every 2026-06-01T18:00:10Z +0"]);
    assert!(cursors(&commands)[0].starts_with("2026-06-01T17:59:59.999Z"), "{:?}", cursors(&commands));
    assert_eq!(world.tick("2026-06-01T18:00:13.278Z"), ["every 2026-06-01T18:00:00Z +0"]);
}
