//! The console as people and attackers see it: over HTTP, and in a browser where there is one.

mod attacks;
mod browser;
mod pages;
mod phone;
mod proxy;
pub(crate) mod visitor;

use crate::lab::Lab;

/// A lab in which whoever stalls is stepped on once a person approves.
pub(super) const APPROVED: &str = r#"
[watch]
every = "1s"

[guard]
hands_off = "0s"
freeze = "0s"
max_players_per_run = 50

[[automation]]
name = "step-on"
on = { player = "stalled", for = "SECONDS" }
script = "step_on.rhai"
mode = "approve"
allow = ["players.advance"]

[[automation]]
name = "every-second"
on = { every = "1s" }
script = "every_second.rhai"
mode = "dry-run"
"#;

/// Such a lab. `seconds` is how long somebody may take.
pub(super) fn lab(players: usize, seconds: &str) -> Lab {
    let lab = Lab::new(players, "newest", &APPROVED.replace("SECONDS", seconds));
    lab.project.write(
        "scripts/step_on.rhai",
        "fn run(event) { players::advance(event.player.session, event.player.name); }",
    );
    lab.project.write("scripts/every_second.rhai", "fn run(event) { log::info(\"tick\"); }");
    lab
}

/// The address that the running daemon of a lab listens at, `127.0.0.1:PORT`.
pub(super) fn address(lab: &Lab) -> String {
    let control = std::fs::read_to_string(lab.project.path().join("uproctor.db.control")).unwrap();
    let control: serde_json::Value = serde_json::from_str(&control).unwrap();
    control["address"].as_str().unwrap().to_owned()
}

/// A link that logs in.
pub(super) fn link(lab: &Lab) -> String {
    let (code, text) = lab.run(&["console"]);
    assert_eq!(code, 0, "{text}");
    text.lines().next().unwrap().to_owned()
}
