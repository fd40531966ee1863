//! The scripts folder, compiled: nothing is compiled while something is due.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use rhai::AST;
use sha2::{Digest, Sha256};

use super::{
    engine,
    entry::{self, Entry},
    habits,
};
use crate::{
    config::Config,
    domain::{Problem, Severity, did_you_mean, offset_of},
};

/// One compiled script.
pub struct Script {
    /// Its file name in the scripts folder.
    pub name: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// Its text.
    pub source: String,
    /// SHA-256 of its text, in hexadecimal.
    pub hash: String,
    pub(super) ast: AST,
    pub(super) run: Option<Entry>,
    pub(super) poll: Option<Entry>,
}

/// Every script that an automation names.
#[derive(Clone, Default)]
pub struct Library(HashMap<String, Arc<Script>>);

impl Library {
    /// Reads and compiles the scripts of a configuration; what cannot be is a problem, and left out.
    pub fn load(config: &Config) -> (Self, Vec<Problem>) {
        let mut scripts = HashMap::new();
        let mut problems = Vec::new();
        let engine = engine::bare();
        let mut wanted = BTreeMap::new();
        for automation in &config.automations {
            wanted.entry(automation.script.clone()).or_insert_with(|| automation.script_span.clone());
        }
        for (name, span) in wanted {
            let path = config.daemon.scripts.join(&name);
            let source = match std::fs::read_to_string(&path) {
                Ok(source) => source,
                Err(error) => {
                    let message = format!("the script {} cannot be read: {error}", path.display());
                    let mut problem = Problem::at(Severity::Error, &config.file, &config.text, span, message);
                    if error.kind() == std::io::ErrorKind::InvalidData {
                        problem = problem.help("save it as UTF-8");
                    } else if let Some(near) =
                        neighbour(&config.daemon.scripts, &name).filter(|near| *near != name)
                    {
                        problem = problem.help(format!("did you mean \"{near}\"?"));
                    }
                    problems.push(problem);
                    continue;
                }
            };
            match engine.compile(&source) {
                Ok(ast) => {
                    let hash = hex::encode(Sha256::digest(source.as_bytes()));
                    let run = entry::find(&engine, &ast, "run");
                    let poll = entry::find(&engine, &ast, "poll");
                    scripts
                        .insert(name.clone(), Arc::new(Script { name, path, source, hash, ast, run, poll }));
                }
                Err(error) => {
                    let position = error.position();
                    let start =
                        offset_of(&source, position.line().unwrap_or(1), position.position().unwrap_or(1));
                    // At least one character, of however many bytes.
                    let first = source[start..].chars().next().map_or(0, char::len_utf8);
                    let end = source[start..]
                        .find(char::is_whitespace)
                        .map_or(source.len(), |length| start + length.max(first));
                    let message = error.err_type().to_string();
                    let place = start..end.min(source.len());
                    let problem = Problem::at(Severity::Error, &path, &source, place, message);
                    problems.push(match habits::habit_at(&source, start) {
                        Some(hint) => problem.help(hint),
                        None => problem,
                    });
                }
            }
        }
        (Self(scripts), problems)
    }

    /// All of them, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Script>> {
        self.0.values()
    }

    /// The script with this file name.
    pub fn get(&self, name: &str) -> Option<&Arc<Script>> {
        self.0.get(name)
    }
}

/// A script in the folder whose name is nearly this one.
fn neighbour(folder: &Path, name: &str) -> Option<String> {
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".rhai"))
        .collect();
    did_you_mean(name, names.iter().map(String::as_str)).map(str::to_owned)
}
