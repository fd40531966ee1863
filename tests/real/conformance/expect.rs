//! What an answer has to be.

use serde_json::{Value, json};

use super::answer::{Answer, Rows};
use super::forms::Names;
use super::shape::{differences, has};

/// An answer as it should be; names are filled in when it is compared.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Json(Value),
    Text(&'static str),
    /// Whatever it is.
    Any,
    Empty,
    Rows(Rows, Table),
    /// The names of all files, and the tables in some.
    Zip(Vec<String>, Vec<(String, Table)>),
}

/// What an export has to contain.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// All columns, in whatever order. Nothing is held if there are none.
    columns: Vec<&'static str>,
    has: Vec<Value>,
    has_not: Vec<Value>,
    count: Option<usize>,
}

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

pub(super) fn ok(body: Value) -> Expect {
    json_answer(200, body)
}

pub(super) fn created(body: Value) -> Expect {
    json_answer(201, body)
}

/// An error with its text.
pub(super) fn refused(status: u16, detail: &str) -> Expect {
    json_answer(status, json!({"detail": detail}))
}

/// There is nothing under this path.
pub(super) fn no_such_path() -> Expect {
    refused(404, "Not Found")
}

/// The path is there for another method. Only the first that the server knows is named.
pub(super) fn not_allowed(allow: &'static str) -> Expect {
    refused(405, "Method Not Allowed").with("allow", allow)
}

/// The server failed.
pub(super) fn broken() -> Expect {
    let text = "Internal Server Error";
    Expect {
        status: 500,
        content_type: "text/plain; charset=utf-8",
        headers: Vec::new(),
        body: Body::Text(text),
    }
}

/// A plain text.
pub(super) fn text(text: &'static str) -> Expect {
    Expect { body: Body::Text(text), status: 200, ..broken() }
}

/// A file of which only the kind and the name are told.
pub(super) fn file(content_type: &'static str, disposition: &'static str) -> Expect {
    download(content_type, disposition, Body::Any)
}

/// The body or the query is not what it should be; one entry for each fault.
pub(super) fn invalid<const N: usize>(faults: [Value; N]) -> Expect {
    json_answer(422, json!({"detail": faults.to_vec()}))
}

/// The body has this one fault.
pub(super) fn faulty(kind: &str, at: impl Into<Value>, input: impl Into<Value>) -> Expect {
    invalid([fault(kind, at, input)])
}

/// What is wrong with a value of the body: the kind of fault, where, and what is there.
pub(super) fn fault(kind: &str, at: impl Into<Value>, input: impl Into<Value>) -> Value {
    let message = match kind {
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
        "model_attributes_type" => "Input should be a valid dictionary or object to extract fields from",
        _ => panic!("{kind} is no fault without a limit"),
    };
    let mut place = vec![json!("body")];
    match at.into() {
        Value::Null => {}
        Value::Array(more) => place.extend(more),
        one => place.push(one),
    }
    json!({"type": kind, "loc": place, "msg": message, "input": input.into()})
}

/// There is no body where there has to be one.
pub(super) fn missing_body() -> Value {
    fault("missing", Value::Null, Value::Null)
}

/// A fault in the query.
pub(super) fn query_fault(kind: &str, name: &str, input: &str) -> Value {
    let mut fault = fault(kind, name, input);
    fault["loc"] = json!(["query", name]);
    fault
}

/// A number below its limit.
pub(super) fn too_small(at: &str, limit: i64, input: i64) -> Value {
    let message = format!("Input should be greater than or equal to {limit}");
    let context = json!({"ge": limit});
    json!({"type": "greater_than_equal", "loc": ["body", at], "msg": message, "input": input, "ctx": context})
}

/// A list of names without any.
pub(super) fn no_names() -> Value {
    let message = "List should have at least 1 item after validation, not 0";
    let context = json!({"field_type": "List", "min_length": 1, "actual_length": 0});
    json!({"type": "too_short", "loc": ["body", "unames"], "msg": message, "input": [], "ctx": context})
}

/// A body that is no JSON from a character on.
pub(super) fn not_json(at: usize, error: &str) -> Value {
    let context = json!({"error": error});
    let (message, place) = ("JSON decode error", json!(["body", at]));
    json!({"type": "json_invalid", "loc": place, "msg": message, "input": {}, "ctx": context})
}

pub(super) fn csv(file: &'static str, table: Table) -> Expect {
    download(CSV, file, Body::Rows(Rows::Csv, table))
}

pub(super) fn json_list(file: &'static str, table: Table) -> Expect {
    download(JSON, file, Body::Rows(Rows::JsonList, table))
}

pub(super) fn json_lines(file: &'static str, table: Table) -> Expect {
    download("application/jsonl", file, Body::Rows(Rows::JsonLines, table))
}

/// An archive of exactly these files, all in a folder named as the session.
pub(super) fn zip(files: &[&str], tables: Vec<(&str, Table)>) -> Expect {
    let inside = |name: &str| format!("{{S}}/{name}");
    let files = files.iter().copied().map(inside).collect();
    let tables = tables.into_iter().map(|(name, table)| (inside(name), table)).collect();
    download("application/zip", "attachment; filename={S}.zip", Body::Zip(files, tables))
}

