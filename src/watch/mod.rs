//! Knows the experiment: looks at each session once for all automations, and turns what the server tells into states of players
//! that can be trusted.
//!
//! [`Watch::look`] reads (`look.rs`), puts the answers together (`session.rs`), and asks of each rule whether it has come true
//! (`rule.rs`, by the classes of `classify.rs`). What comes of it is committed as events, together with what must be remembered
//! so that nothing comes twice. Everything but the reading is plain functions over plain data.
//!
//! What it costs the server: for each session that is awake one `data.since` a look, which with nothing new is some bytes and the
//! cheapest read there is, and every 15 s one `players.online`, which only the server's memory can answer; `players.list` only
//! when the history says that an order, a group or a deadline has changed, and at most every 15 s. Sessions in which nothing has
//! been heard of anybody for ten minutes are looked at once a minute. It is the same however many automations there are.

mod classify;
mod decide;
mod doubt;
mod labels;
mod look;
mod memory;
mod player;
mod read;
mod room;
mod rule;
mod seen;
mod server;
mod session;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    api::{Answer, ApiError, Client, Endpoint, ErrorKind},
    config::WatchSection,
    domain::{Event, PlayerCondition, SessionName},
    environment::{Environment, Priority, Scope},
    store::{Store, StoreError},
};
use decide::New;
use labels::Labels;
use memory::{Common, Remembered};
use rule::Fired;
pub use rule::Rule;
pub use seen::{SeenPlayer, SeenSession};
use session::Session;

/// The server's clock and ours count as the same up to this difference, in seconds: its `Date` has no fractions.
const SAME_CLOCK: f64 = 2.0;
/// How often whoever waits for another's look at the same session sees whether it is over.
const TURN: Duration = Duration::from_millis(20);
/// From this difference on it is said, in seconds.
const SKEWED: f64 = 5.0;

/// Observes the sessions of one server.
pub struct Watch {
    env: Arc<dyn Environment>,
    client: Arc<Client>,
    store: Store,
    known: Mutex<Known>,
    /// The labels that scripts have read.
    labels: Labels,
    /// How often it was looked.
    looks: AtomicU64,
}

/// What is known.
struct Known {
    section: WatchSection,
    rules: Vec<Rule>,
    /// People are to be told when the server is away.
    tells_of_server: bool,
    /// Since when these rules hold, by our clock.
    rules_since: f64,
    sessions: BTreeMap<String, Session>,
    fired: BTreeMap<String, Fired>,
    /// What the store remembered at the start of sessions that were not looked at since.
    remembered: BTreeMap<String, Remembered>,
    common: Common,
    /// The common part as it was last written down.
    written: Common,
    /// When each session was last written down.
    checkpoints: BTreeMap<String, f64>,
    /// Since when we and the server are up, by the server's clock.
    up: Option<f64>,
    /// When the sessions were last listed, by our clock.
    listed: f64,
    /// When the rooms were last looked at, by our clock.
    roomed: f64,
    /// When the server was last back, as far as it is known here.
    back: Option<Timestamp>,
    /// By how much the server's clock is ahead of ours, in seconds, as far as it was told.
    last_skew: f64,
    /// That difference has been told.
    skew_told: bool,
    /// The sessions whose answers do not read, and until when each is left alone, by our clock.
    unreadable: BTreeMap<String, f64>,
    /// Until when somebody looks at the sessions in the console, by our clock.
    shown_until: f64,
    /// Sessions of long ago, to be taken out of the store with the next commit.
    forgotten: Vec<String>,
    /// The sessions that are being looked at for a script.
    under_way: BTreeSet<String>,
}

