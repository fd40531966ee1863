//! The real world: the system's clock and entropy, and HTTP by reqwest.

mod lane;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use jiff::Timestamp;
use tokio::runtime::Handle;

use crate::environment::{
    Environment, Priority, Request, Response, Scope, Stopped, TransportError, TransportReason,
};
use lane::Lane;

/// Servers of uproot close an idle connection after 5.0 s. Ours are dropped before that, so that no request is sent
/// into a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// The longest a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// The real world. Its calls block their thread while the work is done on the runtime, so they are for threads of
/// their own, never for a task of the runtime.
pub struct Live {
    runtime: Handle,
    /// For `http`. Made at the first request, as the other one is.
    plain: OnceLock<reqwest::Client>,
    /// For `https`: loading the trusted certificates takes longer than all the rest of starting, and their memory.
    secure: OnceLock<reqwest::Client>,
    /// One queue a server that wants one request at a time.
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

impl Live {
    /// A world that does its input and output on this runtime.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, plain: OnceLock::new(), secure: OnceLock::new(), lanes: Mutex::default() }
    }

    /// The time now, for commands that have no world of their own.
    #[expect(clippy::disallowed_methods, reason = "this is the real clock")]
    pub fn clock() -> Timestamp {
        Timestamp::now()
    }

    /// The client for an address. Nobody follows redirects, so one that is not secure never has to become so.
    fn client(&self, url: &url::Url) -> Result<&reqwest::Client, TransportError> {
        let is_plain = url.scheme() == "http";
        let kept = if is_plain { &self.plain } else { &self.secure };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        // An error means that a provider is installed already, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder();
        let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
        let client = builder
            .user_agent(concat!("uproctor/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(POOL_IDLE)
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| {
                failure(false, TransportReason::Connect, format!("HTTP cannot be used here: {error}"))
            })?;
        Ok(kept.get_or_init(|| client))
    }

    fn lane(&self, request: &Request) -> Arc<Lane> {
        let origin = request.url.origin().ascii_serialization();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry(origin).or_default())
    }
}

impl Environment for Live {
    #[expect(clippy::disallowed_methods, reason = "this is the real clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped> {
        scope.check(self.now())?;
        let left = scope.remaining(self.now());
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = scope.cancel.cancelled() => Err(Stopped::Cancelled),
                () = tokio::time::sleep(duration.min(left)) => {
                    if duration >= left { Err(Stopped::Deadline) } else { Ok(()) }
                }
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the real entropy")]
    fn random(&self) -> u64 {
        // Without entropy there is nothing better than the clock; it only spreads retries.
        getrandom::u64().unwrap_or_else(|_| self.now().as_nanosecond().unsigned_abs() as u64)
    }

    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError> {
        scope.check(self.now()).map_err(|why| stopped(false, why))?;
        let client = self.client(&request.url)?;
        let lane = request.lane.map(|priority| (self.lane(&request), priority));
        // All of it is a task of the runtime, which wakes this thread once: a thread that took part would be woken for its turn,
        // for the head of the answer and for each piece of it, and would hold up whoever is next that long.
        let work = send(client.clone(), request, lane, scope.clone());
        self.runtime.block_on(async { self.runtime.spawn(work).await }).unwrap_or_else(|error| {
            // The runtime is gone, or the task has panicked, which has told of itself.
            Err(failure(true, TransportReason::Broken, format!("the request was given up: {error}")))
        })
    }
}

fn stopped(sent: bool, why: Stopped) -> TransportError {
    failure(sent, TransportReason::Stopped(why), why.to_string())
}

/// Waits for its turn in the lane, if there is one, then sends the request and has the answer, within the scope.
async fn send(
    client: reqwest::Client,
    request: Request,
    lane: Option<(Arc<Lane>, Priority)>,
    scope: Scope,
) -> Result<Response, TransportError> {
    let deadline = tokio::time::sleep(scope.remaining(Live::clock()));
    tokio::pin!(deadline);
    let _turn = match &lane {
        None => None,
        Some((lane, priority)) => tokio::select! {
            biased;
            () = scope.cancel.cancelled() => return Err(stopped(false, Stopped::Cancelled)),
            () = &mut deadline => return Err(stopped(false, Stopped::Deadline)),
            turn = lane.turn(*priority) => Some(turn),
        },
    };
    let (timeout, through, host) = (request.timeout, request.sees_it_through, host(&request));
    // Now it is sent; until here, a cancellation is known to have kept it back.
    scope.check(Live::clock()).map_err(|why| stopped(false, why))?;
    if request.is_stale(Live::clock()) {
        return Err(TransportError::stale());
    }
    tokio::select! {
        biased;
        () = scope.cancel.cancelled(), if !through => Err(stopped(true, Stopped::Cancelled)),
        () = &mut deadline => Err(stopped(true, Stopped::Deadline)),
        answer = tokio::time::timeout(timeout, exchange(&client, request, &host)) => answer.unwrap_or_else(|_| {
            let seconds = timeout.as_secs_f64();
            let message = format!("{host} gave no whole answer within {seconds} s");
            Err(failure(true, TransportReason::Timeout, message))
        }),
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: Request,
    host: &str,
) -> Result<Response, TransportError> {
    let mut builder = client.request(request.method, request.url).headers(request.headers);
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    let mut answer = builder.send().await.map_err(|error| classify(&error, host))?;
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| classify(&error, host))? {
        if body.len() + chunk.len() > request.max_answer {
            let most = request.max_answer / (1024 * 1024);
            let message = format!("the answer of {host} is larger than the {most} MiB that this call allows");
            return Err(failure(true, TransportReason::TooLarge, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response {
        status: answer.status().as_u16(),
        headers: std::mem::take(answer.headers_mut()),
        body: body.freeze(),
    })
}

fn classify(error: &reqwest::Error, host: &str) -> TransportError {
    let cause = root_cause(error);
    if error.is_builder() {
        failure(false, TransportReason::Broken, format!("the request to {host} could not be made: {cause}"))
    } else if error.is_connect() {
        failure(false, TransportReason::Connect, format!("{host} cannot be reached: {cause}"))
    } else if error.is_body() || error.is_decode() {
        failure(true, TransportReason::Broken, format!("{host} broke off its answer or garbled it: {cause}"))
    } else {
        failure(
            true,
            TransportReason::Broken,
            format!("{host} closed the connection without an answer: {cause}"),
        )
    }
}

fn failure(sent: bool, reason: TransportReason, message: String) -> TransportError {
    TransportError { sent, reason, message }
}

/// The innermost error says what happened; the outer ones repeat the address, which may hold a query.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn host(request: &Request) -> String {
    request.url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
