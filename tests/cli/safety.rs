//! What keeps a script from doing harm: approval, guards, the red button, and the log that tells of all of it.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::{daemon::until, lab::Lab};

fn automation(name: &str, more: &str) -> String {
    format!(
        "[[automation]]\nname = \"{name}\"\non = {{ every = \"1h\" }}\nscript = \"{name}.rhai\"\n\
         allow = [\"players.*\"]\n{more}\n"
    )
}

const ONE: &str = "fn run(event) {\n    players::list(\"s\");\n    let r = players::advance(\"s\", \"p1\");\n    log::info(r);\n}";
const ALL: &str = "fn run(event) {\n    let names = [];\n    for p in players::list(\"s\") { names.push(p.name); }\n    \
                   players::advance(\"s\", names);\n}";
const ONE_BY_ONE: &str = "fn run(event) {\n    loop {\n        for p in players::list(\"s\") { players::advance(\"s\", p.name); }\n    }\n}";

fn states(run: &Value, state: &str) -> usize {
    run["effects"].as_array().unwrap().iter().filter(|effect| effect["state"] == state).count()
}

#[test]
fn a_plan_is_approved_once_and_leaves_out_who_has_moved() {
    let lab = Lab::new(2, "newest", &automation("step", "mode = \"approve\""));
    lab.project.write("scripts/step.rhai", ALL);
    let run = lab.json(&["trigger", "step", "--json"]);
    assert_eq!((states(&run, "planned"), &run["outcome"]), (2, &json!("done")), "{run:#}");
    // "done" is said of the script; what it wanted is not.
    assert_eq!(run["reason"], json!(format!("what it wants waits in plan {}", run["run"])));
    assert_eq!(lab.pages(), [1, 1], "nothing was sent");
    let plans = lab.json(&["plans", "--json"]);
    let plan = plans[0]["run"].as_i64().unwrap().to_string();
    assert_eq!(
        (plans[0]["state"].as_str(), plans[0]["effects"].as_array().unwrap().len()),
        (Some("waiting"), 2)
    );

    // One of them moves on meanwhile.
    lab.set_fields(&["p2"], &json!({ "show_page": 2 }));
    let carried_out = lab.json(&["approve", &plan, "--json"]);
    assert_eq!(lab.pages(), [2, 2], "{carried_out:#}");
    assert_eq!((states(&carried_out, "done"), states(&carried_out, "refused")), (1, 1), "{carried_out:#}");
    let reason = carried_out["reason"].as_str().unwrap();
    assert!(reason.contains("left out") && reason.contains("p2"), "{reason}");
    assert_eq!(carried_out["kind"], "plan");

    let (code, said) = lab.run(&["approve", &plan]);
    assert!(code == 1 && said.contains("was already approved"), "{said}");
    assert_eq!(lab.pages(), [2, 2]);
    assert_eq!(lab.run(&["plans"]).1, "no plan waits\n");
    let (code, said) = lab.run(&["approve", "999"]);
    assert!(code == 1 && said.contains("there is no plan 999"), "{said}");
}

#[test]
fn a_plan_that_is_rejected_or_too_old_does_nothing() {
    let config = "[guard]\nplans_expire = \"1s\"\n".to_owned() + &automation("step", "mode = \"approve\"");
    let lab = Lab::new(1, "newest", &config);
    lab.project.write("scripts/step.rhai", ONE);
    let plan = |run: Value| run["run"].as_i64().unwrap().to_string();
    let first = plan(lab.json(&["trigger", "step", "--json"]));
    let (code, said) = lab.run(&["reject", &first, "--reason", "not tonight"]);
    assert_eq!((code, said), (0, format!("plan {first} is rejected: nothing of it is done\n")));
    assert!(lab.run(&["plans", "--all"]).1.contains("not tonight"));

    let second = plan(lab.json(&["trigger", "step", "--json"]));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (code, said) = lab.run(&["approve", &second]);
    assert!(code == 1 && said.contains("has expired"), "{said}");
    assert_eq!(lab.pages(), [1]);
    let dead = lab.json(&["dead", "--json"]);
    assert_eq!((dead[0]["kind"].as_str(), dead[0]["run"].as_i64()), (Some("expired"), second.parse().ok()));
}

