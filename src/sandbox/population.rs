//! Who takes part: from a scenario and a seed to one profile each. Everybody's profile depends on the seed and their own
//! name and number only, so that one more participant changes no other, and one more dropout no other either.

use std::{sync::Arc, time::Duration};

use rand::RngExt as _;

use super::{
    Experiment, Named, Participants, Profile, Scenario, Spot,
    draw::{Purpose, around, between, draws, hash, mix},
};

/// What a command line says otherwise than the file. Shares are from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mix {
    /// How many there are.
    pub players: Option<u64>,
    /// All have come within this time.
    pub arrive: Option<Duration>,
    /// How much they differ in thinking.
    pub spread: Option<f64>,
    /// The share of those who stop on a page with the tab open.
    pub stalls: Option<f64>,
    /// The share of those who close the tab and come back.
    pub absent: Option<f64>,
    /// The share of those who close the tab for good.
    pub dropouts: Option<f64>,
    /// The share of those who come after everybody else.
    pub late: Option<f64>,
    /// The share of those who have a second tab open for a while.
    pub two_tabs: Option<f64>,
    /// The share of those with the tab hidden.
    pub throttled: Option<f64>,
    /// The share of those who race admins.
    pub racers: Option<f64>,
    /// The share of messages after which somebody who stalled goes on.
    pub heed: Option<f64>,
}

impl Mix {
    /// The participants of a file with what is said otherwise.
    pub fn over(&self, participants: &Participants) -> Participants {
        let mut mixed = participants.clone();
        mixed.players = self.players.unwrap_or(mixed.players);
        mixed.arrive = self.arrive.unwrap_or(mixed.arrive);
        for (share, said) in [
            (&mut mixed.spread, self.spread),
            (&mut mixed.stalls, self.stalls),
            (&mut mixed.absent, self.absent),
            (&mut mixed.dropouts, self.dropouts),
            (&mut mixed.late, self.late),
            (&mut mixed.two_tabs, self.two_tabs),
            (&mut mixed.throttled, self.throttled),
            (&mut mixed.racers, self.racers),
            (&mut mixed.heed, self.heed),
        ] {
            *share = said.unwrap_or(*share);
        }
        mixed
    }
}

/// What a share can be about. Each is dealt out by itself.
#[derive(Clone, Copy)]
enum Trait {
    Stalls,
    Absent,
    Dropout,
    Late,
    TwoTabs,
    Throttled,
    Racer,
}

impl Trait {
    /// A number whose multiples fill the unit interval evenly, and independently of those of the others: the fraction
    /// of the square root of a prime.
    fn step(self) -> f64 {
        let prime: f64 = match self {
            Self::Stalls => 2.0,
            Self::Absent => 3.0,
            Self::Dropout => 5.0,
            Self::Late => 7.0,
            Self::TwoTabs => 11.0,
            Self::Throttled => 13.0,
            Self::Racer => 17.0,
        };
        prime.sqrt().fract()
    }

    /// Whether the participant with this number is among the share. Of forty participants 10% are about four, and not none or
    /// nine as with a coin each.
    fn falls_on(self, share: f64, number: u64, seed: u64) -> bool {
        let start: f64 = draws(seed, Purpose::Profile, self as u64).random();
        let place = (start + number as f64 * self.step()).fract();
        place < share
    }
}

/// Everybody who takes part in a scenario.
pub fn population(scenario: &Scenario, mix: &Mix, seed: u64) -> Vec<Profile> {
    let participants = mix.over(&scenario.participants);
    let places = Places::of(&scenario.experiment, &participants.config);
    let mut all: Vec<Profile> =
        (0..participants.players).map(|number| numbered(&participants, &places, number, seed)).collect();
    for named in &participants.named {
        match all.iter_mut().find(|profile| *profile.name == *named.name) {
            Some(profile) => as_named(profile, named),
            None => {
                let mut profile = basis(&participants, &named.name, seed);
                as_named(&mut profile, named);
                all.push(profile);
            }
        }
    }
    all
}

/// Where in the page order somebody can stall or leave.
struct Places {
    /// The indexes of pages with something to do.
    ordinary: Vec<i64>,
    /// Those and the wait pages.
    shown: Vec<i64>,
}

impl Places {
    fn of(experiment: &Experiment, config: &str) -> Self {
        let apps = experiment.apps_of(config).unwrap_or_default();
        let mut places = Self { ordinary: Vec::new(), shown: Vec::new() };
        for (index, path) in (0_i64..).zip(experiment.page_order(&apps, &mut |_| 0)) {
            let Some(page) = experiment.page(&path) else { continue };
            places.shown.push(index);
            if !page.is_wait() {
                places.ordinary.push(index);
            }
        }
        places
    }
}

/// What has nothing to do with shares.
fn basis(participants: &Participants, name: &str, seed: u64) -> Profile {
    let mut profile = Profile::plain(name, mix(seed, hash(name)));
    let mut rng = draws(profile.stream, Purpose::Profile, 0);
    profile.arrives = between(&mut rng, 0.0, participants.arrive.as_secs_f64());
    profile.pace = around(&mut rng, 1.0, participants.spread / 2.0);
    profile.spread = participants.spread;
    profile.heeds = participants.heed;
    profile
}

/// The participant with a number, from 0; called `p1` and so on.
fn numbered(participants: &Participants, places: &Places, number: u64, seed: u64) -> Profile {
    let mut profile = basis(participants, &format!("p{}", number + 1), seed);
    // All is drawn, needed or not, so that one share changes nothing about the others.
    let mut rng = draws(profile.stream, Purpose::Profile, 1);
    let stalls_on = pick(&places.ordinary, rng.random());
    let leaves_on = pick(&places.shown, rng.random());
    let returns_after = around(&mut rng, 240.0, 0.6);
    let arrive = participants.arrive.as_secs_f64().max(60.0);
    let late = arrive * (1.0 + 2.0 * rng.random::<f64>());
    let is = |what: Trait, share: f64| what.falls_on(share, number, seed);
    if is(Trait::Stalls, participants.stalls) {
        profile.stalls_on = stalls_on;
    }
    if is(Trait::Dropout, participants.dropouts) {
        profile.leaves_on = leaves_on;
    } else if is(Trait::Absent, participants.absent) {
        profile.leaves_on = leaves_on;
        profile.returns_after = Some(returns_after);
    }
    if is(Trait::Late, participants.late) {
        profile.arrives = late;
    }
    profile.two_tabs = is(Trait::TwoTabs, participants.two_tabs);
    profile.throttled = is(Trait::Throttled, participants.throttled);
    profile.races = is(Trait::Racer, participants.racers);
    profile
}

/// One of the places, by a draw from 0 to below 1.
fn pick(places: &[i64], draw: f64) -> Option<Spot> {
    let at = (draw * places.len() as f64) as usize;
    places.get(at).copied().map(Spot::From)
}

/// Exactly what the file says, and nothing that a share would have said.
fn as_named(profile: &mut Profile, named: &Named) {
    let spot = |path: &Option<String>| path.as_deref().map(|path| Spot::Page(Arc::from(path)));
    if let Some(arrives) = named.arrives {
        profile.arrives = arrives.as_secs_f64();
    }
    if let Some(heeds) = named.heeds {
        profile.heeds = if heeds { 1.0 } else { 0.0 };
    }
    profile.stalls_on = spot(&named.stalls_on);
    profile.leaves_on = spot(&named.leaves_on);
    profile.returns_after = named.returns_after.map(|after| after.as_secs_f64());
    profile.two_tabs = named.two_tabs;
    profile.throttled = named.throttled;
    profile.races = named.races;
}
