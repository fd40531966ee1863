//! Who finishes, who waits for ever, and that it is all the same again.

use super::*;

const HOUR: f64 = 3600.0;

#[test]
fn a_session_without_faults_finishes() {
    for generation in Generation::ALL {
        for name in Scenario::built_in() {
            let scenario = built_in(name);
            let mut world = world(&scenario, generation, &Mix::default(), 1);
            world.advance(START + 2.0 * HOUR);
            let outcome = outcome(&world.happenings(), world.now());
            let totals = outcome.totals();
            assert_eq!(totals.players, scenario.participants.players);
            assert_eq!(totals.finished, totals.players, "{name}, {generation:?}: {totals:?}");
            assert_eq!((totals.stalled, totals.away, totals.broken), (0.0, 0.0, 0.0));
            assert_eq!(totals.lost, totals.waited);
            assert_eq!(world.next(), None, "everybody has closed the last page");
        }
    }
}

#[test]
fn a_dropout_leaves_the_partner_waiting_for_ever() {
    let scenario = scenario(
        "[config.pair]\napps = [\"pair\"]\n[app.pair]\npages = [{ wait = \"Pair\", group = 2 }, { page = \"Decide\", \
         think = \"10s\", fields = { x = \"0-10\" } }, { wait = \"Together\", reads = [\"x\"] }]",
    );
    for generation in Generation::ALL {
        let leaves = Profile { leaves_on: Some(Spot::Page("pair/Decide".into())), ..Profile::plain("a", 1) };
        let mut world = world_of(&scenario, generation, vec![leaves, Profile::plain("b", 2)]);
        world.advance(START + HOUR);
        let happenings = world.happenings();
        assert_eq!(of(&happenings, "a").last(), Some(&&What::DroppedOut), "{generation:?}");
        assert_eq!(of(&happenings, "b").last(), Some(&&What::Waits { path: "pair/#Together".into() }));
        let outcome = outcome(&happenings, world.now());
        assert_eq!(outcome.players[0].fate, Fate::DroppedOut);
        assert_eq!(outcome.players[1].fate, Fate::Underway);
        assert!(outcome.players[1].waited > HOUR - 60.0, "{outcome:#?}");
        assert_eq!(outcome.totals().lost, outcome.players[0].waited + outcome.players[1].waited);
    }
}

/// Everything that happens, as text.
fn story(seed: u64, mix: &Mix) -> String {
    let scenario = built_in("dilemma");
    let mut world = world(&scenario, Generation::Newest, mix, seed);
    world.advance(START + HOUR);
    world.happenings().iter().map(|happening| format!("{happening:?}\n")).collect()
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let mix = Mix {
        stalls: Some(0.2),
        absent: Some(0.2),
        dropouts: Some(0.2),
        late: Some(0.2),
        two_tabs: Some(0.3),
        throttled: Some(0.2),
        racers: Some(0.2),
        ..Mix::default()
    };
    let first = story(1, &mix);
    assert!(first.lines().count() > 100, "{first}");
    assert_eq!(first, story(1, &mix));
    assert_ne!(first, story(2, &mix));
}

#[test]
fn it_does_not_matter_how_far_one_looks_ahead() {
    let scenario = built_in("dilemma");
    let mix = Mix { dropouts: Some(0.2), two_tabs: Some(0.5), ..Mix::default() };
    let mut whole = world(&scenario, Generation::Contract, &mix, 3);
    whole.advance(START + HOUR);
    let mut steps = world(&scenario, Generation::Contract, &mix, 3);
    while let Some(next) = steps.next().filter(|next| *next <= START + HOUR) {
        assert!(next >= steps.now());
        steps.advance(next);
    }
    assert_eq!(whole.happenings(), steps.happenings());
}

#[test]
fn one_more_participant_changes_no_other() {
    let scenario = built_in("survey");
    let story = |players: u64| {
        let mix = Mix { players: Some(players), stalls: Some(0.2), dropouts: Some(0.2), ..Mix::default() };
        let profiles = population(&scenario, &mix, 5);
        let mut world = world_of(&scenario, Generation::Newest, profiles.clone());
        world.advance(START + HOUR);
        (profiles, world.happenings())
    };
    let ((few, told), (more, told_more)) = (story(20), story(30));
    assert_eq!(few[..], more[..20]);
    for profile in &few {
        assert_eq!(of(&told, &profile.name), of(&told_more, &profile.name));
    }
}

#[test]
fn a_lobby_fills_until_the_session_begins() {
    let scenario = built_in("market");
    let mut world =
        World::new(Sandbox::new(Arc::clone(&scenario.experiment), Generation::Newest, "T".into(), 7), START);
    for profile in population(&scenario, &Mix::default(), 1) {
        let label = Arc::clone(&profile.name);
        world.add(profile, Link::Room { room: "lobby".into(), label });
    }
    world.advance(START + 400.0);
    let lobby = world.happenings();
    assert_eq!(lobby.len(), 16);
    assert!(lobby.iter().all(|h| h.what == What::Lobby && h.session.is_empty()), "{lobby:#?}");
    begin(world.sandbox(), START + 400.0, &scenario, Some("lobby"));
    world.advance(START + 2.0 * HOUR);
    let outcome = outcome(&world.happenings(), world.now());
    assert_eq!(outcome.totals().finished, 16, "{:?}", outcome.totals());
    assert!(outcome.players.iter().all(|player| player.joined <= START + 402.0));
}

#[test]
fn what_an_admin_does_to_one_changes_nothing_for_another() {
    let scenario = built_in("survey");
    let arrive = Some(std::time::Duration::from_secs(60));
    let mix = Mix { stalls: Some(0.2), absent: Some(0.2), arrive, ..Mix::default() };
    let story = |redirects: bool| {
        let mut world = world(&scenario, Generation::Newest, &mix, 4);
        // All have come by then, and `p1` is not through.
        world.advance(START + 125.0);
        if redirects {
            let push = crate::sandbox::Push::Redirect("https://example.org/".to_owned());
            world.sandbox().push(START + 125.0, "s", "p1", push);
            world.pushed(START + 125.0);
        }
        world.advance(START + HOUR);
        world.happenings()
    };
    let (left_alone, sent_away) = (story(false), story(true));
    assert_ne!(of(&left_alone, "p1"), of(&sent_away, "p1"));
    let others = |happenings: Vec<Happening>| {
        happenings.into_iter().filter(|h| &*h.player != "p1").collect::<Vec<_>>()
    };
    assert_eq!(others(left_alone), others(sent_away));
}
