//! What is observed of people in front of real servers.

use std::time::Duration;

use serde_json::Value;

use crate::{
    daemon::Lab,
    support::{PATIENCE, Participant, Server, Version, on_every_version, wait_until},
};

on_every_version!(
    who_goes_silent_is_gone_and_the_partner_a_victim,
    a_group_of_which_one_goes_silent_gets_on_as_the_cookbook_says,
);

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

const FILL: &str = include_str!("../../scripts/fill_and_advance.rhai");
const FREE: &str = include_str!("../../scripts/free_partners.rhai");

/// Two groups of two: in the one the silent member's decision is filled in, in the other the partner is let on without it.
fn a_group_of_which_one_goes_silent_gets_on_as_the_cookbook_says(version: Version) {
    let server = Server::shared(version);
    let [filled, freed] = [(), ()].map(|()| server.create_session("pair", 2));
    let automations = format!(
        "[watch]\nsessions = [\"{filled}\", \"{freed}\"]\nevery = \"1s\"\n\
         [[automation]]\nname = \"fill\"\non = {{ player = \"absent\", sessions = [\"{filled}\"] }}\n\
         script = \"fill.rhai\"\nparams = {{ defaults = {{ \"pair/Decide\" = {{ give = 0 }} }} }}\n\
         allow = [\"players.fields\", \"players.advance\"]\n\
         [[automation]]\nname = \"free\"\non = {{ player = \"victim\", for = \"1m\", sessions = [\"{freed}\"] }}\n\
         script = \"free.rhai\"\nallow = [\"players.fields\", \"players.advance\", \"players.end\"]\n"
    );
    let mut lab = Lab::new(&server, &automations, &[("fill.rhai", FILL), ("free.rhai", FREE)]);
    lab.start();
    let groups = [&filled, &freed].map(|session| {
        let players = server.players(session);
        let two: Vec<_> = players.iter().map(|player| Participant::of(&server, session, player)).collect();
        two.iter().for_each(|one| drop(one.open()));
        two.iter().for_each(|one| one.wait_for_page("pair/Decide"));
        two[1].close();
        two[0].submit(&[("give", "3")]);
        (players, two)
    });
    for ((players, two), session) in groups.iter().zip([&filled, &freed]) {
        wait_until("the partner gets on", SILENCE, || server.page_of(session, &players[0]) == "pair/Result");
        two[0].wait_for_page("pair/Result");
        two[0].submit(&[]);
        assert!(two[0].is_at_end());
        assert_eq!(server.page_of(session, &players[0]), "End");
    }
    let [(of_filled, _), (of_freed, _)] = &groups;
    assert_eq!(server.page_of(&filled, &of_filled[1]), "pair/#Together");
    assert_eq!(server.field(&filled, &of_filled[0], "payoff"), 3, "the page for all of the group has run");
    assert_eq!(server.page_of(&freed, &of_freed[1]), "pair/Decide", "nobody was stepped past a decision");
    for (session, player, field, page) in [
        (&filled, &of_filled[1], "auto_filled", "pair/Decide"),
        (&freed, &of_freed[0], "partner_lost", "pair/#Together"),
    ] {
        let data = server.get(&format!("sessions/{session}/data/"));
        assert_eq!(data["data"][player.as_str()][field][0][3], page, "the mark is in the data");
    }
    lab.stop();
    lab.assert_no_secret_anywhere();
}
