//! Whether a value is as a schema of the document says. Only what that document uses is known here; anything else is an error, so
//! that no rule goes unchecked.

use serde_json::Value;

/// What is wrong with a value. Objects have exactly the fields that the schema lists.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = match schema["$ref"].as_str() {
        Some(name) => {
            assert_eq!(schema.as_object().unwrap().len(), 1, "a reference stands alone: {schema}");
            let found = document.pointer(name.strip_prefix('#').unwrap());
            found.unwrap_or_else(|| panic!("there is no {name}"))
        }
        None => schema,
    };
    let rules = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
    let wrong = |why: &str| Err(format!("{at} {why}: {value}"));
    for (rule, of) in rules {
        match rule.as_str() {
            "description" | "format" | "default" => {}
            "type" => {
                let fits = match of.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("unknown type {other}"),
                };
                if !fits {
                    return wrong(&format!("is no {of}"));
                }
            }
            "enum" if of.as_array().unwrap().contains(value) => {}
            "enum" => return wrong("is none of the words"),
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, of, item, &format!("{at}/{number}"))?;
                }
            }
            "minItems" if value.as_array().is_some_and(|list| list.len() as u64 >= of.as_u64().unwrap()) => {}
            "maxItems" if value.as_array().is_some_and(|list| list.len() as u64 <= of.as_u64().unwrap()) => {}
            "properties" => {
                for (name, item) in value.as_object().into_iter().flatten() {
                    let Some(schema) = of.get(name) else { return wrong(&format!("has an unknown {name}")) };
                    check(document, schema, item, &format!("{at}/{name}"))?;
                }
            }
            "required" => {
                for name in of.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        return wrong(&format!("lacks {name}"));
                    }
                }
            }
            // Objects are held to their fields anyway.
            "additionalProperties" => {}
            "oneOf" => {
                let tries = of.as_array().unwrap().iter();
                let tries: Vec<_> = tries.map(|one| check(document, one, value, at)).collect();
                if tries.iter().filter(|one| one.is_ok()).count() != 1 {
                    return wrong(&format!("fits not exactly one of its shapes {tries:?}"));
                }
            }
            other => return wrong(&format!("does not fit {other}, or this test does not know that rule")),
        }
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_found() {
    let document = serde_json::json!({ "a": { "type": "object", "properties": {
        "word": { "type": "string", "enum": ["x"] },
        "list": { "oneOf": [{ "type": "array", "items": { "type": "integer" } }, { "type": "null" }] },
    }, "required": ["word"] } });
    let schema = serde_json::json!({ "$ref": "#/a" });
    for (value, fits) in [
        (r#"{"word": "x", "list": [1]}"#, true),
        (r#"{"word": "x", "list": null}"#, true),
        (r#"{"word": "x"}"#, true),
        (r#"{"word": "y"}"#, false),
        (r#"{"list": []}"#, false),
        (r#"{"word": "x", "list": ["1"]}"#, false),
        (r#"{"word": "x", "more": 1}"#, false),
        ("[]", false),
    ] {
        let value = serde_json::from_str(value).unwrap();
        assert_eq!(check(&document, &schema, &value, "").is_ok(), fits, "{value}");
    }
}
