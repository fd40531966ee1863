//! A sandbox with participants in real time, behind HTTP: what `uproctor sandbox` and `uproctor demo` serve.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Generation,
    domain::ServerUrl,
    environment::{Environment, Request, Response},
    sandbox::World,
};

/// How often participants are looked after while nobody asks the server anything.
const TICK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Clone)]
pub(super) struct Stage {
    world: Arc<Mutex<World>>,
    env: Arc<dyn Environment>,
    token: SecretString,
}

impl Stage {
    pub(super) fn new(world: World, env: Arc<dyn Environment>, token: SecretString) -> Self {
        Self { world: Arc::new(Mutex::new(world)), env, token }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time, in seconds since 1970.
    pub(super) fn now(&self) -> f64 {
        seconds(&*self.env)
    }

    /// Answers a request, after the participants did everything up to now.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let now = self.now();
        let mut world = self.world();
        world.advance(now);
        let response = world.sandbox().answer(now, request);
        world.pushed(now);
        response
    }

    /// Lets the participants act until `stop`.
    pub(super) async fn live(self, stop: CancellationToken) {
        loop {
            let now = self.now();
            self.world().advance(now);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// Makes a call of one's own, as an admin. The error is what the server said.
    pub(super) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let path = match self.world().sandbox().generation() {
            Generation::Contract if path != "sessions/" => path.replacen("sessions/", "session/", 1),
            _ => path.to_owned(),
        };
        let url = ServerUrl::default().api(&path).ok_or("no such path")?;
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", self.token.expose_secret());
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(&bearer).map_err(|error| error.to_string())?,
        );
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = body.map(|body| Bytes::from(body.to_string()));
        let request = Request {
            method,
            url,
            headers,
            body,
            lane: None,
            timeout: Duration::from_secs(60),
            sees_it_through: false,
            max_answer: usize::MAX,
        };
        let response = self.answer(&request);
        if response.status >= 400 {
            return Err(String::from_utf8_lossy(&response.body).into_owned());
        }
        serde_json::from_slice(&response.body).map_err(|error| error.to_string())
    }
}

/// The time of an environment, in seconds since 1970.
pub(super) fn seconds(env: &dyn Environment) -> f64 {
    env.now().as_microsecond() as f64 / 1e6
}
