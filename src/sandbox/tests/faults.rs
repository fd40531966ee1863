//! What people do besides thinking and submitting.

use super::*;
use crate::sandbox::Push;

/// One page without a time, one with, and one after it.
fn pages() -> Scenario {
    scenario(
        "[config.a]\napps = [\"a\"]\n[app.a]\npages = [{ page = \"One\", think = \"20s\", fields = { x = \"0-10\" } }, \
         { page = \"Two\", think = \"20s\", timeout = \"3m\", fields = { y = [true, false] }, otherwise = { y = false } }, \
         { page = \"Three\", think = \"20s\" }]",
    )
}

/// A world of one participant, `p`.
fn alone(generation: Generation, profile: Profile) -> World {
    world_of(&pages(), generation, vec![profile])
}

fn plain() -> Profile {
    Profile::plain("p", 11)
}

fn stalls_on(path: &str) -> Profile {
    Profile { stalls_on: Some(Spot::Page(path.into())), ..plain() }
}

/// When the participant was last seen, in seconds since the start.
fn seen(world: &mut World) -> Option<f64> {
    let now = world.now();
    let seen = world.sandbox().player("s", "p").unwrap().presence.last_seen(now);
    seen.map(|seen| seen - START)
}

fn admin_says(world: &mut World, after: f64, push: Push) {
    world.advance(START + after);
    world.sandbox().push(START + after, "s", "p", push);
    world.pushed(START + after);
}

/// The admin's step: one page on, and a reload.
fn admin_steps(world: &mut World, after: f64) {
    world.advance(START + after);
    let at = world.sandbox().player("s", "p").unwrap().show_page + 1;
    world.sandbox().write(START + after, "s", "p", "show_page", at.into(), "test");
    admin_says(world, after, Push::Reload);
}

#[test]
fn a_stall_lasts_until_something_happens() {
    let mut world = alone(Generation::Newest, stalls_on("a/One"));
    world.advance(START + 600.0);
    assert_eq!(without_pages(&world.happenings()), [("p".to_owned(), 20.1, What::Stalled)]);
    assert!(seen(&mut world).unwrap() > 590.0, "the tab is open");
    admin_says(&mut world, 600.0, Push::Reload);
    world.advance(START + 700.0);
    assert_eq!(world.happenings(), [], "a reload of the same page is no reason to go on");
    admin_steps(&mut world, 700.0);
    world.advance(START + 1000.0);
    let happenings = world.happenings();
    assert_eq!(of(&happenings, "p")[0], &What::Page { path: "a/Two".into() });
    assert!((happenings[0].at - START - 700.013).abs() < 1e-3, "{happenings:#?}");
    assert_eq!(of(&happenings, "p").last(), Some(&&What::Finished));
}

#[test]
fn the_time_of_a_page_ends_a_stall() {
    for throttled in [false, true] {
        let mut world = alone(Generation::Newest, Profile { throttled, ..stalls_on("a/Two") });
        world.advance(START + 600.0);
        let happenings = world.happenings();
        let at = |path: &str| {
            happenings.iter().find(|h| h.what == What::Page { path: path.into() }).map(|h| h.at).unwrap()
        };
        let took = at("a/Three") - at("a/Two");
        let least = if throttled { 240.0 } else { 180.0 };
        assert!((least..least + 1.0).contains(&took), "{took}");
        let outcome = outcome(&happenings, world.now());
        assert!((outcome.players[0].stalled - (took - 20.0)).abs() < 0.01, "{outcome:#?}");
        let answer = world.sandbox().field("s", "p", "y").unwrap().json();
        assert_eq!(answer, false, "what the app writes instead");
    }
}

#[test]
fn somebody_who_heeds_goes_on_after_a_message() {
    for (heeds, goes_on) in [(1.0, true), (0.0, false)] {
        let mut world = alone(Generation::Newest, Profile { heeds, ..stalls_on("a/One") });
        admin_says(&mut world, 100.0, Push::Message("Are you there?".to_owned()));
        world.advance(START + 400.0);
        let happenings = world.happenings();
        let story = of(&happenings, "p");
        assert!(story.contains(&&What::Message("Are you there?".to_owned())));
        assert_eq!(story.contains(&&What::Finished), goes_on, "{story:#?}");
    }
}

