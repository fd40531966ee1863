//! What browsers do: load a page, send a form, wait for others, say hello.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Field, PageKind, Push, Sandbox, context,
    player::{Place, Player},
    value::Py,
};
use crate::api::Generation;

/// What a browser shows.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The index in the player's page order; -1 before the first, the length of the order at the end.
    pub show_page: i64,
    /// `app/Name`, `app/#Name`, `Initialize` or `End`.
    pub path: String,
    /// Whether it waits for others.
    pub waits: bool,
    /// Whether it waits to be put into a group with them.
    pub groups: bool,
    /// Whether it is the end.
    pub end: bool,
    /// Seconds until the browser goes on by itself.
    pub remaining: Option<f64>,
    /// Its form.
    pub form: Vec<Field>,
}

/// The server fails to show the page: 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// What a form gave: field and value.
pub type Form = Map<String, Value>;

/// What a room's link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The lobby: nothing has begun yet.
    Waiting,
    /// A place in a session.
    Player {
        /// The session.
        sname: Arc<str>,
        /// The player.
        uname: Arc<str>,
    },
    /// Nobody is let in: no such room, not open, not this label, or full.
    Refused,
}

/// How long after its last word a browser counts as there, where the server asks for that, in seconds.
const THERE: f64 = 5.0;

impl Sandbox {
    /// Loads a player's page, as a first visit, a reload or a new tab does; `None` where there is no such player.
    pub fn load(&mut self, now: f64, sname: &str, uname: &str) -> Option<Result<View, Broken>> {
        self.settle(now);
        let player = self.player_mut(sname, uname)?;
        let at = player.show_page;
        match player.place() {
            Place::Initialize => {}
            Place::Nowhere => return Some(Err(Broken)),
            Place::End => self.reach_end(now, sname, uname),
            Place::At(_) => {
                let timed_out = self.past_timeout(now, sname, uname);
                if timed_out {
                    self.time_is_over(now, sname, uname);
                }
                if timed_out || !self.enter(now, sname, uname, at) {
                    self.go_on(now, sname, uname, at);
                }
            }
        }
        Some(self.show(now, sname, uname))
    }

    /// Sends the form of the page with the index `from`. A form of another page than the present one is dropped, and
    /// the present one shown. `None` where there is no such player.
    pub fn submit(
        &mut self,
        now: f64,
        sname: &str,
        uname: &str,
        from: i64,
        form: &Form,
    ) -> Option<Result<View, Broken>> {
        self.settle(now);
        let player = self.player(sname, uname)?;
        if player.show_page == from {
            match player.place() {
                Place::Initialize => {
                    if !player.started {
                        self.write(now, sname, uname, "started", true.into(), context::STARTED);
                    }
                    self.prepare(now, sname, uname);
                    self.go_on(now, sname, uname, -1);
                    if let Err(broken) = self.arrive(now, sname, uname) {
                        return Some(Err(broken));
                    }
                }
                Place::At(path) => {
                    let page = self.experiment.page(path).cloned();
                    let fields = page.map(|page| page.fields.clone()).unwrap_or_default();
                    if self.past_timeout(now, sname, uname) {
                        self.time_is_over(now, sname, uname);
                    } else {
                        if fields.iter().any(|field| !field.takes(form.get(&field.name))) {
                            return Some(self.show(now, sname, uname));
                        }
                        for field in &fields {
                            let value = form.get(&field.name).cloned().unwrap_or(Value::Null);
                            self.write(now, sname, uname, &field.name, value.into(), context::FORM);
                        }
                    }
                    match self.may_proceed(now, sname, uname) {
                        Ok(true) => {
                            self.go_on(now, sname, uname, from);
                            if let Err(broken) = self.arrive(now, sname, uname) {
                                return Some(Err(broken));
                            }
                        }
                        Ok(false) => {}
                        Err(broken) => return Some(Err(broken)),
                    }
                }
                Place::End | Place::Nowhere => {}
            }
        }
        self.load(now, sname, uname)
    }

    /// What a wait page asks every two seconds: may it go on?
    pub fn may_go_on(&mut self, now: f64, sname: &str, uname: &str) -> Result<bool, Broken> {
        self.settle(now);
        self.may_proceed(now, sname, uname)
    }

    /// Opens a tab that says hello at an interval, in seconds; what was kept for the player comes at once.
    pub fn connect(&mut self, now: f64, sname: &str, uname: &str, tab: u64, every: f64) {
        let Some(player) = self.player_mut(sname, uname) else { return };
        player.presence.open(tab, now, every);
        for push in std::mem::take(&mut player.queued) {
            self.push(now, sname, uname, push);
        }
    }

