//! Expectations beside a script: `scripts/NAME.test.rhai`. Each `fn test_...()` in it arranges a rehearsal, lets time
//! pass and says what has to have come of it.

mod claims;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rhai::{
    AST, Array, Dynamic, Engine, EvalAltResult, Map, OptimizationLevel, Position, Scope,
    module_resolvers::DummyModuleResolver,
    packages::{Package, StandardPackage},
};
use serde_json::Value;

use super::{Failure, Rehearsal, Setup, arrange::Arrangement};
use crate::{
    domain::{Problem, Severity, offset_of, parse_duration},
    script,
};

/// What an expectation script is called after the name of its script.
pub const SUFFIX: &str = ".test.rhai";
/// How much a test may compute, its rehearsals aside.
const OPERATIONS: u64 = 50_000_000;

type RhaiResultOf<T> = Result<T, Box<EvalAltResult>>;

/// One expectation script, compiled.
pub struct Expectations {
    /// Where it was read from.
    pub path: PathBuf,
    source: String,
    ast: AST,
    /// The names of its tests, in the order of the file.
    pub tests: Vec<String>,
}

/// What became of one test.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Its name, without `test_`.
    pub name: String,
    /// Where and why it failed; `None` where it did not.
    pub failure: Option<Problem>,
    /// What it printed.
    pub printed: Vec<String>,
}

impl Expectations {
    /// Reads and compiles one. The error says where it cannot be understood.
    pub fn load(path: &Path) -> Result<Self, Problem> {
        let source = std::fs::read_to_string(path).map_err(|error| {
            Problem::whole_file(path, format!("{} cannot be read: {error}", path.display()))
        })?;
        let ast = bare().compile(&source).map_err(|error| {
            let place = error.position();
            let text = error.err_type().to_string();
            let problem = place_problem(path, &source, place, &text);
            match problem.span.as_ref().and_then(|span| script::habit_at(&source, span.start)) {
                Some(habit) => problem.help(habit),
                None => problem,
            }
        })?;
        let mut tests: Vec<(usize, String)> = Vec::new();
        for function in ast.iter_functions().filter(|function| function.name.starts_with("test_")) {
            let at = place_of(&source, function.name);
            if !function.params.is_empty() {
                let end = at + "fn ".len() + function.name.len();
                let text = format!("{} takes arguments, and nobody calls it with any", function.name);
                let problem = Problem::at(Severity::Error, path, &source, at..end.min(source.len()), text);
                return Err(
                    problem.help("a test is a function without arguments; call a helper something else")
                );
            }
            tests.push((at, function.name.to_owned()));
        }
        tests.sort();
        let tests: Vec<String> = tests.into_iter().map(|(_, name)| name).collect();
        if tests.is_empty() {
            let problem = Problem::whole_file(path, "there is no test in it")
                .help("write one as `fn test_what_it_shows() { ... }`, without arguments");
            return Err(problem);
        }
        Ok(Self { path: path.to_owned(), source, ast, tests })
    }

    /// Runs one test. `setup` is what its rehearsals begin from.
    pub fn run(&self, test: &str, setup: &Setup) -> Verdict {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let mut engine = bare();
        register(&mut engine, setup, &self.path);
        let lines = Arc::clone(&printed);
        engine.on_print(move |text| lock(&lines).push(text.to_owned()));
        let result = engine.call_fn::<Dynamic>(&mut Scope::new(), &self.ast, test, ());
        let failure = result.err().map(|error| {
            let (text, place) = told(&error);
            place_problem(&self.path, &self.source, place, &text)
        });
        let printed = std::mem::take(&mut *lock(&printed));
        Verdict { name: test.trim_start_matches("test_").to_owned(), failure, printed }
    }
}

/// Where a function stands in its file.
fn place_of(source: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(found) = source[from..].find(name) {
        let (at, end) = (from + found, from + found + name.len());
        let before = source[..at].trim_end();
        let whole = source[end..].trim_start().starts_with('(');
        if whole && before.ends_with("fn") {
            return before.len() - "fn".len();
        }
        from = end;
    }
    0
}

fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    StandardPackage::new().register_into_engine(&mut engine);
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_module_resolver(DummyModuleResolver::new());
    engine.disable_symbol("eval");
    engine.set_max_operations(OPERATIONS);
    engine.set_max_call_levels(40);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_string_size(8 * 1024 * 1024);
    engine.set_max_array_size(200_000);
    engine.set_max_map_size(200_000);
    engine
}

/// A rehearsal as a test holds it.
#[derive(Clone)]
struct Handle(Arc<Mutex<Rehearsal>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register(engine: &mut Engine, setup: &Setup, file: &Path) {
    engine.register_type_with_name::<Handle>("Rehearsal");
    let base = setup.clone();
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    let begin = move |map: &Map| -> RhaiResultOf<Handle> {
        let arrangement = Arrangement::read(map, &base, &folder).map_err(error)?;
        let mut rehearsal = Rehearsal::prepare(arrangement).map_err(failed)?;
        for (address, answer) in Arrangement::answers(map).map_err(error)? {
            rehearsal.answer(&address, &answer).map_err(error)?;
        }
        Ok(Handle(Arc::new(Mutex::new(rehearsal))))
    };
    let plain = begin.clone();
    engine.register_fn("rehearse", move |map: Map| begin(&map));
    engine.register_fn("rehearse", move || plain(&Map::new()));
    acts(engine);
    looks(engine);
    claims::register(engine);
}

/// What a test does to a rehearsal.
fn acts(engine: &mut Engine) {
    engine.register_fn("run", |handle: &mut Handle, length: &str| -> RhaiResultOf<()> {
        let length = parse_duration(length).map_err(|why| error(why.to_string()))?;
        lock(&handle.0).run_for(length).map_err(failed)
    });
    engine.register_fn("stall", |handle: &mut Handle, player: &str| {
        on(handle, player, |r, p| r.stall(p, None))
    });
    engine.register_fn("stall", |handle: &mut Handle, player: &str, page: &str| {
        on(handle, player, |r, p| r.stall(p, Some(page)))
    });
    engine.register_fn("leave", |handle: &mut Handle, player: &str| {
        on(handle, player, |r, p| r.leave(p, None))
    });
    engine.register_fn("leave", |handle: &mut Handle, player: &str, page: &str| {
        on(handle, player, |r, p| r.leave(p, Some(page)))
    });
    engine.register_fn("come_back", |handle: &mut Handle, player: &str| {
        on(handle, player, Rehearsal::come_back)
    });
    engine.register_fn(
        "webhook",
        |handle: &mut Handle, automation: &str, payload: Dynamic| -> RhaiResultOf<()> {
            let payload = json(&payload)?;
            lock(&handle.0).webhook(automation, payload, serde_json::Map::new()).map_err(failed)
        },
    );
    engine.register_fn(
        "webhook",
        |handle: &mut Handle, automation: &str, payload: Dynamic, headers: Map| -> RhaiResultOf<()> {
            let payload = json(&payload)?;
            let headers = headers.into_iter().map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name.to_lowercase(), Value::String(value))),
                Err(found) => Err(error(format!("the header `{name}` is a text in quotes, not {found}"))),
            });
            let headers = headers.collect::<RhaiResultOf<_>>()?;
            lock(&handle.0).webhook(automation, payload, headers).map_err(failed)
        },
    );
    engine.register_fn(
        "set_fields",
        |handle: &mut Handle, player: &str, fields: Dynamic| -> RhaiResultOf<()> {
            let fields = json(&fields)?;
            lock(&handle.0).set_fields(player, &fields).map_err(failed)
        },
    );
    engine.register_fn("restart_server", |handle: &mut Handle| lock(&handle.0).restart_server());
    engine.register_fn("stop_server", |handle: &mut Handle, away: &str| -> RhaiResultOf<()> {
        let away = parse_duration(away).map_err(|why| error(why.to_string()))?;
        lock(&handle.0).stop_server(away);
        Ok(())
    });
    engine.register_fn("restart_daemon", |handle: &mut Handle| lock(&handle.0).restart_daemon());
    engine.register_fn("trigger", |handle: &mut Handle, automation: &str| -> RhaiResultOf<()> {
        lock(&handle.0).trigger(automation, Value::Null).map_err(failed)
    });
    engine.register_fn(
        "trigger",
        |handle: &mut Handle, automation: &str, payload: Dynamic| -> RhaiResultOf<()> {
            lock(&handle.0).trigger(automation, json(&payload)?).map_err(failed)
        },
    );
    engine.register_fn("approve", |handle: &mut Handle, plan: i64| -> RhaiResultOf<()> {
        lock(&handle.0).approve(plan).map_err(failed)
    });
    engine.register_fn("reject", |handle: &mut Handle, plan: i64| -> RhaiResultOf<()> {
        lock(&handle.0).reject(plan).map_err(failed)
    });
    engine.register_fn(
        "wait_in_room",
        |handle: &mut Handle, room: &str, labels: Dynamic| -> RhaiResultOf<()> {
            let labels: Vec<String> = rhai::serde::from_dynamic(&labels)
                .map_err(|_| error("who waits is a list of labels: [\"seat1\", \"seat2\"]".to_owned()))?;
            lock(&handle.0).wait_in_room(room, &labels).map_err(error)
        },
    );
    engine.register_fn("answer", |handle: &mut Handle, address: &str, answer: Dynamic| -> RhaiResultOf<()> {
        let answer = json(&answer)?;
        lock(&handle.0).answer(address, &answer).map_err(error)
    });
}