#[test]
fn the_same_plan_again_takes_the_place_of_the_older_one() {
    let lab = Lab::new(2, "newest", &automation("step", "mode = \"approve\""));
    lab.project.write("scripts/step.rhai", ONE);
    for _ in 0..3 {
        lab.json(&["trigger", "step", "--json"]);
    }
    let plans = lab.json(&["plans", "--json"]);
    assert_eq!(plans.as_array().unwrap().len(), 1, "{plans:#}");
    assert!(lab.run(&["plans", "--all"]).1.contains("replaced"));
    let (code, said) = lab.run(&["approve", "--all"]);
    assert_eq!((code, lab.pages()), (0, vec![2, 1]), "{said}");
    assert_eq!(lab.run(&["approve", "--all"]), (0, "no plan waits\n".to_owned()));
}

#[test]
fn a_script_gone_mad_is_stopped_and_what_it_wanted_is_listed() {
    let config = automation("all", "") + &automation("loop", "") + &automation("again", "");
    let lab = Lab::new(40, "contract", &config);
    lab.project.write("scripts/all.rhai", ALL);
    lab.project.write("scripts/loop.rhai", ONE_BY_ONE);
    lab.project.write("scripts/again.rhai", ONE_BY_ONE);

    // All at once: more than a run may, so that none of it is done.
    let all = lab.json(&["trigger", "all", "--json"]);
    assert_eq!(
        (all["outcome"].as_str(), states(&all, "planned")),
        (Some("failed"), 40),
        "{:#}",
        all["reason"]
    );
    assert!(lab.pages().iter().all(|page| *page == 1));
    // One after another: ten players, and the rest in the plan. It is held, and so does not run again.
    let looping = lab.json(&["trigger", "loop", "--json"]);
    assert_eq!(states(&looping, "done"), 10, "{:#}", looping["reason"]);
    assert_eq!(lab.pages().iter().filter(|page| **page == 2).count(), 10);
    assert!(
        states(&looping, "planned") >= 30,
        "all that it wanted is listed: {}",
        states(&looping, "planned")
    );
    let (code, said) = lab.run(&["trigger", "loop"]);
    assert!(code == 1 && said.contains("a guard stopped run"), "{said}");
    let (_, paused) = lab.run(&["pause", "--list"]);
    assert!(paused.contains("the automation all") && paused.contains("the automation loop"), "{paused}");
    // A third one is stopped by its own limit; a fourth run by that of the session.
    assert_eq!(states(&lab.json(&["trigger", "again", "--json"]), "done"), 10);
    for (name, done) in [("all", 0), ("loop", 10), ("again", 0)] {
        assert_eq!(lab.run(&["resume", name]).0, 0);
        let run = lab.json(&["trigger", name, "--json"]);
        assert_eq!(states(&run, "done"), done, "{name}: {:#}", run["reason"]);
    }
    let stepped: i64 = lab.pages().iter().map(|page| page - 1).sum();
    assert_eq!(stepped, 30, "30 in 10 minutes, whatever the number of automations");
    let dead = lab.json(&["dead", "--json"]);
    assert!(dead.as_array().unwrap().iter().all(|letter| letter["kind"] == "tripped"), "{dead:#}");
}

#[test]
fn what_is_paused_protected_or_quiet_is_not_written_to() {
    let lab = Lab::new(1, "newest", &automation("step", ""));
    lab.project.write("scripts/step.rhai", ONE);
    let halted = |lab: &Lab, why: &str| {
        let run = lab.json(&["trigger", "step", "--json"]);
        let reason = run["reason"].as_str().unwrap_or_default().to_owned();
        assert!(run["outcome"] != "done" && reason.contains(why), "{run:#}");
        assert_eq!(lab.pages(), [1], "{why}");
    };
    // Where nothing has run yet there is nothing to pause: it would be the wrong folder.
    let (code, said) = lab.run(&["pause"]);
    assert!(code == 1 && said.contains("the right folder"), "{said}");
    assert_eq!(lab.run(&["trigger", "step", "--dry-run"]).0, 0);
    for (what, back) in [(&["--session", "s"][..], "s"), (&["--session", "s", "--player", "p1"], "p1")] {
        let (code, said) = lab.run(&[&["pause"], what].concat());
        assert!(code == 0 && said.contains("\nnote: no automation's params name a session s:"), "{said}");
        let run = lab.json(&["trigger", "step", "--json"]);
        assert_eq!((lab.pages(), states(&run, "done")), (vec![1], 0), "{back}: {run:#}");
        assert_eq!(lab.run(&[&["resume"], what].concat()).0, 0);
    }
    assert_eq!(lab.run(&["pause", "--reason", "the fire alarm"]).0, 0);
    let (code, said) = lab.run(&["trigger", "step"]);
    assert!(code == 1 && said.contains("the fire alarm"), "{said}");
    assert_eq!(lab.run(&["resume"]).0, 0);
    let (code, said) = lab.run(&["pause", "--for", "0s"]);
    assert!(code == 2 && said.contains("a pause of no time"), "{said}");
    let (code, said) = lab.run(&["pause", "stpe"]);
    assert!(code == 1 && said.contains("did you mean step?"), "{said}");

    lab.configure(&("[guard]\nprotected_sessions = [\"s*\"]\n".to_owned() + &automation("step", "")));
    halted(&lab, "is protected");
    let zone =
        "[guard]\nquiet_hours = [\"00:00-12:00\", \"12:00-00:00\"]\n".to_owned() + &automation("step", "");
    lab.configure(&zone);
    assert!(lab.run(&["check"]).1.contains("need to know the time zone"));
    lab.configure(&zone.replace("[guard]", "timezone = \"UTC\"\n[guard]"));
    halted(&lab, "quiet hours");
}

