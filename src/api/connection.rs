//! One request to the server: its headers, its limits, and one or several attempts.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    circuit::Circuit,
    error::{ApiError, ErrorKind},
    retry,
    row::Limits,
};
use crate::domain::ServerUrl;
use crate::environment::{Environment, Priority, Request, Response, Scope, TransportError, TransportReason};

/// How often somebody who waits for a failing server looks whether it is back.
const LOOK: Duration = Duration::from_secs(1);

/// The way to one server.
pub(super) struct Connection {
    pub(super) env: Arc<dyn Environment>,
    pub(super) base: ServerUrl,
    pub(super) token: SecretString,
    circuit: Circuit,
    /// The server's clock, as its last answer told it, and ours at that moment.
    clock: Mutex<Option<(Timestamp, Timestamp)>>,
    /// When it last answered, and how long that took.
    answered: Mutex<Option<(Timestamp, Duration)>>,
}

/// How a server does.
#[derive(Clone, Debug, Default)]
pub struct ServerHealth {
    /// When it last answered.
    pub answered: Option<Timestamp>,
    /// How long that answer took.
    pub took: Option<Duration>,
    /// What went wrong since, if its last requests all failed.
    pub failing: Option<String>,
}

impl Connection {
    pub(super) fn new(env: Arc<dyn Environment>, base: ServerUrl, token: SecretString) -> Self {
        Self {
            env,
            base,
            token,
            circuit: Circuit::default(),
            clock: Mutex::default(),
            answered: Mutex::default(),
        }
    }

    /// The server's clock when it last answered, to the second.
    pub(super) fn server_time(&self) -> Option<Timestamp> {
        self.clock().map(|(server, _)| server)
    }

    /// By how much the server's clock is ahead of ours, to a second: its `Date` has no fractions, so half a second is added.
    pub(super) fn clock_skew(&self) -> Option<SignedDuration> {
        let (server, ours) = self.clock()?;
        Some(server.duration_since(ours) + SignedDuration::from_millis(500))
    }

    /// How the server does.
    pub(super) fn health(&self) -> ServerHealth {
        let answered = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        ServerHealth {
            answered: answered.map(|(at, _)| at),
            took: answered.map(|(_, took)| took),
            failing: self.circuit.failing(),
        }
    }

    fn clock(&self) -> Option<(Timestamp, Timestamp)> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when the server is back, if requests found nobody there before.
    pub(super) fn back_since(&self) -> Option<Timestamp> {
        self.circuit.back_since()
    }

    /// A request with the token, not yet sent. A body is JSON.
    pub(super) fn request(
        &self,
        endpoint: &str,
        method: Method,
        url: Url,
        body: Option<Bytes>,
        limits: Limits,
        lane: Priority,
    ) -> Result<Request, ApiError> {
        let mut headers = HeaderMap::new();
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret())).map_err(|_| {
                let message =
                    "the token holds characters that no HTTP header can carry, perhaps a line break";
                ApiError::unsent(ErrorKind::BadCall, endpoint, message)
            })?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let (timeout, max_answer) = (limits.timeout(), limits.max_answer());
        Ok(Request {
            method,
            url,
            headers,
            body,
            lane: Some(lane),
            timeout,
            sees_it_through: false,
            fresh_until: None,
            max_answer,
        })
    }

    /// Sends a request exactly once.
    pub(super) fn send_once(
        &self,
        endpoint: &str,
        request: Request,
        scope: &Scope,
    ) -> Result<Response, ApiError> {
        scope.check(self.env.now()).map_err(|reason| retry::stopped(endpoint, reason, false))?;
        let sent = request.clone();
        self.execute(request, scope).map_err(|error| retry::transport(endpoint, &sent, &error))
    }

    /// Sends a request that changes nothing, again if need be.
    pub(super) fn send_safe(
        &self,
        endpoint: &str,
        request: &Request,
        scope: &Scope,
    ) -> Result<Response, ApiError> {
        retry::send(&*self.env, |request, scope| self.execute(request, scope), endpoint, request, scope)
    }

    /// Sends one request once the circuit lets it.
    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError> {
        loop {
            let now = self.env.now();
            let wait = self.circuit.wait(now);
            if wait.is_zero() {
                break;
            }
            let stopped = |reason, message| TransportError { sent: false, reason, message };
            // Of more use than "out of time" is what is wrong.
            if wait >= scope.remaining(now) {
                let why = format!("the server fails again and again: {}", self.circuit.last_failure());
                return Err(stopped(TransportReason::Connect, why));
            }
            // Looked at again and again, since the first answer lets all go on.
            self.env.sleep(wait.min(LOOK), scope).map_err(|why| {
                stopped(TransportReason::Stopped(why), format!("waiting for a server that fails: {why}"))
            })?;
        }
        let began = self.env.now();
        let result = self.env.execute(request, scope);
        let now = self.env.now();
        self.circuit.note(now, &result);
        // What the circuit counts as a failure is no answer of the server's own.
        if result.as_ref().is_ok_and(|answer| !matches!(answer.status, 502..=504)) {
            let took = Duration::try_from(now.duration_since(began)).unwrap_or_default();
            *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, took));
        }
        if let Ok(answer) = &result
            && let Some(date) = answer.headers.get(header::DATE).and_then(|date| date.to_str().ok())
            && let Ok(at) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date)
        {
            *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, self.env.now()));
        }
        result
    }
}
