//! What holds of what scripts tell people.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    sim::{Failure, Rehearsal},
    store::WriteRow,
};

/// So many news there may be within a second or two.
const NEW: usize = 20;

/// An effect that is done has its notice, and a notice its effect: neither is there without the other, whatever crashed in
/// between, and none is there twice.
pub(super) fn what_scripts_tell_is_kept_once(
    rehearsal: &Rehearsal,
    writes: &[WriteRow],
    broken: &mut Vec<String>,
) -> Result<(), Failure> {
    let notices = rehearsal.director.history(|history| history.notices_after(0))?;
    let by_scripts = notices.iter().filter(|row| row.kind.is_none());
    let notices: BTreeMap<i64, Option<i64>> = by_scripts.map(|row| (row.id, row.run)).collect();
    let mut told = BTreeSet::new();
    for write in writes.iter().filter(|write| write.effect.action == "notify.send") {
        let (state, note) = (&write.effect.state, write.effect.note.as_deref().unwrap_or_default());
        let notice = note.strip_prefix("notice ").and_then(|id| id.parse::<i64>().ok());
        match notice {
            Some(id) if state == "done" => {
                if notices.get(&id) != Some(&Some(write.run)) {
                    broken.push(format!("run {} has told notice {id}, which is not there", write.run));
                }
                if !told.insert(id) {
                    broken.push(format!("notice {id} is of two effects"));
                }
            }
            _ if state == "done" || state == "claimed" => {
                broken.push(format!("run {} has told something, {state}, without a notice", write.run));
            }
            _ => {}
        }
    }
    for (id, run) in &notices {
        if !told.contains(id) {
            broken.push(format!("notice {id} of run {run:?} has no effect"));
        }
    }
    Ok(())
}

/// What is new is decided about, whatever crashed in between.
pub(super) fn no_news_is_forgotten(rehearsal: &Rehearsal, broken: &mut Vec<String>) -> Result<(), Failure> {
    // Where nobody can be told, nobody looks.
    if rehearsal.director.config().channels.is_empty() {
        return Ok(());
    }
    let news = rehearsal.director.history(|history| history.news(u32::MAX))?;
    if news.len() > NEW {
        broken.push(format!("nobody has decided about {} news, the first of them {:?}", news.len(), news[0]));
    }
    Ok(())
}
