//! A scripted server: answers in the order they were written down, every request kept, waits in virtual time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{ApiError, Call, Client, Endpoint},
    domain::{PlayerName, ServerUrl, SessionName},
    environment::{Environment, Request, Response, Scope, Stopped, TransportError, TransportReason},
};

pub(super) const CONTRACT: &str = r#"{"version":"0.0.1","database_size_mb":0.152,"public_demo":false}"#;
pub(super) const EARLY: &str = r#"{"versions":{"uproot":"0.1.0"},"database":{"size_mb":0.5}}"#;
pub(super) const TOGGLING: &str = r#"{"versions":{"uproot":"0.7.0"},"database":{"size_mb":0.5}}"#;
pub(super) const NEWEST: &str = r#"{"versions":{"uproot":"0.10.1"},"database":{"size_mb":0.5}}"#;

/// One scripted outcome.
pub(super) type Outcome = Result<Response, TransportError>;

#[derive(Default)]
struct State {
    script: VecDeque<Outcome>,
    requests: Vec<Request>,
    waits: Vec<Duration>,
    passed: Duration,
}

/// The world around a client under test.
#[derive(Default)]
pub(super) struct World {
    state: Mutex<State>,
}

impl Environment for World {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.state.lock().unwrap().passed
    }

    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped> {
        scope.check(self.now())?;
        let mut state = self.state.lock().unwrap();
        state.waits.push(duration);
        state.passed += duration;
        Ok(())
    }

    fn random(&self) -> u64 {
        // The largest draw: every wait is its bound.
        u64::MAX
    }

    fn execute(&self, request: Request, _scope: &Scope) -> Outcome {
        let mut state = self.state.lock().unwrap();
        state.requests.push(request);
        state.script.pop_front().expect("a request that the script has no answer for")
    }
}

impl World {
    /// What was requested, as `METHOD path?query`, without the part that all share.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |request: &Request| {
            let url = request.url.as_str();
            let path = url.split_once("/admin/api/v1/").map_or(url, |(_, path)| path);
            format!("{} {path}", request.method)
        };
        self.state.lock().unwrap().requests.iter().map(line).collect()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(super) fn last(&self) -> Request {
        self.requests().pop().expect("nothing was requested")
    }

    /// The waits in whole seconds, rounded.
    pub(super) fn waits(&self) -> Vec<u64> {
        self.state.lock().unwrap().waits.iter().map(|wait| wait.as_secs_f64().round() as u64).collect()
    }
}

/// A client whose server answers as scripted.
pub(super) fn client(script: Vec<Outcome>) -> (Client, Arc<World>) {
    let world = Arc::new(World::default());
    world.state.lock().unwrap().script = script.into();
    let base = ServerUrl::parse("http://127.0.0.1:8000").unwrap();
    (Client::new(world.clone(), base, "TOKEN".into()), world)
}

/// The answer to one read on a server of the given status.
pub(super) fn read_on(
    status: &'static str,
    call: &Call,
    outcome: Outcome,
) -> Result<crate::api::Answer, ApiError> {
    let (client, _) = client(vec![ok(status), outcome]);
    client.read(call, crate::environment::Priority::Read, &scope())
}

/// The answer to one write on a server of the given status.
pub(super) fn write_on(
    status: &'static str,
    call: &Call,
    outcome: Outcome,
) -> Result<crate::api::Answer, ApiError> {
    let (client, _) = client(vec![ok(status), outcome]);
    client.write(call, &scope())
}

/// An hour.
pub(super) fn scope() -> Scope {
    scope_of(3600)
}

pub(super) fn scope_of(seconds: u64) -> Scope {
    Scope::for_duration(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
}

pub(super) fn cancelled() -> Scope {
    let cancel = CancellationToken::new();
    cancel.cancel();
    Scope { cancel, ..scope() }
}

pub(super) fn ok(body: impl Into<Bytes>) -> Outcome {
    answer(200, body)
}

pub(super) fn answer(status: u16, body: impl Into<Bytes>) -> Outcome {
    Ok(Response { status, headers: HeaderMap::new(), body: body.into() })
}

pub(super) fn with_header(outcome: Outcome, name: &'static str, value: &str) -> Outcome {
    outcome.map(|mut response| {
        response.headers.insert(name, value.parse().unwrap());
        response
    })
}

pub(super) fn failed(sent: bool, reason: TransportReason) -> Outcome {
    Err(TransportError { sent, reason, message: "it broke".to_owned() })
}

pub(super) fn session() -> SessionName {
    SessionName::new("S").unwrap()
}

pub(super) fn players(names: &[&str]) -> Vec<PlayerName> {
    names.iter().map(|name| PlayerName::new(name).unwrap()).collect()
}

/// A call about session `S`.
pub(super) fn of_session(endpoint: Endpoint) -> Call {
    Call::new(endpoint).session(&session())
}

/// A call that steps player `A` on.
pub(super) fn advance() -> Call {
    of_session(Endpoint::PlayersAdvance).players(&players(&["A"]))
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}