#[test]
fn a_protected_session_is_not_made_and_not_taken_from_its_room() {
    for generation in ["contract", "newest"] {
        let rooms = automation("step", "").replace("\"players.*\"", "\"sessions.*\", \"rooms.*\"");
        let lab = Lab::new(1, generation, &rooms);
        let run = |lab: &Lab, line: &str| {
            lab.project.write("scripts/step.rhai", &format!("fn run(event) {{ {line} }}"));
            lab.json(&["trigger", "step", "--json"])
        };
        let made = run(&lab, "rooms::create(\"lab\", #{ sname: \"s\" }); rooms::create(\"free\", #{});");
        assert_eq!(made["outcome"], "done", "{made:#}");
        lab.configure(&("[guard]\nprotected_sessions = [\"s\", \"final-*\"]\n".to_owned() + &rooms));
        let parts = match generation {
            "newest" => "rooms::close(\"lab\", #{ disassociate: true });",
            _ => "rooms::disassociate(\"lab\");",
        };
        for line in [
            parts,
            "sessions::create(\"slow\", 1, #{ sname: \"final-1\" });",
            "rooms::create_session(\"free\", \"slow\", 1, #{ sname: \"final-1\" });",
            "rooms::create(\"other\", #{ sname: \"s\" });",
        ] {
            let refused = run(&lab, line);
            let reason = refused["reason"].as_str().unwrap_or_default();
            assert!(reason.contains("is protected"), "{line} {refused:#}");
        }
        let others = "sessions::create(\"slow\", 1, #{ sname: \"pilot-1\" }); let r = rooms::get(\"lab\"); log::info(r.sname);";
        let done = run(&lab, others);
        assert_eq!(done["outcome"], "done", "{done:#}");
        assert!(done.to_string().contains("\"text\":\"s\""), "{done:#}");
        // Nor is one that a person has paused.
        lab.configure(&rooms);
        assert_eq!(lab.run(&["pause", "--session", "s", "--reason", "a fire"]).0, 0);
        let halted = run(&lab, "rooms::disassociate(\"lab\");");
        assert!(
            halted["reason"].as_str().unwrap_or_default().contains("session s is held: a fire"),
            "{halted:#}"
        );
    }
}

#[test]
fn a_plan_is_approved_only_once_its_run_wants_nothing_more() {
    // It does not expire before either.
    let config = "[guard]\nplans_expire = \"2s\"\n".to_owned() + &automation("step", "mode = \"approve\"");
    let lab = Lab::new(2, "newest", &config);
    let script = "fn run(event) { players::message(\"s\", \"p1\", \"a\"); wait_for(\"4s\"); players::message(\"s\", \"p2\", \"b\"); }";
    lab.project.write("scripts/step.rhai", script);
    let daemon = lab.daemon();
    let mut waits = lab.project.command();
    let mut waits =
        waits.env("SANDBOX_TOKEN", "T").args(["trigger", "step"]).stdout(Stdio::null()).spawn().unwrap();
    let plans = || lab.json(&["plans", "--json"]);
    until("the first write waits", || plans()[0]["effects"].as_array().is_some_and(|all| all.len() == 1));
    let plan = plans()[0]["run"].to_string();
    let (code, said) = lab.run(&["approve", &plan]);
    assert!(code == 1 && said.contains("is still under way and may want more"), "{said}");
    assert!(waits.wait().unwrap().success());
    let run = lab.json(&["approve", &plan, "--json"]);
    assert_eq!(states(&run, "done"), 2, "{run:#}");
    daemon.stop();
}