fn on(
    handle: &Handle,
    player: &str,
    act: impl FnOnce(&mut Rehearsal, &str) -> Result<(), String>,
) -> RhaiResultOf<()> {
    act(&mut lock(&handle.0), player).map_err(error)
}

/// What a test looks at.
fn looks(engine: &mut Engine) {
    engine.register_fn("players", |handle: &mut Handle| -> RhaiResultOf<Array> {
        let players = lock(&handle.0).players().map_err(failed)?;
        players.into_iter().map(|player| dynamic(&player)).collect()
    });
    engine.register_fn("player", |handle: &mut Handle, name: &str| -> RhaiResultOf<Dynamic> {
        let players = lock(&handle.0).players().map_err(failed)?;
        match players.iter().find(|player| player["name"] == name) {
            Some(player) => dynamic(player),
            None => Err(error(format!("there is no player {name:?} in this rehearsal"))),
        }
    });
    engine.register_fn("writes", |handle: &mut Handle| writes(handle, &|_| true));
    engine.register_fn("writes", |handle: &mut Handle, action: &str| {
        writes(handle, &|write| write["action"] == action)
    });
    engine.register_fn("count", |handle: &mut Handle, action: &str| -> RhaiResultOf<i64> {
        count(handle, &|write| write["action"] == action && write["state"] == "done")
    });
    engine.register_fn("count", |handle: &mut Handle, action: &str, player: &str| -> RhaiResultOf<i64> {
        count(handle, &|write| {
            write["action"] == action && write["player"] == player && write["state"] == "done"
        })
    });
    engine.register_fn("runs", |handle: &mut Handle| -> RhaiResultOf<Array> {
        let rehearsal = lock(&handle.0);
        let runs = rehearsal.runs().map_err(failed)?;
        let times = rehearsal.times(&runs);
        runs.iter().rev().map(|run| dynamic(&times.run(run))).collect()
    });
    engine.register_fn("plans", |handle: &mut Handle| -> RhaiResultOf<Array> {
        lock(&handle.0).plans().map_err(failed)?.iter().map(|asked| dynamic(&asked.json())).collect()
    });
    engine.register_fn("ask", |handle: &mut Handle, path: &str| -> RhaiResultOf<Dynamic> {
        dynamic(&lock(&handle.0).ask(path).map_err(failed)?)
    });
    engine.register_fn(
        "ask",
        |handle: &mut Handle, method: &str, path: &str, body: Dynamic| -> RhaiResultOf<Dynamic> {
            let body = json(&body)?;
            dynamic(&lock(&handle.0).ask_as(method, path, &body).map_err(failed)?)
        },
    );
    engine.register_fn("requests", |handle: &mut Handle| -> RhaiResultOf<Array> {
        lock(&handle.0).requests().iter().map(dynamic).collect()
    });
    engine.register_fn("notices", |handle: &mut Handle| -> RhaiResultOf<Array> {
        lock(&handle.0).notices().map_err(failed)?.iter().map(dynamic).collect()
    });
    engine.register_fn("messages", |handle: &mut Handle| -> RhaiResultOf<Array> {
        lock(&handle.0).messages().iter().map(|sent| dynamic(&sent.json())).collect()
    });
    engine.register_fn("log", |handle: &mut Handle| -> RhaiResultOf<Array> {
        lock(&handle.0).log().map_err(failed)?.iter().map(dynamic).collect()
    });
    engine.register_fn("files", |handle: &mut Handle| -> Array {
        lock(&handle.0).files().into_iter().map(Dynamic::from).collect()
    });
    engine.register_fn("file", |handle: &mut Handle, name: &str| -> Dynamic {
        lock(&handle.0).file(name).map_or(Dynamic::UNIT, Dynamic::from)
    });
    engine.register_fn("journal", |handle: &mut Handle| lock(&handle.0).journal());
    engine.register_fn("elapsed", |handle: &mut Handle| {
        let rehearsal = lock(&handle.0);
        (rehearsal.now() - rehearsal.start()) as f64 / 1e6
    });
}

