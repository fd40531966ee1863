//! What holds of events that come of what is observed.

use std::collections::HashSet;

use crate::{
    domain::EventId,
    sim::{Failure, Rehearsal},
};

/// Nothing is told twice of one player for one visit to a page, whatever crashed in between.
pub(super) fn nothing_is_told_twice(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    let rows = rehearsal.runs()?.into_iter().filter(|row| row.kind == "player");
    let events: HashSet<(String, i64)> = rows.filter_map(|row| Some((row.automation, row.event?))).collect();
    let mut told = HashSet::new();
    for (automation, event) in events {
        let Some(found) = rehearsal.director.history(|history| history.event(EventId(event)))? else {
            continue;
        };
        let observed = &found.detail["observed"];
        let player = &observed["about"]["player"];
        // The place and when they came to it; of what lasts longer than a visit, the player alone.
        let once = matches!(observed["what"].as_str(), Some("joined" | "finished" | "dropped"));
        let visit =
            if once { String::new() } else { format!("{} {}", player["show_page"], player["entered"]) };
        let what = format!("{automation}: {} of {} {visit}", observed["what"], player["name"]);
        if !told.insert(what.clone()) {
            broken.push(format!("event {event} was told before: {what}"));
        }
    }
    Ok(())
}
