//! What is observed of players: the functions `player`, `players_of` and `mates`.

use rhai::{Module, exported_module, plugin::*};
use serde_json::Value;

use super::session;
use crate::{
    domain::PlayerName,
    script::{
        context::RunContext,
        error::{RhaiResultOf, bad_argument, raise_api},
    },
};

/// The functions for what is observed.
pub(super) fn module() -> Module {
    exported_module!(observed)
}

/// All players of a session, by name; what the run has seen of them is noted.
fn look(run: &RunContext, session_name: &str) -> RhaiResultOf<serde_json::Map<String, Value>> {
    let session = session(session_name)?;
    // What its trigger calls stalled is not to be called anything else when the script looks again.
    let patience = run.automation.patience();
    let players = run.tools.watch.players(&session, patience, &run.actor.scope);
    let players = players.map_err(|error| raise_api(&error))?;
    for (name, player) in &players {
        if let Ok(name) = PlayerName::new(name) {
            run.actor.saw_player(&session, &name, player);
        }
    }
    Ok(players)
}

fn unknown(function: &str, session: &str, player: &str) -> Box<rhai::EvalAltResult> {
    bad_argument(function, &format!("session {session:?} has no player {player:?}"))
}

#[export_module]
mod observed {
    use rhai::NativeCallContext;

    use super::{super::context, look, unknown};
    use crate::script::{
        error::RhaiResultOf,
        records::{Records, to_dynamic},
    };

    /// What is observed of a player, no longer ago than `every` of `[watch]`: `session`, `name`, `label`, `class`
    /// ("thinking", "stalled", "absent", "waiting", "blocked", "victim", "expired", "finished", "dropped", "not_started",
    /// "unknown"), `reason` (in words), `page`, `kind` ("initialize", "page", "wait", "marker", "end"), `show_page`,
    /// `page_order`, `started`, `finished`, `dropped`, `online`, `dwell` (seconds on the page), `entered`, `silent` (seconds
    /// since they were heard of), `seen`, `deadline`, `group`, `mates` (names), `held_up_by` (a name).
    ///
    /// ```rhai
    /// let now = player(session, "ABC");
    /// if now.class != "stalled" { return skip("it is " + now.class + ": " + now.reason); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn player(ctx: NativeCallContext, session_name: &str, name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let players = look(&run, session_name)?;
        players.get(name).map(to_dynamic).ok_or_else(|| unknown("player", session_name, name))
    }

    /// What is observed of all players of a session, by name: each as `player` gives it.
    ///
    /// ```rhai
    /// for p in players_of("monday") {
    ///     if p.class == "absent" { log::info(p.name + ": " + p.reason); }
    /// }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn players_of(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let players = look(&run, session_name)?;
        Ok(Dynamic::from(Records::new(serde_json::Value::Object(players))))
    }

    /// The others of a player's group, each as `player` gives it; an empty array where there is no group.
    ///
    /// ```rhai
    /// for mate in mates(session, "ABC") { log::info(mate.name + " is on " + mate.page); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn mates(ctx: NativeCallContext, session_name: &str, name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let players = look(&run, session_name)?;
        let player = players.get(name).ok_or_else(|| unknown("mates", session_name, name))?;
        let names = player["mates"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        let mates: rhai::Array = names.filter_map(|mate| players.get(mate)).map(to_dynamic).collect();
        Ok(mates.into())
    }
}