    /// Closes a tab.
    pub fn disconnect(&mut self, now: f64, sname: &str, uname: &str, tab: u64) {
        let removes = self.generation != Generation::Contract;
        if let Some(player) = self.player_mut(sname, uname) {
            player.presence.close(tab, now, removes);
        }
    }

    /// What an app does with dropouts that it watches for. The contract's own form looks every three seconds, later ones
    /// act on the mark at once and do not notice a closed browser.
    pub(super) fn settle(&mut self, now: f64) {
        const EVERY: f64 = 3.0;
        if self.generation != Generation::Contract || now - self.watched < EVERY {
            return;
        }
        self.watched = now;
        let mut found: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for session in self.sessions.values() {
            for player in session.players.values() {
                let Some(watch) = self.watch_of(player.place()) else { continue };
                let silent = player.presence.last_seen(now).is_some_and(|seen| now - seen > watch);
                if silent || player.marked.is_some_and(|marked| marked <= now) {
                    found.push((Arc::clone(&session.name), Arc::clone(&player.name)));
                }
            }
        }
        for (sname, uname) in found {
            if self.field(&sname, &uname, "_uproot_dropout") == Some(&true.into()) {
                continue;
            }
            self.write(now, &sname, &uname, "_uproot_dropout", true.into(), context::DROPOUT_WATCHER);
            if let Some(player) = self.player_mut(&sname, &uname) {
                player.marked = None;
            }
            self.handle_dropout(now, &sname, &uname);
        }
    }

    /// Seconds of silence after which the app of this place takes a participant for gone, if it looks.
    fn watch_of(&self, place: Place<'_>) -> Option<f64> {
        let Place::At(path) = place else { return None };
        let (app, _) = path.split_once('/')?;
        Some(self.experiment.apps.get(app)?.watch?.as_secs_f64())
    }

    /// Runs the app's handler for a dropout, if it watches for them.
    pub(super) fn handle_dropout(&mut self, now: f64, sname: &str, uname: &str) {
        let Some(player) = self.player(sname, uname) else { return };
        let end = player.end();
        let Place::At(path) = player.place() else { return };
        let Some((app, _)) = path.split_once('/') else { return };
        let Some(app) = self.experiment.apps.get(app) else { return };
        if app.watch.is_some() && app.on_dropout == super::OnDropout::End {
            self.write(now, sname, uname, "show_page", end.into(), context::DROPOUT);
            self.reach_end(now, sname, uname);
            self.push(now, sname, uname, Push::Reload);
        }
    }

    /// On arriving at a wait page, the last one to come lets itself through.
    fn arrive(&mut self, now: f64, sname: &str, uname: &str) -> Result<(), Broken> {
        loop {
            if let Some(player) = self.player_mut(sname, uname) {
                player.presence.loaded(now);
            }
            let Some(player) = self.player(sname, uname) else { return Ok(()) };
            let at = player.show_page;
            let Place::At(path) = player.place() else { return Ok(()) };
            let waits = self.experiment.page(path).is_some_and(|page| page.is_wait());
            if !waits || !self.may_proceed(now, sname, uname)? {
                return Ok(());
            }
            self.go_on(now, sname, uname, at);
        }
    }

    /// Whether the present page lets the player on. Wait pages do their work here, when the last one asks.
    fn may_proceed(&mut self, now: f64, sname: &str, uname: &str) -> Result<bool, Broken> {
        let Some(player) = self.player(sname, uname) else { return Ok(false) };
        let at = player.show_page;
        let Place::At(path) = player.place() else { return Ok(false) };
        let path = path.to_owned();
        let Some(page) = self.experiment.page(&path).cloned() else { return Ok(true) };
        match &page.kind {
            PageKind::Ordinary => Ok(true),
            PageKind::Group { size } => {
                self.form_group(now, sname, uname, &path, *size);
                Ok(self.player(sname, uname).is_some_and(|player| player.group.is_some()))
            }
            PageKind::Sync { reads } => self.meet(now, sname, uname, at, reads),
        }
    }

    fn form_group(&mut self, now: f64, sname: &str, uname: &str, path: &str, size: usize) {
        if self.player(sname, uname).is_none_or(|player| player.group.is_some()) {
            return;
        }
        let Some(session) = self.sessions.get(sname) else { return };
        let mut waiting: Vec<Arc<str>> = session
            .players
            .values()
            .filter(|other| {
                let asks = &*other.name == uname;
                let here = other.place() == Place::At(path) && other.group.is_none();
                here && (asks || other.seen_within(now, 2.0 * THERE))
            })
            .map(|other| Arc::clone(&other.name))
            .collect();
        if waiting.len() >= size {
            waiting.truncate(size.max(1));
            self.create_group(now, sname, &waiting);
        }
    }

