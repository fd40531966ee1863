//! `uproctor check` finds everything at once, with its place.

use serde_json::Value;

use crate::project::Project;

#[test]
fn mistakes_in_the_configuration_and_the_scripts_are_found_together() {
    let project = Project::with_script(
        "fn run(event) {\n    let p = players::lst(\"s\");\n    players::message(\"s\", \"A\");\n    \
         players::advance(\"s\", \"A\");\n    let x = param(\"patience\");\n}",
    );
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("[daemon]", "[daemon]\ntimezome = \"Europe/Berlin\"");
    project.write(
        "config.toml",
        &format!(
            "{config}\n[[automation]]\nname = \"two\"\non = {{ cron = \"61 * * * *\" }}\nscript = \"it.rhia\"\n\
             allow = [\"players.advnce\"]\n"
        ),
    );
    let output = project.run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ok"], false);
    let errors = answer["errors"].as_array().unwrap();
    let has = |file: &str, line: u64, message: &str, help: &str| {
        let found = errors.iter().any(|error| {
            error["file"].as_str().unwrap().ends_with(file)
                && error["line"] == line
                && error["message"].as_str().unwrap().contains(message)
                && error["help"].as_str().unwrap_or_default().contains(help)
        });
        assert!(found, "no {message:?} in line {line} of {file}: {errors:#?}");
    };
    has("config.toml", 6, "unknown key `timezome`", "`timezone`");
    has("config.toml", 20, "unknown capability", "players.advance");
    has("config.toml", 19, "scripts end in .rhai", "");
    has("config.toml", 18, "61", "");
    has("it.rhai", 2, "there is no function `players::lst`", "`players::list`");
    has("it.rhai", 3, "`players::message` takes 3 arguments, not 2", "uproctor functions");
    has("it.rhai", 4, "needs the capability \"players.advance\"", "allow");
    has("config.toml", 13, "no parameter \"patience\"", "params");
}

#[test]
fn fire_times_are_told_in_the_zone() {
    let project = Project::with_script("fn run(event) { }");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config
        .replace("[daemon]", "[daemon]\ntimezone = \"Europe/Berlin\"")
        .replace("every = \"1h\"", "cron = \"0 18 * * mon-fri\"");
    project.write("config.toml", &config);
    let output = project.run(&["check", "--json", "--from", "2026-12-04T12:00:00Z", "--count", "2"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(
        answer["automations"][0]["next"],
        serde_json::json!(["2026-12-04T18:00:00+01:00", "2026-12-07T18:00:00+01:00"])
    );
}

#[test]
fn a_secret_that_is_missing_is_an_error_and_one_in_the_file_is_not_shown() {
    let project = Project::with_script("fn run(event) { }");
    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("LAB_TOKEN", "NO_SUCH_VARIABLE"));
    let output = project.run(&["check"]);
    assert!(crate::project::text(&output).contains("NO_SUCH_VARIABLE is not set"));
    project.write("config.toml", &config.replace("token_env = \"LAB_TOKEN\"", "token = \"hunter2-hunter2\""));
    let output = project.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!crate::project::text(&output).contains("hunter2"), "{}", crate::project::text(&output));
}

#[test]
fn a_new_project_passes_the_check_and_is_not_written_over() {
    let project = Project::with_script("fn run(event) { }");
    let init = project.run(&["init", "lab"]);
    assert_eq!(init.status.code(), Some(0), "{}", crate::project::text(&init));
    let check = project
        .command()
        .args(["check", "--config", "lab/config.toml"])
        .env("UPROOT_API_KEY", "x")
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", crate::project::text(&check));
    let again = project.run(&["init", "lab"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(crate::project::text(&again).contains("nothing was written"));
}
