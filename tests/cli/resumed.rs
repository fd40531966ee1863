//! Runs that go on in the place of others, and the plans of those.

use serde_json::Value;

use crate::lab::Lab;

const CONFIG: &str = "[guard]\nmax_players_per_run = 1\n[[automation]]\nname = \"step\"\non = { every = \"1h\" }\n\
                      script = \"step.rhai\"\nallow = [\"players.*\"]\n";

/// A run that steps one player, and is stopped before the others; its number.
fn stopped() -> (Lab, String) {
    let lab = Lab::new(3, "newest", CONFIG);
    lab.project.write(
        "scripts/step.rhai",
        "fn run(event) {
            players::list(\"s\");
            for p in [\"p1\", \"p2\", \"p3\"] { players::advance(\"s\", p); }
            players::message(\"s\", [\"p1\", \"p2\", \"p3\"], \"sorry\");
        }",
    );
    let run = lab.json(&["trigger", "step", "--json"]);
    assert_eq!((run["outcome"].as_str(), lab.pages()), (Some("failed"), vec![2, 1, 1]), "{run:#}");
    assert_eq!(lab.run(&["resume", "step"]).0, 0);
    let run = run["run"].to_string();
    let letters = lab.json(&["dead", "--json"]);
    assert_eq!(letters[0]["run"].to_string(), run, "{letters:#}");
    (lab, run)
}

fn effects(run: &Value) -> usize {
    run["effects"].as_array().map_or(0, Vec::len)
}

#[test]
fn what_a_plan_has_done_is_not_done_again_by_the_run_that_goes_on() {
    let (lab, run) = stopped();
    let carried = lab.json(&["approve", &run, "--json"]);
    assert_eq!((carried["outcome"].as_str(), lab.pages()), (Some("done"), vec![2, 2, 2]), "{carried:#}");
    let resumed = lab.json(&["dead", "resume", &run, "--json"]);
    assert_eq!((resumed["outcome"].as_str(), lab.pages()), (Some("done"), vec![2, 2, 2]), "{resumed:#}");
    assert_eq!(effects(&resumed), 0, "neither a step nor a message: {resumed:#}");
}

#[test]
fn what_goes_on_in_the_place_of_a_run_takes_the_place_of_its_plan() {
    let (lab, run) = stopped();
    // Again one player, and a plan for what is left.
    let resumed = lab.json(&["dead", "resume", &run, "--json"]);
    assert_eq!((resumed["outcome"].as_str(), lab.pages()), (Some("failed"), vec![2, 2, 1]), "{resumed:#}");
    let (code, said) = lab.run(&["approve", &run]);
    assert!(code == 1 && said.contains("was already replaced"), "{said}");
    let carried = lab.json(&["approve", "--all", "--json"]);
    assert_eq!(lab.pages(), [2, 2, 2], "{carried:#}");
    assert_eq!(lab.run(&["resume", "step"]).0, 0);
    let last = lab.json(&["dead", "resume", &resumed["run"].to_string(), "--json"]);
    assert_eq!((last["outcome"].as_str(), effects(&last), lab.pages()), (Some("done"), 0, vec![2, 2, 2]));
}

#[test]
fn the_log_names_the_script_that_made_the_plan_and_not_the_one_that_took_its_place() {
    let (lab, run) = stopped();
    lab.project.write("scripts/step.rhai", "fn run(event) {}");
    assert_eq!(lab.run(&["approve", &run]).0, 0);
    assert_eq!(lab.pages(), [2, 2, 2]);
    let log = lab.run(&["audit", "--json"]).1;
    let mut scripts: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| line["entry"]["origin"]["script_hash"].clone())
        .collect();
    assert_eq!(scripts.len(), 6, "{log}");
    scripts.dedup();
    assert_eq!(scripts.len(), 1, "{log}");
}
