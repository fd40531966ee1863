//! Looking at scripts without running them: unknown functions and variables, wrong numbers of arguments, what a script
//! is not to use, writes that `allow` does not name, parameters that are not there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rhai::{ASTNode, Expr, Position, Stmt};

use super::{
    Library, Script, engine, habits, params,
    properties::{self, Ours},
    records::{BY_NAME, GO_THROUGH},
    variables::{self, Why},
};
use crate::{
    config::{Automation, Config, Trigger},
    domain::{Capability, ChannelName, Problem, Severity, did_you_mean, offset_of},
};

/// A call in a script.
pub(super) struct FoundCall {
    pub(super) name: String,
    pub(super) arguments: usize,
    method: bool,
    /// The first argument, where it is a text that stands there as such.
    pub(super) first_text: Option<String>,
    pub(super) position: Position,
}

/// Everything that is wrong with the scripts of a configuration, as far as it can be seen without running them.
pub fn check(config: &Config, library: &Library) -> Vec<Problem> {
    let known = Known::new();
    let mut problems = Vec::new();
    let mut checked = HashSet::new();
    for automation in &config.automations {
        let Some(script) = library.get(&automation.script) else { continue };
        let calls = calls(script);
        if checked.insert(&automation.script) {
            imports(script, &mut problems);
            known.check_calls(script, &calls, &mut problems);
            variables(script, &mut problems);
            properties(script, &mut problems);
            channels(config, script, &calls, &mut problems);
        }
        entry_points(config, automation, script, &mut problems);
        capabilities(config, automation, script, &calls, &mut problems);
        params::check(config, automation, script, &calls, &mut problems);
    }
    problems
}

/// The functions there are: by name, the numbers of arguments they take.
struct Known(BTreeMap<String, BTreeSet<usize>>);

/// What Rhai handles itself, without a function of that name.
const BUILT_IN: [&str; 10] =
    ["Fn", "call", "curry", "is_def_fn", "is_def_var", "is_shared", "print", "debug", "type_of", "eval"];

/// What Rhai has and automations have something better for.
const NOT_HERE: [(&str, &str); 2] = [
    ("sleep", "use `wait_for(\"10s\")`, which a deadline and a stop can end, and look again afterwards"),
    ("timestamp", "use `now()`, which gives seconds since 1970"),
];

impl Known {
    fn new() -> Self {
        // Not by way of Rhai's JSON: the memory that takes is never given back to the system.
        let functions = engine::bare().collect_fn_metadata(
            None,
            |function| {
                let name = function.metadata.name.as_str();
                let name = match function.namespace.as_str() {
                    "" => name.to_owned(),
                    module => format!("{module}::{name}"),
                };
                Some((name, function.metadata.num_params))
            },
            true,
        );
        let mut known: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (name, count) in functions {
            known.entry(name).or_default().insert(count);
        }
        Self(known)
    }

    fn check_calls(&self, script: &Script, calls: &[FoundCall], problems: &mut Vec<Problem>) {
        let mut own: HashMap<&str, BTreeSet<usize>> = HashMap::new();
        for function in script.ast.iter_functions() {
            own.entry(function.name).or_default().insert(function.params.len());
        }
        let keys = map_keys(script);
        for call in calls {
            if !own.contains_key(call.name.as_str())
                && let Some((_, instead)) = NOT_HERE.iter().find(|(name, _)| *name == call.name)
            {
                let message = format!("`{}` is not for automations", call.name);
                problems.push(at(script, call.position, &call.name, message).help(*instead));
                continue;
            }
            // A method may be a function kept in a map.
            if call.method && keys.contains(&call.name) {
                continue;
            }
            // Its first argument is the value before the dot.
            let arguments = call.arguments + usize::from(call.method);
            let counts = match (self.0.get(&call.name), own.get(call.name.as_str())) {
                (None, None) if BUILT_IN.contains(&call.name.as_str()) => continue,
                (None, None) => None,
                (known, own) => {
                    let counts = known.into_iter().chain(own).flatten().copied();
                    Some(counts.collect::<BTreeSet<usize>>())
                }
            };
            match counts {
                None => {
                    let problem = at(
                        script,
                        call.position,
                        &call.name,
                        format!("there is no function `{}`", call.name),
                    );
                    let names = self.0.keys().map(String::as_str).chain(own.keys().copied());
                    let plain = call.name.rsplit("::").next().unwrap_or_default();
                    let names = names.collect::<Vec<_>>();
                    // `players.list(s)`: a point where `::` is meant.
                    let module = call.method.then(|| before_the_point(script, call.position)).flatten();
                    let pointed = module.map(|module| format!("{module}::{}", call.name));
                    let pointed = pointed.filter(|name| names.contains(&name.as_str()));
                    let near = pointed.as_deref().or_else(|| did_you_mean(&call.name, names)).or_else(|| {
                        self.0.keys().map(String::as_str).find(|known| known.ends_with(&format!("::{plain}")))
                    });
                    problems.push(match near {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("`uproctor functions` lists them all"),
                    });
                }
                Some(counts) if !counts.contains(&arguments) && !BUILT_IN.contains(&call.name.as_str()) => {
                    let takes: Vec<String> = counts
                        .iter()
                        .map(|count| count.saturating_sub(usize::from(call.method)).to_string())
                        .collect();
                    let takes = match takes.as_slice() {
                        [one] if one == "1" => "1 argument".to_owned(),
                        several => format!("{} arguments", several.join(" or ")),
                    };
                    let message = format!("`{}` takes {takes}, not {}", call.name, call.arguments);
                    let problem = at(script, call.position, &call.name, message);
                    problems.push(
                        problem.help(format!("`uproctor functions {}` shows how it is called", call.name)),
                    );
                }
                Some(_) => {}
            }
        }
    }
}

