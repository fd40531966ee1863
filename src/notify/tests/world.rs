//! A store and a notifier whose clock the test moves; requests are real ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{Answer, Client},
    config::{self, Config},
    domain::{
        AutomationName, ChannelName, Detail, Effect, EffectState, EventKind, Mode, NewNotice, RunId,
        RunReport, ServerUrl,
    },
    environment::{Environment, Request, Response, Scope, Stopped, TransportError},
    live::Live,
    notify::{Current, Notifier, Setup},
    script::Tools,
    store::{Change, ChannelState, NewEvent, NoticeRow, RunStart, Store, Told},
    watch::Watch,
};

/// The time that tests begin at: 2026-03-02 17:00 UTC.
const START: i64 = 1_772_470_800_000;

/// The world with a clock of its own.
pub(super) struct Clock {
    live: Live,
    now: AtomicI64,
    _runtime: Runtime,
}

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.load(Ordering::SeqCst)).unwrap()
    }

    fn sleep(&self, _: Duration, _: &Scope) -> Result<(), Stopped> {
        Err(Stopped::Cancelled)
    }

    fn random(&self) -> u64 {
        u64::MAX
    }

    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError> {
        let timeout = request.timeout.min(Duration::from_secs(1));
        self.live.execute(Request { timeout, ..request }, scope)
    }
}

/// See the module.
pub(super) struct Lab {
    folder: TempDir,
    pub(super) clock: Arc<Clock>,
    pub(super) store: Store,
    notifier: Notifier,
    watch: Arc<Watch>,
    config: Config,
    runs: i64,
    told: u32,
}

/// A configuration with these channels and rules; every secret is the text behind `=` of a variable.
pub(super) fn config(channels: &str, secrets: &[(&str, &str)]) -> Config {
    let it = "[[automation]]\nname = \"it\"\non = { every = \"1h\" }\nscript = \"it.rhai\"\n";
    let other = it.replace("\"it\"", "\"other\"");
    let text = format!(
        "[uproot]\ntoken_env = \"TOKEN\"\n[console]\nurl = \"https://lab.example.org/uproctor\"\n{it}{other}{channels}"
    );
    let variable = |name: &str| match name {
        "TOKEN" => Some("token-of-the-server".to_owned()),
        _ => secrets.iter().find(|(known, _)| *known == name).map(|(_, secret)| (*secret).to_owned()),
    };
    config::parse("config.toml".as_ref(), text, &variable).accept().unwrap()
}

impl Lab {
    pub(super) fn new(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let live = Live::new(runtime.handle().clone());
        let clock = Arc::new(Clock { live, now: AtomicI64::new(START), _runtime: runtime });
        let folder = TempDir::new().unwrap();
        let (store, watch, notifier) = open(&folder, &clock, &config);
        Self { folder, clock, store, notifier, watch, config, runs: 0, told: 0 }
    }

    /// The daemon is killed and starts again.
    pub(super) fn restart(self) -> Self {
        let Self { folder, clock, store, notifier, watch, config, runs, told } = self;
        drop((notifier, watch));
        store.close();
        drop(store);
        let (store, watch, notifier) = open(&folder, &clock, &config);
        Self { folder, clock, store, notifier, watch, config, runs, told }
    }

    /// Lets time pass, and the notifier look at what is due at its end.
    pub(super) fn wait(&mut self, seconds: i64) {
        self.clock.now.fetch_add(seconds * 1000, Ordering::SeqCst);
        self.look();
    }

    /// The same, second by second.
    pub(super) fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.wait(1);
        }
    }

    pub(super) fn look(&mut self) {
        let scope = Scope { deadline: Timestamp::MAX, cancel: CancellationToken::new() };
        self.notifier.round(&scope).unwrap();
    }

    /// A script reads players, with these labels.
    pub(super) fn reads(&self, labels: &[(&str, &str)]) {
        for (name, label) in labels {
            self.watch.note_labels(&Answer::Json(json!({ "name": name, "label": label })));
        }
    }

    /// A script tells something.
    pub(super) fn say(&mut self, channel: &str, title: &str, text: &str) {
        self.say_with(channel, title, text, None);
    }

    pub(super) fn say_with(&mut self, channel: &str, title: &str, text: &str, key: Option<&str>) -> Told {
        self.told += 1;
        let now = self.clock.now();
        let channel = ChannelName::new(channel).unwrap();
        let effect = Effect {
            ordinal: self.told,
            action: "notify.send".to_owned(),
            target: Some(channel.to_string()),
            player: None,
            arguments: json!({}),
            precondition: None,
            irreversible: false,
            state: EffectState::Done,
            note: None,
        };
        let notice = NewNotice {
            channel,
            kind: None,
            automation: Some(AutomationName::new("it").unwrap()),
            run: Some(RunId(1000)),
            key: key.map(str::to_owned),
            title: title.to_owned(),
            text: text.to_owned(),
            urgent: false,
            at: now,
            due: now,
        };
        let hour = Duration::from_hours(1);
        self.store.tell(RunId(1000), effect, notice, hour, (0, Vec::new())).wait().unwrap()
    }

    /// A run of an automation ends.
    pub(super) fn run(&mut self, automation: &str, report: RunReport) -> RunId {
        self.runs += 1;
        let (run, at) = (RunId(self.runs), self.clock.now());
        let automation = AutomationName::new(automation).unwrap();
        let detail = Detail::Scheduled { scheduled_at: at, missed_count: 0 };
        let event = NewEvent { automation: automation.clone(), kind: EventKind::Every, at, detail };
        let event = event.numbered(self.store.new_event_id());
        let start = RunStart {
            run,
            event: Some(event.id),
            automation,
            mode: Mode::Live,
            script: "it.rhai".to_owned(),
            script_hash: String::new(),
            at,
        };
        let ended = Change::Ended { run, at, report, trace: (0, Vec::new()) };
        let changes = vec![Change::Accepted(event), Change::Started(start), ended];
        self.store.apply(changes).wait().unwrap();
        run
    }

    pub(super) fn state(&self, channel: &str) -> ChannelState {
        self.store.history().channel_state(&ChannelName::new(channel).unwrap()).unwrap()
    }

    pub(super) fn notices(&self) -> Vec<NoticeRow> {
        self.store.history().notices_after(0).unwrap()
    }
}

fn open(folder: &TempDir, clock: &Arc<Clock>, config: &Config) -> (Store, Arc<Watch>, Notifier) {
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    let env: Arc<dyn Environment> = Arc::<Clock>::clone(clock);
    let token = SecretString::from("token".to_owned());
    let client = Arc::new(Client::new(Arc::clone(&env), ServerUrl::default(), token));
    let tools = Arc::new(Tools::new(env, client, store.clone(), config).unwrap());
    let watch = Arc::clone(&tools.watch);
    (store, watch, Notifier::new(tools, Current::new(Setup::of(config))))
}
