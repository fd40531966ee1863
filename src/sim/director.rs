//! The loop of a rehearsal: what `daemon.rs` is to the daemon, in virtual time. It moves the clock to whatever is due
//! next, lets participants act, gives runs their turn, and asks the dispatcher.

mod notices;
mod outside;
mod plans;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{
    approval::Approval,
    env::Simulated,
    faults::Mishap,
    journal::What,
    stage::{ActorId, Micros, Stage, State},
};
use crate::{
    api::Client,
    config::{Automation, Config},
    dispatch::{Dispatcher, Happened, Waiting, Work},
    domain::{AutomationName, RunId, ServerUrl},
    engine::Input,
    environment::Environment,
    notify::Notifier,
    script::{Library, Nap, STACK, Tools},
    store::{History, Store, StoreError},
};

pub(super) use plans::Verdict;

use plans::Plans;

/// The daemon looks at its clock at least this often.
const LOOK: Micros = 60_000_000;
/// How long a sender of webhooks waits before it tries again.
const SEND_AGAIN: Micros = 30_000_000;

/// The files of a daemon in a rehearsal.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) store: PathBuf,
    pub(super) exports: PathBuf,
}

/// Something planned from outside.
enum Planned {
    /// A webhook comes.
    Webhook(Hook),
    /// Something goes wrong.
    Mishap(Mishap),
    /// A person starts an automation.
    Trigger(AutomationName, Value),
    /// A person looks at the plans that wait.
    Look,
    /// It is looked whether somebody is to be told something.
    Tell,
    /// A person decides about a plan.
    Decision(RunId, Verdict),
    /// The daemon starts.
    Start,
}

/// A webhook's message on its way.
#[derive(Clone)]
pub(super) struct Hook {
    pub(super) automation: AutomationName,
    pub(super) message: String,
    pub(super) payload: Value,
    pub(super) headers: Map<String, Value>,
}

/// See the module.
pub(super) struct Director {
    stage: Arc<Stage>,
    config: Config,
    library: Library,
    token: SecretString,
    files: Files,
    planned: BTreeMap<(Micros, u64), Planned>,
    order: u64,
    actors: u64,
    daemon: Option<Daemon>,
    threads: Vec<std::thread::JoinHandle<()>>,
    /// The last notice that is in the journal.
    told: i64,
    /// Whether it is planned to look for news.
    tell_planned: bool,
    plans: Plans,
}

/// The daemon from one start to the next.
struct Daemon {
    dispatcher: Dispatcher,
    tools: Arc<Tools>,
    /// None where there is no channel to tell anybody through.
    notifier: Option<Notifier>,
    cancel: CancellationToken,
}

impl Director {
    pub(super) fn new(
        stage: Arc<Stage>,
        config: Config,
        library: Library,
        token: SecretString,
        files: Files,
        approval: Approval,
    ) -> Self {
        let mut director = Self {
            stage,
            config,
            library,
            token,
            files,
            planned: BTreeMap::new(),
            order: 0,
            actors: 0,
            daemon: None,
            threads: Vec::new(),
            told: 0,
            tell_planned: false,
            plans: Plans::new(approval),
        };
        let now = director.stage.lock().now;
        director.plan(now, Planned::Start);
        director.plan_mishap();
        director
    }

    /// Lets everything happen up to and including `until`.
    pub(super) fn run_until(&mut self, until: Micros) -> Result<(), StoreError> {
        loop {
            self.note_notices()?;
            self.decide()?;
            self.note_plans()?;
            let mut state = self.stage.lock();
            let planned = self.planned.keys().next().map(|(at, _)| *at);
            let wake = self.daemon.is_some().then_some(state.director_at);
            let mine = planned.into_iter().chain(wake).min().unwrap_or(Micros::MAX);
            let participants = state.next_participant();
            let actor = state.next_actor();
            let next = [Some(mine), participants, actor].into_iter().flatten().min().unwrap_or(Micros::MAX);
            if next > until {
                state.now = state.now.max(until);
                return Ok(());
            }
            // Whoever is asleep may let time pass by itself only up to what is planned.
            state.director_at = mine.min(until);
            state.now = state.now.max(next);
            if participants == Some(next) {
                state.let_participants_act();
            } else if planned == Some(next) {
                drop(state);
                self.carry_out_plan()?;
            } else if actor == Some(next) {
                drop(self.stage.give_turn(state));
            }
        }
    }

