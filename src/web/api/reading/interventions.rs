//! `/interventions`: the log for the paper.

use serde_json::{Value, json};

use super::{Reading, read};
use crate::{store::Filter, web::answer::Answer};

pub(in crate::web::api) fn list(reading: &Reading) -> Result<Value, Answer> {
    let asked = &reading.asked;
    let owned = |name: &str| asked.text(name).map(str::to_owned);
    let filter = Filter {
        session: owned("session"),
        player: owned("player"),
        automation: owned("automation"),
        all: asked.is_on("all"),
    };
    let most = asked.limit() as usize;
    let (entries, next) = read(reading.history().page_of_interventions(&filter, asked.before(), most))?;
    let rows = entries.into_iter().map(|entry| {
        let read: Value = serde_json::from_str(&entry.entry).unwrap_or_default();
        json!({ "seq": entry.seq, "hash": entry.hash, "entry": read })
    });
    Ok(json!({ "interventions": rows.collect::<Vec<_>>(), "next": next }))
}
