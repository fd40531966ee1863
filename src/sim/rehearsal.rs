//! A rehearsal: a configuration and its scripts, unchanged, against a simulated server in virtual time.

mod around;
mod plans;

use std::{sync::Arc, time::Duration};

use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    approval::Approval,
    director::{Director, Files, Hook},
    faults::{Dice, Faults},
    journal::Note,
    rows::Times,
    stage::{Micros, Stage, seconds},
};
use crate::{
    api::Generation,
    config::{Config, Observe, Observed, Trigger},
    domain::{EventId, Mode, Pattern, SessionName},
    sandbox::{Fate, Mix, Outcome, Sandbox, Scenario, World, population},
    script::Library,
    store::{RunRow, RunsFilter, StoreError, WriteRow},
};

/// What is to be rehearsed.
#[derive(Clone)]
pub struct Setup {
    /// The configuration. Every automation in it takes part: those that wait for approval in that mode, all others live
    /// against the sandbox.
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
    /// When somebody approves the plans of automations that wait for it.
    pub approval: Approval,
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
    /// The simulated server refused what the rehearsal itself asked for.
    #[error("the simulated server refused {0}")]
    Session(String),
    /// There is no automation of this name.
    #[error("there is no automation {0:?} here")]
    NoAutomation(String),
    /// There is none that takes webhooks.
    #[error("no automation here takes webhooks and is called {0:?}")]
    NoWebhook(String),
    /// There is no such plan that waits; says why.
    #[error("{0}")]
    NoPlan(String),
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
            if automation.mode == Mode::DryRun {
                automation.mode = Mode::Live;
            }
        }
        let stage = Arc::new(Stage::new(start, world, Dice::new(setup.faults, setup.seed)));
        let files = Files { store: folder.path().join("store.db"), exports: folder.path().join("exports") };
        let director = Director::new(Arc::clone(&stage), config, setup.library, token, files, setup.approval);
        Ok(Self { stage, director, start, sessions, players, webhooks: 0, _folder: folder })
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
    /// `headers` are those that the script gets to see, with names in lower case.
    pub fn webhook(
        &mut self,
        automation: &str,
        payload: Value,
        headers: Map<String, Value>,
    ) -> Result<(), Failure> {
        let hooked = |trigger: &Trigger| matches!(trigger, Trigger::Webhook(_));
        let mut automations = self.director.config().automations.iter();
        let found = automations.find(|found| found.name.as_str() == automation);
        let Some(found) = found.filter(|found| found.triggers.iter().any(hooked)) else {
            return Err(Failure::NoWebhook(automation.to_owned()));
        };
        let name = found.name.clone();
        self.webhooks += 1;
        let message = format!("message-{}", self.webhooks);
        let hook = Hook { automation: name, message, payload, headers };
        let now = self.now();
        self.director.webhook(now, hook);
        Ok(())
    }

    /// Every write that the automations made or wanted to make, oldest first.
    pub fn writes(&self) -> Result<Vec<WriteRow>, Failure> {
        Ok(self.director.history(|history| history.writes_since(i64::MIN))?)
    }

    /// Every run and every event that did not run, newest first.
    pub fn runs(&self) -> Result<Vec<RunRow>, Failure> {
        let filter = RunsFilter { automation: None, failed: false, limit: u32::MAX };
        Ok(self.director.history(|history| history.runs(&filter))?)
    }

    /// Lets a participant stall where they are, or on a page once they come to it.
    pub fn stall(&mut self, player: &str, page: Option<&str>) -> Result<(), String> {
        self.has_page(page)?;
        self.on(player, |world, now| match page {
            None => world.stall(now, player),
            Some(page) => world.stall_on(player, page),
        })
    }

    /// Lets a participant close the tab: now, or on that page.
    pub fn leave(&mut self, player: &str, page: Option<&str>) -> Result<(), String> {
        self.has_page(page)?;
        self.on(player, |world, now| match page {
            None => world.leave(now, player, None),
            Some(page) => world.leave_on(player, page),
        })
    }

    fn has_page(&self, page: Option<&str>) -> Result<(), String> {
        let experiment = Arc::clone(self.stage.lock().world.sandbox().experiment());
        match page {
            Some(page) if experiment.page(page).is_none() => {
                Err(format!("the experiment has no page {page:?}: write it like \"app/Page\""))
            }
            _ => Ok(()),
        }
    }

    /// Lets a participant open the tab again, or go on.
    pub fn come_back(&mut self, player: &str) -> Result<(), String> {
        self.on(player, |world, now| world.come_back(now, player))
    }

    /// Lets the server start again.
    pub fn restart_server(&mut self) {
        let mut state = self.stage.lock();
        let now = seconds(state.now);
        state.world.restart_server(now, 0.0);
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
        let polled = self.runs()?.into_iter().filter(|run| run.kind == "poll");
        let polled: Vec<_> = polled.filter_map(|run| Some((run.automation, EventId(run.event?)))).collect();
        Ok(self.director.history(|history| {
            let mut items = Vec::new();
            for (automation, event) in polled {
                if let Some(event) = history.event(event)?
                    && let Some(key) = event.detail["poll"]["key"].as_str()
                {
                    items.push((automation, key.to_owned()));
                }
            }
            Ok(items)
        })?)
    }

    /// Ends what goes wrong, so that the rest can be worked off.
    pub fn calm_down(&mut self) {
        let mut state = self.stage.lock();
        state.dice.calm_down();
        state.crash_in = None;
    }

    /// What came of the participants so far.
    pub fn outcome(&self) -> Outcome {
        let state = self.stage.lock();
        let mut outcome = state.journal.outcome().clone();
        outcome.end(seconds(state.now));
        outcome
    }

    /// Faults and webhooks.
    pub fn notes(&self) -> Vec<Note> {
        self.stage.lock().journal.notes().to_vec()
    }

    /// What makes times of the store times of the rehearsal: the store has what the daemon's clock said, and faults set
    /// that clock.
    pub(super) fn times(&self, runs: &[RunRow]) -> Times {
        Times::new(self.start, runs, self.stage.lock().journal.began())
    }

    /// The session that the participants are in, and those without anybody.
    pub(super) fn sessions(&self) -> (String, Vec<String>) {
        let (first, others) = self
            .sessions
            .split_first()
            .map_or((String::new(), &[][..]), |(first, others)| (first.clone(), others));
        (first, others.to_vec())
    }

    /// How many entries the journal has no room for.
    pub(super) fn dropped(&self) -> usize {
        self.stage.lock().journal.dropped()
    }

    /// Whether every participant has come and has ended, one way or another. Whoever stalls has not: something may still
    /// move them on.
    pub fn is_over(&self) -> bool {
        let state = self.stage.lock();
        let players = &state.journal.outcome().players;
        players.len() >= self.players.len() && players.iter().all(|player| player.fate != Fate::Underway)
    }

    /// The whole journal as text, a line each.
    pub fn journal(&self) -> String {
        self.stage.lock().journal.text(self.start)
    }

    /// What the server says to an admin who asks now.
    pub fn ask(&mut self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None)
    }

    /// The same for a call that changes something.
    pub fn ask_as(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let method = Method::from_bytes(method.as_bytes());
        let method = method.map_err(|_| Failure::Session(format!("{path}: there is no such method")))?;
        self.call(method, path, Some(body).filter(|body| !body.is_null()))
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
        state.world.ask(now, method, path, body).map_err(Failure::Session)
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
        players.extend(profiles.iter().map(|profile| profile.name.to_string()));
        let config = &setup.scenario.participants.config;
        world.begin_session(now, session, config, profiles).map_err(Failure::Session)?;
    }
    Ok((world, token, sessions, players))
}

