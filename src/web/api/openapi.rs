//! The OpenAPI document, made from the table.

use serde_json::{Map, Value, json};

use super::{
    schema,
    table::{Handler, Kind, LIMIT, Method, Parameter, ROUTES, Route},
};

const ABOUT: &str = "What the console of uproctor shows and does, for programs. Instants are integers: milliseconds since 1970, \
                     UTC, by the daemon's clock. Only within what scripts and the log of interventions hold (`detail`, `entry`) \
                     they are as they stand there, mostly RFC 3339. Lists are newest first; `next` of one answer is `before` of \
                     the next, and only where it is null the list has ended. An answer may get more fields.";

/// The document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "uproctor",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/", "description": "The daemon's own address; the path of `[console] url` where a web server stands before it." }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token that `uproctor user token NAME --role ROLE` makes." },
            },
            "responses": errors(),
            "schemas": schema::all(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), json!(route.id));
    operation.insert("summary".into(), json!(route.summary));
    operation.insert(
        "description".into(),
        json!(match route.role {
            Some(role) => format!("Needs a token of the role {role}."),
            None => "Needs no token.".to_owned(),
        }),
    );
    if route.role.is_none() {
        operation.insert("security".into(), json!([]));
    }
    let parameters: Vec<Value> =
        in_path(route.path).map(of_path).chain(route.query.iter().map(of_query)).collect();
    if !parameters.is_empty() {
        operation.insert("parameters".into(), json!(parameters));
    }
    if let Some(body) = route.body {
        let needed = schema::all()[body]["required"].as_array().is_some_and(|needed| !needed.is_empty());
        operation.insert("requestBody".into(), json!({ "required": needed, "content": content(body) }));
    }
    operation.insert("responses".into(), answers(route));
    Value::Object(operation)
}

fn answers(route: &Route) -> Value {
    let (status, schema) = route.answer;
    let mut answers = Map::new();
    let about = if status == 202 { "It is taken in." } else { "All is well." };
    answers.insert(status.to_string(), json!({ "description": about, "content": content(schema) }));
    let mut errors: Vec<u16> = route.errors.to_vec();
    if route.role.is_some() {
        errors.extend([400, 401, 403, 503]);
    } else {
        errors.push(400);
    }
    if matches!(route.handler, Handler::Act(_)) {
        errors.extend([408, 413, 429]);
    }
    errors.sort_unstable();
    errors.dedup();
    for error in errors {
        let (name, _) = meaning(error);
        answers.insert(error.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    Value::Object(answers)
}

/// The errors, which are the same everywhere.
fn errors() -> Value {
    let all = [400, 401, 403, 404, 408, 409, 413, 429, 503].map(meaning);
    let all = all
        .map(|(name, about)| (name.to_owned(), json!({ "description": about, "content": content("Error") })));
    Value::Object(Map::from_iter(all))
}

/// The name of an error, and what it means.
fn meaning(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("BadRequest", "The query, the body or a number in the path is not as it should be."),
        401 => ("Unauthorized", "The token is missing or not one of this daemon."),
        403 => ("Forbidden", "The token's role may not do this."),
        404 => ("NotFound", "There is none of this name or number."),
        408 => ("Timeout", "The body did not arrive in time."),
        409 => {
            ("Conflict", "It cannot be done as things stand: it was decided before, or everything is paused.")
        }
        413 => ("TooLarge", "The body is too large."),
        429 => ("TooMany", "Too much waits to be handled: ask again after `Retry-After` seconds."),
        _ => (
            "Unavailable",
            "The daemon stops, or the store cannot be read or written: ask again after `Retry-After` seconds.",
        ),
    }
}

fn content(schema: &str) -> Value {
    json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } })
}

/// The names in braces.
fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn of_path(name: &str) -> Value {
    let schema = match name {
        "run" | "event" => json!({ "type": "integer", "format": "int64", "minimum": 1 }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

fn of_query(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Switch => json!({ "type": "boolean", "default": false }),
        Kind::Cursor => json!({ "type": "integer", "format": "int64", "minimum": 1 }),
        Kind::Limit(most) => json!({ "type": "integer", "minimum": 1, "maximum": most, "default": LIMIT }),
    };
    json!({ "name": parameter.name, "in": "query", "required": false, "description": parameter.about, "schema": schema })
}
