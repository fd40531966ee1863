//! `/events` and `/runs`: what ran, and what did not and why.

use serde_json::{Value, json};

use super::{Reading, not_found, read};
use crate::{domain::EventId, store::EventsFilter, web::answer::Answer};

pub(in crate::web::api) fn list(reading: &Reading) -> Result<Value, Answer> {
    let asked = &reading.asked;
    let owned = |name: &str| asked.text(name).map(str::to_owned);
    let filter = EventsFilter {
        automation: asked.automation()?,
        kind: owned("kind"),
        outcome: owned("outcome"),
        before: asked.before().map(EventId),
        limit: asked.limit(),
    };
    let (rows, next) = read(reading.history().page_of_events(&filter))?;
    Ok(json!({ "events": rows, "next": next }))
}

pub(in crate::web::api) fn one(reading: &Reading) -> Result<Value, Answer> {
    let number = reading.asked.number("event")?;
    let row = read(reading.history().of_event(EventId(number)))?;
    let event = read(reading.history().event(EventId(number)))?;
    let (Some(row), Some(event)) = (row, event) else {
        return Err(not_found(format!("there is no event {number}")));
    };
    let mut value = json!(row);
    value["count"] = json!(event.count);
    value["detail"] = event.detail;
    Ok(value)
}

pub(in crate::web::api) fn run(reading: &Reading) -> Result<Value, Answer> {
    let run = reading.asked.run()?;
    let found = read(reading.history().run(run))?;
    found.map(|run| json!(run)).ok_or_else(|| not_found(format!("there is no run {run}")))
}
