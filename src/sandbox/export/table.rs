//! Rows written down: as a table, as lines, as one list. In 0.0.x columns stand as they come, later they are sorted.

use std::io;

use indexmap::IndexMap;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::row::{Cell, Row, column_order};
use crate::api::Generation;

/// A table with all columns that any row has. Without rows it is one empty line.
pub(super) fn csv<'a>(
    rows: impl IntoIterator<Item = &'a Row<'a>> + Clone,
    generation: Generation,
) -> io::Result<Vec<u8>> {
    let sorted = generation != Generation::Contract;
    let mut columns: IndexMap<&str, ()> = IndexMap::new();
    for row in rows.clone() {
        columns.extend(row.cells(sorted).into_iter().map(|(column, _)| (column, ())));
    }
    if columns.is_empty() {
        return Ok(b"\r\n".to_vec());
    }
    if sorted {
        columns.sort_by(|a, (), b, ()| column_order(a, b));
    }
    let mut text = Vec::new();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut text);
    writer.write_record(columns.keys())?;
    let mut record = vec![std::borrow::Cow::Borrowed(""); columns.len()];
    for row in rows {
        record.fill("".into());
        for (column, cell) in row.cells(sorted) {
            if let Some(index) = columns.get_index_of(column) {
                record[index] = cell.shown()?;
            }
        }
        writer.write_record(record.iter().map(|cell| cell.as_bytes()))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(text)
}

/// One object a line.
pub(super) fn lines<'a>(
    rows: impl IntoIterator<Item = &'a Row<'a>>,
    generation: Generation,
) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &Object::of(row, generation))?;
        text.push(b'\n');
    }
    Ok(text)
}

/// One list of objects.
pub(super) fn json<'a>(
    rows: impl IntoIterator<Item = &'a Row<'a>>,
    generation: Generation,
) -> io::Result<Vec<u8>> {
    let rows: Vec<Object<'_>> = rows.into_iter().map(|row| Object::of(row, generation)).collect();
    Ok(serde_json::to_vec(&rows)?)
}

/// A row as an object.
struct Object<'a>(Vec<(&'a str, Cell<'a>)>);

impl<'a> Object<'a> {
    fn of(row: &'a Row<'a>, generation: Generation) -> Self {
        let sorted = generation != Generation::Contract;
        let mut cells = row.cells(sorted);
        if sorted {
            cells.sort_by(|(a, _), (b, _)| column_order(a, b));
        }
        Self(cells)
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (column, cell) in &self.0 {
            map.serialize_entry(column, cell)?;
        }
        map.end()
    }
}