#[test]
fn a_hidden_tab_speaks_once_a_minute() {
    let mut world = alone(Generation::Newest, Profile { throttled: true, ..stalls_on("a/One") });
    world.advance(START + 119.0);
    assert_eq!(seen(&mut world).map(f64::floor), Some(60.0));
    world.advance(START + 121.0);
    assert_eq!(seen(&mut world).map(f64::floor), Some(120.0));
}

#[test]
fn closing_the_second_tab_hides_who_is_there() {
    let mut world = alone(Generation::Newest, Profile { two_tabs: true, ..stalls_on("a/One") });
    let mut hidden = false;
    let mut next = START + 30.0;
    while next < START + 300.0 {
        world.advance(next);
        hidden |= seen(&mut world).is_none();
        next += 0.25;
    }
    assert!(hidden, "for up to nine seconds");
    assert!(seen(&mut world).is_some());
}

#[test]
fn somebody_leaves_and_comes_back() {
    let leaves =
        Profile { leaves_on: Some(Spot::Page("a/One".into())), returns_after: Some(240.0), ..plain() };
    let mut world = alone(Generation::Newest, leaves);
    world.advance(START + 100.0);
    assert_eq!(seen(&mut world), None);
    admin_says(&mut world, 100.0, Push::Message("lost".to_owned()));
    world.advance(START + 900.0);
    let happenings = world.happenings();
    let page = |path: &str| What::Page { path: path.into() };
    let (one, two, three) = (page("a/One"), page("a/Two"), page("a/Three"));
    let (joined, left, returned) = (What::Joined, What::Left, What::Returned);
    let story = [&joined, &one, &left, &returned, &one, &two, &three, &What::Finished];
    assert_eq!(of(&happenings, "p"), story);
    let outcome = outcome(&happenings, world.now());
    let player = &outcome.players[0];
    assert!((player.away - 240.0).abs() < 1e-3, "{player:#?}");
    let paths: Vec<&str> = player.visits.iter().map(|visit| &*visit.path).collect();
    assert_eq!(paths, ["a/One", "a/One", "a/Two", "a/Three"]);
    let (first, second) = (&player.visits[0], &player.visits[1]);
    assert!((second.from - first.to.unwrap() - 240.0).abs() < 1e-3, "{player:#?}");
    assert!((player.pages["a/One"] - (first.to.unwrap() - first.from) - 20.0).abs() < 1e-3, "{player:#?}");
    assert_eq!((player.waited, player.lost()), (0.0, player.away));
}

#[test]
fn a_redirect_leads_away() {
    let mut world = alone(Generation::Newest, plain());
    admin_says(&mut world, 30.0, Push::Redirect("https://example.org/".to_owned()));
    world.advance(START + 600.0);
    let happenings = world.happenings();
    assert_eq!(of(&happenings, "p").last(), Some(&&What::Redirected("https://example.org/".to_owned())));
    assert_eq!(outcome(&happenings, world.now()).players[0].fate, Fate::Redirected);
    assert_eq!(world.next(), None);
}

#[test]
fn a_page_that_fails_is_tried_again() {
    let mut world = alone(Generation::Newest, plain());
    world.advance(START + 30.0);
    let here = world.sandbox().player("s", "p").unwrap().show_page;
    world.sandbox().write(START + 30.0, "s", "p", "show_page", 99.into(), "test");
    admin_says(&mut world, 30.0, Push::Reload);
    world.advance(START + 300.0);
    assert_eq!(without_pages(&world.happenings()).len(), 1, "it is told once");
    world.sandbox().write(START + 300.0, "s", "p", "show_page", here.into(), "test");
    world.advance(START + 600.0);
    let happenings = world.happenings();
    assert!((0.0..=30.1).contains(&(happenings[0].at - START - 300.0)), "{happenings:#?}");
    assert_eq!(of(&happenings, "p").last(), Some(&&What::Finished));
}

#[test]
fn who_meets_without_a_group_has_an_error_for_good_or_waits_for_ever() {
    let scenario = built_in("dilemma");
    for generation in Generation::ALL {
        let mut world = world_of(&scenario, generation, vec![plain()]);
        world.advance(START + 200.0);
        admin_steps(&mut world, 200.0);
        world.advance(START + 1200.0);
        let happenings = world.happenings();
        let broken = happenings.iter().filter(|h| h.what == What::Broken).count();
        assert_eq!(broken, usize::from(generation != Generation::Contract), "{happenings:#?}");
        assert!(!of(&happenings, "p").contains(&&What::Finished));
    }
}

