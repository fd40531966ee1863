//! What follows from how work ended, in a world of one answer.

mod begun;
mod polls;
mod reload;
mod restart;
mod running;
mod sent_once;

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Dispatcher, Happened, Waiting, Work};
use crate::{
    api::Client,
    config::{self, Config},
    domain::{Detail, EventId, EventKind, Raw},
    engine::Input,
    environment::{Environment, Request, Response, Scope, Stopped, TransportError},
    script::{Library, STACK, Tools},
    store::{NewEvent, RunRow, RunsFilter, Store},
};

const HOOK: &str = "on = { webhook = \"h\", scheme = \"none\" }";

const DAY: Duration = Duration::from_hours(24);

/// Every request gets this answer and takes a second; but with 429 it is writes that are too many. Waits take no time, but those of a day only end when they are
/// cancelled.
struct World {
    now: Mutex<Timestamp>,
    status: u16,
    retry_after: &'static str,
    /// What somebody does the next time that something waits.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Environment for World {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped> {
        if duration >= DAY {
            while !scope.cancel.is_cancelled() {
                thread::yield_now();
            }
            return Err(Stopped::Cancelled);
        }
        *self.now.lock().unwrap() += SignedDuration::try_from(duration).unwrap();
        if let Some(act) = self.meanwhile.lock().unwrap().take() {
            act();
        }
        Ok(())
    }

    fn random(&self) -> u64 {
        0
    }

    fn execute(&self, request: Request, _scope: &Scope) -> Result<Response, TransportError> {
        *self.now.lock().unwrap() += SignedDuration::from_secs(1);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, self.retry_after.parse().unwrap());
        Ok(Response {
            status: if self.status == 429 && request.method == http::Method::GET { 200 } else { self.status },
            headers,
            body: r#"{"versions": {"uproot": "0.10.1"}, "description": "x"}"#.into(),
        })
    }
}

/// A project with one automation, `it`, whose daemon can be started again and again.
struct Lab {
    _folder: TempDir,
    config: Config,
    env: Arc<World>,
}

/// A daemon on the store of a lab, from one start to the next.
struct Daemon {
    dispatcher: Dispatcher,
    store: Store,
    env: Arc<World>,
}

impl Lab {
    fn new(script: &str, lines: &str, world: World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scripts")).unwrap();
        std::fs::write(folder.path().join("scripts/it.rhai"), script).unwrap();
        let text = format!(
            "[uproot]\nurl = \"http://127.0.0.1:9/\"\ntoken_env = \"T\"\n[daemon]\ntimezone = \"UTC\"\n\
             [[automation]]\nname = \"it\"\nscript = \"it.rhai\"\n{lines}\n"
        );
        let file = folder.path().join("config.toml");
        let config = config::parse(&file, text, &|_| Some("token".to_owned())).accept().unwrap();
        Self { _folder: folder, config, env: Arc::new(world) }
    }

    /// Starts at this many seconds; gives the work to begin with.
    fn start(&self, now: i64) -> (Daemon, Vec<Work>) {
        self.env.set(now);
        let (library, problems) = Library::load(&self.config);
        assert!(problems.is_empty());
        let env: Arc<dyn Environment> = Arc::clone(&self.env) as Arc<dyn Environment>;
        let (url, token) = (self.config.uproot.url.clone(), self.config.uproot.token.clone());
        let client = Arc::new(Client::new(Arc::clone(&env), url, token));
        let store = Store::open(&self.config.daemon.store).unwrap();
        let tools = Arc::new(Tools::new(env, client, store.clone(), &self.config).unwrap());
        let (cancel, signal) = (CancellationToken::new(), Arc::new(|_| {}));
        let (dispatcher, work) =
            Dispatcher::start(&self.config, library, tools, cancel, signal, Waiting::Run).unwrap();
        (Daemon { dispatcher, store, env: Arc::clone(&self.env) }, work)
    }
}

/// A world in which requests succeed.
fn fine() -> World {
    answering(200)
}

/// A world in which requests get this answer.
fn answering(status: u16) -> World {
    World { now: Mutex::new(Timestamp::UNIX_EPOCH), status, retry_after: "0", meanwhile: Mutex::default() }
}

impl World {
    fn set(&self, now: i64) {
        *self.now.lock().unwrap() = Timestamp::from_second(now).unwrap();
    }
}

impl Daemon {
    fn tick(&mut self, now: i64) -> Vec<Work> {
        self.env.set(now);
        self.dispatcher.handle(vec![Happened::Input(Input::Tick)]).unwrap()
    }

    /// Takes an event in, as a webhook does; gives its number and the work that follows.
    fn accept(&mut self, now: i64, payload: &Value) -> (EventId, Vec<Work>) {
        self.env.set(now);
        let automation = "it".parse().unwrap();
        let hook = "h".parse().unwrap();
        let detail = Detail::Webhook { hook, payload: Raw::of(payload), headers: Raw::default() };
        let new = NewEvent { automation, kind: EventKind::Webhook, at: self.env.now(), detail };
        let event = Arc::new(self.store.accept_manual(new).wait().unwrap());
        let id = event.id;
        (id, self.dispatcher.handle(vec![Happened::Input(Input::Accepted(event))]).unwrap())
    }

    /// Does the work, and what follows from it, to its end.
    fn work_off(&mut self, work: Vec<Work>) {
        let mut work = work;
        while let Some(one) = work.pop() {
            let ended = begin(one).join().unwrap();
            work.extend(self.dispatcher.handle(vec![ended]).unwrap());
        }
    }

    /// What the store says about each event, oldest first: its outcome and the reason.
    fn rows(&self) -> Vec<(String, String)> {
        let filter = RunsFilter { automation: None, failed: false, limit: 100 };
        let row = |row: RunRow| (row.outcome, row.reason.unwrap_or_default());
        self.store.history().runs(&filter).unwrap().into_iter().rev().map(row).collect()
    }

    /// The last of them.
    fn last(&self) -> (String, String) {
        self.rows().pop().unwrap()
    }
}

fn begin(work: Work) -> thread::JoinHandle<Happened> {
    thread::Builder::new().stack_size(STACK).spawn(move || work.carry_out()).unwrap()
}
