//! One session as observed: its players, put together from three kinds of answers.
//!
//! The fields of all players (`players.list`) are read at first and when the history says that something of their structure has
//! changed. The history since the last look (`data.since`) tells the moves with the server's own times, and is cheap when
//! nothing has happened. Who is online is only in memory on the server and has a call of its own, which is made less often.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::{
    classify::View,
    memory::Remembered,
    player::{Player, Players, is_by_admin},
    read::{Changes, Entries, Online, PlayerRow, changes},
};
use crate::domain::{Class, SessionName};

/// How far the history is read again before what was read: the server lets writes in while it walks through the players, and
/// what it passes over then is never seen otherwise (measured: up to a third of the changes).
pub(super) const OVERLAP: f64 = 2.0;
/// How long a session in which nothing is heard of anybody is looked at as often as others.
pub(super) const AWAKE: f64 = 600.0;
/// How long who is gone may still be waited for, in a session in which nothing is heard of anybody.
const NEWS: f64 = 3.0 * 3600.0;

/// A session as observed. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) name: SessionName,
    /// When it was made; none before it was seen in the list of all.
    pub(super) created: Option<f64>,
    pub(super) players: Players,
    /// Page orders by their text, so that players share them.
    orders: HashMap<Box<str>, Arc<[String]>>,
    /// Up to where the history was read.
    pub(super) cursor: Option<f64>,
    /// How badly the fields of the players have to be read again.
    pub(super) stale: Stale,
    /// When it was last looked who is online.
    pub(super) heard: Option<f64>,
    /// When it was last looked at.
    pub(super) looked: Option<f64>,
    /// The times in which it could not be looked at.
    pub(super) gaps: Vec<(f64, f64)>,
    /// When the fields were last asked for.
    pub(super) fields_at: f64,
    /// Names in the history that are not known yet.
    unknown: Vec<String>,
    /// Names in the history that are no players'.
    phantoms: HashSet<String>,
    /// When players were last heard of before we were started.
    last_seen: BTreeMap<String, f64>,
}

/// How badly the fields of the players have to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stale {
    /// Nothing has changed.
    No,
    /// A label, a group or a deadline: soon.
    Soon,
    /// A page order, or who there is: before anything is said of anybody. A place in an order that has grown would look like
    /// the end.
    Now,
}

impl Session {
    pub(super) fn new(name: SessionName) -> Self {
        Self {
            name,
            created: None,
            players: Players::new(),
            orders: HashMap::new(),
            cursor: None,
            stale: Stale::Now,
            heard: None,
            looked: None,
            gaps: Vec::new(),
            fields_at: f64::MIN,
            unknown: Vec::new(),
            phantoms: HashSet::new(),
            last_seen: BTreeMap::new(),
        }
    }

    /// Takes up what was remembered of it.
    pub(super) fn remember(&mut self, remembered: Remembered) {
        self.created = remembered.created;
        self.looked = remembered.looked;
        self.gaps = remembered.gaps;
        self.last_seen = remembered.seen;
    }

    /// Takes up the fields of all players, which were asked for at an instant.
    pub(super) fn take_fields(&mut self, Entries(rows): &Entries<'_, PlayerRow<'_>>, asked: f64) {
        let knows_history = self.cursor.is_some();
        for (name, row) in rows {
            let order = self.order(row.page_order.map_or("[]", |order| order.get()));
            let player = match self.players.get_mut(&**name) {
                Some(player) => player,
                None => {
                    self.players.insert(Arc::from(&**name), Player::new(Arc::clone(&order)));
                    let Some(player) = self.players.get_mut(&**name) else { continue };
                    player.page = row.show_page();
                    player.seen = self.last_seen.remove(&**name);
                    player
                }
            };
            if !knows_history {
                player.page = row.show_page();
            }
            player.order = order;
            player.label = row.label();
            player.started = row.started();
            player.group = row.group();
            player.deadlines = row.deadlines();
            player.dropped = row.dropped();
            player.ended_unjoined = player.order.is_empty() && row.show_page() >= 0;
        }
        self.stale = Stale::No;
        // The server's clock is told to a second.
        self.fields_at = asked - 1.0;
        self.phantoms.extend(self.unknown.drain(..).filter(|name| !self.players.contains_key(&**name)));
        self.find_mates();
    }