    /// What runs have written and how they ended, also while no daemon runs. Nothing before its first start.
    pub(super) fn history<T: Default>(
        &self,
        read: impl FnOnce(&History) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.daemon {
            Some(daemon) => read(daemon.tools.store.history()),
            None => match History::open(&self.files.store) {
                Ok(history) => read(&history),
                Err(StoreError::Missing(_)) => Ok(T::default()),
                Err(error) => Err(error),
            },
        }
    }

    /// What is rehearsed.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The folder that scripts write files into.
    pub(super) fn exports(&self) -> PathBuf {
        self.files.exports.clone()
    }

    /// The settings of an automation.
    pub(super) fn automation(&self, name: &AutomationName) -> Option<&Automation> {
        self.config.automations.iter().find(|automation| automation.name == *name)
    }

    /// Ends the daemon and joins its threads.
    pub(super) fn finish(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.cancel.cancel();
            drop(self.stage.clear(self.stage.lock()));
            daemon.tools.store.close();
        }
        self.stage.lock().store = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    fn plan(&mut self, at: Micros, what: Planned) {
        self.order += 1;
        self.planned.insert((at, self.order), what);
    }

    fn plan_mishap(&mut self) {
        let next = {
            let mut state = self.stage.lock();
            let now = state.now;
            state.dice.next_mishap(now)
        };
        if let Some((at, mishap)) = next {
            self.plan(at, Planned::Mishap(mishap));
        }
    }

    fn carry_out_plan(&mut self) -> Result<(), StoreError> {
        let Some(((at, _), planned)) = self.planned.pop_first() else { return Ok(()) };
        match planned {
            Planned::Start => self.start(),
            Planned::Webhook(hook) => self.deliver(at, hook),
            Planned::Trigger(automation, payload) => self.start_by_hand(at, automation, payload),
            Planned::Look => self.look_at_plans(at),
            Planned::Tell => self.tell(at),
            Planned::Decision(run, verdict) => self.decide_plan(at, run, verdict),
            Planned::Mishap(mishap) => {
                self.befall(at, mishap);
                self.plan_mishap();
                Ok(())
            }
        }
    }