fn json_answer(status: u16, body: Value) -> Expect {
    Expect { status, content_type: JSON, headers: Vec::new(), body: Body::Json(body) }
}

fn download(content_type: &'static str, disposition: &'static str, body: Body) -> Expect {
    Expect { status: 200, content_type, headers: vec![("content-disposition", disposition)], body }
}

/// An export with these columns.
pub(super) fn table(columns: &[&'static str]) -> Table {
    Table { columns: columns.to_vec(), ..Table::default() }
}

impl Table {
    /// There is a row that has at least this.
    pub(super) fn has(mut self, row: Value) -> Table {
        self.has.push(row);
        self
    }

    /// There is no row that has all this.
    pub(super) fn has_not(mut self, row: Value) -> Table {
        self.has_not.push(row);
        self
    }

    pub(super) fn rows(mut self, count: usize) -> Table {
        self.count = Some(count);
        self
    }

    fn differences(&self, rows: &[Value], names: &Names) -> Vec<String> {
        let mut found = Vec::new();
        for row in rows.iter().filter(|_| !self.columns.is_empty()) {
            let mut columns: Vec<&str> =
                row.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let mut wanted = self.columns.clone();
            columns.sort_unstable();
            wanted.sort_unstable();
            if columns != wanted {
                found.push(format!("columns {columns:?}, not {wanted:?}"));
                break;
            }
        }
        for wanted in &self.has {
            let wanted = fill(wanted, names);
            if !rows.iter().any(|row| has(&wanted, row)) {
                found.push(format!("no row has {wanted}"));
            }
        }
        for unwanted in &self.has_not {
            let unwanted = fill(unwanted, names);
            found.extend(rows.iter().find(|row| has(&unwanted, row)).map(|row| format!("{row} is there")));
        }
        if self.count.is_some_and(|count| count != rows.len()) {
            found.push(format!("{} rows, not {:?}", rows.len(), self.count));
        }
        found
    }
}

impl Expect {
    /// With this header besides.
    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Expect {
        self.headers.push((name, value));
        self
    }

    /// As the answer to HEAD.
    pub(super) fn without_body(mut self) -> Expect {
        self.body = Body::Empty;
        self
    }

    /// What is not as it should be.
    pub(super) fn differences(&self, answer: &Answer, names: &Names) -> Vec<String> {
        let mut found = Vec::new();
        if answer.status != self.status {
            found.push(format!("status {}, not {}", answer.status, self.status));
        }
        let headers = [("content-type", self.content_type)].into_iter().chain(self.headers.iter().copied());
        for (name, value) in headers {
            let value = names.fill(value);
            if answer.header(name) != value {
                found.push(format!("{name}: {:?}, not {value:?}", answer.header(name)));
            }
        }
        if found.is_empty() {
            found = self.body.differences(answer, names);
        }
        found
    }
}

impl Body {
    fn differences(&self, answer: &Answer, names: &Names) -> Vec<String> {
        let compared = match self {
            Body::Json(pattern) => match serde_json::from_slice(&answer.body) {
                Ok(value) => Ok(differences(&fill(pattern, names), &value)),
                Err(error) => Err(format!("no JSON: {error}")),
            },
            Body::Text(text) if answer.text() == *text => Ok(Vec::new()),
            Body::Text(text) => Err(format!("not {text:?}")),
            Body::Any => Ok(Vec::new()),
            Body::Empty if answer.body.is_empty() => Ok(Vec::new()),
            Body::Empty => Err("the body is not empty".to_owned()),
            Body::Rows(rows, table) => rows.read(&answer.body).map(|rows| table.differences(&rows, names)),
            Body::Zip(files, tables) => zip_differences(files, tables, answer, names),
        };
        compared.unwrap_or_else(|error| vec![error])
    }
}

fn zip_differences(
    files: &[String],
    tables: &[(String, Table)],
    answer: &Answer,
    names: &Names,
) -> Result<Vec<String>, String> {
    let contents = answer.files()?;
    let mut wanted: Vec<String> = files.iter().map(|name| names.fill(name)).collect();
    wanted.sort();
    let mut found = Vec::new();
    if !contents.keys().eq(&wanted) {
        found.push(format!("files {:?}, not {wanted:?}", contents.keys()));
    }
    for (name, table) in tables {
        let name = names.fill(name);
        let content = contents.get(&name).ok_or_else(|| format!("{name} is missing"))?;
        let rows = if name.ends_with(".csv") { Rows::Csv } else { Rows::JsonLines };
        let differences = table.differences(&rows.read(content)?, names);
        found.extend(differences.into_iter().map(|difference| format!("{name}: {difference}")));
    }
    Ok(found)
}

/// Puts the names in their places in all texts of a pattern.
pub(super) fn fill(pattern: &Value, names: &Names) -> Value {
    serde_json::from_str(&names.fill(&pattern.to_string())).expect("names are plain letters")
}
