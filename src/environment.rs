//! The only seam between what this program decides and the world it decides about.
//!
//! Everything that reads a clock, waits, draws a random number or speaks HTTP does it through [`Environment`].
//! `live.rs` is the real world; a rehearsal puts a virtual clock and a simulated server in its place, and nothing
//! else changes. The calls block: a script run is a thread of its own, and its [`Scope`] ends the wait.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What a piece of work must keep within: an instant by which it is over, and a token that can end it earlier.
#[derive(Clone, Debug)]
pub struct Scope {
    /// No call made in this scope goes on past this instant.
    pub deadline: Timestamp,
    /// Cancelled when the work is no longer wanted: the daemon stops, or the run is to make room.
    pub cancel: CancellationToken,
}

impl Scope {
    /// A scope that ends `duration` after `now`, with a token of its own.
    pub fn for_duration(now: Timestamp, duration: Duration) -> Self {
        let deadline =
            now.saturating_add(jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX));
        Self { deadline: deadline.unwrap_or(Timestamp::MAX), cancel: CancellationToken::new() }
    }

    /// How long is left at `now`; zero once the deadline has passed.
    pub fn remaining(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.deadline.duration_since(now)).unwrap_or(Duration::ZERO)
    }

    /// Says at `now` whether the work may go on.
    pub fn check(&self, now: Timestamp) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            Err(Stopped::Cancelled)
        } else if now >= self.deadline {
            Err(Stopped::Deadline)
        } else {
            Ok(())
        }
    }
}

/// Why a piece of work was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Its time is up.
    #[error("the time limit of this run is over")]
    Deadline,
    /// It is no longer wanted.
    #[error("this run was cancelled")]
    Cancelled,
}

/// Where a request to the uproot server stands in the queue for it. The server handles one call after another and
/// each one stalls its participants for as long, so there is one request under way at a time, the first in this
/// order going first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A write: somebody decided it a moment ago, and it should still be true when it arrives.
    Effect,
    /// A read that keeps the picture of the players up to date.
    Observation,
    /// A read that a script waits for.
    Read,
    /// A download that may take seconds.
    Export,
}

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address, query included.
    pub url: Url,
    /// Headers. Secrets among them are marked sensitive, which keeps them out of `Debug`.
    pub headers: HeaderMap,
    /// The body, if there is one.
    pub body: Option<Bytes>,
    /// For the uproot server: the place in its queue. `None` for any other server, which has no queue.
    pub lane: Option<Priority>,
    /// The longest this request may take once it is sent; the scope's deadline still holds.
    pub timeout: Duration,
    /// Whether it goes on to its answer, once it is sent, although the scope is cancelled: a write whose outcome has to be
    /// known. The scope's deadline still holds, and what is cancelled before it is sent is not sent.
    pub sees_it_through: bool,
    /// Not to be sent after this instant: what it was decided on may not be so any more. It ends with [`TransportReason::Stale`] then.
    pub fresh_until: Option<Timestamp>,
    /// The largest answer in bytes, after decompression. More ends the request with [`TransportReason::TooLarge`].
    pub max_answer: usize,
}

impl Request {
    /// Whether it is too late to send it.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.fresh_until.is_some_and(|until| now > until)
    }
}

/// One HTTP answer, whole. Redirects are answers like any other: nobody follows them unasked.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

/// A request that brought no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Whether the request can have reached the server. Only `false` allows sending it again blindly.
    pub sent: bool,
    /// What happened.
    pub reason: TransportReason,
    /// One sentence for a person.
    pub message: String,
}

impl TransportError {
    /// Of a request that [is stale](Request::is_stale).
    pub fn stale() -> Self {
        let message = "it had waited too long for its turn at the server".to_owned();
        Self { sent: false, reason: TransportReason::Stale, message }
    }
}

/// What kept an answer from arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportReason {
    /// No connection: refused, no such host, a failed TLS handshake.
    Connect,
    /// The request's own time-out passed.
    Timeout,
    /// The connection broke, or the answer ended early or was garbled.
    Broken,
    /// The answer is larger than the request allows.
    TooLarge,
    /// It had waited for its turn for longer than [`Request::fresh_until`] allows, and was not sent.
    Stale,
    /// The scope ended first.
    Stopped(Stopped),
}

/// The world: a clock, a way to wait, randomness, and HTTP.
pub trait Environment: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits, unless the scope ends first.
    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped>;

    /// A random number, all 64 bits of it.
    fn random(&self) -> u64;

    /// Sends one request, once, and waits for the whole answer. Never repeats by itself and never follows a redirect.
    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError>;
}
