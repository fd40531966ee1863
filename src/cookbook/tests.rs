//! What holds for every recipe, and how headers are read.

use std::{collections::BTreeSet, path::Path};

use super::{Recipe, beginning, shelves};
use crate::{
    config::Config,
    domain::Problem,
    script::{self, Library},
};

/// The longest a script may be without its header, comments and empty lines.
const LONGEST: usize = 60;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every recipe, read from its own file, so that places in it are places there.
fn recipes() -> Vec<Recipe> {
    let entries = shelves().flat_map(|shelf| shelf.entries);
    let recipes: Vec<Recipe> = entries
        .map(|entry| {
            let path = root().join("scripts").join(entry.file());
            Recipe::read(&path, entry.script).unwrap_or_else(|problem| panic!("{problem}"))
        })
        .collect();
    assert!(recipes.len() >= 3);
    recipes
}

#[test]
fn every_script_is_in_the_cookbook_and_has_tests() {
    let known: BTreeSet<String> = shelves()
        .flat_map(|shelf| shelf.entries)
        .flat_map(|entry| [entry.file(), entry.test_file()])
        .collect();
    let files = std::fs::read_dir(root().join("scripts")).expect("the folder of the scripts");
    let files: BTreeSet<String> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(known, files);
    for entry in shelves().flat_map(|shelf| shelf.entries) {
        let tests = entry.test.matches("\nfn test_").count();
        assert!(tests >= 2, "{} has {tests} tests", entry.name);
    }
}

#[test]
fn every_header_has_all_its_parts() {
    for recipe in recipes() {
        let Recipe { name, summary, about, .. } = &recipe;
        assert!(summary.ends_with('.') && summary.matches(". ").count() == 0, "{name}: {summary}");
        assert!(
            about.contains("must not") || about.contains("must never"),
            "{name} says nothing it must not do"
        );
        let none = recipe.parameters.is_empty();
        let header = shelves().flat_map(|shelf| shelf.entries).find(|entry| entry.name == name);
        let says = |line: &str| header.is_some_and(|entry| entry.script.lines().any(|other| other == line));
        assert!(
            says(if none { "//! Parameters: none." } else { "//! Parameters:" }),
            "{name} lists no parameters"
        );
        for parameter in &recipe.parameters {
            assert!(parameter.meaning.len() > 5, "{name}: {parameter:?}");
        }
        let code =
            recipe.code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        let lines = code.count();
        assert!(lines <= LONGEST, "{name} has {lines} lines");
    }
}

/// Also that `allow` is what the script does and nothing more: `check` complains of either.
#[test]
fn every_block_is_an_automation_in_which_check_finds_nothing() {
    for recipe in recipes() {
        let draft = recipe.draft("UTC");
        assert!(draft.problems.is_empty(), "{:?}", told(&draft.problems));
        let config = &draft.config;
        let (library, found) = Library::load(config);
        assert!(found.is_empty(), "{:?}", told(&found));
        let found = script::check(config, &library);
        assert!(found.is_empty(), "{:?}", told(&found));
        let automation = &config.automations[0];
        assert_eq!(automation.name.as_str(), recipe.automation_name());
        assert_eq!(automation.script, format!("{}.rhai", recipe.name));
        let mode = recipe.block.contains("\nmode = \"dry-run\"\n")
            || recipe.block.contains("\nmode = \"approve\"\n");
        assert!(mode, "{}: the block names no safe mode", recipe.name);
        let groups = recipe.block.lines().any(|line| line.starts_with("allow") && line.contains('*'));
        assert!(!groups, "{}: `allow` names each write", recipe.name);
    }
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_parameter_of_a_script_is_in_its_header_with_its_default() {
    for recipe in recipes() {
        let listed: BTreeSet<(String, String)> = recipe
            .parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), parameter.default.clone()))
            .collect();
        assert_eq!(listed, parameters_of(&recipe.code), "{}", recipe.name);
        let Config { automations, .. } = recipe.draft("UTC").config;
        for name in automations[0].params.keys() {
            assert!(
                listed.iter().any(|(known, _)| known == name),
                "{}: the block sets {name}, which the script does not know",
                recipe.name
            );
        }
    }
}

/// What a script asks `param` for, as a header has to list it.
fn parameters_of(code: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (at, call) in code.match_indices("param(\"") {
        let rest = &code[at + call.len()..];
        let (name, rest) = rest.split_once('"').expect("the name ends");
        let mut depth = 0;
        let end = rest
            .find(|c| {
                depth += i32::from(matches!(c, '(' | '[' | '{')) - i32::from(matches!(c, ']' | '}'));
                if c == ')' {
                    depth -= 1;
                }
                depth < 0
            })
            .expect("the call ends");
        let default = rest[..end].trim_start_matches(',').trim();
        let default = if default.is_empty() { "required" } else { default };
        found.insert((name.to_owned(), default.to_owned()));
    }
    found
}

#[test]
fn a_header_is_read_in_its_parts() {
    let source = "//! Does it.\n//!\n//! Must not do that.\n//!\n//! Parameters:\n//! - a (\"3m\"): how long,\n//!   and more\n\
                  //! - b (required): what\n//!\n//! ```toml\n//! [[automation]]\n//! name = \"it\"\n//! ```\n\nfn run(event) { }\n";
    let recipe = Recipe::read(Path::new("scripts/it.rhai"), source).expect("a recipe");
    assert_eq!((&*recipe.name, &*recipe.summary, &*recipe.about), ("it", "Does it.", "Must not do that."));
    assert_eq!(recipe.block, "[[automation]]\nname = \"it\"\n");
    assert_eq!(recipe.code, "fn run(event) { }\n");
    let parameters: Vec<_> = recipe.parameters.iter().map(|p| (&*p.name, &*p.default, &*p.meaning)).collect();
    assert_eq!(parameters, [("a", "\"3m\"", "how long, and more"), ("b", "required", "what")]);
}

#[test]
fn what_is_wrong_in_a_header_is_told_with_its_place() {
    let place = |source: &str| {
        let path = Path::new("it.rhai");
        let problem = Recipe::read(path, source).map(|recipe| recipe.draft("UTC").problems);
        problem.map_or_else(|problem| problem.to_string(), |found| told(&found).join("\n"))
    };
    let none = place("//! Does it.\n\nfn run(event) { }\n");
    assert!(none.starts_with("it.rhai:1:1: it.rhai has no ```toml block in its header"), "{none}");
    let open = place("//! Does it.\n//!\n//! ```toml\n//! [[automation]]\n\nfn run(event) { }\n");
    assert!(open.starts_with("it.rhai:3:5: this ```toml block has no end"), "{open}");
    let broken = place("//! Does it.\n//! ```toml\n//! [[automation]]\n//! name = \"a b\"\n//! ```\n");
    assert!(broken.contains("it.rhai:4:12: "), "{broken}");
    let empty = place("//! Does it.\n//! ```toml\n//! ```\n");
    assert!(empty.contains("has 0 automations instead of one"), "{empty}");
}

#[test]
fn a_new_project_with_recipes_begins_as_the_starter_project_does() {
    let starter = std::fs::read_to_string(root().join("config.toml")).expect("the configuration");
    let beginning = beginning(&starter);
    assert!(beginning.ends_with("# nothing is written\n"), "{beginning}");
    assert!(!beginning.contains("stalled") && beginning.contains("[guard]"), "{beginning}");
}
