//! The cookbook, as a user takes recipes out of it.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::project::{Project, TOKEN, text};

/// What a folder holds: names of files, with their texts.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// An empty folder.
fn nothing() -> Project {
    Project(TempDir::new().unwrap())
}

fn checks(project: &Project) {
    let mut command = project.command();
    command.arg("check").env("UPROOT_API_KEY", TOKEN).env("PROLIFIC_HOOK_SECRET", TOKEN);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn every_recipe_is_listed_with_its_sentence() {
    let output = nothing().run(&["init", "--list"]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output);
    let scripts = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")).unwrap();
    let scripts = scripts.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    let names: Vec<String> = scripts.filter(|name| !name.contains(".test.")).collect();
    for name in names {
        let name = name.trim_end_matches(".rhai");
        let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
        assert!(line.is_some_and(|line| line.ends_with('.')), "{name}: {said}");
    }
}

#[test]
fn a_new_project_is_made_of_recipes() {
    let project = nothing();
    let output = project.run(&["init", "lab", "--with", "welcome,step-stalled"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let names: Vec<String> = files(project.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "lab/config.toml",
            "lab/scripts/step_stalled.rhai",
            "lab/scripts/step_stalled.test.rhai",
            "lab/scripts/welcome.rhai",
            "lab/scripts/welcome.test.rhai"
        ]
    );
    let config = fs::read_to_string(project.path().join("lab/config.toml")).unwrap();
    assert_eq!(config.matches("[[automation]]").count(), 2, "{config}");
    let mut command = project.command();
    let output = command.current_dir(project.path().join("lab")).arg("test").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_recipe_is_added_to_a_project() {
    let project = Project::with_script("fn run(event) { }");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("[daemon]\n", "[daemon]\nscripts = \"mine\"\n"));
    fs::rename(project.path().join("scripts"), project.path().join("mine")).unwrap();
    let output = project.run(&["init", "--with", "welcome"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let after = fs::read_to_string(project.path().join("config.toml")).unwrap();
    assert!(after.contains("name = \"it\"") && after.contains("name = \"welcome\""), "{after}");
    assert!(after.contains("mode = \"dry-run\"\nallow = [\"players.message\"]\n"), "{after}");
    assert!(project.path().join("mine/welcome.test.rhai").exists());
    checks(&project);
}

#[test]
fn a_recipe_is_rehearsed_in_the_session_that_its_trigger_names() {
    let project = nothing();
    assert_eq!(project.run(&["init", "--with", "nudge"]).status.code(), Some(0));
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let named = config.replace("for = \"2m\" }", "for = \"1m\", sessions = [\"evening-1\"] }");
    project.write("config.toml", &named);
    let output = project.run(&["rehearse", "nudge", "--experiment", "survey", "--stalls", "50%", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let targets: Vec<_> = report["writes"].as_array().unwrap().iter().map(|write| &write["target"]).collect();
    assert!(!targets.is_empty() && targets.iter().all(|target| *target == "evening-1"), "{targets:?}");
}

#[test]
fn the_starter_project_has_the_script_of_a_recipe_already() {
    let project = nothing();
    assert_eq!(project.run(&["init"]).status.code(), Some(0));
    let output = project.run(&["init", "--with", "returned"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    checks(&project);
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let refused = |project: &Project, with: &str, why: &str| {
        let before = files(project.path());
        let output = project.run(&["init", "--with", with]);
        assert_eq!(output.status.code(), Some(1), "{with}: {}", text(&output));
        assert!(text(&output).contains(why), "{why}: {}", text(&output));
        assert_eq!(files(project.path()), before, "{why}");
    };
    let project = Project::with_script("fn run(event) { }");
    refused(&project, "welcom", "there is no recipe \"welcom\": did you mean welcome?");
    refused(&project, "welcome,nosuchthing", "there is no recipe \"nosuchthing\"");
    refused(&project, ",", "no recipe is named");
    project.write("scripts/welcome.rhai", "fn run(event) { }");
    refused(&project, "step_stalled,welcome", "welcome.rhai exists already: nothing was written");
    fs::remove_file(project.path().join("scripts/welcome.rhai")).unwrap();
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("name = \"it\"", "name = \"welcome\""));
    refused(&project, "welcome", "has an automation \"welcome\" already: nothing was written");
    let hook = "on = { webhook = \"prolific\", scheme = \"none\" }";
    project.write("config.toml", &config.replace("on = { every = \"1h\" }", hook));
    refused(&project, "returned", "the webhook \"prolific\" is taken by the automation \"it\"");
    project.write("config.toml", &config.replace("[daemon]", "[deamon]"));
    refused(&project, "welcome", "nothing was written");
}

#[test]
fn the_tests_of_all_recipes_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_uproctor"));
    let output = command.current_dir(root).args(["test"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
