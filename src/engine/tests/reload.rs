//! Another configuration while things wait and run.

use super::*;

const HOOK: &str = "on = { webhook = \"h\", scheme = \"bearer\", secret_env = \"S\" }\n";
const GONE: &str = "the automation is not in the configuration any more";

impl World {
    /// The automation `a` has these lines from now on; none: it is gone.
    fn reload(&mut self, lines: Option<&str>) -> Vec<Command> {
        let automations: Vec<_> =
            lines.map(|lines| (automation(lines), Standing::default())).into_iter().collect();
        self.engine.reload(self.now, &automations, 16)
    }

    fn reload_hook(&mut self, lines: &str) -> Vec<String> {
        words(&self.reload(Some(&format!("{HOOK}{lines}"))))
    }
}

#[test]
fn what_has_not_changed_is_not_touched() {
    let lines =
        "overlap = \"queued\"\nkey = \"who.player\"\nthrottle = \"1 per 1m\"\ndebounce = { quiet = \"5s\" }";
    let mut world = hook(lines, 16);
    world.at("18:00:00").accept(1, "p");
    assert_eq!(world.tick("2026-06-01T18:00:05Z"), ["start 1"]);
    world.at("18:00:10").accept(2, "p");
    let next = world.next();
    assert!(world.reload_hook(lines).is_empty());
    assert_eq!(world.next(), next, "its timers");
    assert_eq!(next.unwrap(), "2026-06-01T18:00:15Z");
    assert!(world.tick("2026-06-01T18:00:15Z").is_empty(), "it waits for the first one");
    assert!(world.reload_hook(lines).is_empty());
    assert!(world.at("18:00:20").finish(1, "p").is_empty(), "the throttle");
    assert!(world.reload_hook(lines).is_empty());
    assert_eq!(world.tick("2026-06-01T18:01:05Z"), ["start 2"]);

    let (mut world, _) = start("on = { cron = \"*/10 * * * *\" }", "2026-06-01T18:05:00Z", None);
    world.at("18:07:00");
    assert!(world.reload(Some("on = { cron = \"*/10 * * * *\" }\nparams = { a = 1 }")).is_empty());
    assert_eq!(world.tick("2026-06-01T18:10:00Z"), ["cron 2026-06-01T18:10:00Z +0"]);
}

#[test]
fn what_waits_for_an_automation_that_is_gone_is_dropped_and_its_run_ends_first_if_it_comes_back() {
    let mut world = hook("overlap = \"queued\"", 16);
    assert_eq!(world.accept(1, "p"), ["start 1"]);
    world.accept(2, "p");
    world.accept(3, "p");
    assert_eq!(words(&world.reload(None)), [format!("drop 2: {GONE}"), format!("drop 3: {GONE}")]);
    assert_eq!(world.accept(4, "p"), [format!("drop 4: {GONE}")]);
    assert!(world.reload_hook("overlap = \"queued\"").is_empty());
    assert!(world.accept(5, "p").is_empty(), "the run from before is still under way");
    assert_eq!(world.finish(1, "p"), ["start 5"]);

    // What waits for a worker, for the throttle, or for silence.
    let mut world = hook("overlap = \"parallel\"\nmax = 9", 1);
    world.accept(1, "p");
    world.accept(2, "p");
    assert_eq!(words(&world.reload(None)), [format!("drop 2: {GONE}")]);
    assert!(world.finish(1, "p").is_empty());
    let mut world = hook("debounce = { quiet = \"5s\" }", 16);
    world.accept(1, "p");
    world.accept(2, "p");
    assert_eq!(words(&world.reload(None)), [format!("drop 1: {GONE}"), format!("drop 2: {GONE}")]);
    assert!(world.tick("2026-06-01T19:00:00Z").is_empty());
    assert_eq!(world.next(), None);
}

