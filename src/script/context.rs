//! What a run carries with it: the tools, its settings, and what it has done so far.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rhai::Position;
use serde_json::Value;

use super::error::{Ending, RhaiResultOf, end, raise_api, raise_effect};
use crate::{
    api::{Answer, Call, Client},
    config::{Automation, Channels, Config, HttpSection},
    domain::{RunId, TraceKind, TraceLine},
    effects::{Actor, Door},
    environment::{Environment, Priority},
    store::{Store, StoreError},
    watch::Watch,
};

/// What all runs share.
#[derive(Clone)]
pub struct Tools {
    /// The world.
    pub env: Arc<dyn Environment>,
    /// The server, for reading.
    pub client: Arc<Client>,
    /// What is observed of the sessions.
    pub watch: Arc<Watch>,
    /// The one way to write.
    pub door: Arc<Door>,
    /// The store.
    pub store: Store,
    /// The hosts that `http::` may reach.
    pub http: HttpSection,
    /// The channels that `notify::` may use.
    pub channels: Channels,
    /// The folder that `files::` may use.
    pub exports: PathBuf,
}

impl Tools {
    /// The tools of a configuration, over a world, a server and a store.
    pub fn new(
        env: Arc<dyn Environment>,
        client: Arc<Client>,
        store: Store,
        config: &Config,
    ) -> Result<Self, StoreError> {
        let watch = Watch::new(Arc::clone(&env), Arc::clone(&client), store.clone(), config.watch.clone())?;
        let door = Door::new(Arc::clone(&env), Arc::clone(&client), store.clone(), config.guard.clone());
        Ok(Self {
            env,
            client,
            watch: Arc::new(watch),
            door: Arc::new(door),
            store,
            http: config.http.clone(),
            channels: config.channels.clone(),
            exports: config.daemon.exports.clone(),
        })
    }
}

/// A run goes to sleep in `wait_for`, or woke up.
#[derive(Clone, Copy, Debug)]
pub struct Nap {
    /// The run.
    pub run: RunId,
    /// Until when it sleeps; none when it woke up.
    pub until: Option<Timestamp>,
}

/// Told of each [`Nap`].
pub type Signal = Arc<dyn Fn(Nap) + Send + Sync>;

/// One run, as its script's functions see it.
pub(super) struct RunContext {
    pub(super) tools: Arc<Tools>,
    pub(super) automation: Arc<Automation>,
    pub(super) actor: Actor,
    /// `poll()` is being asked: it only looks.
    pub(super) polling: bool,
    pub(super) signal: Signal,
    /// Where the script last called one of our functions: Rhai gives no place to an error that ends a script.
    pub(super) last_call: Mutex<Position>,
    /// Before when the server does not want to be called again, as its last error says.
    pub(super) not_before: Mutex<Option<Timestamp>>,
}

impl RunContext {
    /// Notes where the script called one of our functions.
    pub(super) fn called_at(&self, position: Position) {
        *self.last_call.lock().unwrap_or_else(PoisonError::into_inner) = position;
    }

    /// Where the script last called one of our functions.
    pub(super) fn last_call(&self) -> Position {
        *self.last_call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the server still wants to be left alone, if its last error says so.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let not_before = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::try_from(not_before?.duration_since(self.tools.env.now())).ok()
    }

    /// Adds a line to the run's log and to the daemon's.
    pub(super) fn log(&self, kind: TraceKind, text: &str) {
        // Of which run it is says the span that it runs in.
        let mark = self.actor.mode.mark();
        match kind {
            TraceKind::Warn => tracing::warn!("{mark}{text}"),
            TraceKind::Error => tracing::error!("{mark}{text}"),
            TraceKind::Info => tracing::info!("{mark}{text}"),
            _ => tracing::debug!("{mark}{text}"),
        }
        self.note(kind, text.to_owned(), None);
    }

    /// Adds a line to the run's log only.
    pub(super) fn note(&self, kind: TraceKind, text: String, millis: Option<i64>) {
        let line = self.last_call().line().and_then(|line| u32::try_from(line).ok());
        let at = self.tools.env.now().as_millisecond();
        self.actor.trace.push(TraceLine { at, kind, text, millis, line });
    }

    /// Reads from the server.
    pub(super) fn read(&self, call: &Call, priority: Priority) -> RhaiResultOf<Answer> {
        let started = self.tools.env.now();
        let answer = self.tools.client.read(call, priority, &self.actor.scope);
        let took = self.tools.env.now().duration_since(started).as_millis();
        let what = call
            .session_name()
            .map(ToString::to_string)
            .or_else(|| call.room_name().map(ToString::to_string));
        let mut text = call.endpoint().name().to_owned();
        if let Some(what) = what {
            text.push(' ');
            text.push_str(&what);
        }
        if let Err(error) = &answer {
            text.push_str(": ");
            text.push_str(&error.message);
        }
        self.note(TraceKind::Call, text, i64::try_from(took).ok());
        let answer = answer.map_err(|error| {
            let now = self.tools.env.now();
            let not_before = error.retry_after.map(|wait| {
                let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                now.saturating_add(wait).unwrap_or(Timestamp::MAX)
            });
            *self.not_before.lock().unwrap_or_else(PoisonError::into_inner) = not_before;
            raise_api(&error)
        })?;
        self.actor.saw(call, &answer);
        self.tools.watch.note_labels(&answer);
        Ok(answer)
    }

    /// Reads something that is JSON.
    pub(super) fn read_json(&self, call: &Call) -> RhaiResultOf<Value> {
        Ok(self.read(call, Priority::Read)?.json().unwrap_or(Value::Null))
    }

    /// Writes, through the door.
    pub(super) fn write(&self, call: Call) -> RhaiResultOf<Value> {
        self.before_writing(call.endpoint().name())?;
        let endpoint = call.endpoint().name();
        self.tools.door.write(&self.actor, call).map_err(|error| raise_effect(error, endpoint))
    }

    /// Before anything that others can see: a write to a server, to a file or to what is remembered. `poll()` is asked again and again and
    /// only looks. A run looks while its start is still on its way to the disk, and waits for that here, before it looks at what it
    /// writes to.
    pub(super) fn before_writing(&self, what: &str) -> RhaiResultOf<()> {
        if self.polling {
            return Err(super::error::refuse(format!(
                "{what} is not for poll(), which only looks: do it in run(event)"
            )));
        }
        self.actor.begun.wait().map_err(|error| end(Ending::Store(error.to_string())))
    }
}
