//! What the answers and bodies of the API look like, as JSON Schema. A test holds each against what a real daemon answers.

mod answers;
mod rows;

use serde_json::{Map, Value, json};

type Field = (&'static str, Value);

/// Every schema, by its name.
pub(super) fn all() -> Value {
    let all = answers::answers().into_iter().chain(rows::rows()).chain(answers::bodies());
    Value::Object(all.map(|(name, schema)| (name.to_owned(), schema)).collect())
}

fn object(about: &str, fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "description": about, "properties": properties, "required": names })
}

fn list(name: &'static str, of: &str) -> Value {
    object("A list.", &[(name, many(reference(of)))])
}

/// A list that goes on in a further answer.
fn paged(name: &'static str, of: &str) -> Value {
    let next = or_null(number("What to ask for as `before` to go on; null at the end."));
    object("A page of a list, newest first.", &[(name, many(reference(of))), ("next", next)])
}

fn many(of: Value) -> Value {
    let mut schema = json!({ "type": "array" });
    schema["items"] = of;
    schema
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn number(about: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": about })
}

fn switch(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

fn instant(about: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": format!("{about} Milliseconds since 1970.") })
}

fn word(words: &[&str], about: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": about })
}

fn anything(about: &str) -> Value {
    json!({ "type": "object", "description": about })
}

fn or_null(schema: Value) -> Value {
    json!({ "oneOf": vec![schema, json!({ "type": "null" })] })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
