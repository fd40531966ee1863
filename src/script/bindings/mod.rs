//! The functions that scripts have, a file a subject. Each is a few lines over one generic read or write.

#![expect(unreachable_pub, reason = "the macro that exports a module only sees public functions")]
#![expect(clippy::needless_pass_by_value, reason = "Rhai passes these arguments by value")]

mod arranged;
mod base;
mod chat;
mod configs;
mod csv;
mod data;
mod files;
mod http;
mod json;
mod kv;
mod log;
mod notify;
mod observed;
mod pipelines;
mod players;
mod rooms;
mod sessions;
mod system;

use std::sync::{Arc, LazyLock};

use rhai::{Array, Dynamic, Engine, Map, Module, NativeCallContext, Shared};
use serde_json::{Map as JsonMap, Value};

use super::{
    context::RunContext,
    error::{RhaiResultOf, bad_argument, refuse},
    records::{self, to_json},
};
use crate::domain::{AppName, ConfigName, NameError, PlayerName, RoomName, SessionName, did_you_mean};

/// The modules by the names that scripts know them under, made and indexed once.
static MODULES: LazyLock<Vec<(&'static str, Shared<Module>)>> = LazyLock::new(|| {
    let modules = [
        ("sessions", sessions::module()),
        ("players", players::module()),
        ("chat", chat::module()),
        ("data", data::module()),
        ("pipelines", pipelines::module()),
        ("rooms", rooms::module()),
        ("configs", configs::module()),
        ("system", system::module()),
        ("kv", kv::module()),
        ("log", log::module()),
        ("json", json::module()),
        ("csv", csv::module()),
        ("files", files::module()),
        ("http", http::module()),
        ("notify", notify::module()),
    ];
    modules
        .into_iter()
        .map(|(name, mut module)| {
            module.set_id(name);
            module.build_index();
            (name, Shared::new(module))
        })
        .collect()
});

/// The functions without a module in front, and what can be done with records.
static BASE: LazyLock<Shared<Module>> = LazyLock::new(|| {
    // What is added to a module leaves the names of its types behind.
    let mut module = records::module();
    module.combine(base::module());
    module.combine(observed::module());
    module.build_index();
    Shared::new(module)
});

/// Makes every function known to an engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_global_module(Shared::clone(&BASE));
    for (name, module) in MODULES.iter() {
        engine.register_static_module(name, Shared::clone(module));
    }
}

/// The names of the modules, in the order in which they are explained.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}

/// The run that a call belongs to. There is none while a script is only checked.
fn context(call: &NativeCallContext<'_>) -> RhaiResultOf<Arc<RunContext>> {
    let context = call
        .tag()
        .and_then(|tag| tag.clone().try_cast::<Arc<RunContext>>())
        .ok_or_else(|| refuse("this function only works while a script runs".to_owned()))?;
    context.called_at(call.call_position());
    Ok(context)
}

fn name<T>(result: Result<T, NameError>) -> RhaiResultOf<T> {
    result.map_err(|error| bad_argument("name", &error.to_string()))
}

fn session(text: &str) -> RhaiResultOf<SessionName> {
    name(SessionName::new(text))
}

fn room(text: &str) -> RhaiResultOf<RoomName> {
    name(RoomName::new(text))
}

fn config(text: &str) -> RhaiResultOf<ConfigName> {
    name(ConfigName::new(text))
}

fn app(text: &str) -> RhaiResultOf<AppName> {
    name(AppName::new(text))
}

fn player(text: &str) -> RhaiResultOf<PlayerName> {
    name(PlayerName::new(text))
}

/// One name or an array of names.
fn players(value: &Dynamic) -> RhaiResultOf<Vec<PlayerName>> {
    let wrong = || bad_argument("players", "players are named by one text or an array of texts");
    let one = |value: &Dynamic| {
        let text = value.clone().into_immutable_string().map_err(|_| wrong())?;
        name(PlayerName::new(&text))
    };
    let names = match value.read_lock::<Array>() {
        Some(names) => names.iter().map(one).collect::<RhaiResultOf<Vec<_>>>()?,
        None => vec![one(value)?],
    };
    if names.is_empty() {
        return Err(bad_argument("players", "the array of players is empty: name at least one"));
    }
    Ok(names)
}

/// An object map of options as JSON. A key that is not known is an error, not ignored.
fn options(function: &str, map: &Map, known: &[&str]) -> RhaiResultOf<JsonMap<String, Value>> {
    let mut options = JsonMap::new();
    for (key, value) in map {
        if !known.contains(&key.as_str()) {
            let help = match did_you_mean(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the options are: {}", known.join(", ")),
            };
            return Err(bad_argument(function, &format!("{function} has no option `{key}`: {help}")));
        }
        options.insert(key.to_string(), to_json(value)?);
    }
    Ok(options)
}

fn whole(function: &str, argument: &str, value: i64) -> RhaiResultOf<u64> {
    u64::try_from(value).map_err(|_| bad_argument(function, &format!("{argument} cannot be {value}")))
}
