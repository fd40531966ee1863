//! A sandbox with participants in real time, behind HTTP: what `uproctor sandbox` and `uproctor demo` serve.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Method;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    environment::{Environment, Request, Response},
    sandbox::{Profile, Sandbox, World},
};

/// How often participants are looked after while nobody asks the server anything.
const TICK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Clone)]
pub(super) struct Server {
    world: Arc<Mutex<World>>,
    env: Arc<dyn Environment>,
}

/// What becomes of what participants live through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// Somebody takes it out of the world and tells it.
    Told,
    /// Nobody wants it.
    Forgotten,
}

impl Server {
    /// A server whose time is that of `env`, and nobody in front of it yet.
    pub(super) fn new(sandbox: Sandbox, env: Arc<dyn Environment>) -> Self {
        let world = World::new(sandbox, seconds(&*env));
        Self { world: Arc::new(Mutex::new(world)), env }
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
    pub(super) async fn live(self, story: Story, stop: CancellationToken) {
        loop {
            let now = self.now();
            {
                let mut world = self.world();
                world.advance(now);
                if story == Story::Forgotten {
                    world.happenings();
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// Makes a call of one's own, as an admin. The error is what the server said.
    pub(super) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let now = self.now();
        let mut world = self.world();
        world.advance(now);
        world.ask(now, method, path, body)
    }

    /// Makes a session and expects its participants. The error is what the server said.
    pub(super) fn begin_session(
        &self,
        session: &str,
        config: &str,
        participants: Vec<Profile>,
    ) -> Result<(), String> {
        self.world().begin_session(self.now(), session, config, participants)
    }
}

/// The time of an environment, in seconds since 1970.
fn seconds(env: &dyn Environment) -> f64 {
    env.now().as_microsecond() as f64 / 1e6
}
