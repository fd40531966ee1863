//! States: what all fields were at the end, or at the end of each combination of values of some.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{
    log::Logged,
    row::{Row, State},
};
use crate::{api::Generation, sandbox::value::Py};

/// One row for each storage, or for each combination that the fields `gvar` had in it, in the order in which they came.
pub(super) fn states_of<'a>(
    log: &'a [Logged<'a>],
    generation: Generation,
    gvar: &'a [String],
    filters: bool,
) -> Vec<Row<'a>> {
    // Page orders would be the same in every row of a player.
    let without_order = filters && !gvar.is_empty() && generation == Generation::Newest;
    let mut rows = Vec::new();
    for changes in log.chunk_by(|a, b| a.storage == b.storage) {
        let mut changes: Vec<&Logged<'_>> =
            changes.iter().filter(|logged| !without_order || logged.field != "page_order").collect();
        changes.sort_by_key(|logged| logged.change.seq);
        let states = if gvar.is_empty() {
            last_state(&changes).into_iter().collect()
        } else {
            states_by(&changes, generation, gvar)
        };
        rows.extend(states.into_iter().map(Row::State));
    }
    rows
}

fn last_state<'a>(changes: &[&'a Logged<'a>]) -> Option<State<'a>> {
    let last = changes.last()?;
    let mut fields: IndexMap<&str, &Py> = IndexMap::new();
    for logged in changes {
        fields.insert(logged.field, &logged.data);
    }
    Some(state(last, &fields))
}

fn state<'a>(last: &Logged<'a>, fields: &IndexMap<&'a str, &'a Py>) -> State<'a> {
    State {
        storage: last.storage.clone(),
        time: last.change.time,
        seq: last.change.seq,
        fields: fields.iter().map(|(field, value)| (*field, *value)).collect(),
    }
}

/// A combination: of the values of all fields, or, while some are missing, of the app alone.
type Key = (bool, String);

/// A state is kept each time one of the fields is about to change, and at the end; what comes later replaces what was
/// kept for the same combination.
fn states_by<'a>(changes: &[&'a Logged<'a>], generation: Generation, gvar: &[String]) -> Vec<State<'a>> {
    let by_app = generation == Generation::Newest && gvar.iter().any(|field| field == "app");
    let mut kept: IndexMap<Key, Option<State<'a>>> = IndexMap::new();
    let mut complete_apps: HashSet<String> = HashSet::new();
    let mut fields: IndexMap<&str, &Py> = IndexMap::new();
    let mut key: Option<Key> = None;
    let mut before: Option<&Logged<'a>> = None;
    for logged in changes {
        let changes_key = gvar.iter().any(|field| field == logged.field);
        if changes_key && let (Some(key), Some(before)) = (key.take(), before) {
            kept.insert(key, Some(state(before, &fields)));
        }
        fields.insert(logged.field, &logged.data);
        before = Some(logged);
        if changes_key {
            key = key_of(&fields, gvar, by_app);
            if let Some(key) = &key {
                if by_app && key.0 {
                    complete_apps.insert(shown(&fields, "app"));
                }
                kept.entry(key.clone()).or_default();
            }
        }
    }
    if let (Some(key), Some(last)) = (key, before) {
        kept.insert(key, Some(state(last, &fields)));
    }
    if kept.is_empty() {
        // What never had such a combination is as it is at last; 0.0.x leaves it out.
        let last = before.filter(|_| generation != Generation::Contract);
        return last.map(|last| state(last, &fields)).into_iter().collect();
    }
    let counts = |(complete, app): &Key| *complete || !complete_apps.contains(app);
    kept.into_iter().filter(|(key, _)| counts(key)).filter_map(|(_, state)| state).collect()
}

/// The present combination, if there is one.
fn key_of(fields: &IndexMap<&str, &Py>, gvar: &[String], by_app: bool) -> Option<Key> {
    if by_app && fields.get("app").is_none_or(|app| **app == Py::NONE) {
        return None;
    }
    if gvar.iter().all(|field| fields.contains_key(field.as_str())) {
        let values: Vec<String> = gvar.iter().map(|field| shown(fields, field)).collect();
        return Some((true, values.join("\n")));
    }
    by_app.then(|| (false, shown(fields, "app")))
}

/// A value such that different ones differ.
fn shown(fields: &IndexMap<&str, &Py>, field: &str) -> String {
    fields.get(field).map(|value| format!("{} {}", value.type_name(), value.text())).unwrap_or_default()
}
