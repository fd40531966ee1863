//! Files with something wrong: everything is said at once, each with its place.

use super::*;
use crate::domain::Problem;

/// `line:column message | help` of every problem.
fn said(text: &str) -> Vec<String> {
    let (_, problems) = Experiment::parse(Path::new("test.toml"), text);
    let line = |problem: &Problem| {
        let help = problem.help.as_deref().map(|help| format!(" | {help}")).unwrap_or_default();
        let warning = if problem.is_error() { "" } else { "warning: " };
        format!("{}:{} {warning}{}{help}", problem.line, problem.column, problem.message)
    };
    problems.iter().map(line).collect()
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let said = said(include_str!("wrong.toml")).join("\n");
    assert_eq!(format!("{said}\n"), include_str!("wrong.txt"), "\n{said}\n");
}

#[test]
fn what_is_missing_altogether() {
    assert_eq!(
        said(""),
        [
            "1:1 there is no configuration | add a [config.NAME] with `apps = [\"APP\"]`, and an [app.APP] with `pages`"
        ]
    );
    assert_eq!(
        said("[app.a]\npages = [{ page = \"One\" }]\n"),
        ["1:1 there is no configuration | add [config.a] with `apps = [\"a\"]`"]
    );
    assert_eq!(said("[config.a]\napps = \n").len(), 1);
    assert!(said("[config.a]\napps = \n")[0].contains(" this is not TOML: "));
}

#[test]
fn an_experiment_is_found_by_its_name_or_in_a_file() {
    let built_in: Vec<&str> = Scenario::built_in().collect();
    assert_eq!(built_in, ["dilemma", "survey", "market"]);
    let missing = Scenario::load("dilema").accept().unwrap_err();
    assert_eq!(missing[0].help.as_deref(), Some("did you mean `dilemma`?"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "[config.a]\napps = [\"a\"]\n[app.a]\npages = [{ page = \"One\" }]\n").unwrap();
    let scenario = Scenario::load(file.to_str().unwrap()).accept().unwrap();
    assert_eq!(scenario.participants.config, "a");
    assert_eq!(scenario.participants.players, 12);
    assert_eq!(scenario.experiment.apps["a"].multiple, 1);
}
