//! What people see of the sessions: everybody in them, as they were last looked at. Nothing is asked of the server for it.

use std::sync::{Arc, atomic::Ordering};

use super::{Known, Watch, seconds, session::Session};
use crate::{
    domain::{Class, PageKind},
    environment::Scope,
};

/// How long sessions are looked at for people after the last of them was here, in seconds.
const SHOWN: f64 = 30.0;

/// A session. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug)]
pub struct SeenSession {
    /// Its name.
    pub name: String,
    /// When it was made, if that is known.
    pub created: Option<f64>,
    /// When it was last looked at.
    pub looked: Option<f64>,
    /// When anybody was last heard of.
    pub alive: f64,
    /// Its players, in the server's order.
    pub players: Vec<SeenPlayer>,
}

/// A player. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug)]
pub struct SeenPlayer {
    /// The name.
    pub name: Arc<str>,
    /// The recruiter's label; mostly empty.
    pub label: String,
    /// The state they are in.
    pub class: Class,
    /// Why, in words.
    pub reason: String,
    /// The page they are on.
    pub page: String,
    /// What kind of page that is.
    pub kind: PageKind,
    /// The place in their page order, from 0.
    pub place: i64,
    /// How many pages their order has.
    pub pages: usize,
    /// When they came to it, if that is known.
    pub entered: Option<f64>,
    /// When they were last heard of.
    pub seen: Option<f64>,
    /// Until when there is time on the page.
    pub deadline: Option<f64>,
    /// The others of their group.
    pub mates: Vec<Arc<str>>,
}

impl Watch {
    /// Somebody looks at the sessions: they are all observed for a while, also those that no automation is about.
    pub fn show(&self) {
        let now = seconds(self.env.now());
        let mut known = self.lock();
        known.shown_until = now + known.shown_for();
    }

    /// Looks at what is due for those who look, where no automation has it looked at anyway. Nothing is decided and nothing written
    /// down.
    pub fn look_for_people(&self, scope: &Scope) {
        if self.every().is_none() {
            self.read_all(scope);
            self.looks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts the looks: while it is the same, so is [`Watch::seen`], but for the time that passes.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// All sessions that are observed, by name.
    pub fn seen(&self) -> Vec<SeenSession> {
        let now = self.server_now();
        let known = self.lock();
        known.sessions.values().map(|session| known.seen(session, now)).collect()
    }

    /// One of them.
    pub fn seen_session(&self, name: &str) -> Option<SeenSession> {
        let now = self.server_now();
        let known = self.lock();
        known.sessions.get(name).map(|session| known.seen(session, now))
    }

    /// By how much the server's clock is ahead of ours, in seconds, as far as it was told.
    pub fn ahead(&self) -> f64 {
        self.lock().skew(&self.client)
    }
}

impl Known {
    /// Whether somebody looks at the sessions.
    pub(super) fn is_shown(&self, now: f64) -> bool {
        // Clocks are set back.
        let left = self.shown_until - now;
        left > 0.0 && left <= self.shown_for()
    }

    /// Until the next look and the one after it, at least.
    fn shown_for(&self) -> f64 {
        SHOWN.max(self.section.every.as_secs_f64() * 2.5)
    }

    fn seen(&self, session: &Session, now: f64) -> SeenSession {
        let mut view = self.view(session, now);
        // Whom an automation calls stalled is not called thinking here.
        let rules = self.rules.iter().filter(|rule| rule.covers(session.name.as_str()));
        view.patience = rules.map(super::Rule::patience).fold(view.patience, f64::min);
        let players = &session.players;
        let seen = players.iter().map(|(name, player)| {
            let class = view.class(player, players);
            let mates = player.mates.iter().filter_map(|mate| players.get_index(*mate));
            SeenPlayer {
                name: Arc::clone(name),
                label: player.label.clone(),
                class,
                reason: view.reason(class, player, players),
                page: player.page_name().to_owned(),
                kind: player.kind(),
                place: player.page,
                pages: player.order.len(),
                entered: player.entered,
                seen: player.seen,
                deadline: player.deadline(),
                mates: mates.map(|(name, _)| Arc::clone(name)).collect(),
            }
        });
        SeenSession {
            name: session.name.to_string(),
            created: session.created,
            looked: session.looked,
            alive: session.alive(),
            players: seen.collect(),
        }
    }
}
