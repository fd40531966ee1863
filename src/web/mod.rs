//! The daemon's own address: webhooks, the console, the API for commands and programs, and the question whether it is well.
//!
//! A webhook's message is answered with 202 only once its event is committed. None of the answers says more to a stranger than the
//! stranger has sent.

mod act;
mod answer;
mod api;
pub mod auth;
mod board;
mod body;
mod console;
mod hooks;
mod metrics;
mod rate;
mod routes;
mod serve;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use http::StatusCode;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Users,
    daemon::{Pulse, Refused},
    engine::Input,
    script::Tools,
    store::{History, StoreError},
};
use answer::Answer;
use auth::{Auth, CurrentUsers};
use board::Board;
use metrics::Tally;
use rate::Rates;

pub use console::Upkeep;
pub use routes::{CurrentRoutes, Hook, Routes};
pub use serve::serve;

/// How long a sender may take for the body of a request.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What the routes need of the daemon.
pub struct WebState {
    /// The store, in which events are committed, the clock, and what is observed.
    pub tools: Arc<Tools>,
    /// For reading the store without keeping the daemon from it.
    pub history: Arc<History>,
    /// Webhooks and automations.
    pub routes: CurrentRoutes,
    /// Takes what was committed, for the engine. As many events as fit are let in, and no more.
    pub committed: mpsc::Sender<Input>,
    /// Cancelled once no event is to be taken in any more.
    pub stopping: CancellationToken,
    /// The token that the daemon's own commands have.
    pub control: SecretString,
    /// The port that is listened on.
    pub port: u16,
    /// Whether the daemon is well.
    pub pulse: Pulse,
    /// Why a change of the configuration is not in force.
    pub refused: Refused,
}

/// The routes of the daemon, and the work that keeps the console up to date.
pub fn router(state: WebState) -> (Router, Upkeep) {
    router_with(state, BODY_TIME)
}

fn router_with(state: WebState, body_time: Duration) -> (Router, Upkeep) {
    let env = &state.tools.env;
    let console = &state.routes.get().config.console;
    let users = CurrentUsers::new(console.users.clone(), &console.users_file);
    let shared = Arc::new(Shared {
        users,
        auth: Auth::new(Arc::clone(env), state.control.clone(), state.port),
        board: Arc::new(Board::new(env.now())),
        tally: Tally::new(&state.history),
        streams: console::Streams::default(),
        state,
        body_time,
        rates: Rates::default(),
        commits: TaskTracker::new(),
    });
    let router = Router::new()
        .route("/hooks/{name}", post(hooks::receive).fallback(hooks::wrong_method))
        .route("/health", get(health).fallback(only_get))
        .route("/ready", get(ready).fallback(only_get))
        .route("/metrics", get(metrics::show).fallback(only_get))
        .merge(api::router())
        .merge(console::router())
        .fallback(nothing_here)
        .with_state(Arc::clone(&shared));
    (router, Upkeep(shared))
}

/// The state of all routes.
struct Shared {
    state: WebState,
    body_time: Duration,
    rates: Rates,
    /// Commits under way. They go on when the sender hangs up: whatever is committed is also handed over.
    commits: TaskTracker,
    auth: Auth,
    users: CurrentUsers,
    board: Arc<Board>,
    tally: Tally,
    streams: console::Streams,
}

impl Shared {
    /// Who may log in now.
    fn users(&self) -> Arc<Users> {
        self.users.get()
    }

    /// Why nothing is done right now, if so: the daemon stops, its loop stands still, or the store cannot be written.
    fn not_ready(&self) -> Vec<&'static str> {
        let (pulse, now) = (&self.state.pulse, self.state.tools.env.now());
        let turns = pulse.turns(now);
        // Where the loop stands still, nobody has tried to write.
        let writes = self.state.tools.store.is_writable() && (pulse.writes(now) || !turns);
        let wrong = [
            (self.state.stopping.is_cancelled(), "uproctor is stopping"),
            (!turns, "the loop of the daemon stands still"),
            (!writes, "the store cannot be written"),
        ];
        wrong.into_iter().filter(|(is_so, _)| *is_so).map(|(_, why)| why).collect()
    }

    /// Says no while the daemon stops.
    fn check_running(&self) -> Result<(), Answer> {
        if self.state.stopping.is_cancelled() { Err(Answer::stopping()) } else { Ok(()) }
    }

    /// Keeps a place for an event, before it is committed: what is taken is also handed over.
    fn reserve(&self) -> Result<mpsc::OwnedPermit<Input>, Answer> {
        self.state.committed.clone().try_reserve_owned().map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Answer::error(
                StatusCode::TOO_MANY_REQUESTS,
                "too many events are waiting to be handled: send this again in a few seconds",
            )
            .retry_after(5),
            mpsc::error::TrySendError::Closed(_) => Answer::stopping(),
        })
    }

    /// Waits for a commit to end and does what has to follow it, even if the request is dropped meanwhile.
    async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, Answer> {
        let result = self.commits.spawn(work).await.unwrap_or(Err(StoreError::Closed));
        // Only commands of uproctor come here: they are told more than a stranger is.
        result.map_err(|error| {
            tracing::error!(%error, "what a command asked for could not be stored");
            Answer::error(StatusCode::SERVICE_UNAVAILABLE, format!("nothing was changed: {error}"))
                .retry_after(30)
        })
    }
}

/// The answer where the store failed.
fn not_stored(error: &StoreError) -> Answer {
    tracing::error!(%error, "an event could not be stored");
    Answer::error(
        StatusCode::SERVICE_UNAVAILABLE,
        "the event could not be stored, and nothing was started: send it again later (the log of uproctor says why)",
    )
    .retry_after(30)
}

async fn health(State(shared): State<Arc<Shared>>) -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    if shared.state.stopping.is_cancelled() {
        Answer::new(StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "stopping", "version": version }))
    } else {
        Answer::new(StatusCode::OK, json!({ "status": "ok", "version": version }))
    }
}

/// Whether events are taken and acted on: for whatever sends them here. Asks nothing of the store.
async fn ready(State(shared): State<Arc<Shared>>) -> Answer {
    let wrong = shared.not_ready();
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Why not is for those who may log in.
    let up_to_date = shared.state.refused.why().is_none();
    Answer::new(status, json!({ "ready": wrong.is_empty(), "not_ready": wrong, "up_to_date": up_to_date }))
}

async fn only_get() -> Answer {
    Answer::wrong_method("GET, HEAD", "this address only answers GET")
}

async fn nothing_here() -> Answer {
    no_such_address()
}

fn no_such_address() -> Answer {
    Answer::error(
        StatusCode::NOT_FOUND,
        "there is nothing at this address: webhooks are at /hooks/NAME, and /health says whether uproctor runs",
    )
}

#[cfg(test)]
mod tests;
