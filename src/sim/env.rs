//! The world of a rehearsal as runs find it: a clock that jumps, and a server that is simulated.

use std::{sync::Arc, sync::MutexGuard, time::Duration};

use http::HeaderMap;
use jiff::Timestamp;

use super::{
    faults::Fate,
    journal::{Call, What},
    stage::{ActorId, Micros, Stage, State, seconds, this_actor},
};
use crate::environment::{Environment, Request, Response, Scope, Stopped, TransportError, TransportReason};

/// One way to or from the server, in microseconds.
const TRIP: Micros = 1_500;
/// How long the server works on a call: so much, and so much more for each kilobyte of its answer. Measured servers take
/// 5 ms for a list of 40 players of 6 kB and 180 ms for 2,000 players of 300 kB.
const WORK: Micros = 2_000;
const WORK_PER_KILOBYTE: Micros = 600;

/// See the module.
pub(super) struct Simulated {
    pub(super) stage: Arc<Stage>,
}

impl Environment for Simulated {
    fn now(&self) -> Timestamp {
        let mut state = self.stage.lock();
        state.step();
        state.daemon_now()
    }

    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped> {
        // The director never waits: nothing would move the clock.
        let Some(actor) = this_actor() else { return Err(Stopped::Cancelled) };
        let mut state = self.stage.lock();
        state.step();
        scope.check(state.daemon_now())?;
        let left = scope.remaining(state.daemon_now());
        let until = state.now.saturating_add(length(duration.min(left)));
        state = self.stage.sleep_until(state, actor, until, &scope.cancel);
        if state.dead || scope.cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        if duration >= left { Err(Stopped::Deadline) } else { Ok(()) }
    }

    fn random(&self) -> u64 {
        let mut state = self.stage.lock();
        state.step();
        state.dice.number()
    }

    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError> {
        let Some(actor) = this_actor() else { return Err(stopped(false, Stopped::Cancelled)) };
        let mut state = self.stage.lock();
        state.step();
        if state.dead {
            return Err(stopped(false, Stopped::Cancelled));
        }
        scope.check(state.daemon_now()).map_err(|why| stopped(false, why))?;
        let left = length(scope.remaining(state.daemon_now()));
        let deadline = state.now.saturating_add(left);
        let Some(priority) = request.lane else {
            return Ok(elsewhere(&mut state, actor, &request));
        };
        let (mut state, has_turn) = self.stage.take_lane(state, actor, priority, deadline, &scope.cancel);
        if state.dead {
            return Err(stopped(false, Stopped::Cancelled));
        }
        // Until here it is known not to have been sent.
        let stop = match scope.check(state.daemon_now()) {
            Err(why) => Some(why),
            Ok(()) => (!has_turn).then_some(Stopped::Deadline),
        };
        if let Some(why) = stop {
            if has_turn {
                state.leave_lane();
            }
            note(&mut state, actor, &request, "given up before its turn came");
            return Err(stopped(false, why));
        }
        if request.is_stale(state.daemon_now()) {
            state.leave_lane();
            note(&mut state, actor, &request, "too late, and not sent");
            return Err(TransportError::stale());
        }
        let (mut state, result) = self.exchange(state, actor, &request, deadline);
        state.leave_lane();
        result
    }
}

impl Simulated {
    fn exchange<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        actor: ActorId,
        request: &Request,
        deadline: Micros,
    ) -> (MutexGuard<'a, State>, Result<Response, TransportError>) {
        let begun = state.now;
        let patience = begun.saturating_add(length(request.timeout)).min(deadline);
        let fate = state.dice.fate();
        let reaches = begun + TRIP;
        if reaches > patience {
            state = self.stage.wait_until(state, actor, patience);
            note(&mut state, actor, request, "given up on its way");
            return (state, Err(timeout(patience == deadline)));
        }
        state = self.stage.wait_until(state, actor, reaches);
        if state.dead {
            return (state, Err(stopped(true, Stopped::Cancelled)));
        }
        if state.now < state.server_down_until {
            note(&mut state, actor, request, "no server");
            let message = "the server cannot be reached: connection refused".to_owned();
            let refused = TransportError { sent: false, reason: TransportReason::Connect, message };
            return (state, Err(refused));
        }
        if let Fate::RequestLost = fate {
            note(&mut state, actor, request, "the request is lost");
            state = self.stage.wait_until(state, actor, patience);
            return (state, Err(timeout(patience == deadline)));
        }
        state.let_participants_act();
        let response = match fate {
            Fate::ServerError => server_error(),
            _ => {
                let now = seconds(state.now);
                let response = state.world.sandbox().answer(now, request);
                state.world.pushed(now);
                state.note_happenings();
                response
            }
        };
        let kilobytes = Micros::try_from(response.body.len() / 1024).unwrap_or(0);
        let arrives = state.now + WORK + WORK_PER_KILOBYTE * kilobytes + TRIP + fate.slowness();
        let lost = matches!(fate, Fate::AnswerLost);
        let (response, text) = match (fate, response.status) {
            (Fate::ErrorAfterwards, status) => (server_error(), format!("{status}, answered as 500")),
            (_, status) if lost => (response, format!("{status}, and the answer is lost")),
            (_, status) if arrives > patience => (response, format!("{status}, and the answer is too late")),
            (_, status) => (response, status.to_string()),
        };
        note(&mut state, actor, request, &text);
        if lost || arrives > patience {
            state = self.stage.wait_until(state, actor, patience);
            return (state, Err(timeout(patience == deadline)));
        }
        state = self.stage.wait_until(state, actor, arrives);
        if state.dead {
            return (state, Err(stopped(true, Stopped::Cancelled)));
        }
        state.step();
        (state, Ok(response))
    }
}

/// Requests to other servers do not leave a rehearsal.
fn elsewhere(state: &mut State, actor: ActorId, request: &Request) -> Response {
    let now = state.now;
    let (response, told) = state.elsewhere.answer(now, request);
    note(state, actor, request, &told);
    response
}

fn server_error() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    Response { status: 500, headers, body: "Internal Server Error".into() }
}

fn note(state: &mut State, actor: ActorId, request: &Request, outcome: &str) {
    let call = Call {
        actor: actor.0,
        method: request.method.clone(),
        host: request.lane.is_none().then(|| request.url.host_str().unwrap_or("").to_owned()),
        path: request.url.path().trim_start_matches("/admin/api/v1/").to_owned(),
        query: request.url.query().map(str::to_owned),
        body: request.body.clone(),
        outcome: outcome.to_owned(),
    };
    let now = state.now;
    state.journal.add(now, What::Call(call));
}

fn timeout(is_deadline: bool) -> TransportError {
    if is_deadline {
        return stopped(true, Stopped::Deadline);
    }
    let message = "the server gave no whole answer in time".to_owned();
    TransportError { sent: true, reason: TransportReason::Timeout, message }
}

fn stopped(sent: bool, why: Stopped) -> TransportError {
    TransportError { sent, reason: TransportReason::Stopped(why), message: why.to_string() }
}

fn length(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
