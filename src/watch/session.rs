//! One session as observed: its players, put together from three kinds of answers.
//!
//! The fields of all players (`players.list`) are read at first and when the history says that something of their structure has
//! changed. The history since the last look (`data.since`) tells the moves with the server's own times, and is cheap when
//! nothing has happened. Who is online is only in memory on the server and has a call of its own, which is made less often.

use std::{
    collections::{BTreeMap, HashMap},
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
const AWAKE: f64 = 600.0;
/// So many of those who were there must be gone at once for the server to have been started anew.
const ENOUGH: usize = 3;
/// Who was heard of less than this ago was there.
const FRESH: f64 = 20.0;

/// A session as observed. Times are seconds since 1970 by the server's clock.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) name: SessionName,
    pub(super) created: f64,
    pub(super) players: Players,
    /// Page orders by their text, so that players share them.
    orders: HashMap<Box<str>, Arc<[String]>>,
    /// Up to where the history was read.
    pub(super) cursor: Option<f64>,
    /// How badly the fields of the players have to be read again.
    pub(super) stale: Stale,
    /// When the fields were last read, by our clock.
    pub(super) read: f64,
    /// When it was last looked who is online.
    pub(super) heard: Option<f64>,
    /// When it was last looked at.
    pub(super) looked: Option<f64>,
    /// The times in which it could not be looked at.
    pub(super) gaps: Vec<(f64, f64)>,
    /// When players were last heard of before we were started.
    last_seen: BTreeMap<String, f64>,
    /// The server was started anew, which nobody was told of yet.
    restarted: bool,
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

/// What the list of those online said beside who is online.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    /// Everybody who was there is gone: the server was started anew.
    pub(super) restarted: bool,
}

impl Session {
    pub(super) fn new(name: SessionName, created: f64) -> Self {
        Self {
            name,
            created,
            players: Players::new(),
            orders: HashMap::new(),
            cursor: None,
            stale: Stale::Now,
            read: f64::MIN,
            heard: None,
            looked: None,
            gaps: Vec::new(),
            last_seen: BTreeMap::new(),
            restarted: false,
        }
    }

    /// Whether the server was started anew since this was asked last. A script that looks may be the first to notice.
    pub(super) fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.restarted)
    }

    /// Takes up what was remembered of it.
    pub(super) fn remember(&mut self, remembered: Remembered) {
        self.looked = remembered.looked;
        self.gaps = remembered.gaps;
        self.last_seen = remembered.seen;
    }

    /// Takes up the fields of all players.
    pub(super) fn take_fields(&mut self, Entries(rows): &Entries<'_, PlayerRow<'_>>) {
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

    /// Takes up what has changed since the last look.
    pub(super) fn take_changes(&mut self, since: &Changes<'_>) {
        for (name, Entries(fields)) in &since.data.0 {
            // A name that is no player's: somebody has written fields of one that there is not.
            let Some(player) = self.players.get_mut(&**name) else {
                self.stale = self.stale.max(Stale::Soon);
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
                        let at = changes(raw).last().map_or(0.0, |change| change.at);
                        // At first all fields have just been read. Later the last changes are told again and again.
                        if player.is_news(field, at) && self.cursor.is_some() {
                            self.stale = self.stale.max(soon);
                        }
                    }
                    _ => {}
                }
            }
        }
        let cursor = self.cursor.unwrap_or(0.0);
        self.cursor = Some(since.last_update.map_or(cursor, |last| last.max(cursor)));
    }

    /// Takes up who is online. `now` is when it was asked. After a longer time than `usual` in which nobody could ask, what was
    /// seen before counts no more: a server that hung could hear nobody either.
    pub(super) fn take_online(&mut self, answer: &Online<'_>, now: f64, usual: f64) -> Noticed {
        for (name, at) in &answer.online.0 {
            if let Some(player) = self.players.get_mut(&**name) {
                player.listed = Some(*at);
            }
        }
        let before = self.heard;
        if before.is_some_and(|before| now - before > usual) {
            self.players.values_mut().for_each(|player| player.unheard = (0, 0.0));
        }
        let (mut fresh, mut fresh_listed) = (0, 0);
        for player in self.players.values_mut() {
            let seen = player.listed.take();
            if let (Some(before), Some(was)) = (before, player.seen)
                && before - was < FRESH
            {
                fresh += 1;
                fresh_listed += usize::from(seen.is_some());
            }
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
            let other = page.filter(|page| *page != player.page);
            missed |= other.is_some() && other == player.doubted;
            player.doubted = other;
        }
        if missed {
            self.cursor = None;
            self.players.values_mut().for_each(|player| player.moved = 0.0);
        }
        let restarted = fresh >= ENOUGH && fresh_listed == 0;
        self.restarted |= restarted;
        Noticed { restarted }
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
        let alive =
            self.players.values().map(|player| player.alive().max(player.entered.unwrap_or_default()));
        now - alive.fold(self.created, f64::max) < AWAKE
    }

    /// What its players are looked at with.
    pub(super) fn view(&self, now: f64, up: f64, patience: f64) -> View {
        View { now, heard: self.heard, up, patience, gaps: self.gaps.clone() }
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
