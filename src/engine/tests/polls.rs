//! Polls.

use super::*;

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