#[test]
fn a_new_schedule_starts_now_and_one_that_is_gone_fires_no_more() {
    let (mut world, _) = start("on = { every = \"1h\" }", "2026-06-01T18:30:00Z", None);
    world.at("18:45:00");
    let commands = world.reload(Some("on = { every = \"10m\", missed = { all = 100 } }"));
    assert_eq!(cursors(&commands), ["2026-06-01T18:45:00Z every 10m"], "what was before was not missed");
    assert!(words(&commands).is_empty());
    assert_eq!(world.tick("2026-06-01T18:50:00Z"), ["every 2026-06-01T18:50:00Z +0"]);
    assert!(world.reload(None).is_empty());
    assert!(world.tick("2026-06-01T20:00:00Z").is_empty());
    let commands = world.reload(Some("on = { every = \"10m\", missed = { all = 100 } }"));
    assert_eq!(cursors(&commands), ["2026-06-01T20:00:00Z every 10m"]);
    assert_eq!(world.tick("2026-06-01T20:10:00Z"), ["every 2026-06-01T20:10:00Z +0"]);
}

#[test]
fn an_automation_that_is_new_starts_its_clock_now_whatever_the_store_says() {
    let (mut engine, _) = Engine::start(at("2026-06-01T18:00:00Z"), &[], 16);
    let clock = Some((at("2026-06-01T10:00:00Z"), "every 10m".to_owned()));
    let known = (automation("on = { every = \"10m\" }"), Standing { clock, ..Standing::default() });
    let now = at("2026-06-01T18:05:00Z");
    assert_eq!(cursors(&engine.reload(now, &[known], 16)), ["2026-06-01T18:05:00Z every 10m"]);
    assert_eq!(engine.next_wake(), Some(at("2026-06-01T18:10:00Z")));
}

#[test]
fn other_keys_sort_what_runs_and_what_waits_anew() {
    let mut world = hook("overlap = \"queued\"", 16);
    assert_eq!(world.accept(1, "p"), ["start 1"]);
    world.accept(2, "q");
    world.accept(3, "p");
    world.accept(4, "r");
    assert_eq!(world.reload_hook("overlap = \"queued\"\nkey = \"who.player\""), ["start 2", "start 4"]);
    assert!(world.finish(2, "q").is_empty());
    assert_eq!(world.finish(1, "p"), ["start 3"]);
    world.accept(5, "p");
    assert_eq!(world.reload_hook("overlap = \"parallel\"\nmax = 2\nkey = \"who.player\""), ["start 5"]);
}

#[test]
fn another_throttle_counts_what_the_store_knows() {
    let mut world = hook("", 16);
    world.at("18:00:00").accept(1, "p");
    world.finish(1, "p");
    let throttled = automation(&format!("{HOOK}throttle = \"1 per 1m\""));
    let runs = vec![past(1, "p", "2026-06-01T18:00:00Z", Some(("2026-06-01T18:00:00Z", Outcome::Done)))];
    world.at("18:00:10");
    world.engine.reload(world.now, &[(throttled, Standing { runs, ..Standing::default() })], 16);
    assert!(world.accept(2, "p").is_empty());
    assert_eq!(world.tick("2026-06-01T18:01:00Z"), ["start 2"]);
}

#[test]
fn no_second_poll_joins_one_that_is_under_way() {
    let (mut world, _) = start("on = { poll = \"30s\" }", "2026-06-01T18:00:00Z", None);
    assert_eq!(world.tell(Input::Tick), ["poll a"]);
    world.reload(None);
    world.reload(Some("on = { poll = \"10s\" }"));
    assert!(world.tick("2026-06-01T18:01:00Z").is_empty(), "the first one has not ended");
    world.poll_ends(PollResult::Done);
    assert_eq!(world.next().unwrap(), "2026-06-01T18:01:10Z");
    world.reload(Some("on = { poll = \"5s\" }"));
    assert_eq!(world.next().unwrap(), "2026-06-01T18:01:05Z");
    assert_eq!(world.tick("2026-06-01T18:01:05Z"), ["poll a"]);
    world.reload(None);
    world.poll_ends(PollResult::Done);
    assert!(world.tick("2026-06-01T19:00:00Z").is_empty());
    world.reload(Some("on = { poll = \"5s\" }"));
    assert_eq!(world.tell(Input::Tick), ["poll a"]);
}
