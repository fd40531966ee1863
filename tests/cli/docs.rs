//! What the docs say is what the program says.

use std::{collections::BTreeMap, fs, path::Path};

use crate::project::Project;

fn at_the_top(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_page_of_functions_is_the_programs_own() {
    let project = Project::with_script("fn run(event) { }");
    let output = project.run(&["functions", "--markdown"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        page,
        at_the_top("docs/functions.md"),
        "run: uproctor functions --markdown > docs/functions.md"
    );
}

#[test]
fn the_pages_of_the_cookbook_are_the_programs_own() {
    let project = Project::with_script("fn run(event) { }");
    let output = project.run(&["init", "--markdown", "pages"]);
    assert_eq!(output.status.code(), Some(0), "{}", crate::project::text(&output));
    let read = |folder: &Path| -> BTreeMap<String, String> {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
        files
            .map(|file| {
                let name = file.file_name().to_string_lossy().into_owned();
                (name, fs::read_to_string(file.path()).unwrap())
            })
            .collect()
    };
    let there = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook"));
    let made = read(&project.path().join("pages"));
    assert!(
        made.keys().eq(there.keys()),
        "docs/cookbook has other pages: {:?} and {:?}",
        made.keys(),
        there.keys()
    );
    for (name, page) in made {
        assert_eq!(page, there[&name], "run: uproctor init --markdown docs/cookbook");
    }
}

#[test]
fn every_function_has_a_sentence_and_an_example() {
    let project = Project::with_script("fn run(event) { }");
    let output = project.run(&["functions", "--json"]);
    let functions: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(functions.len() > 60, "{}", functions.len());
    for function in functions {
        let doc = function["doc"].as_str().unwrap();
        let exempt = matches!(function["name"].as_str().unwrap(), "sleep" | "timestamp");
        assert!(exempt || (doc.len() > 40 && doc.contains("```rhai")), "{function:#}");
    }
}

#[test]
fn definition_files_for_editors_are_written() {
    let project = Project::with_script("fn run(event) { }");
    let output = project.run(&["functions", "--definitions", "definitions"]);
    assert_eq!(output.status.code(), Some(0));
    let files = fs::read_dir(project.path().join("definitions")).unwrap();
    let text: String = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    for function in ["fn advance(", "fn wait_for(", "fn page_times("] {
        assert!(text.contains(function), "{function} is in no definition file");
    }
    let of_records = [
        "fn contains(_: Records, _: string) -> bool;",
        "fn get len(_: Rows) -> int;",
        "fn to_string(_: Rows) -> string;",
    ];
    for signature in of_records {
        assert!(text.contains(signature), "{signature} is in no definition file");
    }
    // Some of Rhai's own name nothing.
    let ours = text
        .lines()
        .find(|line| line.ends_with("-> ;") && (line.contains("Records") || line.contains("Rows")));
    assert_eq!(ours, None, "its result has no name");
}

#[test]
fn the_readmes_example_is_a_project_that_passes_the_check() {
    let readme = at_the_top("README.md");
    let block = |language: &str| {
        let start = readme.find(&format!("```{language}\n")).unwrap() + language.len() + 4;
        readme[start..].split("```").next().unwrap().to_owned()
    };
    let project = Project::with_script("fn run(event) { }");
    project.write("config.toml", &block("toml"));
    project.write("scripts/welcome.rhai", &block("rhai"));
    let output = project.command().arg("check").env("UPROOT_API_KEY", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", crate::project::text(&output));
}
