//! The functions in words: for `uproctor functions`, the docs, and editors.

use std::{fmt::Write, path::Path};

use serde::Serialize;
use serde_json::Value;

use super::{bindings, engine};

/// One script function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionDoc {
    /// How it is called: `players::advance(session_name, players)`.
    pub signature: String,
    /// Its name with its module: `players::advance`.
    pub name: String,
    /// How many arguments it takes.
    pub arguments: usize,
    /// What it does, and an example.
    pub doc: String,
}

/// Every function of this program, in the order of the modules, then by name.
pub fn functions() -> Vec<FunctionDoc> {
    let mut engine = rhai::Engine::new_raw();
    bindings::register(&mut engine);
    let metadata = engine.gen_fn_metadata_to_json(false).unwrap_or_default();
    let metadata: Value = serde_json::from_str(&metadata).unwrap_or_default();
    let mut all = Vec::new();
    for module in bindings::names() {
        collect(module, &metadata["modules"][module], &mut all);
    }
    collect("", &metadata, &mut all);
    all
}

/// Takes the functions of a module out of Rhai's metadata: `{"functions": [{"name", "params", "docComments"}], "modules":
/// {name: module}}`. What has no doc belongs to a type, such as its indexers.
fn collect(module: &str, metadata: &Value, all: &mut Vec<FunctionDoc>) {
    let mut found: Vec<FunctionDoc> = Vec::new();
    for function in metadata["functions"].as_array().into_iter().flatten() {
        let doc: Vec<&str> =
            function["docComments"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (Some(name), false) = (function["name"].as_str(), doc.is_empty()) else { continue };
        let parameters: Vec<&str> = function["params"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter["name"].as_str())
            .map(|name| name.trim_matches('_'))
            .filter(|name| *name != "ctx")
            .collect();
        let name = if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
        let doc = doc.join("\n");
        let doc: Vec<&str> = doc.lines().map(|line| line.strip_prefix("///").unwrap_or(line)).collect();
        let doc: Vec<&str> = doc.into_iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        found.push(FunctionDoc {
            signature: format!("{name}({})", parameters.join(", ")),
            arguments: parameters.len(),
            name,
            doc: doc.join("\n").trim().to_owned(),
        });
    }
    // By their docs too: the order of functions that differ only in their types changes from build to build.
    found.sort_by(|a, b| (&a.name, a.arguments, &a.doc).cmp(&(&b.name, b.arguments, &b.doc)));
    all.append(&mut found);
    for (name, inner) in metadata["modules"].as_object().into_iter().flatten() {
        if !module.is_empty() {
            collect(&format!("{module}::{name}"), inner, all);
        }
    }
}

/// The page of the docs.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Script functions\n\nThis page is made by `uproctor functions --markdown`. Everything that writes needs the named \
         capability in the automation's `allow`.\n",
    );
    let mut heading = String::new();
    for function in functions() {
        let module = function.name.rsplit_once("::").map_or("", |(module, _)| module).to_owned();
        if module != heading || !page.contains("\n## ") {
            let title =
                if module.is_empty() { "Without a module".to_owned() } else { format!("`{module}::`") };
            let _ = write!(page, "\n## {title}\n");
            heading = module;
        }
        let _ = write!(page, "\n### `{}`\n\n{}\n", function.signature, function.doc);
    }
    page
}

/// Writes definition files, from which editors know the functions.
pub fn write_definitions(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    engine::bare().definitions().write_to_dir(folder)
}
