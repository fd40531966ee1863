//! Deadlines and groups: in a plan, counted by the guard, and with a player who is held.

use serde_json::{Value, json};

use crate::lab::Lab;

const MORE_TIME: &str = "players::timeout(\"s\", [\"p1\", \"p2\"], \"1m\");";
const LESS_TIME: &str = "players::timeout(\"s\", [\"p1\", \"p2\"], -5);";
const GROUP: &str = "players::group(\"s\", [\"p1\", \"p2\"], \"same_group\");";

/// Two participants, and a script that looks at them and then does this.
fn lab(guard: &str, mode: &str, script: &str) -> Lab {
    let config = format!(
        "[guard]\n{guard}\n[[automation]]\nname = \"arrange\"\non = {{ every = \"1h\" }}\nscript = \"arrange.rhai\"\n\
         allow = [\"players.*\"]\nmode = \"{mode}\"\n"
    );
    let lab = Lab::new(2, "newest", &config);
    lab.project.write(
        "scripts/arrange.rhai",
        &format!("fn run(event) {{\n    players::list(\"s\");\n    {script}\n}}"),
    );
    lab
}

fn states(run: &Value) -> Vec<&str> {
    run["effects"].as_array().unwrap().iter().filter_map(|effect| effect["state"].as_str()).collect()
}

fn fields(lab: &Lab, field: &str) -> Vec<Value> {
    let path = format!("sessions/s/players?fields={field}");
    let players = lab.json(&["api", "-u", &lab.url, "-a", "T", &path]);
    players.as_object().unwrap().values().map(|player| player[field].clone()).collect()
}

#[test]
fn a_plan_moves_the_deadline_only_of_who_is_still_there() {
    let lab = lab("", "approve", MORE_TIME);
    let run = lab.json(&["trigger", "arrange", "--json"]);
    assert_eq!(states(&run), ["planned", "planned"], "{run:#}");
    lab.set_fields(&["p2"], &serde_json::json!({ "show_page": 2 }));
    let plan = run["run"].as_i64().unwrap().to_string();
    let carried_out = lab.json(&["approve", &plan, "--json"]);
    let mut found = states(&carried_out);
    found.sort_unstable();
    assert_eq!(found, ["done", "refused"], "{carried_out:#}");
    let [of_p1, of_p2] = [0, 1].map(|at| fields(&lab, "_uproot_timeouts_until")[at].clone());
    assert!(of_p1["1"].is_f64() && of_p2 == json!({}), "{of_p1} {of_p2}");
}

#[test]
fn less_time_and_groups_are_counted_and_more_time_is_not() {
    let few = "max_players_per_run = 1\nmax_share_per_run = \"1%\"";
    let generous = lab(few, "live", MORE_TIME);
    assert_eq!(states(&generous.json(&["trigger", "arrange", "--json"])), ["done", "done"]);
    for script in [LESS_TIME, GROUP] {
        let lab = lab(few, "live", script);
        let run = lab.json(&["trigger", "arrange", "--json"]);
        assert_eq!(
            (states(&run), &run["outcome"]),
            (vec!["planned", "planned"], &json!("failed")),
            "{run:#}"
        );
        assert_eq!(fields(&lab, "_uproot_timeouts_until"), [json!({}), json!({})]);
        assert_eq!(fields(&lab, "_uproot_group"), [Value::Null, Value::Null]);
    }
}

#[test]
fn sending_away_who_is_at_the_end_is_not_counted() {
    const AWAY: &str = "players::redirect(\"s\", [\"p1\", \"p2\"], \"https://example.org/\");";
    let few = "max_players_per_run = 1\nmax_share_per_run = \"1%\"\nhands_off = \"0s\"";
    let lab = lab(few, "live", AWAY);
    let run = lab.json(&["trigger", "arrange", "--json"]);
    assert_eq!(states(&run), ["planned", "planned"], "{run:#}");
    assert_eq!(lab.run(&["resume", "arrange"]).0, 0);
    lab.set_fields(&["p1", "p2"], &serde_json::json!({ "show_page": 4 }));
    let run = lab.json(&["trigger", "arrange", "--json"]);
    assert_eq!(states(&run), ["done", "done"], "{run:#}");
}

#[test]
fn nobody_is_grouped_where_one_of_them_is_held() {
    let lab = lab("", "live", GROUP);
    let dry = lab.json(&["trigger", "arrange", "--dry-run", "--json"]);
    assert_eq!(states(&dry), ["would", "would"], "{dry:#}");
    assert_eq!(lab.run(&["pause", "--session", "s", "--player", "p2"]).0, 0);
    let run = lab.json(&["trigger", "arrange", "--json"]);
    assert!(
        run["reason"].as_str().unwrap().contains("p2 is left alone, so that nobody was grouped"),
        "{run:#}"
    );
    assert!(states(&run).is_empty(), "{run:#}");
    assert_eq!(fields(&lab, "_uproot_group"), [Value::Null, Value::Null]);
}
