//! Rehearsals of automations that wait for approval, as a user types them.

use serde_json::Value;

use crate::project::{Project, text};

/// A project as `init` writes it, whose automations wait for approval.
fn lab() -> Project {
    let project = Project(tempfile::tempdir().unwrap());
    let output = project.run(&["init"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let file = project.path().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(config.contains("\nmode = \"dry-run\""), "{config}");
    std::fs::write(file, config.replace("\nmode = \"dry-run\"", "\nmode = \"approve\"")).unwrap();
    project
}

/// What a rehearsal of stalled people answers a program.
fn rehearsed(project: &Project, approve: &str) -> Value {
    let fixed = ["rehearse", "step-stalled", "--experiment", "survey", "--players", "20", "--stalls", "60%"];
    let output = project.run(&[&fixed[..], &["--for", "40m", "--json", "--approve", approve]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
}

fn states(answer: &Value) -> Vec<&str> {
    answer["plans"].as_array().unwrap().iter().map(|plan| plan["state"].as_str().unwrap()).collect()
}

#[test]
fn who_approves_slowly_finds_that_people_have_moved() {
    let project = lab();
    let at_once = rehearsed(&project, "0s");
    assert!(states(&at_once).iter().all(|state| *state == "approved"), "{:#}", at_once["plans"]);
    for plan in at_once["plans"].as_array().unwrap() {
        assert_eq!(plan["at"], plan["decided"], "{plan:#}");
        assert_eq!(plan["carried_out"]["outcome"], "done", "{plan:#}");
    }
    assert!(!at_once["writes"].as_array().unwrap().is_empty());

    let slow = rehearsed(&project, "8m");
    let moved = |write: &&Value| write["state"] == "refused";
    assert!(slow["writes"].as_array().unwrap().iter().any(|write| moved(&write)), "{:#}", slow["writes"]);
    assert!(states(&slow).contains(&"replaced"), "{:#}", slow["plans"]);
    let lost = |answer: &Value| answer["with"]["lost"].as_f64().unwrap();
    assert!(lost(&slow) > lost(&at_once), "{} and {}", lost(&slow), lost(&at_once));

    let never = rehearsed(&project, "never");
    assert!(never["writes"].as_array().unwrap().is_empty(), "{:#}", never["writes"]);
    assert!(states(&never).contains(&"expired"), "{:#}", never["plans"]);
    assert_eq!(never["with"], never["without"]);
}

#[test]
fn what_a_person_was_asked_stands_in_every_answer() {
    let project = lab();
    let arguments = ["rehearse", "--players", "8", "--stalls", "50%", "--approve", "5m"];
    let files = ["--journal", "journal", "--html", "page.html"];
    let output = project.run(&[&arguments[..], &files[..]].concat());
    let said = text(&output);
    for wanted in ["What a person was asked", "Somebody looks 5m after a plan came", "approved 0:0"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).unwrap();
    let journal = read("journal");
    for wanted in
        [" of welcome waits (the automation's mode is approve): players.message", "approved (by a person)"]
    {
        assert!(journal.contains(wanted), "{wanted}: {journal}");
    }
    let page = read("page.html");
    assert!(page.contains("What a person was asked") && page.contains("--approve 5m"), "{page}");

    let output = project.run(&["rehearse", "--approve", "soon"]);
    assert!(text(&output).contains("write a time such as \"2m\", or \"never\""), "{}", text(&output));
}

#[test]
fn the_rules_of_the_configuration_say_who_would_have_been_told() {
    let project = lab();
    let file = project.path().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let rules = "[channel.phone]\nkind = \"ntfy\"\ntopic_env = \"TOPIC\"\n[[notify]]\non = [\"plan\", \"server_down\", \"recovered\"]\nto = \"phone\"\n";
    std::fs::write(file, format!("{config}\n{rules}")).unwrap();
    let answer = rehearsed(&project, "2m");
    let messages = answer["messages"].as_array().unwrap();
    assert!(!messages.is_empty(), "{answer:#}");
    for message in messages {
        assert_eq!((&message["channel"], &message["kind"]), (&"phone".into(), &"plan".into()), "{message:#}");
        let plan = answer["plans"]
            .as_array()
            .unwrap()
            .iter()
            .find(|plan| message["text"].as_str().unwrap().contains(&format!("Plan {},", plan["plan"])));
        let late = message["at"].as_f64().unwrap() - plan.unwrap()["at"].as_f64().unwrap();
        assert!((0.0..5.0).contains(&late), "{late} s: {message:#}");
    }
    project.write(
        "scripts/welcome.test.rhai",
        r#"
        fn test_tells_that_the_server_is_away_and_back() {
            let r = rehearse(#{ experiment: "survey", players: 2, mode: "live" });
            r.run("3m");
            r.stop_server("5m");
            r.run("10m");
            expect_eq(r.messages()[0].kind, "server_down");
            expect(r.messages().some(|message| message.title.starts_with("The uproot server is back")), `${r.messages()}`);
            expect_eq(r.notices().len(), 0, "no script has told anything");
        }
        "#,
    );
    let output = project.run(&["test", "welcome"]);
    assert!(text(&output).contains("1 of 1 test passed"), "{}", text(&output));
}

#[test]
fn tests_decide_about_plans_and_a_plan_survives_a_crash() {
    let project = lab();
    project.write(
        "scripts/step_stalled.test.rhai",
        r#"
        fn arranged(more) {
            let arranged = #{ experiment: "survey", players: 1, automation: "step-stalled", approve: "never" };
            arranged += more;
            let r = rehearse(arranged);
            r.stall("p1", "survey/Risk");
            r.run("12m");
            r
        }

        fn waiting(r) { r.plans().filter(|plan| plan.state == "waiting") }

        fn test_approved_after_a_crash() {
            let r = arranged(#{});
            let plan = waiting(r)[0];
            expect_eq(plan.writes[0].player, "p1");
            expect_eq(r.writes().len(), 0);
            r.restart_daemon();
            r.approve(plan.plan);
            r.run("3m");
            expect_eq(r.count("players.advance"), 1);
            let plan = r.plans().find(|found| found.plan == plan.plan);
            expect_eq(plan.carried_out.outcome, "done");
        }

        fn test_rejected_is_asked_again() {
            let r = arranged(#{});
            let plan = waiting(r)[0].plan;
            r.reject(plan);
            r.run("2m");
            expect_eq(r.writes().len(), 0);
            expect(waiting(r)[0].plan != plan, "the script asks again");
        }

        fn test_live_asks_nobody() {
            let r = arranged(#{ mode: "live" });
            expect_eq(r.plans().len(), 0);
            expect_eq(r.count("players.advance"), 1);
        }

        fn test_what_is_decided_is_decided() {
            let r = arranged(#{});
            let plan = waiting(r)[0].plan;
            r.reject(plan);
            r.run("1s");
            try { r.approve(plan); fail("it was approved"); }
            catch (why) { expect(`${why}`.contains("it is rejected"), why); }
        }
        "#,
    );
    let output = project.run(&["test", "step_stalled"]);
    assert!(text(&output).contains("4 of 4 tests passed"), "{}", text(&output));
}
