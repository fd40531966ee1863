//! The players' keys, which never come out.
//!
//! `_uproot_key` is what a participant's browser proves itself with. Whoever has it can answer in their place, and
//! scripts write what they read into files and messages. So it is dropped here, before anybody sees it.

use serde_json::{Map, Value};

use super::answer::Table;

/// The field that holds a player's key.
pub(super) const KEY: &str = "_uproot_key";

/// Whether a field's name is that of the key; quotes around it, as some exports write them, make no difference.
pub(super) fn is_key(field: &str) -> bool {
    field.trim_matches('"') == KEY
}

/// Drops the key wherever it stands, from what an app's own code made.
pub(super) fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|field, _| !is_key(field));
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Drops the key from `data.since`: `{player: {field: [change, ...]}}`. Players without other changes go too, as the
/// server would not have named them.
pub(super) fn strip_changes(data: &mut Map<String, Value>) {
    data.retain(|_, fields| {
        let Value::Object(fields) = fields else { return true };
        let had = fields.len();
        fields.retain(|field, _| !is_key(field));
        !(fields.is_empty() && had > 0)
    });
}

/// Drops the rows about the key from a table, and the columns that hold it.
pub(super) fn strip_table(table: &mut Table) {
    if let Some(place) = table.column("!field") {
        table.rows.retain(|row| !row.get(place).is_some_and(|field| is_key(field)));
    }
    let keep: Vec<bool> = table.columns.iter().map(|column| !is_key(column)).collect();
    if keep.contains(&false) {
        keep_only(&mut table.columns, &keep);
        for row in &mut table.rows {
            keep_only(row, &keep);
        }
    }
}

fn keep_only(cells: &mut Vec<String>, keep: &[bool]) {
    let mut keep = keep.iter();
    cells.retain(|_| keep.next().copied().unwrap_or(false));
}

/// Drops the rows about the key, and the key's field from the others.
pub(super) fn strip_rows(rows: &mut Vec<Map<String, Value>>) {
    rows.retain(|row| !row.get("!field").and_then(Value::as_str).is_some_and(is_key));
    for row in rows {
        row.retain(|field, _| !is_key(field));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_key_is_in_no_change() {
        let mut data = object(json!({
            "a": {"_uproot_key": [[1.0, false, "str", "secret", "x"]], "n": [[1.0, false, "int", "1", "x"]]},
            "b": {"_uproot_key": [[1.0, false, "str", "secret", "x"]]},
        }));
        strip_changes(&mut data);
        assert_eq!(Value::Object(data), json!({"a": {"n": [[1.0, false, "int", "1", "x"]]}}));
    }

    #[test]
    fn the_key_is_in_no_table() {
        let texts = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let mut table = Table {
            columns: texts(&["!field", "_uproot_key", "n"]),
            rows: vec![
                texts(&["_uproot_key", "secret", ""]),
                texts(&["n", "", "1"]),
                texts(&["", "secret", "2"]),
            ],
        };
        strip_table(&mut table);
        assert_eq!(table.columns, ["!field", "n"]);
        assert_eq!(table.rows, [texts(&["n", "1"]), texts(&["", "2"])]);
    }

    #[test]
    fn the_key_is_in_no_row() {
        let mut rows = vec![
            object(json!({"!field": "_uproot_key", "!data": "secret"})),
            object(json!({"!field": "\"_uproot_key\"", "!data": "secret"})),
            object(json!({"!storage": "player/s/a", "_uproot_key": "secret", "n": 1})),
        ];
        strip_rows(&mut rows);
        assert_eq!(rows, [object(json!({"!storage": "player/s/a", "n": 1}))]);
    }
}