#[test]
fn a_player_whom_a_person_moved_is_left_alone() {
    for generation in ["contract", "toggling", "newest"] {
        let lab = Lab::new(1, generation, &automation("step", ""));
        lab.project.write("scripts/step.rhai", ONE);
        lab.advance(&["p1"]);
        let run = lab.json(&["trigger", "step", "--json"]);
        assert_eq!(states(&run, "refused"), 1, "{generation}: {run:#}");
        assert!(run["effects"][0]["note"].as_str().unwrap().contains("a person moved p1"), "{run:#}");
        // Our own steps are not taken for a person's.
        assert_eq!(lab.run(&["resume", "--session", "s", "--player", "p1"]).0, 0);
    }
}

#[test]
fn our_own_steps_are_not_taken_for_those_of_a_person() {
    let lab = Lab::new(1, "newest", &automation("step", ""));
    lab.project.write("scripts/step.rhai", ONE);
    for page in [2, 3] {
        let run = lab.json(&["trigger", "step", "--json"]);
        assert_eq!((lab.pages(), states(&run, "done")), (vec![page], 1), "{run:#}");
    }
}

#[test]
fn the_log_of_interventions_shows_when_it_was_changed() {
    let lab = Lab::new(2, "newest", &automation("step", ""));
    lab.project.write("scripts/step.rhai", ONE);
    for _ in 0..2 {
        lab.json(&["trigger", "step", "--json"]);
    }
    let (code, csv) = lab.run(&["audit"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((code, lines.len()), (0, 3), "{csv}");
    assert!(lines[0].starts_with("seq,at,decided,session,player,action"), "{csv}");
    assert!(
        lines[1].contains(",s,p1,players.advance,,slow/One,done,slow/One -> slow/Two,live,step,step.rhai,"),
        "{csv}"
    );
    let (code, said) = lab.run(&["audit", "--verify"]);
    assert!(code == 0 && said.starts_with("2 entries, none changed, none missing"), "{said}");
    let head = said.lines().nth(1).unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(lab.run(&["audit", "--verify", "--head", &head]).0, 0);

    let change = |sql: &str| {
        let store = rusqlite::Connection::open(lab.project.path().join("uproctor.db")).unwrap();
        store.execute(sql, []).unwrap();
    };
    change("DELETE FROM intervention WHERE seq = 2");
    assert_eq!(lab.run(&["audit", "--verify"]).0, 0, "the chain alone cannot show it");
    let (code, said) = lab.run(&["audit", "--verify", "--head", &head]);
    assert!(code == 1 && said.contains("taken off the end"), "{said}");
    change("UPDATE intervention SET entry = replace(entry, 'p1', 'p2') WHERE seq = 1");
    let (code, said) = lab.run(&["audit", "--verify"]);
    assert!(code == 1 && said.contains("entry 1 was changed"), "{said}");
}

#[test]
fn a_dead_letter_is_retried_resumed_or_discarded() {
    let hook = "[[automation]]\nname = \"hook\"\non = { cron = \"0 3 * * *\" }\nscript = \"hook.rhai\"\nallow = [\"players.*\", \"sessions.testing\"]\n";
    let lab = Lab::new(2, "newest", &("timezone = \"UTC\"\n".to_owned() + hook));
    // The first attempt steps p1, flips what a second time would flip back, and fails.
    let script = |rest: &str| {
        format!(
            "fn run(event) {{\n    players::list(\"s\");\n    players::advance(\"s\", \"p1\");\n    sessions::toggle_testing(\"s\");\n    {rest}\n}}"
        )
    };
    lab.project.write("scripts/hook.rhai", &script("fail(\"no\");"));
    let run = lab.json(&["trigger", "hook", "--json"]);
    assert_eq!((run["outcome"].as_str(), lab.pages()), (Some("failed"), vec![2, 1]));
    assert_eq!(lab.run(&["dead"]).1, "no run needs a person\n", "who triggers by hand sees what came of it");

    // As if it had come from the clock.
    let store = rusqlite::Connection::open(lab.project.path().join("uproctor.db")).unwrap();
    store.execute("INSERT INTO dead_letter (run, automation, at, kind, reason, state) SELECT id, automation, ended, 'failed', reason, 'open' FROM run", []).unwrap();
    drop(store);
    let run = run["run"].as_i64().unwrap().to_string();
    lab.project.write("scripts/hook.rhai", &script("players::list(\"s\"); players::advance(\"s\", \"p2\");"));
    let resumed = lab.json(&["dead", "resume", &run, "--json"]);
    assert_eq!(
        (resumed["outcome"].as_str(), lab.pages()),
        (Some("done"), vec![2, 2]),
        "p1 is not stepped again: {resumed:#}"
    );
    assert_eq!(resumed["effects"].as_array().map(Vec::len), Some(1), "{resumed:#}");
    let (code, said) = lab.run(&["dead", "retry", &run]);
    assert!(code == 1 && said.contains("was resumed before"), "{said}");
    let (code, said) = lab.run(&["dead", "discard", "77", "--reason", "x"]);
    assert!(code == 1 && said.contains("is no dead letter"), "{said}");
    assert!(lab.run(&["dead", "--all"]).1.contains("[resumed]"));
}

#[test]
fn a_dead_letter_that_fails_again_is_a_dead_letter_again() {
    let config = "[guard]\nplans_expire = \"1s\"\n".to_owned() + &automation("step", "mode = \"approve\"");
    let mut lab = Lab::new(1, "newest", &config);
    lab.project.write("scripts/step.rhai", ONE);
    let letters = |lab: &Lab| -> Vec<(i64, String)> {
        let letters = lab.json(&["dead", "--json"]);
        let one =
            |letter: &Value| (letter["run"].as_i64().unwrap(), letter["kind"].as_str().unwrap().to_owned());
        letters.as_array().unwrap().iter().map(one).collect()
    };
    let run = lab.json(&["trigger", "step", "--json"])["run"].as_i64().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(lab.run(&["approve", "--all"]).1.contains("has expired"));
    assert_eq!(letters(&lab), [(run, "expired".to_owned())]);

    // A person triggered it, but the letter that told of it was closed by the retry.
    lab.stop_server();
    let again = lab.json(&["dead", "retry", &run.to_string(), "--json"]);
    assert_eq!(again["outcome"], "failed", "{again:#}");
    let again = again["run"].as_i64().unwrap();
    assert_eq!(letters(&lab), [(again, "failed".to_owned())]);
    let once_more = lab.json(&["dead", "resume", &again.to_string(), "--json"])["run"].as_i64().unwrap();
    assert_eq!(letters(&lab), [(once_more, "failed".to_owned())]);

    // Triggered by hand anew it is as ever: who did it sees what came of it.
    assert_eq!(lab.json(&["trigger", "step", "--json"])["outcome"], "failed");
    assert_eq!(letters(&lab).len(), 1);
}

#[test]
fn a_daemon_under_way_is_paused_and_carries_out_what_is_approved() {
    let config = automation("step", "mode = \"approve\"") + &automation("hook", "");
    let lab = Lab::new(1, "toggling", &config);
    lab.project.write("scripts/step.rhai", ONE);
    lab.project.write("scripts/hook.rhai", ONE);
    let daemon = lab.daemon();
    let plan = lab.json(&["trigger", "step", "--json"])["run"].as_i64().unwrap().to_string();
    assert_eq!(lab.pages(), [1]);
    // What is paused is not run; a plan is what a person wants now, except where everything is paused.
    assert_eq!(lab.run(&["pause", "hook", "--reason", "maintenance"]).0, 0);
    let (code, said) = lab.run(&["trigger", "hook"]);
    assert!(code == 1 && said.contains("maintenance"), "{said}");
    assert_eq!(lab.run(&["pause", "nobody"]).0, 1);
    let carried_out = lab.json(&["approve", &plan, "--json"]);
    assert_eq!((lab.pages(), states(&carried_out, "done")), (vec![2], 1), "{carried_out:#}");
    assert_eq!(lab.run(&["approve", &plan]).0, 1);
    daemon.stop();

    // A pause outlives the daemon.
    let daemon = lab.daemon();
    assert_eq!(lab.run(&["trigger", "hook"]).0, 1);
    assert_eq!(lab.run(&["resume", "hook"]).0, 0);
    assert_eq!(states(&lab.json(&["trigger", "hook", "--json"]), "done"), 1);
    assert_eq!(lab.pages(), [3]);
    daemon.stop();
    assert_eq!(lab.run(&["audit", "--verify"]).0, 0);
}
