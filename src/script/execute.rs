//! Running a script for an event, and asking its `poll()`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use rhai::{Dynamic, Scope as Variables};
use serde_json::Value;

use super::{
    context::{RunContext, Signal, Tools},
    engine,
    entry::{ARGUMENT, Entry},
    error::report,
    library::Script,
    records::{to_dynamic, to_json},
};
use crate::{
    config::{Automation, Trigger},
    domain::{
        Detail, Event, EventKind, Mode, Outcome, PlayerCondition, PlayerName, RunId, RunReport, SessionName,
        TraceLine,
    },
    effects::{Actor, EffectError},
    environment::{Scope, Stopped},
    store::{Begun, PollItem, StoreError},
};

/// Everything that one run needs.
pub struct RunTask {
    /// Its number.
    pub run: RunId,
    /// The automation.
    pub automation: Arc<Automation>,
    /// Its script.
    pub script: Arc<Script>,
    /// Whether its writes are carried out.
    pub mode: Mode,
    /// What it must keep within.
    pub scope: Scope,
    /// What all runs share.
    pub tools: Arc<Tools>,
    /// Told when it goes to sleep and when it wakes up.
    pub signal: Signal,
    /// Whether it is written down that it has begun.
    pub begun: Begun,
}

/// What Rhai says of a property of `()`.
const NO_PROPERTY: &str = "for type '()'";

/// What `poll()` gave.
#[derive(Debug, PartialEq)]
pub struct PollYield {
    /// The items.
    pub items: Vec<PollItem>,
    /// Its own cursor, where it gave a map with `cursor`.
    pub cursor: Option<Value>,
}

/// Why `poll()` gave nothing that can be used.
#[derive(Debug)]
pub struct PollFailure {
    /// How it ended.
    pub report: RunReport,
    /// How long the server asked to be left alone, if it was the server.
    pub retry_after: Option<Duration>,
}

impl From<RunReport> for PollFailure {
    fn from(report: RunReport) -> Self {
        Self { report, retry_after: None }
    }
}

type Trace = (u32, Vec<TraceLine>);

/// Runs the script's `run(event)`, on this thread, to its end. Gives how it ended and the rest of its trace.
pub fn run(task: &RunTask, event: &Event) -> (RunReport, Trace) {
    let actor = match task.actor_for(event) {
        Ok(actor) => actor,
        Err(error) => return (RunReport::failed(error.to_string()), (0, Vec::new())),
    };
    if let Detail::Plan { run } = event.detail {
        return carry_out_plan(task, &actor.approved(), run);
    }
    match task.no_longer(&event.detail) {
        Ok(None) => {}
        Ok(Some(why)) => {
            let why = format!("it is not so any more: {why}");
            return (RunReport::new(Outcome::Skipped, why), (0, Vec::new()));
        }
        Err(failed) => return (failed, (0, Vec::new())),
    }
    let told = match task.told(event) {
        Ok(told) => told,
        Err(failed) => return (failed, (0, Vec::new())),
    };
    note_player(&actor, &told);
    let context = task.context(actor, false);
    let mut report = match task.call(&context, task.script.run.as_ref(), to_dynamic(&told)) {
        // That the script says what it did is no word that it is done.
        Ok(_) if context.actor.has_plan() => {
            RunReport::new(Outcome::Done, format!("what it wants waits in plan {}", task.run))
        }
        Ok(_) => RunReport::done(),
        Err(failed) => task.without_player(failed, &told),
    };
    if let Some(why) = context.actor.tripped() {
        let why = format!("a guard stopped it: {why}. What it wanted waits in plan {}", task.run);
        report = RunReport { tripped: true, ..RunReport::failed(why) };
    }
    (report, context.actor.trace.take())
}

/// The script has seen the player of its event, as they were when it came about.
fn note_player(actor: &Actor, told: &Value) {
    let player = &told["player"];
    if let Some(session) = player["session"].as_str().and_then(|name| SessionName::new(name).ok())
        && let Some(name) = player["name"].as_str().and_then(|name| PlayerName::new(name).ok())
    {
        actor.saw_player(&session, &name, player);
    }
}

