//! How players come into being and move through their pages, and everything that is written on the way.

use std::sync::Arc;

use rand::RngExt as _;
use serde_json::{Map, Value, json};

use super::{
    Sandbox, context,
    draw::{Purpose, draws, mix},
    player::{Place, Player},
    session::{Group, Session},
    storage::Storage,
    value::Py,
};
use crate::api::Generation;

/// A session that is to be made.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) config: String,
    pub(super) apps: Vec<String>,
    pub(super) sname: Option<String>,
    pub(super) settings: Map<String, Value>,
    pub(super) simulate: bool,
    pub(super) room: Option<String>,
}

impl Sandbox {
    /// Makes a session without players. Its name is free and fit.
    pub(super) fn create_session(&mut self, now: f64, plan: Plan) -> Arc<str> {
        let sname =
            plan.sname.unwrap_or_else(|| self.token(5, &|sandbox, name| sandbox.sessions.contains_key(name)));
        let name: Arc<str> = sname.as_str().into();
        let secret = self.token(8, &|_, _| false);
        let mut session = Session {
            name: Arc::clone(&name),
            config: plan.config,
            apps: plan.apps,
            created: now,
            active: true,
            testing: false,
            initialized: false,
            simulate: plan.simulate,
            description: None,
            room: plan.room,
            settings: plan.settings,
            secret,
            players: indexmap::IndexMap::new(),
            groups: indexmap::IndexMap::new(),
            storage: Storage::default(),
            chats: indexmap::IndexMap::new(),
            phantoms: indexmap::IndexMap::new(),
        };
        let fields: [(&str, Py); 16] = [
            ("active", true.into()),
            ("apps", json!(session.apps).into()),
            ("config", session.config.clone().into()),
            ("description", Py::NONE),
            ("_uproot_groups", json!([]).into()),
            ("_uproot_models", json!([]).into()),
            ("_uproot_players", Py::Players(Arc::clone(&name), Vec::new())),
            ("packages", json!({"uproot-sandbox": env!("CARGO_PKG_VERSION")}).into()),
            ("room", session.room.clone().map_or(Py::NONE, Py::from)),
            ("_uproot_settings", Value::Object(session.settings.clone()).into()),
            ("sid", Py::Session(Arc::clone(&name))),
            ("_uproot_initialized", false.into()),
            ("_uproot_simulate", session.simulate.into()),
            ("_uproot_testing", false.into()),
            ("_uproot_secret", session.secret.clone().into()),
            ("_uproot_session", Py::Session(Arc::clone(&name))),
        ];
        for (field, value) in fields {
            let at = self.stamp(now);
            session.storage.set(at, field, value, context::CREATE_SESSION);
        }
        self.sessions.insert(Arc::clone(&name), session);
        name
    }

    /// Adds a player to a session; without a name it gets a drawn one.
    pub(super) fn create_player(&mut self, now: f64, sname: &str, uname: Option<String>) -> Option<Arc<str>> {
        let name = self.initialize_player(now, sname, uname)?;
        self.list_players(now, sname);
        Some(name)
    }

    /// Adds so many players with drawn names to a session, or those with these names, which are free and fit.
    pub(super) fn create_players(
        &mut self,
        now: f64,
        sname: &str,
        number: u64,
        unames: Option<Vec<String>>,
    ) -> Vec<Arc<str>> {
        let names: Vec<Option<String>> = match unames {
            Some(unames) => unames.into_iter().map(Some).collect(),
            None => (0..number).map(|_| None).collect(),
        };
        let made = names.into_iter().filter_map(|name| self.initialize_player(now, sname, name)).collect();
        self.list_players(now, sname);
        made
    }

    /// Writes down who a session's players are.
    fn list_players(&mut self, now: f64, sname: &str) {
        let at = self.stamp(now);
        if let Some(session) = self.sessions.get_mut(sname) {
            let all = Py::Players(Arc::clone(&session.name), session.players.keys().cloned().collect());
            session.storage.set(at, "_uproot_players", all, context::CREATE_PLAYERS);
        }
    }

