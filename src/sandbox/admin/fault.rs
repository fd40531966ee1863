//! What is wrong with a value, in the words of the library that checks it.

use serde_json::{Value, json};

/// A fault of a kind, in a part of the body (or in `query`), with what stands there.
pub(super) fn fault_at(part: &str, key: impl Into<Value>, kind: &str, input: &Value) -> Value {
    json!({"type": kind, "loc": [part, key.into()], "msg": message(kind), "input": input})
}

/// A fault of the body as a whole.
pub(super) fn fault_of_body(kind: &str, input: &Value) -> Value {
    json!({"type": kind, "loc": ["body"], "msg": message(kind), "input": input})
}

/// A text that is no JSON from a character on.
pub(super) fn not_json(at: usize, error: &str) -> Value {
    json!({
        "type": "json_invalid", "loc": ["body", at], "msg": "JSON decode error", "input": {},
        "ctx": {"error": error},
    })
}

/// A number below its limit.
pub(super) fn too_small(key: &str, least: i64, input: &Value) -> Value {
    json!({
        "type": "greater_than_equal", "loc": ["body", key],
        "msg": format!("Input should be greater than or equal to {least}"), "input": input,
        "ctx": {"ge": least},
    })
}

/// A list that must not be empty.
pub(super) fn too_short(key: &str) -> Value {
    json!({
        "type": "too_short", "loc": ["body", key],
        "msg": "List should have at least 1 item after validation, not 0", "input": [],
        "ctx": {"field_type": "List", "min_length": 1, "actual_length": 0},
    })
}

/// A text that must not be empty.
pub(super) fn empty_text(key: &str) -> Value {
    json!({
        "type": "string_too_short", "loc": ["body", key], "msg": "String should have at least 1 character",
        "input": "", "ctx": {"min_length": 1},
    })
}

fn message(kind: &str) -> &'static str {
    match kind {
        "missing" => "Field required",
        "string_type" => "Input should be a valid string",
        "list_type" => "Input should be a valid list",
        "dict_type" => "Input should be a valid dictionary",
        "int_type" => "Input should be a valid integer",
        "int_parsing" => "Input should be a valid integer, unable to parse string as an integer",
        "int_from_float" => "Input should be a valid integer, got a number with a fractional part",
        "bool_type" => "Input should be a valid boolean",
        "bool_parsing" => "Input should be a valid boolean, unable to interpret input",
        "float_type" => "Input should be a valid number",
        "float_parsing" => "Input should be a valid number, unable to parse string as a number",
        _ => "Input should be a valid dictionary or object to extract fields from",
    }
}
