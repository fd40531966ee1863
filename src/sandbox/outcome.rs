//! What came of a run, for a report: who was where for how long, and how much of it was lost. It is computed from what
//! happens as it happens; what it keeps of one participant has a limit.

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;

use super::{Happening, What};

/// How many visits are kept of one participant. Later ones count in the sums and are not listed.
const MOST_VISITS: usize = 500;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What came of each participant, in the order in which they came.
    pub players: Vec<PlayerOutcome>,
    /// By session and player.
    index: HashMap<(Arc<str>, Arc<str>), usize>,
}

/// How it ended for a participant, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// On the way.
    #[default]
    Underway,
    /// Saw the last page.
    Finished,
    /// Closed the tab for good.
    DroppedOut,
    /// Was sent to another address before the last page.
    Redirected,
}

/// One stay on a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// `app/Name` or `app/#Name`.
    pub path: Arc<str>,
    /// Whether it is a wait page.
    pub waits: bool,
    /// From when, in seconds since 1970.
    pub from: f64,
    /// Until when; nothing while it goes on.
    pub to: Option<f64>,
}

/// A time in which a participant did not get on, besides waiting for others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spell {
    /// Why.
    pub idle: Idle,
    /// From when, in seconds since 1970.
    pub from: f64,
    /// Until when.
    pub to: f64,
}

/// What came of one participant. Durations are in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayerOutcome {
    /// The session.
    pub session: Arc<str>,
    /// The player.
    pub player: Arc<str>,
    /// When they came, in seconds since 1970.
    pub joined: f64,
    /// When they saw the last page first, in seconds since 1970.
    pub finished: Option<f64>,
    /// How it ended.
    pub fate: Fate,
    /// Whether they were sent to another address: mostly those who have finished are.
    pub redirected: bool,
    /// Where they were, in order.
    pub visits: Vec<Visit>,
    /// When they did not get on, in order.
    pub spells: Vec<Spell>,
    /// How long on each page, wait pages included, in the order of the first visits.
    pub pages: IndexMap<Arc<str>, f64>,
    /// How long they waited for others.
    pub waited: f64,
    /// How long they did nothing with a tab open, after they had thought.
    pub stalled: f64,
    /// How long they had no tab open, before they came back.
    pub away: f64,
    /// How long they had an error instead of a page.
    pub broken: f64,
    /// How many messages they got.
    pub messages: u64,
    /// The page that they are on: path, whether it waits, since when, and its place in `visits`.
    here: Option<(Arc<str>, bool, f64, Option<usize>)>,
    /// What they lose time with, and since when.
    idle: Option<(Idle, f64)>,
}

/// What time is lost with besides waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Did nothing with a tab open.
    Stalled,
    /// Had no tab open.
    Away,
    /// Had an error instead of a page.
    Broken,
}

/// The sums over all participants. Durations are in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// How many came.
    pub players: u64,
    /// How many saw the last page.
    pub finished: u64,
    /// How many closed the tab for good.
    pub dropped_out: u64,
    /// How many were sent to another address, before the last page or after it.
    pub redirected: u64,
    /// How many were on the way at the end.
    pub under_way: u64,
    /// How many messages there were.
    pub messages: u64,
    /// How long they waited for others.
    pub waited: f64,
    /// How long they did nothing with a tab open.
    pub stalled: f64,
    /// How long they had no tab open, before they came back.
    pub away: f64,
    /// How long they had errors instead of pages.
    pub broken: f64,
    /// How long they waited or were idle beyond normal thinking.
    pub lost: f64,
}

