//! How commands that change something reach the daemon, or the store where no daemon runs.

use std::{
    collections::HashSet,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

use super::{exit::Exit, out, run};
use crate::{
    config::Config,
    domain::{AutomationName, did_you_mean},
    environment::{Environment, Request, Response, Scope, TransportError},
    live::Live,
    store::{Store, StoreError, in_use},
};

/// For how long a command tries again while another program has the store locked.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits in between.
const PAUSE: Duration = Duration::from_millis(300);

/// What the daemon said.
pub(super) enum Asked {
    /// Its answer.
    Answer(Value),
    /// It said no, or gave no answer; that was printed.
    Failed(Exit),
    /// No daemon runs.
    NoDaemon,
}

/// Asks the daemon that has this store. `what` is an address below `/api/v1/`.
pub(super) fn ask(store: &Path, what: &str, body: &Value) -> Asked {
    // A daemon that was killed leaves its file behind, and another program may listen at its address by now.
    if !in_use(store) {
        return Asked::NoDaemon;
    }
    let control = std::fs::read_to_string(run::control_path(store)).ok();
    let Some(control) = control.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else {
        return Asked::NoDaemon;
    };
    send(&control, what, body).unwrap_or(Asked::NoDaemon)
}

/// Opens a store that is there. While another program has it locked, it tries again for some seconds.
pub(super) fn open(path: &Path) -> Result<Store, StoreError> {
    // A new store would only hide that this is the wrong folder.
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    patiently(|| Store::open(path))
}

/// Tries again for some seconds while another program has the store locked.
#[expect(clippy::disallowed_methods, reason = "a command waits, and has no world of its own")]
pub(super) fn patiently<T>(mut work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let begin = Instant::now();
    loop {
        match work() {
            Err(StoreError::Locked(_)) if begin.elapsed() < PATIENCE => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// `None` if there is no daemon at the address, as after a crash.
fn send(control: &Value, what: &str, body: &Value) -> Option<Asked> {
    let address = control["address"].as_str()?;
    let runtime = run::runtime().ok()?;
    let env = Live::new(runtime.handle().clone());
    let mut headers = HeaderMap::new();
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", control["token"].as_str()?)).ok()?;
    authorization.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, authorization);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let request = Request {
        method: Method::POST,
        url: format!("http://{address}/api/v1/{what}").parse().ok()?,
        headers,
        body: Some(body.to_string().into()),
        lane: None,
        timeout: Duration::from_secs(10),
        sees_it_through: false,
        fresh_until: None,
        max_answer: 1024 * 1024,
    };
    let scope = Scope::for_duration(env.now(), PATIENCE * 2);
    Some(match patient_request(&env, &request, &scope) {
        Ok(answer) => {
            let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if answer.status < 300 {
                Asked::Answer(value)
            } else {
                out::error(value["error"].as_str().unwrap_or("the daemon did not take it"));
                Asked::Failed(Exit::NotRight)
            }
        }
        Err(error) if !error.sent => return None,
        Err(error) => {
            out::error(&format!("the daemon gave no answer: {}", error.message));
            Asked::Failed(Exit::Unreachable)
        }
    })
}

/// Sends a request, and again for some seconds while the daemon cannot write its store: that changed nothing.
#[expect(clippy::disallowed_methods, reason = "a command waits, and has no world of its own")]
fn patient_request(env: &Live, request: &Request, scope: &Scope) -> Result<Response, TransportError> {
    let begin = Instant::now();
    loop {
        match env.execute(request.clone(), scope) {
            Ok(answer) if answer.status == 503 && begin.elapsed() < PATIENCE => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// Makes sure that the configuration has an automation.
pub(super) fn known(config: &Config, name: &AutomationName) -> Result<(), Exit> {
    let names: Vec<&str> = config.automations.iter().map(|a| a.name.as_str()).collect();
    if names.contains(&name.as_str()) {
        return Ok(());
    }
    let help = match did_you_mean(name.as_str(), names.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", names.join(", ")),
    };
    out::error(&format!("there is no automation {name}: {help}"));
    Err(Exit::NotRight)
}

/// Whether the configuration has an automation of a name.
pub(super) fn is_known(config: &Config) -> impl Fn(&AutomationName) -> bool + Send + 'static {
    let names: HashSet<AutomationName> = config.automations.iter().map(|a| a.name.clone()).collect();
    move |name| names.contains(name)
}

/// Does something with the store while no daemon has it.
pub(super) fn with_store<T>(
    path: &Path,
    work: impl FnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Exit> {
    let result = open(path).and_then(|store| {
        let result = work(&store);
        store.close();
        result
    });
    result.map_err(|error| {
        out::error(&error.to_string());
        Exit::NotRight
    })
}