    /// Whether all members of the group have come this far.
    fn meet(
        &mut self,
        now: f64,
        sname: &str,
        uname: &str,
        at: i64,
        reads: &[String],
    ) -> Result<bool, Broken> {
        let contract = self.generation == Generation::Contract;
        let Some(session) = self.sessions.get(sname) else { return Ok(false) };
        let group = session.players.get(uname).and_then(|player| player.group.clone());
        let Some(group) = group.and_then(|group| session.groups.get(&group)) else {
            // Stepped past the grouping: later forms fail here for good, the contract's own waits for ever.
            return if contract { Ok(false) } else { Err(Broken) };
        };
        let members = group.members.clone();
        let (name, done) = (Arc::clone(&group.name), group.done.contains(&at));
        let here = members.iter().filter_map(|member| session.players.get(member)).all(|member| {
            let far_enough =
                member.show_page >= at || (!member.page_order.is_empty() && member.place() == Place::End);
            let there = !contract || &*member.name == uname || member.seen_within(now, 2.0 * THERE);
            far_enough && there
        });
        if !here {
            return Ok(false);
        }
        if !done {
            let missing = |member: &Arc<str>| {
                let player = session.players.get(member);
                reads.iter().any(|field| player.is_none_or(|player| player.storage.get(field).is_none()))
            };
            if members.iter().any(missing) {
                return Err(Broken);
            }
            let total: i64 = members
                .iter()
                .flat_map(|member| reads.iter().map(move |field| (member, field)))
                .filter_map(|(member, field)| self.field(sname, member, field)?.json().as_i64())
                .sum();
            if !reads.is_empty() {
                for member in &members {
                    self.write(now, sname, member, "payoff", total.into(), context::ALL_HERE);
                }
            }
            if let Some(group) =
                self.sessions.get_mut(sname).and_then(|session| session.groups.get_mut(&name))
            {
                group.done.push(at);
            }
        }
        Ok(true)
    }

    /// What the app writes instead of the form when the page's time is over.
    fn time_is_over(&mut self, now: f64, sname: &str, uname: &str) {
        let Some(Place::At(path)) = self.player(sname, uname).map(Player::place) else { return };
        let Some(page) = self.experiment.page(path).cloned() else { return };
        for (field, value) in &page.otherwise {
            self.write(now, sname, uname, field, value.clone().into(), context::TIMEOUT_REACHED);
        }
    }

    /// Whether the page's time is over.
    fn past_timeout(&self, now: f64, sname: &str, uname: &str) -> bool {
        self.deadline(sname, uname).is_some_and(|deadline| now >= deadline)
    }

    /// When the time of the present page is over.
    fn deadline(&self, sname: &str, uname: &str) -> Option<f64> {
        let at = self.player(sname, uname)?.show_page;
        self.field(sname, uname, "_uproot_timeouts_until")?.json().get(at.to_string())?.as_f64()
    }

    fn show(&mut self, now: f64, sname: &str, uname: &str) -> Result<View, Broken> {
        self.keep_what_ran(now, sname, uname);
        if let Some(player) = self.player_mut(sname, uname) {
            player.presence.loaded(now);
        }
        let Some(player) = self.player(sname, uname) else { return Err(Broken) };
        let show_page = player.show_page;
        let mut view = View {
            show_page,
            path: String::new(),
            waits: false,
            groups: false,
            end: false,
            remaining: None,
            form: Vec::new(),
        };
        match player.place() {
            Place::Initialize => "Initialize".clone_into(&mut view.path),
            Place::End => {
                "End".clone_into(&mut view.path);
                view.end = true;
            }
            Place::Nowhere => return Err(Broken),
            Place::At(path) => {
                path.clone_into(&mut view.path);
                if let Some(page) = self.experiment.page(path).cloned() {
                    view.waits = page.is_wait();
                    view.groups = matches!(page.kind, PageKind::Group { .. });
                    view.form.clone_from(&page.fields);
                    if let Some(timeout) = page.timeout {
                        let deadline = self.deadline(sname, uname).unwrap_or_else(|| {
                            let deadline = now + timeout.as_secs_f64();
                            let known = self.field(sname, uname, "_uproot_timeouts_until").map(Py::json);
                            let mut all = known.unwrap_or_else(|| json!({}));
                            all[show_page.to_string()] = json!(deadline);
                            self.write(
                                now,
                                sname,
                                uname,
                                "_uproot_timeouts_until",
                                all.into(),
                                context::TIMEOUT,
                            );
                            deadline
                        });
                        view.remaining = Some((deadline - now).max(0.0));
                    }
                }
            }
        }
        Ok(view)
    }
}