    fn initialize_player(&mut self, now: f64, sname: &str, uname: Option<String>) -> Option<Arc<str>> {
        let session = self.sessions.get(sname)?;
        let (sname, id) = (Arc::clone(&session.name), session.players.len() as u64);
        let config = session.config.clone();
        let taken = |sandbox: &Self, name: &str| {
            sandbox.sessions.get(&*sname).is_some_and(|s| s.players.contains_key(name))
        };
        let uname = uname.unwrap_or_else(|| self.token(5, &taken));
        let name: Arc<str> = uname.as_str().into();
        let mut player = Player {
            name: Arc::clone(&name),
            id,
            storage: Storage::default(),
            presence: super::presence::Presence::default(),
            page_order: Arc::from([]),
            show_page: -1,
            started: false,
            label: "".into(),
            group: None,
            key: self.uuid().into(),
            ran: Vec::new(),
            ran_grew: false,
            queued: Vec::new(),
            marked: None,
        };
        let fields: [(&str, Py); 19] = [
            ("app", Py::NONE),
            ("config", config.into()),
            ("id", id.into()),
            ("label", "".into()),
            ("page_order", Py::Texts(Arc::from([]))),
            ("payoff", Py::Decimal("0")),
            ("pid", Py::Player(Arc::clone(&sname), Arc::clone(&name))),
            ("show_page", (-1).into()),
            ("started", false.into()),
            ("_uproot_adminchat", Py::NONE),
            ("_uproot_adminchat_replies", false.into()),
            ("_uproot_dropout", false.into()),
            ("_uproot_group", Py::NONE),
            ("_uproot_initialized", false.into()),
            ("_uproot_key", Py::Uuid(Arc::clone(&player.key))),
            ("_uproot_part", 0.into()),
            ("_uproot_session", Py::Session(Arc::clone(&sname))),
            ("_uproot_timeouts_until", json!({}).into()),
            ("_uproot_watch", json!([]).into()),
        ];
        for (field, value) in fields {
            let at = self.stamp(now);
            player.set(at, field, value, context::INITIALIZE_PLAYER);
        }
        self.sessions.get_mut(&*sname)?.players.insert(Arc::clone(&name), player);
        Some(name)
    }

    /// Sets a field of a player.
    pub(super) fn write(
        &mut self,
        now: f64,
        sname: &str,
        uname: &str,
        field: &str,
        value: Py,
        context: &'static str,
    ) {
        let at = self.stamp(now);
        if let Some(player) = self.player_mut(sname, uname) {
            player.set(at, field, value, context);
        }
    }

    pub(super) fn player(&self, sname: &str, uname: &str) -> Option<&Player> {
        self.sessions.get(sname)?.players.get(uname)
    }

    pub(super) fn player_mut(&mut self, sname: &str, uname: &str) -> Option<&mut Player> {
        self.sessions.get_mut(sname)?.players.get_mut(uname)
    }

    /// What the server does with a player before the first page, and again before marking a dropout: lays out the pages.
    pub(super) fn prepare(&mut self, now: f64, sname: &str, uname: &str) {
        let Some(player) = self.player(sname, uname) else { return };
        let fresh = player.storage.get("_uproot_initialized") != Some(&true.into());
        let order = if fresh {
            self.write(now, sname, uname, "_uproot_initialized", true.into(), context::NEW_PLAYER);
            let apps = self.sessions.get(sname).map(|session| session.apps.clone()).unwrap_or_default();
            let experiment = Arc::clone(&self.experiment);
            // The order depends on the player alone, not on what the server did before: two runs can be compared.
            let id = self.player(sname, uname).map_or(0, |player| player.id);
            let session = self.sessions.get_index_of(sname).map_or(0, |index| index as u64);
            let mut rng = draws(mix(self.seed, session), Purpose::Order, id);
            let order = experiment.page_order(&apps, &mut |below| rng.random_range(0..below.max(1)));
            // Most players of a session have the same order; they share it.
            let known = self.sessions.get(sname).and_then(|session| {
                session
                    .players
                    .values()
                    .map(|other| &other.page_order)
                    .find(|known| ***known == *order)
                    .cloned()
            });
            known.unwrap_or_else(|| order.into())
        } else {
            self.player(sname, uname).map(|player| Arc::clone(&player.page_order)).unwrap_or_default()
        };
        self.write(now, sname, uname, "page_order", Py::Texts(order), context::PAGE_ORDER);
        let at = self.stamp(now);
        if let Some(session) = self.sessions.get_mut(sname)
            && !session.initialized
        {
            session.initialized = true;
            session.storage.set(at, "_uproot_initialized", true.into(), context::NEW_PLAYER);
        }
    }

    /// Forward from `from`, exclusive, to the next page that is shown, or to the end. Each marker on the way is a page of
    /// its own in the history.
    pub(super) fn go_on(&mut self, now: f64, sname: &str, uname: &str, from: i64) {
        let Some(player) = self.player(sname, uname) else { return };
        let end = player.end();
        let mut candidate = from + 1;
        while candidate <= end {
            self.write(now, sname, uname, "show_page", candidate.into(), context::NEXT_PAGE);
            if self.enter(now, sname, uname, candidate) {
                return;
            }
            candidate += 1;
        }
    }

    /// What happens on entering the page at an index. Says whether it is shown.
    pub(super) fn enter(&mut self, now: f64, sname: &str, uname: &str, at: i64) -> bool {
        let Some(player) = self.player(sname, uname) else { return true };
        let path = match player.place() {
            Place::At(path) => path.to_owned(),
            Place::End => {
                self.reach_end(now, sname, uname);
                return true;
            }
            Place::Initialize | Place::Nowhere => return true,
        };
        if let Some(app) = path.strip_suffix("/#StartApp") {
            self.once(now, sname, uname, format!("{at}:after_always_once"));
            if self.field(sname, uname, "app") != Some(&app.into()) {
                self.write(now, sname, uname, "app", app.into(), context::APP);
            }
            return false;
        }
        if path == "#RoundStart" {
            let round = self.player(sname, uname).map_or(1, |player| round_at(&player.page_order, at));
            self.write(now, sname, uname, "round", round.into(), context::ROUND);
        }
        if path.starts_with('#') {
            return false;
        }
        if self.experiment.page(&path).is_some_and(|page| matches!(page.kind, super::PageKind::Group { .. }))
            && self.once(now, sname, uname, format!("{at}:clear_group"))
        {
            self.write(now, sname, uname, "_uproot_group", Py::NONE, context::CLEAR_GROUP);
        }
        true
    }

