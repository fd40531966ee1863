//! The intervention log as a table and as lines of JSON.

use serde_json::{Value, json};

use super::Intervention;

const COLUMNS: [&str; 18] = [
    "seq",
    "at",
    "decided",
    "session",
    "player",
    "action",
    "arguments",
    "page",
    "decision",
    "answer",
    "mode",
    "automation",
    "script",
    "script_hash",
    "trigger",
    "event",
    "run",
    "hash",
];

/// The first row.
pub fn header() -> Vec<u8> {
    line(&COLUMNS.map(str::to_owned))
}

/// The row of an entry; `value` is what it holds.
pub fn row(entry: &Intervention, value: &Value) -> Vec<u8> {
    let origin = &value["origin"];
    line(&[
        cell(&value["seq"]),
        cell(&value["at"]),
        cell(&value["decided"]),
        cell(&value["target"]),
        cell(&value["player"]),
        cell(&value["action"]),
        cell(&value["arguments"]),
        cell(&value["observed"]["page"]),
        cell(&value["decision"]),
        cell(&value["answer"]),
        cell(&origin["mode"]),
        cell(&origin["automation"]),
        cell(&origin["script"]),
        cell(&origin["script_hash"]),
        cell(&origin["trigger"]),
        cell(&origin["event"]),
        cell(&origin["run"]),
        entry.hash.clone(),
    ])
}

/// An entry as a line of JSON: `{"entry": ..., "hash": "..."}`.
pub fn json(entry: &Intervention, value: &Value) -> String {
    format!("{}\n", json!({ "entry": value, "hash": entry.hash }))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// A text that a spreadsheet takes for a text. What begins like a formula could otherwise be one: texts come from participants
/// and recruiters too.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn line<const N: usize>(cells: &[String; N]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing into memory cannot fail.
    let written = writer.write_record(cells);
    written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_to_a_spreadsheet() {
        for text in ["=1+1", "+49 30", "-1+1", "@SUM(A1)", "\tx", "\r=x"] {
            assert_eq!(cell(&json!(text)), format!("'{text}"));
        }
        assert_eq!(cell(&json!("slow/One -> slow/Two")), "slow/One -> slow/Two");
        assert_eq!(
            (cell(&json!(-1)), cell(&json!({"a": "=1"}))),
            ("-1".to_owned(), r#"{"a":"=1"}"#.to_owned())
        );
    }
}