    /// Starts a daemon on the store, unless one runs.
    fn start(&mut self) -> Result<(), StoreError> {
        if self.daemon.is_some() {
            return Ok(());
        }
        let store = Store::open_for_rehearsal(&self.files.store)?;
        {
            let mut state = self.stage.lock();
            state.dead = false;
            state.store = Some(store.clone());
            state.director_at = state.now;
        }
        let env: Arc<dyn Environment> = Arc::new(Simulated { stage: Arc::clone(&self.stage) });
        let client = Arc::new(Client::new(Arc::clone(&env), ServerUrl::default(), self.token.clone()));
        let exports = self.files.exports.clone();
        let tools = Arc::new(Tools { exports, ..Tools::new(env, client, store, &self.config)? });
        let cancel = CancellationToken::new();
        let stage = Arc::clone(&self.stage);
        let signal = Arc::new(move |nap: Nap| {
            let input = if nap.until.is_some() { Input::Waiting } else { Input::Resumed };
            stage.lock().happened.push(Happened::Input(input));
        });
        let started = Dispatcher::start(
            &self.config,
            self.library.clone(),
            Arc::clone(&tools),
            cancel.clone(),
            signal,
            Waiting::Run,
        );
        let (dispatcher, work) = match started {
            Ok(started) => started,
            // It crashed while it started.
            Err(_) if self.stage.lock().dead => {
                self.bury(&tools, &cancel);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let notifier = self.notifier(&tools);
        self.daemon = Some(Daemon { dispatcher, tools, notifier, cancel });
        self.plans.started = true;
        self.begin(work);
        Ok(())
    }

    /// After a crash: its threads come to nothing, and its store is let go.
    fn bury(&mut self, tools: &Tools, cancel: &CancellationToken) {
        cancel.cancel();
        drop(self.stage.clear(self.stage.lock()));
        tools.store.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        // A start is planned already where the crash was; one that came otherwise gets one here.
        if !self.planned.values().any(|planned| matches!(planned, Planned::Start)) {
            let now = self.stage.lock().now;
            self.plan(now + SEND_AGAIN, Planned::Start);
        }
    }

    /// Lets the dispatcher decide about everything that happened, if there is something or its time has come.
    fn decide(&mut self) -> Result<(), StoreError> {
        loop {
            let crashed = self.stage.lock().dead;
            let Some(daemon) = &mut self.daemon else { return Ok(()) };
            if crashed {
                if let Some(daemon) = self.daemon.take() {
                    drop(daemon.dispatcher);
                    self.bury(&daemon.tools, &daemon.cancel);
                }
                return Ok(());
            }
            let (mut happened, ended) = {
                let mut state = self.stage.lock();
                if state.happened.is_empty() && state.director_at > state.now {
                    return Ok(());
                }
                let happened = std::mem::take(&mut state.happened);
                let ended = note_ends(&mut state, &happened);
                (happened, ended)
            };
            happened.push(Happened::Input(Input::Tick));
            let work = match daemon.dispatcher.handle(happened) {
                Ok(work) => work,
                Err(_) if self.stage.lock().dead => continue,
                Err(error) => return Err(error),
            };
            self.plans.ended.extend(ended);
            {
                let mut state = self.stage.lock();
                state.wake_cancelled();
                let wake = daemon.dispatcher.next_wake().map_or(Micros::MAX, |at| {
                    at.as_microsecond().saturating_sub(state.skew).max(state.now + 1)
                });
                state.director_at = wake.min(state.now + LOOK);
            }
            self.look_for_news();
            self.begin(work);
        }
    }

    fn begin(&mut self, work: Vec<Work>) {
        // It crashed at its very last step: what it was about to begin never began.
        if self.stage.lock().dead {
            return;
        }
        for one in work {
            self.actors += 1;
            let actor = ActorId(self.actors);
            if let Work::Run { task, event, .. } = &one {
                let mut state = self.stage.lock();
                let started = What::RunStarted {
                    run: task.run,
                    automation: event.automation.clone(),
                    kind: event.kind,
                    actor: actor.0,
                };
                let now = state.now;
                state.journal.add(now, started);
            }
            let stub = one.stub();
            self.stage.announce(actor);
            let stage = Arc::clone(&self.stage);
            let thread = std::thread::Builder::new()
                .name(one.name().replace('\0', ""))
                .stack_size(STACK)
                .spawn(move || stage.play(actor, || one.carry_out()));
            match thread {
                Ok(thread) => self.threads.push(thread),
                Err(error) => {
                    let reason = format!("the system has no thread for it: {error}");
                    self.stage.retract(actor, stub.failed(reason));
                }
            }
        }
        self.threads.retain(|thread| !thread.is_finished());
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Notes which runs have ended, and gives them.
fn note_ends(state: &mut State, happened: &[Happened]) -> Vec<RunId> {
    let mut runs = Vec::new();
    for one in happened {
        if let Happened::RunEnded { run, report, .. } = one {
            let ended = What::RunEnded { run: *run, outcome: report.outcome, reason: report.reason.clone() };
            let now = state.now;
            state.journal.add(now, ended);
            runs.push(*run);
        }
    }
    runs
}