/// A look came to nothing, or only to some of what it was for.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The server could not be read.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// What came of it could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Watch {
    /// Observes nothing yet. What was remembered is read from the store.
    pub fn new(
        env: Arc<dyn Environment>,
        client: Arc<Client>,
        store: Store,
        section: WatchSection,
    ) -> Result<Self, StoreError> {
        let mut common = Common::default();
        let mut remembered = BTreeMap::new();
        let mut fired = BTreeMap::new();
        for (name, value) in store.history().watched()? {
            if name.is_empty() {
                common = read::remembered("", &value);
            } else {
                let one: Remembered = read::remembered(&name, &value);
                fired.insert(name.clone(), one.fired.clone());
                remembered.insert(name, one);
            }
        }
        let known = Known {
            section,
            rules: Vec::new(),
            tells_of_server: false,
            rules_since: 0.0,
            sessions: BTreeMap::new(),
            fired,
            remembered,
            written: common.clone(),
            common,
            checkpoints: BTreeMap::new(),
            up: None,
            listed: f64::MIN,
            roomed: f64::MIN,
            back: None,
            last_skew: 0.0,
            skew_told: false,
            unreadable: BTreeMap::new(),
            shown_until: f64::MIN,
            forgotten: Vec::new(),
            under_way: BTreeSet::new(),
        };
        Ok(Self {
            env,
            client,
            store,
            known: Mutex::new(known),
            labels: Labels::default(),
            looks: AtomicU64::new(0),
        })
    }

    /// From now on these rules hold.
    pub fn set_rules(&self, section: WatchSection, rules: Vec<Rule>) {
        let since = seconds(self.env.now());
        let mut known = self.lock();
        known.section = section;
        // What was not watched for is not caught up with: nobody waits for what happened meanwhile.
        known.common.began.retain(|key, _| rules.iter().any(|rule| rule.scope() == *key));
        known.rules = rules;
        known.rules_since = since;
    }

    /// Whether people are to be told when the server is away: it is looked at for that too.
    pub fn tell_of_server(&self, wanted: bool) {
        self.lock().tells_of_server = wanted;
    }

    /// How often it is to be looked; none where nothing waits for what is observed.
    pub fn every(&self) -> Option<Duration> {
        let known = self.lock();
        (known.tells_of_server || !known.rules.is_empty()).then_some(known.section.every)
    }

    /// Looks at everything that is due, and gives the events that came of it: they are in the store. An error is what kept it
    /// from looking at the rest.
    pub fn look(&self, scope: &Scope) -> (Vec<Event>, Option<LookError>) {
        let look = self.read_all(scope);
        self.looks.fetch_add(1, Ordering::Relaxed);
        let new = self.decide(&look);
        match self.commit(new) {
            Ok(events) => (events, look.failure.map(LookError::Api)),
            Err(error) => (Vec::new(), Some(error.into())),
        }
    }

    /// All players of a session as scripts see them, by name: as last looked at if that is no longer ago than looks are apart,
    /// and looked at anew otherwise. `patience` is from when on somebody is called stalled, where that is sooner than
    /// `[watch]` says.
    pub fn players(
        &self,
        session: &SessionName,
        patience: Option<Duration>,
        scope: &Scope,
    ) -> Result<Map<String, Value>, ApiError> {
        self.refresh(session, scope)?;
        let now = self.server_now();
        let known = self.lock();
        let Some(found) = known.sessions.get(session.as_str()) else { return Ok(Map::new()) };
        let mut view = known.view(found, now);
        view.patience = patience.map_or(view.patience, |patience| patience.as_secs_f64().min(view.patience));
        Ok(found.all(&view))
    }

    /// How many players a session has and what became of them, as it was last looked at; null where it was not.
    pub fn counts(&self, session: &SessionName) -> Value {
        self.lock().sessions.get(session.as_str()).map_or(Value::Null, Session::counts)
    }

    /// The labels of all players that are known: who they are outside of the experiment.
    pub fn labels(&self) -> Vec<String> {
        let known = self.lock();
        let players = known.sessions.values().flat_map(|session| session.players.iter());
        let labels = players.filter(|(name, player)| ***name != player.label);
        labels.map(|(_, player)| player.label.clone()).chain(self.labels.all()).collect()
    }

    /// Takes up the labels in what a script has read.
    pub fn note_labels(&self, answer: &Answer) {
        self.labels.note(answer);
    }

    /// Whether what was observed of a player is still so, on the same visit to the same page; if not, why. `told` is the player as
    /// observed: `show_page` and `entered` count.
    pub fn still(
        &self,
        session: &SessionName,
        name: &str,
        condition: PlayerCondition,
        told: &Value,
        scope: &Scope,
    ) -> Result<Result<(), String>, ApiError> {
        self.refresh(session, scope)?;
        let now = self.server_now();
        let known = self.lock();
        let found = known.sessions.get(session.as_str());
        let Some((found, player)) = found.and_then(|found| Some((found, found.players.get(name)?))) else {
            return Ok(Err(format!("there is no player {name} any more")));
        };
        let view = known.view(found, now);
        let lenient = classify::View { lenient: true, ..view.clone() };
        // JSON may change the last digit of a float.
        let came = told["entered"].as_f64().unwrap_or_default() - player.entered.unwrap_or_default();
        let holds = told["show_page"].as_i64() == Some(player.page)
            && came.abs() < 0.001
            && lenient.since(condition, player, &found.players).is_some();
        let class = view.class(player, &found.players);
        let why = || format!("{name} is {class} now: {}", view.reason(class, player, &found.players));
        Ok(if holds { Ok(()) } else { Err(why()) })
    }

    /// Looks at a session unless that was done just now. Scripts that ask at once wait for the first of them.
    fn refresh(&self, session: &SessionName, scope: &Scope) -> Result<(), ApiError> {
        loop {
            let now = self.server_now();
            let mut known = self.lock();
            let recent =
                |at: Option<f64>, every: f64| at.is_some_and(|at| (0.0..every).contains(&(now - at)));
            let every = known.section.every.as_secs_f64();
            if let Some(found) = known.sessions.get(session.as_str())
                && recent(found.looked, every)
                && recent(found.heard, every)
            {
                return Ok(());
            }
            if known.under_way.insert(session.as_str().to_owned()) {
                break;
            }
            drop(known);
            // Not a lock: in a rehearsal, whoever waits hands the turn on.
            self.env.sleep(TURN, scope).map_err(|why| {
                let message = format!("waiting for another script's look at session {session}: {why}");
                ApiError::unsent(ErrorKind::Stopped(why), Endpoint::DataSince.name(), message)
            })?;
        }
        let _under_way = UnderWay { watch: self, session };
        self.read_session(session, None, Priority::Read, scope)
    }

    /// Writes down what came of a look. Only then it counts as come.
    fn commit(&self, new: New) -> Result<Vec<Event>, StoreError> {
        let New { events, news, remembered, fired, common } = new;
        let forgotten = std::mem::take(&mut self.lock().forgotten);
        let events = if events.is_empty() && remembered.is_empty() && forgotten.is_empty() {
            Vec::new()
        } else {
            self.store.accept_observed(events, news, remembered, forgotten, self.env.now()).wait()?
        };
        let mut known = self.lock();
        known.fired.extend(fired);
        known.written = common.clone();
        known.common = common;
        Ok(events)
    }

    /// The server's clock, in seconds since 1970: ours, unless the two differ.
    fn server_now(&self) -> f64 {
        seconds(self.env.now()) + self.lock().skew(&self.client)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look at a session for a script, until it is over, however it ends.
struct UnderWay<'w> {
    watch: &'w Watch,
    session: &'w SessionName,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.watch.lock().under_way.remove(self.session.as_str());
    }
}