#[test]
fn racers_submit_at_the_moment_of_an_admins_call() {
    let mut world = alone(Generation::Newest, Profile { races: true, ..plain() });
    world.advance(START + 15.0);
    for _ in 0..3 {
        world.pushed(START + 15.0);
    }
    world.advance(START + 15.05);
    let happenings = world.happenings();
    let last = happenings.last().unwrap();
    assert_eq!(last.what, What::Page { path: "a/Two".into() });
    assert!((0.001..0.011).contains(&(last.at - START - 15.0)), "{last:?}");
}

#[test]
fn an_answer_that_crosses_a_step_is_lost() {
    let mut world = alone(Generation::Newest, Profile { races: true, ..plain() });
    world.advance(START + 15.0);
    world.pushed(START + 15.0);
    world.pushed(START + 15.0);
    // The third call at the latest is raced, before its reload arrives.
    admin_steps(&mut world, 15.0);
    world.advance(START + 15.05);
    assert_eq!(world.sandbox().field("s", "p", "x"), None);
    let happenings = world.happenings();
    assert_eq!(of(&happenings, "p").last(), Some(&&What::Page { path: "a/Two".into() }));
}

#[test]
fn somebody_put_back_to_the_beginning_begins_again() {
    let mut world = alone(Generation::Newest, plain());
    world.advance(START + 30.0);
    world.sandbox().write(START + 30.0, "s", "p", "show_page", (-1).into(), "test");
    admin_says(&mut world, 30.0, Push::Reload);
    admin_says(&mut world, 30.05, Push::Reload);
    world.advance(START + 31.0);
    let happenings = world.happenings();
    assert_eq!(happenings.last().unwrap().what, What::Page { path: "a/One".into() });
    assert!(happenings.last().unwrap().at - START < 30.2, "{happenings:#?}");
}

#[test]
fn a_restart_loses_nobody() {
    let scenario = built_in("dilemma");
    let mut world = world(&scenario, Generation::Newest, &Mix::default(), 1);
    world.advance(START + 200.0);
    world.restart_server(START + 200.0, 0.0);
    world.advance(START + 3600.0);
    assert_eq!(outcome(&world.happenings(), world.now()).totals().finished, 12);
}

#[test]
fn while_the_server_is_away_nobody_gets_on() {
    let scenario = built_in("dilemma");
    let mut world = world(&scenario, Generation::Newest, &Mix::default(), 1);
    world.advance(START + 100.0);
    world.happenings();
    world.restart_server(START + 100.0, 20.0);
    assert_eq!(world.now(), START + 100.0);
    world.advance(START + 119.0);
    assert!(world.happenings().is_empty());
    world.advance(START + 3600.0);
    let happenings = world.happenings();
    assert_eq!(happenings[0].at, START + 120.0, "what they did meanwhile arrives when it is back");
    assert!(happenings.is_sorted_by(|one, next| one.at <= next.at));
}

#[test]
fn a_script_commands_one_by_name() {
    let mut world = alone(Generation::Newest, plain());
    assert!(!world.stall(START, "nobody"));
    world.advance(START + 5.0);
    assert!(world.stall(START + 5.0, "p"));
    world.advance(START + 100.0);
    assert!(world.come_back(START + 100.0, "p"));
    world.advance(START + 105.0);
    assert!(world.leave(START + 105.0, "p", None));
    world.advance(START + 500.0);
    assert!(world.come_back(START + 500.0, "p"));
    world.advance(START + 700.0);
    let happenings = world.happenings();
    let told: Vec<(f64, What)> = without_pages(&happenings)
        .into_iter()
        .map(|(_, at, what)| (at.floor(), what))
        .filter(|(_, what)| *what != What::Finished)
        .collect();
    let expected = [(5.0, What::Stalled), (105.0, What::DroppedOut), (500.0, What::Returned)];
    assert_eq!(told, expected);
    assert_eq!(of(&happenings, "p").last(), Some(&&What::Finished));
}
