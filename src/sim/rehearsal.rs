//! A rehearsal: a configuration and its scripts, unchanged, against a simulated server in virtual time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    director::{Director, Files, Hook},
    faults::{Dice, Faults},
    journal::{Note, What},
    stage::{Micros, Stage, seconds},
};
use crate::{
    api::Generation,
    config::{Config, Trigger},
    domain::{API, AutomationName, EventId, Mode, ServerUrl},
    environment::Request,
    sandbox::{Link, Mix, Outcome, Sandbox, Scenario, World, population},
    script::Library,
    store::{RunRow, RunsFilter, StoreError, WriteRow},
};

/// What is to be rehearsed.
#[derive(Clone)]
pub struct Setup {
    /// The configuration. Every automation in it takes part, live against the sandbox, whatever its mode.
    pub config: Config,
    /// Its scripts.
    pub library: Library,
    /// The experiment and its participants.
    pub scenario: Scenario,
    /// How many participants, and of what kinds.
    pub mix: Mix,
    /// Which form of the API the server speaks.
    pub generation: Generation,
    /// What goes wrong.
    pub faults: Faults,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// When it begins.
    pub start: Timestamp,
}

/// Why a rehearsal cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Its own store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No folder for its files.
    #[error("there is no room for the files of a rehearsal: {0}")]
    Folder(std::io::Error),
    /// The sandbox refused what the rehearsal is to begin with.
    #[error("the sandbox refused to make the session: {0}")]
    Session(String),
    /// There is no automation of this name.
    #[error("no automation here takes webhooks and is called {0:?}")]
    NoWebhook(String),
}

/// A rehearsal under way.
pub struct Rehearsal {
    pub(super) stage: Arc<Stage>,
    pub(super) director: Director,
    /// When it began.
    pub(super) start: Micros,
    /// The sessions that were there from the start; the participants are in the first.
    pub(super) sessions: Vec<String>,
    /// Names of the participants' players.
    pub(super) players: Vec<String>,
    webhooks: u64,
    automations: Vec<(AutomationName, bool)>,
    /// The files of its daemon, gone with it.
    _folder: TempDir,
}

