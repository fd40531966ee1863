//! What a poll is followed by.

use super::*;

/// How long after the end of its first poll the second one is due, in seconds.
fn second_poll(script: &str, retry_after: &'static str) -> i64 {
    second_poll_after(script, retry_after, |poll| begin(poll).join().unwrap())
}

/// The same where the first poll ends in this way.
fn second_poll_after(script: &str, retry_after: &'static str, end: impl Fn(Work) -> Happened) -> i64 {
    let world = World { retry_after, ..answering(503) };
    let lab = Lab::new(script, "on = { poll = \"30s\" }", world);
    let (mut daemon, nothing) = lab.start(0);
    assert!(nothing.is_empty());
    let work = daemon.tick(0);
    assert!(matches!(work.as_slice(), [Work::Poll { .. }]));
    let ended = work.into_iter().map(end).collect();
    assert!(daemon.dispatcher.handle(ended).unwrap().is_empty());
    daemon.dispatcher.next_wake().unwrap().duration_since(lab.env.now()).as_secs()
}

#[test]
fn the_next_poll_is_not_before_the_instant_that_the_server_asked_for() {
    let run = "fn run(event) { }\n";
    let list = |poll: &str| format!("{run}fn poll() {{ {poll} }}");
    // Without a wish of the server, the interval doubles.
    assert_eq!(second_poll(&list("sessions::list()"), "0"), 60);
    assert_eq!(second_poll(&list("sessions::list()"), "3600"), 3600);
    assert_eq!(second_poll(&list("sessions::list()"), "Thu, 01 Jan 1970 02:00:01 GMT"), 7200);
    // What the script makes of the error does not matter.
    assert_eq!(second_poll(&list("try { sessions::list() } catch { fail(\"later\") }"), "3600"), 3600);
}

#[test]
fn a_poll_that_no_thread_could_be_started_for_comes_again() {
    let script = "fn run(event) { }\nfn poll() { [] }";
    let lost = |poll: Work| poll.stub().failed("the system has no thread for it".to_owned());
    assert_eq!(second_poll_after(script, "0", lost), 60);
}

/// At which seconds an item that is always listed starts a run, with a daemon that is away in between.
fn runs_of_a_lasting_item(away: std::ops::Range<i64>, until: i64) -> Vec<i64> {
    let lines = "on = { poll = \"15s\", for = \"40s\" }";
    let lab = Lab::new("fn run(event) { }\nfn poll() { [#{ key: \"ann\" }] }", lines, fine());
    let (mut daemon, _) = lab.start(0);
    let mut runs = Vec::new();
    for second in (0..until).filter(|second| !away.contains(second)) {
        if second == away.end {
            drop(daemon);
            (daemon, _) = lab.start(second);
        }
        let work = daemon.tick(second);
        let before = daemon.rows().len();
        daemon.work_off(work);
        runs.extend((before..daemon.rows().len()).map(|_| second));
    }
    runs
}

#[test]
fn an_item_that_lasts_starts_one_run_and_the_time_that_nobody_looked_does_not_count() {
    assert_eq!(runs_of_a_lasting_item(1000..1000, 300), [45]);
    assert_eq!(runs_of_a_lasting_item(31..35, 300), [50], "a quick restart takes nothing away");
    assert_eq!(runs_of_a_lasting_item(31..4000, 4300), [4015], "an hour away does not count");
}
