//! Automations that wait for what is observed, as a user runs them.

use crate::{daemon::until, lab::Lab};

const AUTOMATIONS: &str = r#"
[watch]
every = "1s"

[[automation]]
name = "stalled"
on = { player = "stalled", for = "2s" }
script = "tell.rhai"

[[automation]]
name = "started"
on = { daemon = "started" }
script = "fails.rhai"

[[automation]]
name = "failures"
on = { run = "failed", automations = ["started"] }
script = "tell.rhai"

[[automation]]
name = "server"
on = [{ server = "down", for = "1s" }, { server = "up" }]
script = "tell.rhai"
"#;

const TELL: &str = r#"
fn run(event) {
    if "player" in event { log::info(event.what + " " + event.player.name + " " + event.player["class"]); }
    else if "run" in event { log::info(event.what + " " + event.run.automation + " " + event.run.reason); }
    else { log::info(event.what); }
}
"#;

/// What the runs of an automation logged, oldest first.
fn told(lab: &Lab, automation: &str) -> Vec<String> {
    let runs = lab.json(&["runs", automation, "--json"]);
    let mut told = Vec::new();
    for run in runs.as_array().unwrap().iter().rev().filter_map(|run| run["run"].as_i64()) {
        let shown = lab.json(&["show", &run.to_string(), "--json"]);
        let lines = shown["trace"].as_array().unwrap().iter().filter(|line| line["kind"] == "info");
        told.extend(lines.filter_map(|line| Some(line["text"].as_str()?.to_owned())));
    }
    told
}

fn lab() -> Lab {
    let lab = Lab::new(2, "newest", AUTOMATIONS);
    lab.project.write("scripts/tell.rhai", TELL);
    lab.project.write("scripts/fails.rhai", "fn run(event) { fail(\"on purpose\"); }");
    lab
}

#[test]
fn who_stalls_is_told_once_and_so_are_a_start_and_a_failure() {
    let lab = lab();
    let daemon = lab.daemon();
    until("both are told of", || told(&lab, "stalled").len() == 2);
    std::thread::sleep(std::time::Duration::from_secs(3));
    daemon.stop();
    let daemon = lab.daemon();
    until("the second start is told of", || told(&lab, "failures").len() == 2);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let mut stalled = told(&lab, "stalled");
    stalled.sort();
    assert_eq!(stalled, ["stalled p1 stalled", "stalled p2 stalled"], "once a visit, also across a restart");
    let about: Vec<_> = lab
        .json(&["runs", "stalled", "--json"])
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["about"].clone())
        .collect();
    assert!(about.contains(&"s/p1".into()) && about.contains(&"s/p2".into()), "{about:?}");
    let (_, table) = lab.run(&["runs"]);
    assert!(table.contains("player  s/p1") && table.contains("run     started"), "{table}");
    assert_eq!(told(&lab, "failures")[0], "failed started fails.rhai:1:17: on purpose");
    daemon.stop();
}

#[test]
fn a_server_that_is_down_and_up_again_is_told_of() {
    let mut lab = lab();
    let _daemon = lab.daemon();
    until("the players are known", || told(&lab, "stalled").len() == 2);
    lab.stop_server();
    until("the server is down", || told(&lab, "server") == ["down"]);
    lab.start_server();
    until("the server is up", || told(&lab, "server") == ["down", "up"]);
}

#[test]
fn a_person_can_name_the_player() {
    let lab = lab();
    let run = lab.json(&["trigger", "stalled", "--player", "s/p2", "--json"]);
    assert!(run["trace"].to_string().contains("manual p2 thinking"), "{run:#}");
    let run = lab.json(&["trigger", "stalled", "--player", "s/nobody", "--json"]);
    assert_eq!(run["reason"], "session \"s\" has no player \"nobody\"");
    lab.project.write("scripts/tell.rhai", "fn run(event) {\n    log::info(event.player.name);\n}");
    let run = lab.json(&["trigger", "stalled", "--json"]);
    let reason = run["reason"].as_str().unwrap();
    assert!(
        reason.contains("type `uproctor trigger stalled --player SESSION/PLAYER` (tell.rhai:2:"),
        "{reason}"
    );
    let reason = lab.json(&["trigger", "server", "--json"])["reason"].to_string();
    assert!(reason.contains("only events of a `player` trigger have"), "{reason}");
    let (code, text) = lab.run(&["trigger", "stalled", "--player", "p2"]);
    assert!(code == 2 && text.contains("write SESSION/PLAYER"), "{text}");
}