fn writes(handle: &Handle, wanted: &dyn Fn(&Value) -> bool) -> RhaiResultOf<Array> {
    let rehearsal = lock(&handle.0);
    let times = rehearsal.times(&rehearsal.runs().map_err(failed)?);
    let mut writes = Array::new();
    // What only waits stands with the plans.
    for row in rehearsal.writes().map_err(failed)?.into_iter().filter(|row| row.effect.state != "planned") {
        let write = times.write(&row);
        if wanted(&write) {
            writes.push(dynamic(&write)?);
        }
    }
    Ok(writes)
}

fn count(handle: &Handle, wanted: &dyn Fn(&Value) -> bool) -> RhaiResultOf<i64> {
    Ok(i64::try_from(writes(handle, wanted)?.len()).unwrap_or(i64::MAX))
}

fn dynamic(value: &Value) -> RhaiResultOf<Dynamic> {
    rhai::serde::to_dynamic(value)
}

fn json(value: &Dynamic) -> RhaiResultOf<Value> {
    rhai::serde::from_dynamic(value)
}

fn error(text: String) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(text.into(), Position::NONE))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn failed(failure: Failure) -> Box<EvalAltResult> {
    error(failure.to_string())
}

/// What a person is told of an error, and the place of the innermost one in the test.
fn told(found: &EvalAltResult) -> (String, Position) {
    match found {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, place) => {
            let (text, inner_place) = told(inner);
            (text, if inner_place.is_none() { *place } else { inner_place })
        }
        EvalAltResult::ErrorRuntime(thrown, place) => (thrown.to_string(), *place),
        EvalAltResult::ErrorTooManyOperations(place) => ("it computes without end".to_owned(), *place),
        other => {
            let text = other.to_string();
            let end = text.rfind(" (line ").unwrap_or(text.len());
            (text[..end].to_owned(), other.position())
        }
    }
}

fn place_problem(path: &Path, source: &str, place: Position, text: &str) -> Problem {
    match place.line() {
        None => Problem::whole_file(path, text),
        Some(line) => {
            let at = offset_of(source, line, place.position().unwrap_or(1));
            let end = source[at..].find(['\n', ';']).map_or(source.len(), |length| at + length.max(1));
            Problem::at(Severity::Error, path, source, at..end.min(source.len()), text)
        }
    }
}
