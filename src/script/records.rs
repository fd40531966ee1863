//! Big answers stay outside Rhai's own arrays and maps: whenever a limit on sizes is set, Rhai walks the whole of a
//! container at every call on it, which for a large session would take seconds.

use std::sync::Arc;

use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, Map, Module};
use serde_json::{Map as JsonMap, Value};

use super::error::bad_argument;
use crate::{
    api::{Answer, Field, Fields, Players, Table},
    domain::counted,
};

/// Named records, such as the players of a session: `records["NAME"]`, `records.NAME`, `for record in records`, `keys()`,
/// `values()`, `len()`, `contains(name)`. A record that is a map has its own name as `name`, unless it says another.
#[derive(Clone, Debug)]
pub(super) struct Records(Arc<Kept>);

#[derive(Debug)]
enum Kept {
    Json(JsonMap<String, Value>),
    Players(Players),
}

/// The list or object that many records share, as it is and as a script has it.
type Shared = Option<(Arc<Value>, Dynamic)>;

/// Rows of an export: `rows[0]`, `for row in rows`, `len()`. Each row is a map.
#[derive(Clone, Debug)]
pub(super) struct Rows(Arc<Vec<JsonMap<String, Value>>>);

/// What records are, for whoever takes them for a list.
pub(super) const BY_NAME: &str = "players, sessions and rooms are listed by name, and not by number";
/// What to write instead.
pub(super) const GO_THROUGH: &str = "`for p in players { ... }` goes through all, `players[\"NAME\"]` is one, `players.values()` is a list of them";

impl Records {
    pub(super) fn new(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(Arc::new(Kept::Json(map))),
            _ => Self(Arc::new(Kept::Json(JsonMap::new()))),
        }
    }

    /// The players that an answer lists.
    pub(super) fn of(answer: Answer) -> Self {
        match answer {
            Answer::Players(players) => Self(Arc::new(Kept::Players(players))),
            other => Self::new(other.json().unwrap_or_default()),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match &*self.0 {
            Kept::Json(map) => Value::Object(map.clone()),
            Kept::Players(players) => players.to_json(),
        }
    }

    fn len(&self) -> usize {
        match &*self.0 {
            Kept::Json(map) => map.len(),
            Kept::Players(players) => players.len(),
        }
    }

    fn contains(&self, name: &str) -> bool {
        match &*self.0 {
            Kept::Json(map) => map.contains_key(name),
            Kept::Players(players) => players.get(name).is_some(),
        }
    }

    fn names(&self) -> Array {
        match &*self.0 {
            Kept::Json(map) => map.keys().map(|name| name.as_str().into()).collect(),
            Kept::Players(players) => players.iter().map(|(name, _)| name.into()).collect(),
        }
    }

    fn at(&self, name: &str) -> Dynamic {
        match &*self.0 {
            Kept::Json(map) => map.get(name).map(|value| record(name, value)),
            Kept::Players(players) => players.get(name).map(|fields| player(name, fields, &mut None)),
        }
        .unwrap_or(Dynamic::UNIT)
    }
}

impl Rows {
    pub(super) fn new(rows: Vec<JsonMap<String, Value>>) -> Self {
        Self(Arc::new(rows))
    }

    /// The rows of a table, each value a text.
    pub(super) fn of_table(table: Table) -> Self {
        let columns = table.columns;
        let row =
            |row: Vec<String>| columns.iter().cloned().zip(row.into_iter().map(Value::String)).collect();
        Self::new(table.rows.into_iter().map(row).collect())
    }
}

fn record(name: &str, value: &Value) -> Dynamic {
    let mut record = to_dynamic(value);
    if let Some(mut map) = record.write_lock::<Map>() {
        with_name(&mut map, name);
    }
    record
}

fn player(name: &str, fields: &Fields, shared: &mut Shared) -> Dynamic {
    let mut map = Map::new();
    for (key, field) in fields {
        let value = match field {
            Field::Single(value) => to_dynamic(value),
            Field::Shared(value) => match shared {
                Some((last, same)) if Arc::ptr_eq(last, value) => same.clone(),
                _ => {
                    let new = to_dynamic(value);
                    *shared = Some((Arc::clone(value), new.clone()));
                    new
                }
            },
        };
        map.insert((&**key).into(), value);
    }
    with_name(&mut map, name);
    map.into()
}

fn with_name(map: &mut Map, name: &str) {
    if !map.contains_key("name") {
        map.insert("name".into(), name.into());
    }
}

/// JSON as a script has it: null is `()`.
pub(super) fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(yes) => (*yes).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(to_dynamic).collect::<Array>().into(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.as_str().into(), to_dynamic(value))).collect::<Map>().into()
        }
    }
}

/// The deepest JSON: what reads it again takes no more than 128 levels.
const DEEPEST_JSON: usize = 100;

/// A script's value as JSON. Functions and other things that JSON has no form for are errors.
pub(super) fn to_json(value: &Dynamic) -> Result<Value, Box<EvalAltResult>> {
    json_within(value, DEEPEST_JSON)
}

