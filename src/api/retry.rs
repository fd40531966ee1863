//! Sending again what may be sent again: when, and how long to wait before.
//!
//! Full jitter: each wait is drawn evenly from zero to a bound that doubles, so that several clients of a server
//! that comes back do not all call at once.

use std::time::Duration;

use http::header::RETRY_AFTER;
use jiff::Timestamp;

use super::error::{ApiError, ErrorKind, gave_up_waiting};
use crate::environment::{Environment, Request, Response, Scope, Stopped, TransportError, TransportReason};

/// How often a request is sent at most, if it may be sent again.
pub const ATTEMPTS: u32 = 5;
/// The bound of the first wait.
const BASE: Duration = Duration::from_secs(1);
/// The bound that no wait's bound goes beyond, unless the server asks for longer.
const CAP: Duration = Duration::from_secs(60);

/// Sends a request that changes nothing, again if need be, and gives back the last answer. Ends early where the
/// next wait would outlast the scope: what went wrong is then of more use than "out of time".
pub(super) fn send(
    env: &dyn Environment,
    execute: impl Fn(Request, &Scope) -> Result<Response, TransportError>,
    endpoint: &str,
    request: &Request,
    scope: &Scope,
) -> Result<Response, ApiError> {
    let mut attempt = 0;
    loop {
        scope.check(env.now()).map_err(|reason| stopped(endpoint, reason, attempt > 0))?;
        let outcome = execute(request.clone(), scope);
        let asked = match &outcome {
            Ok(answer) if may_pass(answer.status) => retry_after(answer, env.now()).unwrap_or_default(),
            Err(error) if may_go_better(error.reason) => Duration::ZERO,
            Ok(_) | Err(_) => return outcome.map_err(|error| transport(endpoint, request, &error)),
        };
        attempt += 1;
        let wait = backoff(attempt, env.random()).max(asked);
        if attempt == ATTEMPTS || wait >= scope.remaining(env.now()) {
            return outcome.map_err(|error| transport(endpoint, request, &error));
        }
        tracing::debug!(endpoint, attempt, wait_ms = wait.as_millis(), "a read failed and is sent again");
        env.sleep(wait, scope).map_err(|reason| stopped(endpoint, reason, true))?;
    }
}

/// The wait after the given number of attempts, from 64 random bits.
pub fn backoff(attempts: u32, random: u64) -> Duration {
    let bound = BASE.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(CAP);
    let micros = (bound.as_micros() * u128::from(random)) >> 64;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn may_pass(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503) || gave_up_waiting(status)
}

fn may_go_better(reason: TransportReason) -> bool {
    match reason {
        TransportReason::Connect | TransportReason::Timeout | TransportReason::Broken => true,
        TransportReason::TooLarge | TransportReason::Stale | TransportReason::Stopped(_) => false,
    }
}

/// What the server asks for in `Retry-After`: a number of seconds, or an instant.
pub(super) fn retry_after(answer: &Response, now: Timestamp) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let instant = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Duration::try_from(instant.duration_since(now)).ok()
}

/// The error of a scope that ended. `sent` says whether something had been sent by then.
pub(super) fn stopped(endpoint: &str, reason: Stopped, sent: bool) -> ApiError {
    let error = ApiError::unsent(ErrorKind::Stopped(reason), endpoint, reason.to_string());
    ApiError { sent, pending: sent, ..error }
}

/// The error of a request that brought no whole answer.
pub(super) fn transport(endpoint: &str, request: &Request, error: &TransportError) -> ApiError {
    let write = request.method != http::Method::GET && request.method != http::Method::HEAD;
    let host = request.url.origin().ascii_serialization();
    let said = super::refusal::tidy(&error.message);
    let (kind, message) = match error.reason {
        TransportReason::Stopped(reason) => (ErrorKind::Stopped(reason), reason.to_string()),
        TransportReason::Stale => (ErrorKind::Unreachable, said.clone()),
        _ if !error.sent => {
            (ErrorKind::Unreachable, format!("{host} cannot be reached, so nothing was sent: {said}"))
        }
        TransportReason::TooLarge if !write => (
            ErrorKind::BadAnswer,
            format!("the answer is larger than the {} MiB allowed", request.max_answer / (1024 * 1024)),
        ),
        _ => (
            ErrorKind::LostAnswer,
            format!("the request was sent to {host}, but no whole answer came: {said}"),
        ),
    };
    ApiError {
        kind,
        endpoint: endpoint.to_owned(),
        status: None,
        message,
        sent: error.sent,
        pending: error.sent && !matches!(error.reason, TransportReason::Broken | TransportReason::TooLarge),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_drawn_below_a_bound_that_doubles_up_to_a_minute() {
        let bounds: Vec<u64> =
            [1, 2, 3, 4, 7, 40].map(|n| backoff(n, u64::MAX).as_micros() as u64 + 1).to_vec();
        assert_eq!(bounds, [1, 2, 4, 8, 60, 60].map(|s| s * 1_000_000));
        assert_eq!(backoff(3, 0), Duration::ZERO);
        assert_eq!(backoff(3, 1 << 63), Duration::from_secs(2));
    }

    #[test]
    fn a_server_may_ask_for_longer_in_both_notations() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let asked = |text: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&Response { status: 503, headers, body: bytes::Bytes::new() }, now)
                .map(|wait| wait.as_secs())
        };
        assert_eq!(asked("7"), Some(7));
        assert_eq!(asked("Thu, 01 Jan 2026 00:01:30 GMT"), Some(90));
        assert_eq!(asked("Wed, 31 Dec 2025 00:01:30 GMT"), None);
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-1"), None);
        assert_eq!(asked("99999999999999999999"), None);
    }
}
