//! What is observed of people in front of real servers.

use std::time::Duration;

use serde_json::Value;

use crate::{
    daemon::Lab,
    support::{PATIENCE, Participant, Server, Version, on_every_version, wait_until},
};

on_every_version!(who_goes_silent_is_gone_and_the_partner_a_victim);

/// Two minutes of silence, and what the looks in between add.
const SILENCE: Duration = Duration::from_mins(4);

const OBSERVER: &str = r#"
fn run(event) {
    let p = event.player;
    log::info(event.what + " " + p.name + " " + p["class"] + " " + p.page + ": " + p.reason);
    for mate in mates(p.session, p.name) { log::info("mate " + mate.name + " " + mate["class"]); }
    log::info("now " + player(p.session, p.name)["class"] + " of " + players_of(p.session).len());
}
"#;

/// The names of the players of whom this was told, in the order it was.
fn told(lab: &Lab, what: &str) -> Vec<String> {
    let lines = lab.lines("observer");
    lines
        .iter()
        .filter_map(|line| Some(line.strip_prefix(&format!("{what} "))?.split(' ').next()?.to_owned()))
        .collect()
}

fn who_goes_silent_is_gone_and_the_partner_a_victim(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("pair", 2);
    let players = server.players(&session);
    let conditions = ["joined", "page", "blocked", "absent", "victim", "finished"];
    let on: Vec<String> = conditions
        .iter()
        .map(|condition| format!("{{ player = \"{condition}\", sessions = [\"{session}\"] }}"))
        .collect();
    let automations = format!(
        "[watch]\nsessions = [\"{session}\"]\nevery = \"1s\"\n[[automation]]\nname = \"observer\"\non = [{}]\nscript = \"observer.rhai\"\n",
        on.join(", ")
    );
    let mut lab = Lab::new(&server, &automations, &[("observer.rhai", OBSERVER)]);
    lab.start();

    let two: Vec<_> = players.iter().map(|player| Participant::of(&server, &session, player)).collect();
    for one in &two {
        one.open();
    }
    for one in &two {
        one.wait_for_page("pair/Decide");
    }
    wait_until("both have joined", PATIENCE, || told(&lab, "joined").len() == 2);
    two[1].close();
    two[0].submit(&[("give", "3")]);
    wait_until("the one waits for the other", PATIENCE, || told(&lab, "blocked") == [players[0].clone()]);
    wait_until("the other is gone", SILENCE, || told(&lab, "absent") == [players[1].clone()]);
    wait_until("the one is a victim", PATIENCE, || told(&lab, "victim") == [players[0].clone()]);
    let lines = lab.lines("observer");
    let why = lines.iter().find(|line| line.starts_with("victim ")).unwrap();
    assert!(why.contains(&format!("for {}, who is absent on pair/Decide", players[1])), "{why}");

    // Neither a restart of ours nor one of theirs is news of anybody.
    lab.stop();
    lab.start();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(
        (told(&lab, "absent").len(), told(&lab, "victim").len(), told(&lab, "joined").len()),
        (1, 1, 2)
    );
    lab.stop();
    let failed: Vec<Value> = lab.runs().into_iter().filter(|run| run["outcome"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    lab.assert_no_secret_anywhere();
}