impl Known {
    /// What the players of a session are looked at with.
    fn view(&self, session: &Session, now: f64) -> classify::View {
        session.view(now, self.up.unwrap_or(now), self.section.patience.as_secs_f64())
    }

    /// By how much the server's clock is ahead of ours, in seconds.
    fn skew(&mut self, client: &Client) -> f64 {
        let Some(skew) = client.clock_skew() else { return self.last_skew };
        let skew = skew.as_secs_f64();
        if skew.abs() >= SKEWED && !self.skew_told {
            tracing::warn!(
                seconds = skew.round(),
                "the server's clock and this machine's differ; the server's counts"
            );
            self.skew_told = true;
        }
        self.last_skew = if skew.abs() <= SAME_CLOCK { 0.0 } else { skew };
        self.last_skew
    }

    /// Whether requests have found nobody there since the last time this was asked, so that it may have been started anew. One that
    /// was repeated until it was answered tells so too.
    fn was_gone(&mut self, client: &Client) -> bool {
        let back = client.back_since();
        back.is_some() && std::mem::replace(&mut self.back, back) != back
    }

    /// Leaves a session alone for a while whose answers do not read, and says so once.
    fn complain(&mut self, session: &SessionName, error: &ApiError, now: f64) {
        if self.unreadable.insert(session.to_string(), now + look::UNREADABLE).is_none() {
            tracing::warn!(%session, %error, "this session cannot be observed; it is tried again every minute");
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
