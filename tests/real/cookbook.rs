//! Recipes of the cookbook on real servers: a group goes on without the member who has closed the tab.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    daemon::Lab,
    support::{PATIENCE, Participant, Server, Version, on_every_version, wait_until},
};

on_every_version!(a_group_goes_on_without_the_member_who_is_gone);

/// Who is not heard of is gone after two minutes; then it is looked some more times, on a busy machine.
const GONE: Duration = Duration::from_secs(300);

/// A pair of which the first closes the tab at the decision, while the second decides and waits.
fn pair(server: &Server) -> (String, Vec<String>, Vec<Participant>) {
    let session = server.create_session("pair", 2);
    let names = server.players(&session);
    let two: Vec<_> = names.iter().map(|name| Participant::of(server, &session, name)).collect();
    for one in &two {
        one.open();
    }
    for one in &two {
        one.wait_for_page("pair/Decide");
    }
    assert_eq!(two[1].submit(&[("give", "4")]).path, "pair/#Together");
    (session, names, two)
}

fn a_group_goes_on_without_the_member_who_is_gone(version: Version) {
    let server = Server::start(version, &crate::support::Experiment::standard());
    let (filled, filled_names, filled_pair) = pair(&server);
    let (freed, freed_names, freed_pair) = pair(&server);
    let automations = format!(
        r#"
[[automation]]
name = "fill-and-advance"
on = {{ player = "absent", sessions = ["{filled}"] }}
script = "fill_and_advance.rhai"
params = {{ defaults = {{ "pair/Decide" = {{ give = 1 }} }} }}
allow = ["players.fields", "players.advance"]

[[automation]]
name = "free-partners"
on = {{ player = "victim", sessions = ["{freed}"] }}
script = "free_partners.rhai"
params = {{ to = "pair/Result" }}
allow = ["players.fields", "players.advance", "players.end"]

[[automation]]
name = "completion"
on = {{ player = "finished" }}
script = "completion.rhai"
params = {{ url = "https://app.prolific.com/complete?cc=ALL", marks = {{ partner_lost = "https://app.prolific.com/complete?cc=PART" }} }}
allow = ["players.redirect"]
"#
    );
    let scripts = [
        ("fill_and_advance.rhai", include_str!("../../scripts/fill_and_advance.rhai")),
        ("free_partners.rhai", include_str!("../../scripts/free_partners.rhai")),
        ("completion.rhai", include_str!("../../scripts/completion.rhai")),
    ];
    let mut lab = Lab::new(&server, &automations, &scripts);
    lab.start();
    // While everybody is there, nothing happens.
    thread::sleep(Duration::from_secs(10));
    assert!(lab.runs().is_empty(), "{:#?}", lab.runs());
    let begun = Instant::now();
    for two in [&filled_pair, &freed_pair] {
        two[0].close();
    }

    wait_until("both who wait go on", GONE, || {
        [&filled_pair, &freed_pair].iter().all(|two| two[1].page().path == "pair/Result")
    });
    assert!(begun.elapsed() >= Duration::from_secs(110), "after {:?}", begun.elapsed());
    // Where the answer was given in place of the one who is gone, the app has paid.
    assert_eq!(server.field(&filled, &filled_names[0], "auto_filled"), "pair/Decide");
    assert_eq!(server.field(&filled, &filled_names[0], "give"), 1);
    assert_eq!(server.page_of(&filled, &filled_names[0]), "pair/#Together");
    assert_eq!(server.field(&filled, &filled_names[1], "payoff"), 5);
    // Where the partner was let on, the one who is gone has not been touched.
    assert_eq!(server.field(&freed, &freed_names[1], "partner_lost"), "pair/#Together");
    assert_eq!(server.page_of(&freed, &freed_names[0]), "pair/Decide");
    assert_eq!(server.field(&freed, &freed_names[0], "give"), json!(null));

    for (two, code) in [(&filled_pair, "ALL"), (&freed_pair, "PART")] {
        two[1].submit(&[]);
        two[1].wait_for_page(&format!("Away https://app.prolific.com/complete?cc={code}"));
    }
    let outcomes = |automation: &str| {
        let mut runs = lab.runs();
        runs.retain(|run| run["automation"] == automation);
        runs.iter().rev().map(|run| run["outcome"].clone()).collect::<Vec<_>>()
    };
    wait_until("the runs end", PATIENCE, || outcomes("completion") == ["done", "done"]);
    assert_eq!(outcomes("free-partners"), ["done"]);
    assert_eq!(outcomes("fill-and-advance"), ["done", "skipped"], "the wait page asks for nothing");
    for (session, mark) in [(&filled, "auto_filled"), (&freed, "partner_lost")] {
        let data = server.get(&format!("sessions/{session}/data/jsonl/")).to_string();
        assert!(data.contains(mark), "{mark} is not in {data}");
    }
    lab.stop();
}
