//! Adding recipes to a project: what its `config.toml` becomes.

use std::path::Path;

use super::{Entry, Recipe, find, names};
use crate::{
    config,
    domain::{Problem, did_you_mean},
};

/// A recipe that is to be added.
#[derive(Clone, Debug)]
pub struct Addition {
    /// Its files.
    pub entry: &'static Entry,
    /// Its header.
    pub recipe: Recipe,
}

impl Addition {
    /// The recipes with these names, each once. The error says which there is not.
    pub fn all<'n>(wanted: impl IntoIterator<Item = &'n str>) -> Result<Vec<Self>, String> {
        let mut found: Vec<Self> = Vec::new();
        for name in wanted.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
            let Some(entry) = find(name) else {
                let near = did_you_mean(&name.replace('-', "_"), names());
                let hint = near.map_or("`uproctor init --list` lists them".to_owned(), |near| {
                    format!("did you mean {near}?")
                });
                return Err(format!("there is no recipe {name:?}: {hint}"));
            };
            if found.iter().all(|other| other.entry.name != entry.name) {
                found.push(Self { entry, recipe: entry.recipe().map_err(|problem| problem.to_string())? });
            }
        }
        if found.is_empty() {
            return Err("no recipe is named: `uproctor init --list` lists them".to_owned());
        }
        Ok(found)
    }
}

/// The beginning of the starter project's configuration: everything before its first automation.
pub fn beginning(starter: &str) -> &str {
    let end = starter.find("[[automation]]").unwrap_or(starter.len());
    // The comment above it belongs to it.
    let end = starter[..end].trim_end().rfind("\n\n").map_or(end, |at| at + 1);
    &starter[..end]
}

/// A configuration with the automations of recipes at its end. The error says why that would not be one.
pub fn with_blocks(file: &Path, before: &str, additions: &[Addition]) -> Result<String, Vec<Problem>> {
    let draft = config::parse_for_rehearsal(file, before.to_owned());
    let errors: Vec<Problem> = draft.problems.into_iter().filter(Problem::is_error).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut text = before.to_owned();
    for Addition { recipe, .. } in additions {
        let name = recipe.automation_name();
        if draft.config.automations.iter().any(|automation| automation.name.as_str() == name) {
            let message = format!("{} has an automation {name:?} already", file.display());
            return Err(vec![Problem::whole_file(file, message)]);
        }
        let known =
            |host: &str| draft.config.http.contains_key(host) || text.contains(&format!("[http.{host:?}]"));
        let block = without_hosts(&recipe.block, &known);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("\n# {}\n{block}", recipe.summary));
    }
    let errors: Vec<Problem> = config::parse_for_rehearsal(file, text.clone())
        .problems
        .into_iter()
        .filter(Problem::is_error)
        // The file is still without them: its lines say nothing of what would be wrong.
        .map(|problem| Problem { span: None, line: 1, column: 1, ..problem })
        .collect();
    if errors.is_empty() { Ok(text) } else { Err(errors) }
}

/// A block without the sections of hosts that are there already.
fn without_hosts(block: &str, known: &dyn Fn(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut keeps = true;
    for line in block.lines() {
        if line.starts_with('[') {
            let host = line.strip_prefix("[http.\"").and_then(|rest| rest.split_once("\"]"));
            keeps = !host.is_some_and(|(host, _)| known(host));
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.truncate(kept.trim_end().len());
    kept.push('\n');
    kept
}
