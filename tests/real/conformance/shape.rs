//! Whether JSON is as a pattern says.
//!
//! A pattern is JSON itself. A text such as `<time>` stands for any value of that kind; the key `...` allows further
//! keys, whose values are as its own; a list that begins with `...` is a list of any length of what follows.

use serde_json::{Map, Value};

const MORE: &str = "...";

/// What is not as it should be, with the place where.
pub(super) fn differences(pattern: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(pattern, value, "", &mut found);
    found
}

/// Whether an object has at least what the pattern has.
pub(super) fn has(pattern: &Value, object: &Value) -> bool {
    let wanted = pattern.as_object().into_iter().flatten();
    wanted
        .into_iter()
        .all(|(key, pattern)| object.get(key).is_some_and(|value| differences(pattern, value).is_empty()))
}

fn compare(pattern: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    match (pattern, value) {
        (Value::String(kind), _) if kind.starts_with('<') && kind.ends_with('>') => {
            if !is(kind, value) {
                found.push(format!("{at}: {value} is no {kind}"));
            }
        }
        (Value::Object(pattern), Value::Object(value)) => compare_objects(pattern, value, at, found),
        (Value::Array(pattern), Value::Array(value)) => compare_lists(pattern, value, at, found),
        _ if pattern == value => {}
        _ => found.push(format!("{at}: {value} is not {pattern}")),
    }
}

fn compare_objects(
    pattern: &Map<String, Value>,
    value: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    for (key, pattern) in pattern.iter().filter(|(key, _)| *key != MORE) {
        match value.get(key) {
            Some(value) => compare(pattern, value, &format!("{at}/{key}"), found),
            None => found.push(format!("{at}/{key} is missing")),
        }
    }
    for (key, value) in value.iter().filter(|(key, _)| !pattern.contains_key(*key)) {
        match pattern.get(MORE) {
            Some(pattern) => compare(pattern, value, &format!("{at}/{key}"), found),
            None => found.push(format!("{at}/{key} is too much: {value}")),
        }
    }
}

fn compare_lists(pattern: &[Value], value: &[Value], at: &str, found: &mut Vec<String>) {
    let repeated = match pattern {
        [Value::String(first), each] if first == MORE => Some(each),
        _ => None,
    };
    if repeated.is_none() && pattern.len() != value.len() {
        found.push(format!("{at}: {} items, not {}: {value:?}", value.len(), pattern.len()));
        return;
    }
    for (index, value) in value.iter().enumerate() {
        compare(repeated.unwrap_or_else(|| &pattern[index]), value, &format!("{at}/{index}"), found);
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "<any>" => true,
        "<text>" => value.is_string(),
        "<number>" => value.is_number(),
        "<list>" => value.is_array(),
        "<object>" => value.is_object(),
        // Seconds since 1970 with a fraction, some time this century.
        "<time>" => value.is_f64() && value.as_f64().is_some_and(|time| time > 1e9 && time < 4e9),
        // Where in the server's code a value was set: `module.function:line`.
        "<context>" => value
            .as_str()
            .and_then(|text| text.rsplit_once(':'))
            .is_some_and(|(place, line)| !place.is_empty() && line.parse::<u32>().is_ok()),
        _ => panic!("{kind} is no kind of value"),
    }
}

#[test]
fn a_pattern_finds_every_difference() {
    use serde_json::json;

    let pattern = json!({"at": "<time>", "names": ["...", "<text>"], "by": {"a": 1, "...": "<number>"}});
    let found = |value: Value| differences(&pattern, &value);
    let good = json!({"at": 1.5e9, "names": ["x", "y"], "by": {"a": 1, "b": 2.5}});
    assert_eq!(found(good.clone()), Vec::<String>::new());
    let bad = [
        ("/at", json!(1_500_000_000)),
        ("/names", json!({})),
        ("/names", json!(["x", 5])),
        ("/by", json!({"a": 1.0})),
        ("/by", json!({"b": 2})),
        ("/by", json!({"a": 1, "b": "2"})),
        ("/more", json!(null)),
    ];
    for (at, value) in bad {
        let mut wrong = good.clone();
        wrong[at.trim_start_matches('/')] = value.clone();
        assert_eq!(found(wrong).len(), 1, "{at}: {value}");
    }
    assert_eq!(differences(&json!([1, "<context>"]), &json!([1, "m.f:12"])), Vec::<String>::new());
    assert_eq!(differences(&json!([1, "<context>"]), &json!([1, "m.f"])).len(), 1);
    assert_eq!(differences(&json!([1]), &json!([1, 2])).len(), 1);
}