/// The keys of every map that stands in a script.
fn map_keys(script: &Script) -> HashSet<String> {
    let mut keys = HashSet::new();
    script.ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::Map(map, _))) = path.last() {
            keys.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
        }
        true
    });
    keys
}

fn imports(script: &Script, problems: &mut Vec<Problem>) {
    script.ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(_, position))) = path.last() {
            let message = "a script is one file: it cannot import another".to_owned();
            let problem = at(script, *position, "import", message);
            problems.push(problem.help("copy the functions that are needed into this script"));
        }
        true
    });
}

fn variables(script: &Script, problems: &mut Vec<Problem>) {
    for missing in variables::missing(script) {
        let name = &missing.name;
        let (message, help) = match missing.why {
            Why::Constant { line } => (
                format!("a function does not see the constant `{name}` of line {line} under this name"),
                format!("write `global::{name}`"),
            ),
            Why::Outside { line } => (
                format!("a function does not see the variable `{name}` of line {line}, which is outside it"),
                format!("hand it over as an argument, or make it a `const` and write `global::{name}`"),
            ),
            Why::NotGlobal => (
                format!("there is no constant `{name}` outside the functions"),
                format!("`global::` is for what `const {name} = ...` makes outside all functions"),
            ),
            Why::Unknown => (
                format!("there is no variable `{name}` here"),
                habits::instead_of(name).map_or_else(
                    || "`let` makes a variable; a function sees its own and its arguments".to_owned(),
                    str::to_owned,
                ),
            ),
        };
        problems.push(at(script, missing.position, name, message).help(help));
    }
}

fn properties(script: &Script, problems: &mut Vec<Problem>) {
    for properties::Missing { name, position, of } in properties::missing(script) {
        let (what, all) = match of {
            Ours::Event => ("`event`", of.properties().join(", ")),
            Ours::Player => (
                "an observed player",
                format!("`players::get(session, name, [{name:?}])` reads a field of the experiment"),
            ),
            Ours::Records => {
                let message = format!("there is no place {name} here: {BY_NAME}");
                problems.push(at(script, position, &name, message).help(GO_THROUGH));
                continue;
            }
        };
        let problem = at(script, position, &name, format!("{what} has no `{name}`"));
        problems.push(match did_you_mean(&name, of.properties().iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if of == Ours::Event => problem.help(format!("it has, by kind, {all}")),
            None => problem.help(all),
        });
    }
}

fn calls(script: &Script) -> Vec<FoundCall> {
    let mut calls = Vec::new();
    script.ast.walk(&mut |path: &[ASTNode]| {
        let (call, position, method) = match path.last() {
            Some(
                ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position)),
            ) => (call, *position, false),
            Some(ASTNode::Expr(Expr::MethodCall(call, position))) => (call, *position, true),
            _ => return true,
        };
        if call.op_token.is_some() {
            return true;
        }
        let namespace = call.namespace.to_string();
        let namespace = namespace.trim_end_matches("::");
        let name =
            if namespace.is_empty() { call.name.to_string() } else { format!("{namespace}::{}", call.name) };
        let first_text = match call.args.first() {
            Some(Expr::StringConstant(text, _)) => Some(text.to_string()),
            _ => None,
        };
        calls.push(FoundCall { name, arguments: call.args.len(), method, first_text, position });
        true
    });
    calls
}