/// Carries out a plan that a person approved. It needs no script.
fn carry_out_plan(task: &RunTask, actor: &Actor, planned_by: RunId) -> (RunReport, Trace) {
    if let Err(error) = actor.begun.wait() {
        return (RunReport::failed(error.to_string()), (0, Vec::new()));
    }
    let history = task.tools.store.history();
    let planned =
        history.planned_calls(planned_by).and_then(|calls| Ok((calls, history.detail_of(planned_by)?)));
    let (calls, detail) = match planned {
        Ok(planned) => planned,
        Err(error) => return (RunReport::failed(error.to_string()), (0, Vec::new())),
    };
    match detail.map_or(Ok(None), |detail| task.no_longer(&detail)) {
        Ok(None) => {}
        Ok(Some(why)) => {
            let why =
                format!("nothing of plan {planned_by} was carried out, since it is not so any more: {why}");
            return (RunReport::new(Outcome::Skipped, why), (0, Vec::new()));
        }
        Err(failed) => return (failed, (0, Vec::new())),
    }
    let report = match task.tools.door.carry_out(actor, calls, &task.tools.http, &task.tools.channels) {
        Ok(done) if done.left_out.is_empty() => {
            RunReport::new(Outcome::Done, format!("carried out plan {planned_by}"))
        }
        Ok(done) => RunReport::new(
            if done.failed { Outcome::Failed } else { Outcome::Done },
            format!("carried out plan {planned_by}, but left out: {}", done.left_out.join("; ")),
        ),
        Err(EffectError::Halted(why)) => RunReport::new(Outcome::Halted, why),
        Err(EffectError::Stopped(Stopped::Cancelled)) => {
            RunReport::new(Outcome::Interrupted, "the program stopped while it was carried out")
        }
        Err(error) => RunReport::failed(error.to_string()),
    };
    (report, actor.trace.take())
}

/// Asks the script's `poll()`. `cursor` is what the last poll gave as its own cursor; a `poll(cursor)` with one
/// argument gets it. The error says why there is no usable answer.
pub fn poll(task: &RunTask, cursor: Option<&Value>) -> (Result<PollYield, PollFailure>, Trace) {
    let context = task.context(task.actor(), true);
    let cursor = cursor.map_or(Dynamic::UNIT, to_dynamic);
    let result = task.call(&context, task.script.poll.as_ref(), cursor).and_then(|value| {
        items(&value).map_err(|why| RunReport::failed(format!("{}: {why}", task.script.name)))
    });
    let result = result.map_err(|report| PollFailure { report, retry_after: context.retry_after() });
    (result, context.actor.trace.take())
}

impl RunTask {
    /// Why what was observed of a player is not so any more, if it is not: time has passed since, in the queue or until a
    /// person approved. Steps that were made (joined, finished, ...) stay made.
    fn no_longer(&self, detail: &Detail) -> Result<Option<String>, RunReport> {
        let Detail::Observed(observation) = detail else { return Ok(None) };
        let Some(player) = observation.about.get("player") else { return Ok(None) };
        let condition = PlayerCondition::ALL.iter().find(|(word, _)| *word == observation.what);
        let (Some((_, condition)), Some(name)) = (condition, player["name"].as_str()) else {
            return Ok(None);
        };
        if condition.is_step() {
            return Ok(None);
        }
        let Some(Ok(session)) = player["session"].as_str().map(SessionName::new) else { return Ok(None) };
        let still = self.tools.watch.still(&session, name, *condition, player, &self.scope);
        Ok(still.map_err(|error| RunReport::failed(error.message))?.err())
    }

    /// The event as the script gets it. Where a person names a player to an automation that waits for players, it is as if
    /// something had been observed of them.
    fn told(&self, event: &Event) -> Result<Value, RunReport> {
        let mut told = event.to_script();
        let Detail::Manual { payload, .. } = &event.detail else { return Ok(told) };
        let (Some(session), Some(player)) = (payload["session"].as_str(), payload["player"].as_str()) else {
            return Ok(told);
        };
        let player = player.strip_prefix(session).and_then(|rest| rest.strip_prefix('/')).unwrap_or(player);
        if !self.automation.triggers.iter().any(Trigger::is_about_players) {
            return Ok(told);
        }
        let name = SessionName::new(session).map_err(|error| RunReport::failed(error.to_string()))?;
        let players = self.tools.watch.players(&name, self.automation.patience(), &self.scope);
        let mut players = players.map_err(|error| RunReport::failed(error.message))?;
        let found = players.remove(player);
        let unknown = || RunReport::failed(format!("session {session:?} has no player {player:?}"));
        let found = found.ok_or_else(unknown)?;
        told["since"] = found["entered"].clone();
        told["counts"] = self.tools.watch.counts(&name);
        told["player"] = found;
        told["session"] = session.into();
        told["what"] = "manual".into();
        Ok(told)
    }

