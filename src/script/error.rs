//! Errors in both directions: what a script can catch, what ends it, and what a person is told.

use rhai::{Dynamic, EvalAltResult, Map, Position};

use super::records::{BY_NAME, GO_THROUGH};
use crate::{
    api::{ApiError, ErrorKind},
    domain::{Outcome, RunReport},
    effects::EffectError,
    environment::Stopped,
};

/// What a script function gives.
pub(super) type RhaiResultOf<T> = Result<T, Box<EvalAltResult>>;

/// Why a script is over at once. A script cannot catch it.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// `skip(reason)`.
    Skip(String),
    /// `fail(reason)`.
    Fail(String),
    /// It tried what it may not.
    Refused(String),
    /// A guard, a hold or a pause stops it.
    Halted(String),
    /// Its time is over, or it was cancelled.
    Stopped(Stopped),
    /// The store failed.
    Store(String),
}

/// Ends the script.
pub(super) fn end(ending: Ending) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(ending), Position::NONE))
}

/// Ends the script: it tried what it may not.
pub(super) fn refuse(why: String) -> Box<EvalAltResult> {
    end(Ending::Refused(why))
}

/// Throws an error that the script can catch: `#{kind, status, message, endpoint}`.
pub(super) fn throw(kind: &str, message: &str, endpoint: &str, status: Option<u16>) -> Box<EvalAltResult> {
    let mut map = Map::new();
    map.insert("kind".into(), kind.into());
    map.insert("message".into(), message.into());
    map.insert("endpoint".into(), endpoint.into());
    map.insert("status".into(), status.map_or(Dynamic::UNIT, |status| i64::from(status).into()));
    Box::new(EvalAltResult::ErrorRuntime(map.into(), Position::NONE))
}

/// An argument that makes no sense.
pub(super) fn bad_argument(function: &str, message: &str) -> Box<EvalAltResult> {
    throw("bad_argument", message, function, None)
}

pub(super) fn raise_api(error: &ApiError) -> Box<EvalAltResult> {
    match error.kind {
        ErrorKind::Stopped(stopped) => end(Ending::Stopped(stopped)),
        kind => throw(kind.as_str(), &error.message, &error.endpoint, error.status),
    }
}

pub(super) fn raise_effect(error: EffectError, endpoint: &str) -> Box<EvalAltResult> {
    let message = error.to_string();
    match error {
        EffectError::Refused(why) => refuse(why),
        EffectError::Halted(why) => end(Ending::Halted(why)),
        EffectError::Stopped(stopped) => end(Ending::Stopped(stopped)),
        EffectError::Store(error) => end(Ending::Store(error.to_string())),
        EffectError::Api(error) => raise_api(&error),
        EffectError::Uncertain(error) => throw("uncertain", &message, endpoint, error.status),
        EffectError::UnknownPlayer { .. } => throw("unknown_player", &message, endpoint, None),
        EffectError::NotSeen { .. } => throw("not_seen", &message, endpoint, None),
        EffectError::Bad(_) => throw("bad_call", &message, endpoint, None),
    }
}

/// What became of a run whose script ended with this error.
///
/// `last_call` is where the script last called one of our functions: for errors that one of them ended the script with.
pub(super) fn report(error: &EvalAltResult, script: &str, last_call: Position) -> RunReport {
    let (innermost, mut position) = innermost(error);
    let ended = matches!(innermost, EvalAltResult::ErrorTerminated(..));
    let thrown = position.is_none() && matches!(innermost, EvalAltResult::ErrorRuntime(..));
    // What ends a script gets the place of each call it comes through from Rhai; this one is where it began.
    if (ended || thrown) && !last_call.is_none() {
        position = last_call;
    }
    let place = match position.line() {
        Some(line) => format!("{script}:{line}:{}: ", position.position().unwrap_or(1)),
        None => format!("{script}: "),
    };
    let failed = |text: String| RunReport::failed(format!("{place}{text}"));
    match innermost {
        EvalAltResult::ErrorTerminated(token, _) => match token.clone().try_cast::<Ending>() {
            Some(Ending::Skip(reason)) => RunReport::new(Outcome::Skipped, reason),
            Some(Ending::Halted(why)) => RunReport::new(Outcome::Halted, format!("{place}{why}")),
            Some(Ending::Fail(reason)) => failed(reason),
            Some(Ending::Refused(why)) => failed(format!("refused: {why}")),
            Some(Ending::Stopped(Stopped::Cancelled)) => RunReport::new(
                Outcome::Interrupted,
                format!("{place}the program stopped while this run was under way"),
            ),
            Some(Ending::Stopped(Stopped::Deadline)) => {
                failed("the run took longer than its `time_limit`".to_owned())
            }
            Some(Ending::Store(why)) => failed(why),
            None => failed("the run was ended".to_owned()),
        },
        EvalAltResult::ErrorRuntime(thrown, _) => failed(thrown_text(thrown)),
        EvalAltResult::ErrorTooManyOperations(_) => {
            failed("the script computes without end: it was stopped after 50 million operations".to_owned())
        }
        EvalAltResult::ErrorStackOverflow(_) => failed(
            "functions call one another too deeply (40 levels): is there an endless recursion?".to_owned(),
        ),
        EvalAltResult::ErrorDataTooLarge(what, _) => failed(format!(
            "{what} is larger than a script may make it (texts 8 MiB, arrays and maps 200,000 entries)"
        )),
        EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.contains("(Records") => {
            let name = signature.split(' ').next().unwrap_or_default();
            failed(format!(
                "`{name}` is for lists, and {BY_NAME}: write `.values().{name}(...)`; {GO_THROUGH}"
            ))
        }
        other => failed(without_place(other)),
    }
}

/// The place is said in front already, in the form that editors understand.
fn without_place(error: &EvalAltResult) -> String {
    let text = error.to_string();
    match text.rfind(" (line ") {
        Some(at) if text.ends_with(')') => text[..at].to_owned(),
        _ => text,
    }
}

fn thrown_text(thrown: &Dynamic) -> String {
    let Some(map) = thrown.read_lock::<Map>() else {
        return format!("the script threw: {thrown}");
    };
    match (map.get("message"), map.get("endpoint")) {
        (Some(message), Some(endpoint)) => format!("{endpoint}: {message}"),
        (Some(message), None) => format!("the script threw: {message}"),
        _ => format!("the script threw: {thrown}"),
    }
}

/// The error that started it all, and its place: the outer ones are the calls it came through.
fn innermost(error: &EvalAltResult) -> (&EvalAltResult, Position) {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, position) => {
            let (found, place) = innermost(inner);
            (found, if place.is_none() { *position } else { place })
        }
        other => (other, other.position()),
    }
}
