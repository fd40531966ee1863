//! Rules, digests, rates and crashes, in virtual time.

use super::{
    services::{self, Fault, Service},
    world::{Lab, config},
};
use crate::{
    domain::{AutomationName, Held, Hold, RunReport},
    environment::Environment,
    store::Told,
};

const HOOK: &str = "/services/T1/B1/secret-of-the-hook";

/// A lab with a chat, and what it has been told.
fn lab(more: &str, rules: &str) -> (Lab, Service) {
    let service = Service::open(services::slack);
    let text = format!("[channel.lab]\nkind = \"slack\"\nurl_env = \"HOOK\"\n{more}\n{rules}");
    (Lab::new(config(&text, &[("HOOK", &service.at(HOOK))])), service)
}

fn texts(service: &Service) -> Vec<String> {
    service.requests().iter().map(|seen| seen.body["text"].as_str().unwrap().to_owned()).collect()
}

const ALL: &str = "[[notify]]\nto = \"lab\"\n";

#[test]
fn the_first_failure_is_told_at_once_the_others_every_ten_minutes_and_the_recovery_once() {
    let (mut lab, service) = lab("", ALL);
    for minute in 0..25 {
        lab.run("it", RunReport::failed(format!("no room {minute}")));
        lab.pass(60);
    }
    let told = texts(&service);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("*it: run 1 failed*\nno room 0\n"), "{}", told[0]);
    assert!(told[0].ends_with("<https://lab.example.org/uproctor/runs/1|Look at the run>"), "{}", told[0]);
    assert!(told[1].contains("it: 10 runs failed since 17:01 UTC, the last: no room 10"), "{}", told[1]);
    assert!(told[2].contains("it: 10 runs failed since 17:11 UTC, the last: no room 20"), "{}", told[2]);
    lab.run("it", RunReport::done());
    lab.run("it", RunReport::done());
    lab.pass(1);
    let told = texts(&service);
    assert_eq!(told.len(), 4, "{told:?}");
    // What was still to be gathered goes out with it, so that nobody is told of failures afterwards.
    assert!(
        told[3].contains("4 runs failed") && told[3].contains("it works again, after 25 runs"),
        "{}",
        told[3]
    );
    lab.pass(1200);
    assert_eq!(texts(&service).len(), 4);
}

#[test]
fn what_works_again_before_it_is_told_that_it_failed_once_more_has_its_failures_with_it() {
    let (mut lab, service) = lab("", ALL);
    lab.run("it", RunReport::failed("no room 1".to_owned()));
    lab.pass(2);
    lab.run("it", RunReport::failed("no room 2".to_owned()));
    lab.run("it", RunReport::done());
    lab.pass(2);
    let told = texts(&service);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains("no room 2") && told[1].contains("it works again"), "{}", told[1]);
    lab.pass(1200);
    assert_eq!(texts(&service).len(), 2);
}

#[test]
fn who_is_told_of_a_pause_is_told_that_it_is_over() {
    let (mut lab, service) = lab("", ALL);
    let since = lab.clock.now();
    let until = since.checked_add(jiff::SignedDuration::from_mins(30)).unwrap();
    let reason = "lunch".to_owned();
    lab.store.hold(Hold { held: Held::Everything, since, until: Some(until), reason }).wait().unwrap();
    lab.pass(1700);
    assert_eq!(texts(&service).len(), 1);
    lab.pass(150);
    let told = texts(&service);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[1].starts_with("*What was paused goes on*\nthe time of its pause is over (lunch)"),
        "{}",
        told[1]
    );

    // It is over while nobody looks, and somebody resumes it then.
    let (since, reason) = (lab.clock.now(), "tea".to_owned());
    let until = since.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    lab.store.hold(Hold { held: Held::Everything, since, until: Some(until), reason }).wait().unwrap();
    let later = until.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    assert!(!lab.store.release(Held::Everything, later).wait().unwrap());
    lab.pass(60);
    let told = texts(&service);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[3].contains("the time of its pause is over (tea)"), "{}", told[3]);

    let held = Held::Automation(AutomationName::new("it").unwrap());
    let hold = Hold { held: held.clone(), since: lab.clock.now(), until: None, reason: "five".to_owned() };
    lab.store.hold(hold).wait().unwrap();
    lab.pass(60);
    assert!(lab.store.release(held.clone(), lab.clock.now()).wait().unwrap());
    assert!(!lab.store.release(held, lab.clock.now()).wait().unwrap());
    lab.pass(60);
    let told = texts(&service);
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(told[5].starts_with("*it goes on*\nsomebody resumed it"), "{}", told[5]);
}

#[test]
fn each_automation_has_its_own_first_and_what_happens_together_is_one_message() {
    let (mut lab, service) = lab("", ALL);
    lab.run("it", RunReport::failed("one".to_owned()));
    lab.run("other", RunReport::failed("two".to_owned()));
    lab.pass(2);
    let told = texts(&service);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("- 17:00 UTC, it: run 1 failed: one\n- 17:00 UTC, other: run 2 failed: two"),
        "{}",
        told[0]
    );
    assert!(told[0].contains("<https://lab.example.org/uproctor/|Open the console>"), "{}", told[0]);
}