/// The word before the point of a method call.
fn before_the_point(script: &Script, position: Position) -> Option<&str> {
    let at = offset_of(&script.source, position.line()?, position.position()?);
    let before = script.source.get(..at)?.trim_end().strip_suffix('.')?.trim_end();
    let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    before.get(start..).filter(|word| !word.is_empty())
}

fn at(script: &Script, position: Position, name: &str, message: String) -> Problem {
    let start = offset_of(&script.source, position.line().unwrap_or(1), position.position().unwrap_or(1));
    let end = (start + name.len()).min(script.source.len());
    let end = script.source.floor_char_boundary(end).max(start);
    Problem::at(Severity::Error, &script.path, &script.source, start..end, message)
}

fn entry_points(config: &Config, automation: &Automation, script: &Script, problems: &mut Vec<Problem>) {
    let has = |name: &str, counts: &[usize]| {
        script
            .ast
            .iter_functions()
            .any(|function| function.name == name && counts.contains(&function.params.len()))
    };
    let mut missing = |what: &str, why: String| {
        let span = automation.script_span.clone();
        let message = format!("{} has no `{what}`, {why}", script.path.display());
        let problem = Problem::at(Severity::Error, &config.file, &config.text, span, message);
        problems.push(problem.help(format!("add `{what} {{ ... }}` to it")));
    };
    if !has("run", &[1]) {
        missing("fn run(event)", "which is called for each event".to_owned());
    }
    let polls = automation.triggers.iter().any(|trigger| matches!(trigger, Trigger::Poll(_)));
    if polls && !has("poll", &[0, 1]) {
        missing(
            "fn poll()",
            format!("which the poll trigger of {:?} asks for items", automation.name.as_str()),
        );
    }
}

/// The capability that a script function needs.
fn needs(function: &str) -> Option<Capability> {
    let name = match function {
        "sessions::set_active" | "sessions::toggle_active" => "sessions.active",
        "sessions::set_testing" | "sessions::toggle_testing" => "sessions.testing",
        "sessions::set_description" => "sessions.description",
        "sessions::set_settings" => "sessions.settings",
        "players::set_fields" => "players.fields",
        "players::mark_dropout" => "players.dropout",
        "files::append" => "files.write",
        other => return Capability::named(&other.replace("::", ".")),
    };
    Capability::named(name)
}

fn capabilities(
    config: &Config,
    automation: &Automation,
    script: &Script,
    calls: &[FoundCall],
    problems: &mut Vec<Problem>,
) {
    let name = automation.name.as_str();
    let mut used = BTreeSet::new();
    for call in calls {
        let Some(capability) = needs(&call.name) else { continue };
        if used.insert(capability) && !automation.allow.contains(&capability) {
            let message = format!(
                "`{}` needs the capability \"{capability}\", which {name:?} does not have",
                call.name
            );
            let problem = at(script, call.position, &call.name, message);
            problems.push(
                problem
                    .help(format!("add \"{capability}\" to `allow` of {name:?} if it is meant to do this")),
            );
        }
    }
    let unused: Vec<&str> = automation
        .allow
        .iter()
        .filter(|allowed| !used.contains(allowed))
        .map(|allowed| allowed.as_str())
        .collect();
    // A group such as "players.*" is meant to allow more than is used.
    if !unused.is_empty() && !config.text[automation.allow_span.clone()].contains('*') {
        let message = format!("{name:?} allows {}, which its script never does", unused.join(", "));
        let span = automation.allow_span.clone();
        let problem = Problem::at(Severity::Warning, &config.file, &config.text, span, message);
        problems
            .push(problem.help("leave out what is not needed: it is the last fence before a wrong write"));
    }
}

/// Channels that a script names and that are not there.
fn channels(config: &Config, script: &Script, calls: &[FoundCall], problems: &mut Vec<Problem>) {
    for call in calls.iter().filter(|call| call.name == "notify::send") {
        if let Some((message, help)) = call.first_text.as_ref().and_then(|name| no_channel(config, name)) {
            problems.push(at(script, call.position, &call.name, message).help(help));
        }
    }
}

/// What to say where there is no channel of this name, and what to do.
pub(super) fn no_channel(config: &Config, wanted: &str) -> Option<(String, String)> {
    let names = config.channel_names();
    if names.iter().any(|name| name.as_str() == wanted) {
        return None;
    }
    let near = did_you_mean(wanted, names.iter().map(ChannelName::as_str));
    let help = near.map_or_else(
        || format!("add a section [channel.{wanted}] to the configuration"),
        |near| format!("did you mean {near:?}?"),
    );
    Some((format!("there is no channel {wanted:?}"), help))
}
