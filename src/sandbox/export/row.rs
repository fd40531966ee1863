//! One row of any table, and the order of its columns.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::log::Logged;
use crate::sandbox::{encode::Exported, value::Py};

/// One row.
#[derive(Clone, Debug)]
pub(super) enum Row<'a> {
    /// A change, its value in one column for all fields.
    Change(&'a Logged<'a>),
    /// A change, its value in the column of its field.
    Wide(&'a Logged<'a>),
    /// All values at a time.
    State(State<'a>),
    /// A player on a page.
    Visit(Visit<'a>),
}

/// The values of all fields of a player, group or session after a change.
#[derive(Clone, Debug)]
pub(super) struct State<'a> {
    pub(super) storage: Arc<str>,
    pub(super) time: f64,
    pub(super) seq: u64,
    pub(super) fields: Vec<(&'a str, &'a Py)>,
}

/// A player on a page.
#[derive(Clone, Debug)]
pub(super) struct Visit<'a> {
    pub(super) sname: &'a str,
    pub(super) uname: &'a str,
    pub(super) show_page: i64,
    pub(super) page_name: Option<Cow<'a, str>>,
    pub(super) entered: f64,
    /// Nothing while the player is there.
    pub(super) left: Option<f64>,
    pub(super) context: &'static str,
}

/// What stands in one column of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    Number(f64),
    Whole(i64),
    Flag(bool),
    Value(&'a Py),
    Nothing,
}

impl<'a> Row<'a> {
    /// Every column with what stands there, in the order in which the server puts them together. Changes are numbered
    /// since 0.1.
    pub(super) fn cells(&'a self, numbered: bool) -> Vec<(&'a str, Cell<'a>)> {
        let number =
            |seq: u64| numbered.then(|| ("!seq", Cell::Whole(i64::try_from(seq).unwrap_or(i64::MAX))));
        match self {
            Self::Change(logged) | Self::Wide(logged) => {
                let mut cells = vec![
                    ("!storage", Cell::Text(&logged.storage)),
                    ("!field", Cell::Text(logged.field)),
                    ("!time", Cell::Number(logged.change.time)),
                ];
                cells.extend(number(logged.change.seq));
                cells.push(("!context", Cell::Text(logged.change.context)));
                cells.push(("!unavailable", Cell::Flag(false)));
                let column = if matches!(self, Self::Change(_)) { "!data" } else { logged.field };
                cells.push((column, Cell::Value(&logged.data)));
                cells
            }
            Self::State(state) => {
                let mut cells =
                    vec![("!storage", Cell::Text(&state.storage)), ("!time", Cell::Number(state.time))];
                cells.extend(number(state.seq));
                cells.extend(state.fields.iter().map(|(field, value)| (*field, Cell::Value(value))));
                cells
            }
            Self::Visit(visit) => vec![
                ("sname", Cell::Text(visit.sname)),
                ("uname", Cell::Text(visit.uname)),
                ("show_page", Cell::Whole(visit.show_page)),
                ("page_name", visit.page_name.as_deref().map_or(Cell::Nothing, Cell::Text)),
                ("entered", Cell::Number(visit.entered)),
                ("left", visit.left.map_or(Cell::Nothing, Cell::Number)),
                ("context", Cell::Text(visit.context)),
            ],
        }
    }

    /// `player`, `session` or `group`.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Change(logged) | Self::Wide(logged) => logged.kind(),
            Self::State(state) => state.storage.split('/').next().unwrap_or_default(),
            Self::Visit(_) => "",
        }
    }
}

/// What the server says about a change first, then fields by name, those with long values last.
pub(super) fn column_order(a: &str, b: &str) -> Ordering {
    let rank = |column: &str| match column {
        "packages" | "page_order" => 2,
        column if column.starts_with('!') => 0,
        _ => 1,
    };
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Value(value) => Exported(value).serialize(serializer),
            Self::Nothing => serializer.serialize_unit(),
        }
    }
}

impl<'a> Cell<'a> {
    /// As a table shows it: flags in capitals, nothing for null, lists and objects as JSON.
    pub(super) fn shown(self) -> Result<Cow<'a, str>, serde_json::Error> {
        Ok(match self {
            Self::Text(text) => text.into(),
            Self::Value(Py::Decimal(text)) => (*text).into(),
            Self::Value(Py::Json(Value::String(text))) => text.as_str().into(),
            Self::Value(Py::Session(sname)) => (&**sname).into(),
            Self::Nothing | Self::Value(Py::Json(Value::Null)) => "".into(),
            Self::Flag(true) | Self::Value(Py::Json(Value::Bool(true))) => "TRUE".into(),
            Self::Flag(false) | Self::Value(Py::Json(Value::Bool(false))) => "FALSE".into(),
            Self::Value(value @ Py::Uuid(_)) => {
                serde_json::to_string(&Exported(value))?.trim_matches('"').to_owned().into()
            }
            Self::Number(_) | Self::Whole(_) | Self::Value(_) => serde_json::to_string(&self)?.into(),
        })
    }
}