/// The sessions that scripts are told of in `params.session`, and those that triggers name; one of its own where there are
/// none, which fits the patterns of the first trigger that has any, and of `[watch]`.
fn sessions_of(config: &Config) -> Vec<String> {
    let mut sessions: Vec<String> = Vec::new();
    let mut patterns: Vec<&Pattern> = Vec::new();
    for automation in &config.automations {
        let param = automation.params.get("session").and_then(Value::as_str);
        for trigger in &automation.triggers {
            if let Trigger::Observe(Observe {
                what: Observed::Player { sessions, .. } | Observed::Session { sessions, .. },
                ..
            }) = trigger
            {
                patterns.extend(sessions);
            }
        }
        let named = patterns.iter().filter_map(|pattern| pattern.literal());
        for session in param.into_iter().chain(named) {
            if !sessions.iter().any(|known| known == session) {
                sessions.push(session.to_owned());
            }
        }
    }
    if sessions.is_empty() {
        let example = |pattern: &Pattern| pattern.to_string().replace('*', "rehearsal");
        let fitting = patterns.into_iter().chain(&config.watch.sessions).map(example);
        let fitting = fitting.filter(|name| SessionName::new(name).is_ok());
        sessions.push(fitting.into_iter().next().unwrap_or_else(|| "rehearsal".to_owned()));
    }
    sessions
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