#[test]
fn rules_say_who_is_told_of_what() {
    let service = Service::open(services::slack);
    let channel = |name: &str| format!("[channel.{name}]\nkind = \"slack\"\nurl_env = \"HOOK\"\n");
    let text = format!(
        "{}{}{}[[notify]]\non = [\"failed\"]\nto = \"a\"\nautomations = \"oth*\"\n[[notify]]\non = [\"held\"]\nto = [\"a\", \"b\"]\n",
        channel("a"),
        channel("b"),
        channel("c")
    );
    let mut lab = Lab::new(config(&text, &[("HOOK", &service.at(HOOK))]));
    lab.run("it", RunReport::failed("no".to_owned()));
    lab.run("other", RunReport::failed("no".to_owned()));
    let held = Held::Automation(AutomationName::new("it").unwrap());
    let hold = Hold { held, since: lab.clock.now(), until: None, reason: "five in a row".to_owned() };
    lab.store.hold(hold.clone()).wait().unwrap();
    // It is held already.
    lab.store.hold(hold).wait().unwrap();
    lab.pass(2);
    let told: Vec<(String, String)> =
        lab.notices().into_iter().map(|notice| (notice.channel, notice.title)).collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(channel, title)| (&**channel, &**title)).collect();
    assert_eq!(told, [("a", "other: run 2 failed"), ("a", "it is paused"), ("b", "it is paused")]);
}

#[test]
fn whoever_is_told_that_a_guard_has_paused_it_is_not_told_once_more_that_the_run_failed() {
    let (mut lab, service) = lab("", ALL);
    let held = Held::Automation(AutomationName::new("it").unwrap());
    let reason = "a guard stopped run 1: too many".to_owned();
    let hold = Hold { held, since: lab.clock.now(), until: None, reason };
    lab.store.hold(hold).wait().unwrap();
    lab.run("it", RunReport { tripped: true, ..RunReport::failed("a guard stopped it".to_owned()) });
    lab.pass(3);
    let told = texts(&service);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("*it is paused*\na guard stopped run 1"), "{}", told[0]);
}

#[test]
fn no_more_messages_than_the_rate_allows_and_the_rest_is_in_the_next() {
    let (mut lab, service) = lab("rate = \"3 per 1h\"\n", "");
    for n in 0..40 {
        lab.say("lab", "", &format!("player {n}"));
        lab.pass(60);
    }
    let told = texts(&service);
    assert_eq!(told.len(), 3, "{told:?}");
    lab.pass(25 * 60);
    let told = texts(&service);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told[3].starts_with("*37 notices*\n- 17:03 UTC, player 3\n") && told[3].contains("and 22 more"),
        "{}",
        told[3]
    );
    assert_eq!(lab.state("lab").waiting, 0);
}

#[test]
fn what_has_a_key_is_told_once_within_its_time() {
    let (mut lab, service) = lab("", "");
    let first = lab.say_with("lab", "", "p7 is gone", Some("p7"));
    lab.pass(600);
    let second = lab.say_with("lab", "", "p7 is gone", Some("p7"));
    let Told::Now(id) = first else { panic!("{first:?}") };
    assert_eq!(second, Told::Before(id));
    lab.say_with("lab", "", "p8 is gone", Some("p8"));
    lab.pass(3600);
    assert!(matches!(lab.say_with("lab", "", "p7 is gone", Some("p7")), Told::Now(_)));
    lab.pass(2);
    assert_eq!(texts(&service), ["p7 is gone", "p8 is gone", "p7 is gone"]);
}

#[test]
fn a_crash_loses_nothing_and_what_had_gone_out_does_not_go_out_again() {
    let (mut lab, service) = lab("", ALL);
    lab.say("lab", "", "one");
    lab.look();
    lab.say("lab", "", "two");
    lab.run("it", RunReport::failed("three".to_owned()));
    // Committed, and not sent: it is killed here.
    let mut lab = lab.restart();
    lab.pass(2);
    lab.run("it", RunReport::failed("four".to_owned()));
    lab.pass(1);
    // It waits to be gathered, across another start.
    let mut lab = lab.restart();
    lab.pass(900);
    let told = texts(&service);
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(&told[..2], ["one", "two"]);
    assert!(told[2].contains("three") && told[3].contains("four"), "{told:?}");
}

#[test]
fn a_channel_that_is_tried_again_is_tried_at_once_after_a_start() {
    let (mut lab, service) = lab("", "");
    service.will(Fault::Answer((403, Vec::new(), "action_prohibited".to_owned())));
    lab.say("lab", "", "one");
    lab.look();
    assert_eq!(lab.state("lab").waiting, 1);
    let mut lab = lab.restart();
    lab.look();
    assert_eq!((texts(&service).len(), lab.state("lab").waiting), (2, 0));
}