    fn order(&mut self, text: &str) -> Arc<[String]> {
        if let Some(order) = self.orders.get(text) {
            return Arc::clone(order);
        }
        let order: Arc<[String]> = serde_json::from_str::<Vec<String>>(text).unwrap_or_default().into();
        // Shuffled orders are as many as players; more than that are orders of the past.
        if self.orders.len() > 2 * self.players.len() + 16 {
            self.orders.clear();
        }
        self.orders.insert(text.into(), Arc::clone(&order));
        order
    }

    fn find_mates(&mut self) {
        let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, player) in self.players.values().enumerate() {
            if let Some(group) = &player.group {
                groups.entry(group.clone()).or_default().push(at);
            }
        }
        for (at, player) in self.players.values_mut().enumerate() {
            let group = player.group.as_ref().and_then(|group| groups.get(group));
            player.mates = group.into_iter().flatten().copied().filter(|mate| *mate != at).collect();
        }
    }

    /// Takes up what has changed since the last look. Up to `settled`, nothing can be missing from it.
    pub(super) fn take_changes(&mut self, since: &Changes<'_>, settled: f64) {
        for (name, Entries(fields)) in &since.data.0 {
            let Some(player) = self.players.get_mut(&**name) else {
                // Somebody who came later, or a name under which somebody has only written fields: the fields of all will tell.
                if !self.phantoms.contains(&**name) {
                    self.unknown.push(name.to_string());
                    self.stale = Stale::Now;
                }
                continue;
            };
            for (field, raw) in fields {
                match &**field {
                    "show_page" => {
                        for change in changes(raw) {
                            if let Ok(page) = change.text.parse() {
                                player.moved_to(page, change.at, is_by_admin(&change.context));
                            }
                        }
                    }
                    "started" => {
                        let first = changes(raw).into_iter().find(|change| change.text == "True");
                        if let Some(change) = first {
                            player.joined.get_or_insert(change.at);
                            player.acted = player.acted.max(change.at);
                            player.started = true;
                        }
                    }
                    "_uproot_dropout" => {
                        let last = changes(raw).into_iter().next_back();
                        if let Some(change) = last {
                            player.dropped = change.text == "True";
                            if player.dropped {
                                player.dropped_at.get_or_insert(change.at);
                            }
                        }
                    }
                    "page_order" | "label" | "_uproot_group" | "_uproot_timeouts_until" => {
                        let soon = if *field == "page_order" { Stale::Now } else { Stale::Soon };
                        // What was so when the fields were read is known; changes of the last seconds are told again.
                        if changes(raw).last().is_some_and(|change| change.at >= self.fields_at) {
                            self.stale = self.stale.max(soon);
                        }
                    }
                    _ => {}
                }
            }
        }
        // Whoever is not known yet is asked for again, from where this began.
        if self.unknown.is_empty() {
            let known = self.cursor.unwrap_or_default().max(settled);
            self.cursor = Some(known.max(since.last_update.unwrap_or_default()));
        }
    }

    /// Takes up who is online. `now` is when it was asked. After a longer time than `usual` in which nobody could ask, what was
    /// seen before counts no more: a server that hung could hear nobody either.
    pub(super) fn take_online(&mut self, answer: &Online<'_>, now: f64, usual: f64) {
        for (name, at) in &answer.online.0 {
            if let Some(player) = self.players.get_mut(&**name) {
                player.listed = Some(*at);
            }
        }
        let before = self.heard;
        if before.is_some_and(|before| now - before > usual) {
            self.players.values_mut().for_each(|player| player.unheard = (0, 0.0));
        }
        for player in self.players.values_mut() {
            let seen = player.listed.take();
            match seen {
                Some(seen) if player.seen.is_none_or(|was| seen > was) => {
                    player.seen = Some(seen);
                    player.unheard = (0, 0.0);
                }
                _ if player.unheard.0 == 0 => player.unheard = (1, now),
                _ => player.unheard.0 = player.unheard.0.saturating_add(1),
            }
        }
        self.heard = Some(now);
        let mut missed = false;
        for (name, (_, _, page)) in &answer.info.0 {
            let Some(player) = self.players.get_mut(&**name) else {
                self.stale = Stale::Now;
                continue;
            };
            // They may have gone on between the two reads. Where it is still so at the next look, a change was missed.
            let other = page.map(|page| page as i64).filter(|page| *page != player.page);
            missed |= other.is_some() && other == player.doubted;
            player.doubted = other;
        }
        if missed {
            self.cursor = None;
            self.stale = Stale::Now;
            self.players.values_mut().for_each(|player| player.moved = 0.0);
        }
    }

    /// Notes that it was looked at. A longer time than `usual` since the last look is one in which nobody could look.
    pub(super) fn looked_at(&mut self, now: f64, usual: f64) {
        if let Some(before) = self.looked
            && now - before > usual
        {
            self.gaps.push((before, now));
            // What is long over has no bearing on anything that is waited for.
            let excess = self.gaps.len().saturating_sub(200);
            self.gaps.drain(..excess);
        }
        self.looked = Some(self.looked.map_or(now, |before| before.max(now)));
    }

    /// Whether anything was heard of anybody lately, or can be soon.
    pub(super) fn is_awake(&self, now: f64) -> bool {
        now - self.alive() < AWAKE
    }

    /// Whether somebody may be found to be gone: under way, and heard of not too long ago for it to be news.
    pub(super) fn may_miss_somebody(&self, now: f64) -> bool {
        self.players.values().any(Player::is_under_way) && now - self.alive() < NEWS
    }

    /// The newest sign of life of anybody.
    pub(super) fn alive(&self) -> f64 {
        let alive =
            self.players.values().map(|player| player.alive().max(player.entered.unwrap_or_default()));
        alive.fold(self.created.unwrap_or_default(), f64::max)
    }

    /// What its players are looked at with.
    pub(super) fn view(&self, now: f64, up: f64, patience: f64) -> View {
        View { now, heard: self.heard, up, patience, gaps: self.gaps.clone(), lenient: false }
    }

    /// How many players it has, and what became of them: `#{players, joined, under_way, finished, dropped}`.
    pub(super) fn counts(&self) -> Value {
        let count = |holds: fn(&Player) -> bool| self.players.values().filter(|player| holds(player)).count();
        json!({
            "players": self.players.len(),
            "joined": count(|player| player.started || player.page >= 0),
            "under_way": count(Player::is_under_way),
            "finished": count(Player::is_finished),
            "dropped": count(|player| player.dropped),
        })
    }

    /// All players as scripts see them, by name.
    pub(super) fn all(&self, view: &View) -> Map<String, Value> {
        let named = self.players.keys().enumerate();
        named.filter_map(|(at, name)| Some((name.to_string(), self.player(at, view)?))).collect()
    }

    /// A player as scripts see them; none where there is no such player.
    pub(super) fn player(&self, at: usize, view: &View) -> Option<Value> {
        let players = &self.players;
        let (name, player) = players.get_index(at)?;
        let class = view.class(player, players);
        let name_of = |mate: &usize| players.get_index(*mate).map(|(name, _)| &**name);
        let mates: Vec<&str> = player.mates.iter().filter_map(name_of).collect();
        let held_up_by = match class {
            Class::Blocked | Class::Victim => view.culprit(player, players),
            _ => None,
        };
        let tenths = |seconds: f64| json!((seconds * 10.0).round() / 10.0);
        Some(json!({
            "session": self.name.as_str(),
            "name": &**name,
            "label": player.label,
            "class": class.as_str(),
            "reason": view.reason(class, player, players),
            "page": player.page_name(),
            "kind": player.kind().as_str(),
            "show_page": player.page,
            "page_order": &player.order[..],
            "started": player.started,
            "finished": player.is_finished(),
            "dropped": player.dropped,
            "online": view.is_online(player),
            "dwell": player.entered.map(|entered| tenths(view.elapsed(entered))),
            "entered": player.entered,
            "silent": view.silent(player).map(tenths),
            "seen": player.seen,
            "deadline": player.deadline(),
            "group": player.group,
            "mates": mates,
            "held_up_by": held_up_by.map(|culprit| culprit.name),
        }))
    }
}
