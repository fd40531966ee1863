//! What a call gives back.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::players::Players;

/// The answer to a call, in the contract's shape on every generation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Every endpoint but those below.
    Json(Value),
    /// `players.list`.
    Players(Players),
    /// `data.csv` and `data.page_times`.
    Table(Table),
    /// `data.json`: one object a row.
    Rows(Vec<Map<String, Value>>),
    /// `system.dump_database` and `system.archive_project`: a file, as it is.
    File(Bytes),
}

/// A table of texts, as CSV carries them: booleans are `TRUE` and `FALSE`, null is empty, lists and objects are JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl Answer {
    /// The JSON, if it is one.
    pub fn json(self) -> Option<Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Players(players) => Some(players.to_json()),
            Self::Table(_) | Self::Rows(_) | Self::File(_) => None,
        }
    }

    /// The table, if it is one.
    pub fn table(self) -> Option<Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Json(_) | Self::Players(_) | Self::Rows(_) | Self::File(_) => None,
        }
    }

    /// The rows, if it is some.
    pub fn rows(self) -> Option<Vec<Map<String, Value>>> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Json(_) | Self::Players(_) | Self::Table(_) | Self::File(_) => None,
        }
    }

    /// The file, if it is one.
    pub fn file(self) -> Option<Bytes> {
        match self {
            Self::File(bytes) => Some(bytes),
            Self::Json(_) | Self::Players(_) | Self::Table(_) | Self::Rows(_) => None,
        }
    }
}

impl Table {
    /// The position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}