impl Rehearsal {
    /// Sets everything up; nothing has happened yet.
    pub fn prepare(setup: Setup) -> Result<Self, Failure> {
        let folder =
            tempfile::Builder::new().prefix("uproctor-rehearsal-").tempdir().map_err(Failure::Folder)?;
        let start = setup.start.as_microsecond();
        let (world, token, sessions, players) = people(&setup)?;
        let mut config = setup.config;
        for automation in &mut config.automations {
            automation.mode = Mode::Live;
        }
        let stage = Arc::new(Stage::new(start, world, Dice::new(setup.faults, setup.seed)));
        let automations = config
            .automations
            .iter()
            .map(|automation| {
                let hooked = automation.triggers.iter().any(|trigger| matches!(trigger, Trigger::Webhook(_)));
                (automation.name.clone(), hooked)
            })
            .collect();
        let files = Files { store: folder.path().join("store.db"), exports: folder.path().join("exports") };
        let director = Director::new(Arc::clone(&stage), config, setup.library, token, files);
        Ok(Self { stage, director, start, sessions, players, webhooks: 0, automations, _folder: folder })
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) -> Result<(), Failure> {
        let until = self.now() + Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX / 4);
        Ok(self.director.run_until(until)?)
    }

    /// The time, in microseconds since 1970.
    pub fn now(&self) -> i64 {
        self.stage.lock().now
    }

    /// When it began, in microseconds since 1970.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// Sends a webhook to an automation, as if its sender had signed it rightly.
    pub fn webhook(&mut self, automation: &str, payload: Value) -> Result<(), Failure> {
        let found = self.automations.iter().find(|(name, hooked)| name.as_str() == automation && *hooked);
        let Some((name, _)) = found else { return Err(Failure::NoWebhook(automation.to_owned())) };
        self.webhooks += 1;
        let hook = Hook { automation: name.clone(), message: format!("message-{}", self.webhooks), payload };
        let now = self.now();
        self.director.webhook(now, hook);
        Ok(())
    }

    /// Every write that the automations made or wanted to make, oldest first.
    pub fn writes(&self) -> Result<Vec<WriteRow>, Failure> {
        match self.director.store() {
            Some(store) => Ok(store.history().writes_since(i64::MIN)?),
            None => Ok(Vec::new()),
        }
    }

    /// Every run and every event that did not run, newest first.
    pub fn runs(&self) -> Result<Vec<RunRow>, Failure> {
        let filter = RunsFilter { automation: None, failed: false, limit: u32::MAX };
        match self.director.store() {
            Some(store) => Ok(store.history().runs(&filter)?),
            None => Ok(Vec::new()),
        }
    }

    /// Lets a participant stall where they are, or on a page once they come to it.
    pub fn stall(&mut self, player: &str, page: Option<&str>) -> Result<(), String> {
        if let Some(page) = page {
            let experiment = Arc::clone(self.stage.lock().world.sandbox().experiment());
            if experiment.page(page).is_none() {
                return Err(format!("the experiment has no page {page:?}: write it like \"app/Page\""));
            }
        }
        self.on(player, |world, now| match page {
            None => world.stall(now, player),
            Some(page) => world.stall_on(player, page),
        })
    }

    /// Lets a participant close the tab.
    pub fn leave(&mut self, player: &str) -> Result<(), String> {
        self.on(player, |world, now| world.leave(now, player, None))
    }

    /// Lets a participant open the tab again, or go on.
    pub fn come_back(&mut self, player: &str) -> Result<(), String> {
        self.on(player, |world, now| world.come_back(now, player))
    }

    /// Lets the server start again.
    pub fn restart_server(&mut self) {
        let mut state = self.stage.lock();
        let now = seconds(state.now);
        state.world.restart_server(now);
    }

    fn on(&mut self, player: &str, act: impl FnOnce(&mut World, f64) -> bool) -> Result<(), String> {
        let mut state = self.stage.lock();
        let now = seconds(state.now);
        if act(&mut state.world, now) { Ok(()) } else { Err(format!("there is no participant {player:?}")) }
    }

    /// The players of the first session as the server has them now, each with `name`, `page`, `show_page`, `pages`,
    /// `started`, `finished` and `label`.
    pub fn players(&mut self) -> Result<Vec<Value>, Failure> {
        let path = format!("sessions/{}/players/", self.sessions[0]);
        let Value::Object(players) = self.ask(&path)? else { return Ok(Vec::new()) };
        Ok(players.into_iter().map(|(name, fields)| player(&name, &fields)).collect())
    }

    /// How many webhooks were sent, repetitions aside.
    pub(super) fn webhooks(&self) -> u64 {
        self.webhooks
    }

    /// The items of polls that became events: automation and key.
    pub(super) fn poll_items(&self) -> Result<Vec<(String, String)>, Failure> {
        let Some(store) = self.director.store() else { return Ok(Vec::new()) };
        let mut items = Vec::new();
        for run in self.runs()? {
            let (Some(event), "poll") = (run.event, run.kind.as_str()) else { continue };
            if let Some(event) = store.history().event(EventId(event))?
                && let Some(key) = event.detail["poll"]["key"].as_str()
            {
                items.push((run.automation, key.to_owned()));
            }
        }
        Ok(items)
    }

    /// Ends what goes wrong, so that the rest can be worked off.
    pub fn calm_down(&mut self) {
        self.stage.lock().dice.calm_down();
    }

    /// What came of the participants so far.
    pub fn outcome(&self) -> Outcome {
        let state = self.stage.lock();
        let mut outcome = Outcome::new();
        for entry in state.journal.entries() {
            if let What::Participant(happening) = &entry.what {
                outcome.observe(happening);
            }
        }
        outcome.end(seconds(state.now));
        outcome
    }

    /// Faults and webhooks.
    pub fn notes(&self) -> Vec<Note> {
        let state = self.stage.lock();
        let noted = state.journal.entries().iter().filter_map(|entry| {
            let fault = match &entry.what {
                What::Fault(fault) => Some(*fault),
                What::Webhook { .. } => None,
                _ => return None,
            };
            Some(Note { at: entry.at, fault, text: entry.what.to_string() })
        });
        noted.collect()
    }

    /// When each run really began, in microseconds since 1970. The store has what the daemon's clock said, and faults
    /// set that clock.
    pub(super) fn began(&self) -> BTreeMap<i64, i64> {
        let state = self.stage.lock();
        let began = state.journal.entries().iter().filter_map(|entry| match &entry.what {
            What::RunStarted { run, .. } => Some((run.0, entry.at)),
            _ => None,
        });
        began.collect()
    }

    /// Whether every participant has ended, one way or another.
    pub fn is_over(&self) -> bool {
        self.stage.lock().next_participant().is_none()
    }

    /// The whole journal as text, a line each.
    pub fn journal(&self) -> String {
        self.stage.lock().journal.text(self.start)
    }

    /// What the server says to an admin who asks now.
    pub fn ask(&mut self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None)
    }

    /// Sets fields of a player, as an admin would by hand.
    pub fn set_fields(&mut self, player: &str, fields: &Value) -> Result<(), Failure> {
        let path = format!("sessions/{}/players/fields/", self.sessions[0]);
        let body = json!({"unames": [player], "fields": fields});
        self.call(Method::PATCH, &path, Some(&body)).map(drop)
    }

    fn call(&mut self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let mut state = self.stage.lock();
        let now = seconds(state.now);
        let generation = state.world.sandbox().generation();
        let token = self.director.token().clone();
        ask(&mut state.world, generation, &token, now, method, path, body)
    }
}

