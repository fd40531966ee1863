//! When a write may be sent again.
//!
//! What provably never left may go again, after a wait. What may have been carried out may go once more where the server
//! has shown that it was not; but never while the first request may still be on its way.

use crate::{
    api::{ATTEMPTS, ApiError, ErrorKind, backoff},
    environment::{Environment, Scope},
};

/// How often one write was tried.
#[derive(Default)]
pub(super) struct Repeats {
    attempts: u32,
    doubts: u32,
}

impl Repeats {
    /// After a failure in which nothing was done: waits, and says whether to try again. Not where the server said no, or
    /// where the wait would outlast the run.
    pub(super) fn wait_for_next(&mut self, env: &dyn Environment, error: &ApiError, scope: &Scope) -> bool {
        self.attempts += 1;
        let may_pass = matches!(error.kind, ErrorKind::Unreachable | ErrorKind::TooManyRequests);
        may_pass && self.wait(env, error, scope)
    }

    /// After a failure of a write that may be repeated as often as one likes: the same.
    pub(super) fn wait_for_next_safe(
        &mut self,
        env: &dyn Environment,
        error: &ApiError,
        scope: &Scope,
    ) -> bool {
        self.attempts += 1;
        let may_pass = matches!(
            error.kind,
            ErrorKind::Unreachable
                | ErrorKind::TooManyRequests
                | ErrorKind::LostAnswer
                | ErrorKind::ServerError
        );
        may_pass && self.wait(env, error, scope)
    }

    /// After an answer was lost: whether what was not carried out may be sent once more.
    pub(super) fn doubtful_once_more(&mut self, error: &ApiError) -> bool {
        self.doubts += 1;
        self.doubts == 1 && !error.pending
    }

    fn wait(&self, env: &dyn Environment, error: &ApiError, scope: &Scope) -> bool {
        if self.attempts >= ATTEMPTS {
            return false;
        }
        let wait = backoff(self.attempts, env.random()).max(error.retry_after.unwrap_or_default());
        wait < scope.remaining(env.now()) && env.sleep(wait, scope).is_ok()
    }
}