    /// Why a run failed that a person started without a player, while its script reads one: `()` has no properties, which is
    /// no help to anybody.
    fn without_player(&self, failed: RunReport, told: &Value) -> RunReport {
        let by_hand = told["kind"] == EventKind::Manual.as_str() && told["player"].is_null();
        let Some(reason) = failed.reason.as_ref().filter(|reason| by_hand && reason.contains(NO_PROPERTY))
        else {
            return failed;
        };
        let name = &self.automation.name;
        if !self.script.source.contains(".player") {
            return failed;
        }
        let waits = self.automation.triggers.iter().any(Trigger::is_about_players);
        let why = if waits {
            format!(
                "its script reads `event.player`, and nobody was named: type `uproctor trigger {name} --player SESSION/PLAYER`"
            )
        } else {
            "its script reads `event.player`, which only events of a `player` trigger have".to_owned()
        };
        RunReport::failed(format!("{why} ({reason})"))
    }

    /// The run, as the door knows it.
    fn actor(&self) -> Actor {
        let (automation, allow) = (self.automation.name.clone(), self.automation.allow.clone());
        Actor::new(self.run, automation, self.mode, allow, self.scope.clone(), self.begun.clone())
    }

    /// The same for an event, which may go on in the place of an earlier run.
    fn actor_for(&self, event: &Event) -> Result<Actor, StoreError> {
        let store = &self.tools.store;
        Ok(match store.resumes(event.id) {
            Some(earlier) => self.actor().resuming(store.history().settled_effects(earlier)?),
            None => self.actor(),
        })
    }

    fn context(&self, actor: Actor, polling: bool) -> Arc<RunContext> {
        Arc::new(RunContext {
            tools: Arc::clone(&self.tools),
            automation: Arc::clone(&self.automation),
            actor,
            polling,
            signal: Arc::clone(&self.signal),
            last_call: Mutex::new(rhai::Position::NONE),
            not_before: Mutex::new(None),
        })
    }

    fn call(
        &self,
        context: &Arc<RunContext>,
        entry: Option<&Entry>,
        argument: Dynamic,
    ) -> Result<Dynamic, RunReport> {
        let Some(entry) = entry else {
            return Err(RunReport::failed(format!("{}: it lacks the function to call", self.script.name)));
        };
        let engine = engine::for_run(context);
        let mut variables = Variables::new();
        if entry.takes_argument {
            variables.push_dynamic(ARGUMENT, argument);
        }
        let call = || engine.eval_ast_with_scope::<Dynamic>(&mut variables, &entry.ast);
        // A panic is a defect of this program; it must not take the other runs with it.
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(report(&error, &self.script.name, context.last_call())),
            Err(_) => {
                // What went wrong, and where, has been printed already; this says in which run.
                tracing::error!("an internal error ended the run");
                Err(RunReport::failed(format!("{}: an internal error ended the run", self.script.name)))
            }
        }
    }
}

/// Reads what `poll()` gave: an array of items `#{key, version?, ...}`, or a map with `items` and `cursor`.
fn items(value: &Dynamic) -> Result<PollYield, String> {
    let shape = "poll() has to give an array of maps, each with a `key`, or a map with `items` and `cursor`";
    let value = to_json(value).map_err(|_| shape.to_owned())?;
    let (list, cursor) = match value {
        Value::Array(list) => (list, None),
        Value::Object(mut map) => match map.remove("items") {
            Some(Value::Array(list)) => (list, Some(map.remove("cursor").unwrap_or(Value::Null))),
            _ => return Err(shape.to_owned()),
        },
        Value::Null => return Err(format!("{shape}; it gave nothing")),
        _ => return Err(shape.to_owned()),
    };
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let items = list.into_iter().enumerate().map(|(at, item)| {
        let key = item.get("key").and_then(text);
        let version = item.get("version").and_then(text).unwrap_or_default();
        let key = key
            .ok_or_else(|| format!("item {at} of poll() has no `key` that is a text or a number: {shape}"))?;
        Ok(PollItem { key, version, item })
    });
    Ok(PollYield { items: items.collect::<Result<_, String>>()?, cursor })
}
