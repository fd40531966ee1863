//! Shares and what becomes of them.

use super::*;

#[test]
fn shares_are_dealt_out_and_not_left_to_chance() {
    let scenario = built_in("dilemma");
    for seed in 0..50 {
        let mix = Mix { players: Some(40), dropouts: Some(0.1), throttled: Some(0.5), ..Mix::default() };
        let profiles = population(&scenario, &mix, seed);
        let dropouts = profiles.iter().filter(|p| p.leaves_on.is_some() && p.returns_after.is_none()).count();
        assert!((3..=6).contains(&dropouts), "{dropouts} with the seed {seed}");
        let throttled = profiles.iter().filter(|p| p.throttled).count();
        assert!((18..=22).contains(&throttled), "{throttled} with the seed {seed}");
    }
}

#[test]
fn a_larger_share_adds_to_the_same_people() {
    let scenario = built_in("dilemma");
    let of = |dropouts: f64| {
        population(&scenario, &Mix { players: Some(40), dropouts: Some(dropouts), ..Mix::default() }, 9)
    };
    for (few, more) in of(0.1).into_iter().zip(of(0.3)) {
        assert!(few.leaves_on.is_none() || few == more);
        assert_eq!((few.arrives, few.pace, few.stream), (more.arrives, more.pace, more.stream));
    }
}

#[test]
fn whoever_is_named_does_exactly_that() {
    let scenario = scenario(
        "[config.a]\napps = [\"a\"]\n[app.a]\npages = [{ page = \"One\" }, { page = \"Two\" }]\n[participants]\nplayers = 2\n\
         stalls = \"100%\"\ndropouts = \"100%\"\n[[participant]]\nname = \"p2\"\narrives = \"5s\"\nleaves_on = \"a/Two\"\n\
         returns_after = \"4m\"\nheeds = true\n[[participant]]\nname = \"anna\"\n",
    );
    let all = population(&scenario, &Mix::default(), 1);
    let names: Vec<&str> = all.iter().map(|profile| &*profile.name).collect();
    assert_eq!(names, ["p1", "p2", "anna"]);
    assert!(all[0].stalls_on.is_some() && all[0].leaves_on.is_some());
    assert_eq!(all[1].arrives, 5.0);
    assert_eq!(all[1].stalls_on, None);
    assert_eq!(all[1].leaves_on, Some(Spot::Page("a/Two".into())));
    assert_eq!((all[1].returns_after, all[1].heeds), (Some(240.0), 1.0));
    assert_eq!((&all[2].stalls_on, &all[2].leaves_on), (&None, &None));
}

#[test]
fn shares_are_percentages() {
    use crate::sandbox::parse_share;
    assert_eq!(parse_share("5%").unwrap(), 0.05);
    assert_eq!(parse_share(" 12.5 % ").unwrap(), 0.125);
    assert_eq!(parse_share("100%").unwrap(), 1.0);
    for wrong in ["5", "", "%", "101%", "-1%", "1e1%", "inf%", "five%"] {
        assert!(parse_share(wrong).is_err(), "{wrong:?}");
    }
}
