//! The simulated server, on a port of its own, with the standard experiment of the real ones.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uproctor::api::Generation;
use uproctor::environment::Request;
use uproctor::sandbox::{self, App, Config, Experiment, Field, FieldKind, Page, PageKind, Sandbox, Step};

use crate::support::run;

pub(crate) const TOKEN: &str = "the token of the sandbox";

/// The address of the sandbox that all tests of a generation share, with a slash at the end.
pub(crate) fn url(generation: Generation) -> &'static str {
    static CONTRACT: OnceLock<String> = OnceLock::new();
    static TOGGLING: OnceLock<String> = OnceLock::new();
    static NEWEST: OnceLock<String> = OnceLock::new();
    let url = match generation {
        Generation::Contract => &CONTRACT,
        Generation::Toggling => &TOGGLING,
        Generation::Newest => &NEWEST,
    };
    url.get_or_init(|| start(generation, None))
}

/// Starts a sandbox, perhaps in a subdirectory, that lives as long as the test process.
pub(crate) fn start(generation: Generation, subdirectory: Option<&'static str>) -> String {
    let server = Sandbox::new(Arc::new(experiment()), generation, TOKEN.into(), 1);
    let server = Mutex::new(server);
    let answer = move |request: &Request| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        server.lock().expect("no answer panics").answer(now.as_secs_f64(), request)
    };
    let listener = run(async { TcpListener::bind("127.0.0.1:0").await }).expect("a free port");
    let address = listener.local_addr().expect("its address");
    crate::support::runtime().spawn(async move {
        sandbox::serve(listener, subdirectory, Arc::new(answer), CancellationToken::new()).await
    });
    let root = subdirectory.map(|name| format!("{name}/")).unwrap_or_default();
    format!("http://{address}/{root}")
}

/// What `tests/real/project` is, as far as the table needs it.
fn experiment() -> Experiment {
    let mut experiment = Experiment::default();
    let text = |name: &str| Field { name: name.to_owned(), kind: FieldKind::Text };
    let number = |name: &str| Field { name: name.to_owned(), kind: FieldKind::Number(0, 10) };
    let survey = [
        page("Intro", PageKind::Ordinary, vec![text("nickname")]),
        page("Decision", PageKind::Ordinary, vec![number("offer")]),
        page("Thanks", PageKind::Ordinary, vec![text("comment")]),
    ];
    let pair = [
        page("Meet", PageKind::Group { size: 2 }, vec![]),
        page("Decide", PageKind::Ordinary, vec![number("give")]),
        page("Together", PageKind::Sync { reads: vec!["give".to_owned()] }, vec![]),
        page("Result", PageKind::Ordinary, vec![]),
    ];
    let survey = App { pipeline: true, ..app("A short survey", 1, survey.into()) };
    experiment.apps.insert("survey".to_owned(), survey);
    experiment.apps.insert("pair".to_owned(), app("A game of two", 2, pair.into()));
    let mut config = |name: &str, apps: &[&str], settings: serde_json::Value| {
        let apps = apps.iter().map(|app| (*app).to_owned()).collect();
        let settings = settings.as_object().cloned().unwrap_or_default();
        experiment.configs.insert(name.to_owned(), Config { apps, settings });
    };
    config("survey", &["survey"], json!({}));
    config("pair", &["pair"], json!({"stake": 10}));
    config("both", &["survey", "pair"], json!({}));
    // The name that the contract's examples use.
    config("myconfig", &["survey"], json!({}));
    experiment
}

fn app(description: &str, multiple: u64, steps: Vec<Step>) -> App {
    App { description: description.to_owned(), multiple, steps, digest: true, ..App::default() }
}

fn page(name: &str, kind: PageKind, fields: Vec<Field>) -> Step {
    let (name, otherwise) = (name.to_owned(), serde_json::Map::new());
    Step::Page(Arc::new(Page { name, kind, think: Duration::ZERO, timeout: None, fields, otherwise }))
}
