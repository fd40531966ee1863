//! Overlap and pace: what is read, and what is said about combinations that make no sense.

use std::time::Duration;

use super::*;
use crate::domain::Rate;

#[test]
fn what_only_a_queue_has_is_warned_about_where_there_is_none() {
    let said = |lines: &str| {
        let draft = read(&with(&automation("a", lines)));
        assert!(draft.problems.iter().all(|problem| !problem.is_error()), "{:#?}", show(&draft.problems));
        show(&draft.problems)
    };
    let [max, full] = said(
        "on = { webhook = \"h\", scheme = \"none\" }\noverlap = \"single\"\nmax = 3\non_full = \"coalesce\"",
    )
    .try_into()
    .unwrap();
    assert!(max.starts_with("12:7 `max` has no effect"), "{max}");
    assert!(
        full.starts_with("13:11 `on_full` has no effect") && full.contains("overlap = \"queued\""),
        "{full}"
    );
    // With a throttle, events wait all the same.
    assert!(
        said("on = { webhook = \"h\", scheme = \"none\" }\noverlap = \"single\"\nmax = 3\nthrottle = \"1 per 1m\"")
            .is_empty()
    );
    let [max] = said("on = { webhook = \"h\", scheme = \"none\" }\noverlap = \"restart\"\nmax = 3")
        .try_into()
        .unwrap();
    assert!(max.contains("only the newest event waits"), "{max}");
    // A clock is single by itself.
    let [max] = said("on = { every = \"1m\" }\nmax = 3").try_into().unwrap();
    assert!(max.starts_with("11:7 `max` has no effect"), "{max}");
    assert!(
        said("on = { every = \"1m\" }\noverlap = \"queued\"\nmax = 3\non_full = \"coalesce\"").is_empty()
    );
}

#[test]
fn how_often_an_automation_runs_is_read_and_what_makes_no_sense_is_said() {
    let hook = "on = { webhook = \"h\", scheme = \"none\" }\n";
    let pace = |lines: &str| {
        let config = read(&with(&automation("a", &format!("{hook}{lines}")))).accept().unwrap();
        (config.automations[0].pace, config.automations[0].overlap.policy)
    };
    let seconds = Duration::from_secs;
    let (read_pace, policy) = pace(
        "overlap = \"parallel\"\nmax = 3\ndebounce = { quiet = \"10s\", max_wait = \"1m\" }\n\
         throttle = \"5 per 1m\"\nrate_limit = \"100 per 1h\"\ncooldown = \"5m\"",
    );
    assert_eq!(policy, OverlapPolicy::Parallel(3));
    assert_eq!(
        read_pace,
        Pace {
            debounce: Some(Debounce { quiet: seconds(10), max_wait: Some(seconds(60)) }),
            throttle: Some(Rate { most: 5, per: seconds(60) }),
            rate_limit: Some(Rate { most: 100, per: seconds(3600) }),
            cooldown: Some(seconds(300)),
        }
    );
    for (lines, row) in [
        ("throttle = \"5/1m\"", (11, 12, "is not a rate: write how many in how long", "")),
        ("rate_limit = 5", (11, 14, "must be a text", "")),
        ("cooldown = \"0s\"", (11, 12, "`cooldown` is too short: at least 1s", "")),
        ("debounce = \"10s\"", (11, 12, "must be a table", "")),
        ("debounce = { max_wait = \"1m\" }", (11, 12, "how long it has to be quiet", "quiet = \"10s\"")),
        (
            "debounce = { quiet = \"1m\", max_wait = \"10s\" }",
            (11, 39, "`max_wait` is shorter than `quiet`", "max_wait = \"1m\""),
        ),
        ("debounce = { quite = \"10s\", quiet = \"1s\" }", (11, 14, "unknown key `quite`", "`quiet`")),
        ("overlap = \"paralel\"", (11, 11, "`overlap` cannot be", "did you mean \"parallel\"?")),
    ] {
        check(&with(&automation("a", &format!("{hook}{lines}"))), &[row]);
    }
    check(
        &with(&automation("a", "on = { every = \"1m\", jitter = \"1m\" }")),
        &[(10, 6, "`jitter` has to be shorter than the time between two firings, 1m", "shorter")],
    );
    for (lines, message) in [
        ("on = { every = \"1m\" }\ndebounce = { quiet = \"10s\" }", "no use here"),
        (
            "on = { every = \"1m\" }\nthrottle = \"5 per 1m\"\nrate_limit = \"5 per 1m\"",
            "`throttle` has no effect",
        ),
    ] {
        let draft = read(&with(&automation("a", lines)));
        let shown = show(&draft.problems);
        assert!(shown.len() == 1 && shown[0].contains(message), "{shown:?}");
        assert!(draft.accept().is_ok());
    }
}