    /// What is written at the end, once.
    pub(super) fn reach_end(&mut self, now: f64, sname: &str, uname: &str) {
        let Some(end) = self.player(sname, uname).map(Player::end) else { return };
        if self.once(now, sname, uname, format!("{end}:before_always_once")) {
            self.write(now, sname, uname, "app", Py::NONE, context::APP);
        }
    }

    /// Notes that a hook ran for a page; `false` if it did before.
    fn once(&mut self, now: f64, sname: &str, uname: &str, hook: String) -> bool {
        let newest = self.generation == Generation::Newest;
        let Some(player) = self.player_mut(sname, uname) else { return false };
        if player.ran.contains(&hook) {
            return false;
        }
        let first = player.ran.is_empty();
        player.ran.push(hook);
        if newest {
            let ran = Py::Set(player.ran.clone().into());
            self.write(now, sname, uname, "_uproot_what_ran", ran, context::WHAT_RAN);
        } else {
            player.ran_grew = true;
            if first {
                let ran = Py::OpenSet(Arc::from([]));
                self.write(now, sname, uname, "_uproot_what_ran", ran, context::WHAT_RAN);
            }
        }
        true
    }

    /// Writes down what ran, in the forms that do so when a page is shown.
    pub(super) fn keep_what_ran(&mut self, now: f64, sname: &str, uname: &str) {
        let Some(player) = self.player_mut(sname, uname).filter(|player| player.ran_grew) else { return };
        player.ran_grew = false;
        let ran = Py::OpenSet(player.ran.clone().into());
        self.write(now, sname, uname, "_uproot_what_ran", ran, context::RENDER);
    }

    /// The present value of a field.
    pub(super) fn field(&self, sname: &str, uname: &str, field: &str) -> Option<&Py> {
        self.player(sname, uname)?.storage.get(field)
    }

    /// Sets a field of a group.
    pub(super) fn write_group(
        &mut self,
        now: f64,
        sname: &str,
        gname: &str,
        field: &str,
        value: Py,
        context: &'static str,
    ) {
        let at = self.stamp(now);
        if let Some(group) = self.sessions.get_mut(sname).and_then(|session| session.groups.get_mut(gname)) {
            group.storage.set(at, field, value, context);
        }
    }

    /// Makes a group of players, in this order, and gives its name.
    pub(super) fn create_group(&mut self, now: f64, sname: &str, members: &[Arc<str>]) -> Option<Arc<str>> {
        let taken = |sandbox: &Self, name: &str| {
            sandbox.sessions.get(sname).is_some_and(|session| session.groups.contains_key(name))
        };
        let gname: Arc<str> = self.token(5, &taken).into();
        let session = self.sessions.get(sname)?;
        let sname: Arc<str> = Arc::clone(&session.name);
        let mut group = Group {
            name: Arc::clone(&gname),
            members: members.to_vec(),
            storage: Storage::default(),
            done: Vec::new(),
        };
        let fields: [(&str, Py); 4] = [
            ("gid", Py::Group(Arc::clone(&sname), Arc::clone(&gname))),
            ("id", (session.groups.len() as u64 + 1).into()),
            ("_uproot_players", Py::Players(Arc::clone(&sname), members.to_vec())),
            ("_uproot_session", Py::Session(Arc::clone(&sname))),
        ];
        for (field, value) in fields {
            let at = self.stamp(now);
            group.storage.set(at, field, value, context::CREATE_GROUP);
        }
        let at = self.stamp(now);
        if let Some(session) = self.sessions.get_mut(&*sname) {
            session.groups.insert(Arc::clone(&gname), group);
            let names: Vec<&str> = session.groups.keys().map(|name| &**name).collect();
            session.storage.set(at, "_uproot_groups", json!(names).into(), context::CREATE_GROUP);
        }
        for (id, member) in (0_u64..).zip(members) {
            let group = Py::Group(Arc::clone(&sname), Arc::clone(&gname));
            self.write(now, &sname, member, "_uproot_group", group, context::CREATE_GROUP);
            self.write(now, &sname, member, "member_id", id.into(), context::CREATE_GROUP);
        }
        let app = members.first().and_then(|member| self.field(&sname, member, "app")).cloned();
        self.write_group(now, &sname, &gname, "app", app.unwrap_or(Py::NONE), context::GROUP_APP);
        Some(gname)
    }
}

/// Which round the `#RoundStart` at an index begins, within its app.
fn round_at(order: &[String], at: i64) -> u64 {
    let before = order.iter().take(usize::try_from(at).unwrap_or(0) + 1);
    before.fold(0, |round, path| match path.as_str() {
        "#RoundStart" => round + 1,
        path if path.ends_with("/#StartApp") => 0,
        _ => round,
    })
}
