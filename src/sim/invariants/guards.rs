//! What holds of guards and of the intervention log.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{
    domain::{Held, Mode},
    sim::{Failure, Rehearsal},
    store::{WriteRow, verify},
};

/// No run acts on more players than it may, unless a person approved it, and the automation of one that wanted to is held.
pub(super) fn no_run_passes_its_limit(
    rehearsal: &Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let most = rehearsal.director.config().guard.players_per_run(rehearsal.players.len());
    let mut acted_on: HashMap<i64, HashSet<&str>> = HashMap::new();
    let mut planned = HashSet::new();
    let approved = rehearsal.runs()?.into_iter().filter(|row| row.kind == "plan");
    let approved: HashSet<i64> = approved.filter_map(|row| row.run).collect();
    for write in writes {
        let effect = &write.effect;
        let steps =
            ["players.advance", "players.revert", "players.end", "players.redirect", "players.dropout"];
        if effect.state == "planned" && write.mode == Mode::Live.as_str() {
            planned.insert(write.automation.clone());
        }
        if steps.contains(&effect.action.as_str())
            && matches!(effect.state.as_str(), "claimed" | "done" | "uncertain" | "failed")
            && !approved.contains(&write.run)
            && let Some(player) = &effect.player
        {
            acted_on.entry(write.run).or_default().insert(player);
        }
    }
    for (run, players) in acted_on {
        if players.len() > most {
            broken.push(format!("run {run} acted on {} players, of {most} that it may", players.len()));
        }
    }
    let holds = rehearsal.director.history(|history| history.holds(jiff::Timestamp::MIN))?;
    for automation in planned {
        let is_held = |held: &Held| matches!(held, Held::Automation(name) if name.as_str() == automation);
        if !holds.iter().any(|hold| is_held(&hold.held)) {
            broken.push(format!("{automation} was stopped by a guard and is not held"));
        }
    }
    Ok(())
}

/// The intervention log is whole, and has an entry for every write that has come to its end, with how it ended.
pub(super) fn the_log_tells_of_every_write(
    rehearsal: &Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let entries = rehearsal.director.history(|history| history.interventions(0, u32::MAX))?;
    let (mut before, mut told) =
        (String::new(), HashMap::<(i64, String, Option<String>, String), i64>::new());
    for (number, entry) in (1..).zip(&entries) {
        if let Err(why) = verify(&before, number, entry) {
            broken.push(format!("the intervention log: {why}"));
        }
        before.clone_from(&entry.hash);
        let entry: Value = serde_json::from_str(&entry.entry).unwrap_or_default();
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let run = entry["origin"]["run"].as_i64().unwrap_or_default();
        let key =
            (run, text("action").unwrap_or_default(), text("player"), text("decision").unwrap_or_default());
        *told.entry(key).or_default() += 1;
    }
    for WriteRow { run, effect, .. } in writes {
        if effect.state == "claimed" {
            continue;
        }
        let key = (*run, effect.action.clone(), effect.player.clone(), effect.state.clone());
        let left = told.entry(key).or_default();
        *left -= 1;
        if *left < 0 {
            broken.push(format!(
                "{} of run {run} is {}, and the log does not say so",
                effect.action, effect.state
            ));
        }
    }
    Ok(())
}
