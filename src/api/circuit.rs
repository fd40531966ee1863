//! When the server fails again and again, it is left alone for a while: requests wait, one at a time tries.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::environment::{Response, TransportError, TransportReason};

/// After so many failures in a row the circuit opens.
const FAILURES: u32 = 5;
/// How long it stays open at first; doubled by each try that fails.
const FIRST: Duration = Duration::from_secs(5);
/// The longest it stays open: a server that is back is found within this.
const LONGEST: Duration = Duration::from_mins(1);

/// How the server has done lately.
#[derive(Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// Until then nobody sends.
    closed_until: Option<Timestamp>,
    /// A request found nobody there, and none has been answered since.
    gone: bool,
    /// When it was first answered again after that.
    back_since: Option<Timestamp>,
    /// What went wrong last, in a sentence.
    last: String,
}

impl Circuit {
    /// How long to wait before sending. Zero means: send now; while the circuit is open the others then wait for what
    /// becomes of it.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let mut state = self.lock();
        let Some(until) = state.closed_until else { return Duration::ZERO };
        // A clock that was set back must not keep the circuit open for hours.
        let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default().min(LONGEST);
        if wait.is_zero() {
            state.open_from(now);
        }
        wait
    }

    /// Takes up what came of a request.
    pub(super) fn note(&self, now: Timestamp, result: &Result<Response, TransportError>) {
        let mut state = self.lock();
        match result {
            Ok(answer) if !matches!(answer.status, 502..=504) => {
                if std::mem::take(&mut state.gone) {
                    state.back_since = Some(now);
                }
                if state.closed_until.take().is_some() {
                    tracing::info!("the uproot server answers again");
                }
                state.failures = 0;
            }
            Err(TransportError {
                reason: TransportReason::TooLarge | TransportReason::Stale | TransportReason::Stopped(_),
                ..
            }) => {}
            Ok(_) | Err(_) => {
                state.gone |= match result {
                    Ok(answer) => answer.status != 504,
                    Err(error) => error.reason == TransportReason::Connect,
                };
                state.failures = state.failures.saturating_add(1);
                state.last = match result {
                    Ok(answer) => format!("it answered {}", answer.status),
                    Err(error) => crate::api::refusal::tidy(&error.message),
                };
                if state.failures >= FAILURES {
                    if state.closed_until.is_none() {
                        tracing::warn!(
                            failures = state.failures,
                            "the uproot server fails again and again ({}): it is left alone, and tried now and then. Is \
                             `url` right, and the server running?",
                            state.last
                        );
                    }
                    state.open_from(now);
                }
            }
        }
    }

    /// What went wrong, if the last requests all failed.
    pub(super) fn failing(&self) -> Option<String> {
        let state = self.lock();
        (state.failures > 0).then(|| state.last.clone())
    }

    /// What went wrong last, in a sentence.
    pub(super) fn last_failure(&self) -> String {
        self.lock().last.clone()
    }

    /// Since when the server is back, if it was gone before.
    pub(super) fn back_since(&self) -> Option<Timestamp> {
        self.lock().back_since
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open_from(&mut self, now: Timestamp) {
        let doublings = self.failures.saturating_sub(FAILURES).min(16);
        let length = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        self.closed_until = now.saturating_add(length).ok();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn answer(status: u16) -> Result<Response, TransportError> {
        Ok(Response { status, headers: HeaderMap::new(), body: Bytes::new() })
    }

    fn refused() -> Result<Response, TransportError> {
        Err(TransportError { sent: false, reason: TransportReason::Connect, message: "refused".to_owned() })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn a_server_that_fails_is_left_alone_and_tried_by_one_at_a_time() {
        let circuit = Circuit::default();
        for second in 0..4 {
            circuit.note(at(second), &refused());
            assert_eq!(circuit.wait(at(second)), Duration::ZERO);
        }
        circuit.note(at(4), &refused());
        assert_eq!(circuit.wait(at(5)), Duration::from_secs(4));
        assert_eq!(circuit.wait(at(9)), Duration::ZERO, "one tries");
        assert_eq!(circuit.wait(at(9)), Duration::from_secs(5), "and the others wait for what comes of it");
        circuit.note(at(10), &refused());
        assert_eq!(circuit.wait(at(10)), Duration::from_secs(10), "twice as long as before");
        circuit.note(at(20), &answer(200));
        assert_eq!(circuit.wait(at(20)), Duration::ZERO);
    }

    #[test]
    fn an_error_of_its_own_is_no_failure_of_the_server_to_answer() {
        let circuit = Circuit::default();
        for second in 0..20 {
            circuit.note(at(second), &answer([400, 404, 422, 500][second as usize % 4]));
        }
        assert_eq!(circuit.wait(at(20)), Duration::ZERO);
        assert_eq!(circuit.back_since(), None);
    }

    #[test]
    fn a_server_is_back_once_it_answers_after_nobody_was_there() {
        let circuit = Circuit::default();
        circuit.note(at(1), &refused());
        assert_eq!(circuit.back_since(), None);
        circuit.note(at(7), &answer(401));
        circuit.note(at(8), &answer(200));
        assert_eq!(circuit.back_since(), Some(at(7)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_it_open() {
        let circuit = Circuit::default();
        for _ in 0..5 {
            circuit.note(at(100_000), &refused());
        }
        assert_eq!(circuit.wait(at(0)), LONGEST);
    }
}
