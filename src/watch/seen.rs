//! What people see of the sessions: everybody in them, as they were last looked at. Nothing is asked of the server for it.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Known, Watch,
    look::{ASLEEP, SLEEPERS, is_of_one},
    seconds,
    session::{AWAKE, Session},
};
use crate::{
    api::ErrorKind,
    domain::{Class, PageKind, SessionName},
    environment::{Priority, Scope},
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
    /// Now.
    pub now: f64,
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
    /// Why, in words, without lengths of time: these go on while nothing changes.
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
    /// Somebody looks at the sessions: for a while they are all listed, also those that no automation is about.
    pub fn show(&self) {
        let now = seconds(self.env.now());
        let mut known = self.lock();
        known.shown_until = now + known.shown_for();
    }

    /// Looks at the sessions that only people look at. It is as a script's look: nothing is decided, nothing counts as a time in which
    /// nobody could look, and what goes wrong is no news of the server. It comes after everything that automations ask.
    pub fn look_for_people(&self, scope: &Scope) {
        let now = seconds(self.env.now());
        if self.every().is_none() && self.lock().is_list_due(now) {
            if self.list_sessions(scope).is_err() {
                return;
            }
            self.lock().listed = now;
        }
        let due = self.lock().shown_due(now);
        for name in due {
            match self.read_session(&name, None, Priority::Export, scope) {
                Ok(()) => drop(self.lock().unreadable.remove(name.as_str())),
                Err(error) if error.kind == ErrorKind::NotFound => {
                    self.lock().sessions.remove(name.as_str());
                }
                Err(error) if is_of_one(&error) => self.lock().complain(&name, &error, now),
                // The next time, when the server has recovered.
                Err(_) => break,
            }
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the looks: while it is the same, so is [`Watch::seen`], but for the time that passes.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Whether it is known which sessions there are: the server has listed them since the daemon's start.
    pub fn knows_sessions(&self) -> bool {
        self.lock().listed > f64::MIN
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

    /// The sessions that only people look at and that are to be looked at now, the liveliest first.
    fn shown_due(&self, now: f64) -> Vec<SessionName> {
        let here = now + self.last_skew;
        let every = self.section.every.as_secs_f64();
        let is_due = |session: &&Session| {
            let name = session.name.as_str();
            let alive = session.alive();
            let interval = if here - alive < AWAKE { every } else { ASLEEP.max(every) };
            let rests = self.unreadable.get(name).is_some_and(|until| now < *until);
            let is_old =
                session.looked.is_none_or(|looked| !(0.0..interval / 2.0).contains(&(here - looked)));
            self.section.covers(name) && !self.is_observed(name) && !rests && is_old
        };
        let mut due: Vec<&Session> = self.sessions.values().filter(is_due).collect();
        due.sort_by(|one, two| two.alive().total_cmp(&one.alive()));
        due.into_iter().take(SLEEPERS).map(|session| session.name.clone()).collect()
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
                reason: view.brief(class, player, players),
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
            now,
            alive: session.alive(),
            players: seen.collect(),
        }
    }
}