/// The server of a rehearsal with its sessions, and the people in front of it; the token of its API, the sessions and
/// the players.
pub(super) fn people(setup: &Setup) -> Result<(World, SecretString, Vec<String>, Vec<String>), Failure> {
    let token = SecretString::from(format!("rehearsal-{}", setup.seed));
    let now = seconds(setup.start.as_microsecond());
    let experiment = Arc::clone(&setup.scenario.experiment);
    let sandbox = Sandbox::new(experiment, setup.generation, token.clone(), setup.seed);
    let mut world = World::new(sandbox, now);
    let sessions = sessions_of(&setup.config);
    let mut players = Vec::new();
    for (index, session) in sessions.iter().enumerate() {
        // Everybody is in the first; the others are there so that no script finds them missing.
        let profiles =
            if index == 0 { population(&setup.scenario, &setup.mix, setup.seed) } else { Vec::new() };
        let mut names: Vec<String> = profiles.iter().map(|profile| profile.name.to_string()).collect();
        if names.is_empty() {
            names.push("nobody".to_owned());
        }
        let body = json!({
            "config": setup.scenario.participants.config,
            "n_players": names.len(),
            "sname": session,
            "unames": names,
        });
        ask(&mut world, setup.generation, &token, now, Method::POST, "sessions/", Some(&body))?;
        for profile in profiles {
            players.push(profile.name.to_string());
            let link = Link::Player { sname: session.as_str().into(), uname: Arc::clone(&profile.name) };
            world.add(profile, link);
        }
    }
    Ok((world, token, sessions, players))
}

/// The sessions that scripts are told of in `params.session`; one of its own where there are none.
fn sessions_of(config: &Config) -> Vec<String> {
    let mut sessions: Vec<String> = Vec::new();
    for automation in &config.automations {
        if let Some(Value::String(session)) = automation.params.get("session")
            && !sessions.contains(session)
        {
            sessions.push(session.clone());
        }
    }
    if sessions.is_empty() {
        sessions.push("rehearsal".to_owned());
    }
    sessions
}

/// A call of the rehearsal itself.
fn ask(
    world: &mut World,
    generation: Generation,
    token: &SecretString,
    now: f64,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, Failure> {
    let path = match generation {
        Generation::Contract => path.replacen("sessions/", "session/", usize::from(path != "sessions/")),
        Generation::Toggling | Generation::Newest => path.to_owned(),
    };
    let refused = || Failure::Session(path.clone());
    let url = ServerUrl::default().api(&path).ok_or_else(refused)?;
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", token.expose_secret());
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&bearer).map_err(|_| refused())?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let request = Request {
        method,
        url,
        headers,
        body: body.map(|body| Bytes::from(body.to_string())),
        lane: None,
        timeout: Duration::from_secs(60),
        sees_it_through: false,
        max_answer: usize::MAX,
    };
    let response = world.sandbox().answer(now, &request);
    world.pushed(now);
    let text = String::from_utf8_lossy(&response.body);
    if response.status >= 400 {
        return Err(Failure::Session(format!("{API}{path}: {} {text}", response.status)));
    }
    serde_json::from_slice(&response.body).map_err(|_| refused())
}

fn player(name: &str, fields: &Value) -> Value {
    let pages = fields["page_order"].as_array().cloned().unwrap_or_default();
    let show_page = fields["show_page"].as_i64().unwrap_or(-1);
    let at = usize::try_from(show_page).ok();
    let page = match at {
        None => json!("Initialize"),
        Some(at) => pages.get(at).cloned().unwrap_or_else(|| json!("End")),
    };
    json!({
        "name": name,
        "page": page,
        "show_page": show_page,
        "pages": pages.len(),
        "started": fields["started"],
        "finished": !pages.is_empty() && at == Some(pages.len()),
        "label": fields["label"],
    })
}