impl Outcome {
    /// Nobody came yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of what happened. Happenings come in the order of their times.
    pub fn observe(&mut self, happening: &Happening) {
        let at = happening.at;
        let key = (Arc::clone(&happening.session), Arc::clone(&happening.player));
        if happening.what == What::Joined && !self.index.contains_key(&key) {
            self.index.insert(key, self.players.len());
            self.players.push(PlayerOutcome::new(happening));
            return;
        }
        let Some(player) = self.index.get(&key).and_then(|place| self.players.get_mut(*place)) else {
            return;
        };
        match &happening.what {
            What::Page { path } => player.enter(at, path, false),
            What::Waits { path } => player.enter(at, path, true),
            What::Stalled => player.idle = Some((Idle::Stalled, at)),
            What::Left => player.stop(at, Some(Idle::Away)),
            What::Broken => player.stop(at, Some(Idle::Broken)),
            What::Message(_) => player.messages += 1,
            What::Finished => {
                player.stop(at, None);
                player.finished = player.finished.or(Some(at));
                player.fate = Fate::Finished;
            }
            What::DroppedOut => player.end(at, Fate::DroppedOut),
            What::Redirected(_) => {
                player.redirected = true;
                player.end(at, Fate::Redirected);
            }
            What::Returned => {
                player.stop(at, None);
                if player.finished.is_none() {
                    player.fate = Fate::Underway;
                }
            }
            What::Joined | What::Lobby | What::Refused => {}
        }
    }

    /// The run ends: what still goes on ends with it.
    pub fn end(&mut self, at: f64) {
        for player in &mut self.players {
            player.stop(at, None);
        }
    }

    /// The sums over all participants.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for player in &self.players {
            totals.players += 1;
            match player.fate {
                Fate::Underway => totals.under_way += 1,
                Fate::Finished => totals.finished += 1,
                Fate::DroppedOut => totals.dropped_out += 1,
                Fate::Redirected => {}
            }
            totals.redirected += u64::from(player.redirected);
            totals.messages += player.messages;
            totals.waited += player.waited;
            totals.stalled += player.stalled;
            totals.away += player.away;
            totals.broken += player.broken;
            totals.lost += player.lost();
        }
        totals
    }
}

impl PlayerOutcome {
    fn new(happening: &Happening) -> Self {
        Self {
            session: Arc::clone(&happening.session),
            player: Arc::clone(&happening.player),
            joined: happening.at,
            finished: None,
            fate: Fate::Underway,
            redirected: false,
            visits: Vec::new(),
            spells: Vec::new(),
            pages: IndexMap::new(),
            waited: 0.0,
            stalled: 0.0,
            away: 0.0,
            broken: 0.0,
            messages: 0,
            here: None,
            idle: None,
        }
    }

    /// How long they waited or were idle beyond normal thinking.
    pub fn lost(&self) -> f64 {
        self.waited + self.stalled + self.away + self.broken
    }

    fn enter(&mut self, at: f64, path: &Arc<str>, waits: bool) {
        self.stop(at, None);
        let listed = (self.visits.len() < MOST_VISITS).then(|| {
            self.visits.push(Visit { path: Arc::clone(path), waits, from: at, to: None });
            self.visits.len() - 1
        });
        self.here = Some((Arc::clone(path), waits, at, listed));
    }

    /// The present page and idling are over; another idling may begin.
    fn stop(&mut self, at: f64, idle: Option<Idle>) {
        if let Some((path, waits, from, listed)) = self.here.take() {
            let seconds = at - from;
            *self.pages.entry(path).or_default() += seconds;
            if waits {
                self.waited += seconds;
            }
            if let Some(visit) = listed.and_then(|place| self.visits.get_mut(place)) {
                visit.to = Some(at);
            }
        }
        if let Some((was, from)) = self.idle.take() {
            let sum = match was {
                Idle::Stalled => &mut self.stalled,
                Idle::Away => &mut self.away,
                Idle::Broken => &mut self.broken,
            };
            *sum += at - from;
            if self.spells.len() < MOST_VISITS {
                self.spells.push(Spell { idle: was, from, to: at });
            }
        }
        self.idle = idle.map(|idle| (idle, at));
    }

    fn end(&mut self, at: f64, fate: Fate) {
        self.stop(at, None);
        if self.finished.is_none() {
            self.fate = fate;
        }
    }
}