fn json_within(value: &Dynamic, levels: usize) -> Result<Value, Box<EvalAltResult>> {
    let inner = || {
        let deep =
            || bad_argument("json", &format!("the value is nested more than {DEEPEST_JSON} levels deep"));
        levels.checked_sub(1).ok_or_else(deep)
    };
    if let Some(records) = value.read_lock::<Records>() {
        return Ok(records.to_json());
    }
    if let Some(rows) = value.read_lock::<Rows>() {
        return Ok(Value::Array(rows.0.iter().cloned().map(Value::Object).collect()));
    }
    if let Some(items) = value.read_lock::<Array>() {
        let levels = inner()?;
        return items
            .iter()
            .map(|item| json_within(item, levels))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let levels = inner()?;
        let entries = map.iter().map(|(key, value)| Ok((key.to_string(), json_within(value, levels)?)));
        return entries.collect::<Result<JsonMap<_, _>, Box<EvalAltResult>>>().map(Value::Object);
    }
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(yes) = value.as_bool() {
        return Ok(yes.into());
    }
    if let Ok(whole) = value.as_int() {
        return Ok(whole.into());
    }
    if let Ok(number) = value.as_float() {
        return Ok(serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(letter.to_string().into());
    }
    match value.clone().into_immutable_string() {
        Ok(text) => Ok(text.as_str().into()),
        Err(other) => Err(bad_argument("json", &format!("a value of type {other} has no form in JSON"))),
    }
}

/// The types and what can be done with them. What is added with its signature stands in the definition files for editors.
pub(super) fn module() -> Module {
    let mut module = Module::new();
    let plain = |name: &str, signature: &[&str]| {
        FuncRegistration::new(name).in_global_namespace().with_params_info(signature)
    };
    let getter = |signature: &[&str]| {
        FuncRegistration::new_getter("len").in_global_namespace().with_params_info(signature)
    };
    let index = |signature: &[&str]| {
        FuncRegistration::new_index_getter().in_global_namespace().with_params_info(signature)
    };

    module.set_custom_type::<Records>("Records").set_iterable::<Records>();
    let count = |records: &mut Records| i64::try_from(records.len()).unwrap_or(i64::MAX);
    let (this, named) = ("_: &mut Records", "_: &str");
    plain("len", &[this, "i64"]).set_into_module(&mut module, count);
    getter(&[this, "i64"]).set_into_module(&mut module, count);
    plain("is_empty", &[this, "bool"])
        .set_into_module(&mut module, |records: &mut Records| records.len() == 0);
    plain("contains", &[this, named, "bool"])
        .set_into_module(&mut module, |records: &mut Records, name: &str| records.contains(name));
    plain("keys", &[this, "Array"]).set_into_module(&mut module, |records: &mut Records| records.names());
    plain("values", &[this, "Array"]).set_into_module(&mut module, |records: &mut Records| -> Array {
        records.clone().into_iter().collect()
    });
    plain("get", &[this, named, "Dynamic"])
        .set_into_module(&mut module, |records: &mut Records, name: &str| records.at(name));
    index(&[this, named, "Dynamic"])
        .set_into_module(&mut module, |records: &mut Records, name: &str| records.at(name));
    index(&[this, "_: i64", "Dynamic"]).set_into_module(
        &mut module,
        |_: &mut Records, place: i64| -> Result<Dynamic, Box<EvalAltResult>> {
            Err(bad_argument(&format!("[{place}]"), &format!("{BY_NAME}: {GO_THROUGH}")))
        },
    );
    for name in ["to_string", "to_debug"] {
        plain(name, &[this, "ImmutableString"])
            .set_into_module(&mut module, |records: &mut Records| records.to_json().to_string());
    }

    module.set_custom_type::<Rows>("Rows").set_iterable::<Rows>();
    let count = |rows: &mut Rows| i64::try_from(rows.0.len()).unwrap_or(i64::MAX);
    let this = "_: &mut Rows";
    plain("len", &[this, "i64"]).set_into_module(&mut module, count);
    getter(&[this, "i64"]).set_into_module(&mut module, count);
    plain("is_empty", &[this, "bool"]).set_into_module(&mut module, |rows: &mut Rows| rows.0.is_empty());
    index(&[this, "_: i64", "Dynamic"]).set_into_module(&mut module, |rows: &mut Rows, at: i64| {
        let found = usize::try_from(at).ok().and_then(|at| rows.0.get(at));
        found.map_or(Dynamic::UNIT, |row| to_dynamic(&Value::Object(row.clone())))
    });
    for name in ["to_string", "to_debug"] {
        plain(name, &[this, "ImmutableString"])
            .set_into_module(&mut module, |rows: &mut Rows| counted(rows.0.len(), "row", "rows"));
    }
    module
}

impl IntoIterator for Records {
    type Item = Dynamic;
    type IntoIter = Box<dyn Iterator<Item = Dynamic>>;

    fn into_iter(self) -> Self::IntoIter {
        let (mut place, mut shared) = (0, None);
        let names = match &*self.0 {
            Kept::Json(map) => map.keys().cloned().collect(),
            Kept::Players(_) => Vec::new(),
        };
        Box::new(std::iter::from_fn(move || {
            place += 1;
            match &*self.0 {
                Kept::Json(_) => names.get(place - 1).map(|name| self.at(name)),
                Kept::Players(players) => {
                    players.at(place - 1).map(|(name, fields)| player(name, fields, &mut shared))
                }
            }
        }))
    }
}

impl IntoIterator for Rows {
    type Item = Dynamic;
    type IntoIter = Box<dyn Iterator<Item = Dynamic>>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new((0..self.0.len()).map(move |at| to_dynamic(&Value::Object(self.0[at].clone()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::engine;

    #[test]
    fn messages_call_them_by_their_names() {
        let engine = engine::bare();
        assert_eq!(engine.map_type_name(std::any::type_name::<Records>()), "Records");
        assert_eq!(engine.map_type_name(std::any::type_name::<Rows>()), "Rows");
    }
}