#[test]
fn what_a_rejected_plan_was_to_tell_is_told_later() {
    let lab = Lab::new(
        1,
        "newest",
        "[channel.lab]\nkind = \"ntfy\"\ntopic = \"lab\"\nserver = \"http://127.0.0.1:9\"\n[[automation]]\nname = \"server-watch\"\non = { every = \"1h\" }\n\
         script = \"server_watch.rhai\"\nmode = \"approve\"\nallow = [\"notify.send\"]\n\
         params = { channel = \"lab\", most_mb = -1.0 }\n",
    );
    lab.project.write("scripts/server_watch.rhai", include_str!("../../scripts/server_watch.rhai"));
    for _ in 0..2 {
        let run = lab.json(&["trigger", "server-watch", "--json"]);
        assert_eq!(run["effects"][0]["state"], "planned", "{run:#}");
        let plan = run["run"].as_i64().unwrap().to_string();
        assert_eq!(lab.run(&["reject", &plan]).0, 0);
    }
}

#[test]
fn whoever_was_not_sent_since_the_plan_was_rejected_can_be_sent_later() {
    let lab = Lab::new(
        1,
        "newest",
        "[guard]\nhands_off = \"0s\"\n[[automation]]\nname = \"completion\"\non = { player = \"finished\" }\n\
         script = \"completion.rhai\"\nmode = \"approve\"\nallow = [\"players.redirect\"]\n\
         params = { url = \"https://app.prolific.com/x\" }\n",
    );
    lab.project.write("scripts/completion.rhai", include_str!("../../scripts/completion.rhai"));
    moves(&lab, "p1", 4);
    for _ in 0..2 {
        let run = lab.json(&["trigger", "completion", "--player", "s/p1", "--json"]);
        assert_eq!(run["effects"][0]["state"], "planned", "{run:#}");
        let plan = run["run"].as_i64().unwrap().to_string();
        assert_eq!(lab.run(&["reject", &plan]).0, 0);
    }
}

/// One automation that waits for whoever stalls.
fn waits(script: &str, more: &str) -> Lab {
    let config = format!(
        "[watch]\nevery = \"1s\"\n[guard]\nhands_off = \"0s\"\n[[automation]]\nname = \"it\"\n\
         on = {{ player = \"stalled\", for = \"2s\" }}\nscript = \"it.rhai\"\n{more}\n"
    );
    let lab = Lab::new(2, "newest", &config);
    lab.project.write("scripts/it.rhai", script);
    lab
}

/// A person moves this player to a page.
fn moves(lab: &Lab, player: &str, page: u32) {
    lab.set_fields(&[player], &serde_json::json!({ "show_page": page }));
}

#[test]
fn a_plan_about_whoever_has_gone_on_is_not_carried_out() {
    let script = "fn run(event) { players::message(event.session, event.player.name, \"Still there?\"); }";
    let lab = waits(script, "mode = \"approve\"\nallow = [\"players.message\"]");
    let daemon = lab.daemon();
    let plans = || lab.json(&["plans", "--json"]).as_array().unwrap().clone();
    until("both wait for a person", || plans().len() == 2);
    moves(&lab, "p1", 2);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let outcomes: Vec<(bool, String)> = plans()
        .iter()
        .map(|plan| {
            let of_p1 = plan.to_string().contains("p1");
            let run = lab.json(&["approve", &plan["run"].to_string(), "--json"]);
            (of_p1, format!("{} {}", run["outcome"].as_str().unwrap(), run["reason"].as_str().unwrap_or("")))
        })
        .collect();
    for (of_p1, outcome) in outcomes {
        let right = if of_p1 { "it is not so any more: p1 is thinking now" } else { "done carried out plan" };
        assert!(outcome.contains(right), "{outcome}");
    }
    daemon.stop();
}

#[test]
fn a_run_that_had_to_wait_does_nothing_about_whoever_has_gone_on() {
    let script = "fn run(event) { log::info(event.player.name); wait_for(\"4s\"); }";
    let lab = waits(script, "key = \"automation\"");
    let daemon = lab.daemon();
    let first = || told(&lab, "it");
    until("the first run", || first().len() == 1);
    let other = if first() == ["p1"] { "p2" } else { "p1" };
    moves(&lab, other, 2);
    let runs = || lab.json(&["runs", "it", "--json"]).as_array().unwrap().clone();
    until("the second was not made", || runs().iter().any(|run| run["outcome"] == "skipped"));
    let skipped = runs().into_iter().find(|run| run["outcome"] == "skipped").unwrap();
    let why = skipped["reason"].as_str().unwrap();
    assert!(why.contains(&format!("it is not so any more: {other} is thinking now")), "{why}");
    daemon.stop();
}

#[test]
fn a_script_that_looks_again_calls_stalled_what_its_trigger_did() {
    let script = r#"fn run(event) {
        log::info(event.player["class"] + " " + player(event.session, event.player.name)["class"]);
    }"#;
    let lab = waits(script, "");
    let daemon = lab.daemon();
    until("both are told of", || told(&lab, "it").len() == 2);
    assert_eq!(told(&lab, "it"), ["stalled stalled"; 2]);
    daemon.stop();
}
