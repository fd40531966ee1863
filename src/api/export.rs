//! Session data as rows: CSV, JSON, JSON lines, and the ZIP that newer servers put their CSV files into.
//!
//! Up to 0.0.x a session is one CSV file. Since 0.1.0 it is a ZIP, `S/FORMAT/KIND.csv`, with a file for each kind of
//! storage (player, session, group, model) that has only the columns of its kind. They are put together again here.

use std::io::{Cursor, Read};

use serde_json::{Map, Value};
use zip::ZipArchive;

use super::{answer::Table, call::Call};

/// The columns of page times, in the contract's order. Servers differ in theirs.
const PAGE_TIMES: [&str; 7] = ["sname", "uname", "show_page", "page_name", "entered", "left", "context"];

/// The most cells a table may have; even an empty one takes 24 bytes.
const MAX_CELLS: usize = 32_000_000;

/// What the exports can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// `ultralong` (a row each change), `sparse` (the same with a column each field) or `latest` (a row each storage).
    pub(super) format: Format,
    /// Fields to group `latest` by; the other formats take no notice of them.
    pub(super) gvar: Vec<String>,
    /// Whether internal fields are left out or renamed. The ZIP's default is true, that of the others false.
    pub(super) filters: bool,
}

/// The shape of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ultralong,
    Sparse,
    Latest,
}

impl Options {
    /// Reads the options of a call; the error is a sentence about what is wrong with them.
    pub(super) fn of(call: &Call) -> Result<Self, String> {
        let mut options = Self { format: Format::Ultralong, gvar: Vec::new(), filters: false };
        for (key, value) in call.query_pairs() {
            match (key.as_str(), value.as_str()) {
                ("format", "ultralong") => options.format = Format::Ultralong,
                ("format", "sparse") => options.format = Format::Sparse,
                ("format", "latest") => options.format = Format::Latest,
                ("format", _) => {
                    return Err(format!("format {value:?} is not one of ultralong, sparse, latest"));
                }
                ("filters", "true") => options.filters = true,
                ("filters", "false") => options.filters = false,
                ("filters", _) => {
                    return Err(format!("filters is {value:?}, which is neither true nor false"));
                }
                ("gvar", "") => {}
                ("gvar", _) => options.gvar.push(value.clone()),
                _ => {}
            }
        }
        Ok(options)
    }

    /// What to ask the ZIP for.
    pub(super) fn zip_query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("filetype", "csv".to_owned()), ("filters", self.filters.to_string())];
        if self.format == Format::Latest {
            query.extend(self.gvar.iter().map(|field| ("gvar", field.clone())));
        }
        query
    }

    /// Whether the table is in this folder of the ZIP. A grouped one lies in `latest_by_FIELDS`, or in
    /// `latest_grouped` where no letter of the fields' names can stand in a file's.
    fn is_in(&self, folder: &str) -> bool {
        match self.format {
            Format::Ultralong => folder == "ultralong",
            Format::Sparse => folder == "sparse",
            Format::Latest if self.gvar.is_empty() => folder == "latest",
            Format::Latest => folder.starts_with("latest_"),
        }
    }
}

/// Reads CSV with a header line. A file with one empty line is a table without columns.
pub(super) fn read_csv(bytes: &[u8]) -> Result<Table, String> {
    read_csv_within(bytes, MAX_CELLS)
}

/// The same, with a bound of its own for the cells.
pub(super) fn read_csv_within(bytes: &[u8], max_cells: usize) -> Result<Table, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let mut record = reader.headers().map_err(|error| format!("the CSV cannot be read: {error}"))?.clone();
    let mut table = Table { columns: record.iter().map(str::to_owned).collect(), rows: Vec::new() };
    let mut cells = table.columns.len();
    while reader.read_record(&mut record).map_err(|error| format!("the CSV cannot be read: {error}"))? {
        cells += record.len();
        if cells > max_cells {
            return Err(format!("the table has more than {max_cells} cells"));
        }
        table.rows.push(record.iter().map(str::to_owned).collect());
    }
    Ok(table)
}

/// Takes one format out of the ZIP and puts its files together: the rows of all kinds of storage below one another,
/// under all their columns. `limit` is the most bytes that may come out of the ZIP.
pub(super) fn read_zip(bytes: &[u8], options: &Options, limit: usize) -> Result<Table, String> {
    let files = unpack(
        bytes,
        limit,
        |path| matches!(path, [_, folder, file] if options.is_in(folder) && file.ends_with(".csv")),
    )?;
    // Every session has at least its own storage; only a grouping can leave nothing.
    if files.is_empty() && options.gvar.is_empty() {
        return Err("the ZIP lacks the tables of this format".to_owned());
    }
    let tables = files.iter().map(|file| read_csv(file)).collect::<Result<Vec<_>, _>>()?;
    unite(tables)
}

/// Takes the page times out of the ZIP.
pub(super) fn page_times_from_zip(bytes: &[u8], limit: usize) -> Result<Table, String> {
    let files = unpack(bytes, limit, |path| matches!(path, [_, "page_times.csv"]))?;
    let file = files.first().ok_or("the ZIP lacks page_times.csv")?;
    page_times(&read_csv(file)?)
}

/// Brings page times into the contract's order of columns.
pub(super) fn page_times(table: &Table) -> Result<Table, String> {
    // Where nobody was on any page yet, some servers leave out the header as well.
    if table.columns.is_empty() && table.rows.is_empty() {
        return Ok(Table { columns: PAGE_TIMES.map(str::to_owned).to_vec(), rows: Vec::new() });
    }
    let mut places = Vec::new();
    for name in PAGE_TIMES {
        places.push(table.column(name).ok_or_else(|| format!("the page times lack the column {name}"))?);
    }
    let pick = |row: &Vec<String>| places.iter().filter_map(|place| row.get(*place).cloned()).collect();
    Ok(Table { columns: PAGE_TIMES.map(str::to_owned).to_vec(), rows: table.rows.iter().map(pick).collect() })
}

/// Reads an array of objects.
pub(super) fn read_json_array(bytes: &[u8]) -> Result<Vec<Map<String, Value>>, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("this is no list of JSON objects: {error}"))
}

/// Reads one object a line.
pub(super) fn read_json_lines(bytes: &[u8]) -> Result<Vec<Map<String, Value>>, String> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(index, line)| {
            serde_json::from_slice(line)
                .map_err(|error| format!("line {} is no JSON object: {error}", index + 1))
        })
        .collect()
}

/// Unpacks the files whose path, split at its slashes, is wanted; at most `limit` bytes of them, whatever the ZIP
/// says of its own sizes.
fn unpack(bytes: &[u8], limit: usize, wanted: impl Fn(&[&str]) -> bool) -> Result<Vec<Vec<u8>>, String> {
    let broken = |error: &dyn std::fmt::Display| format!("the ZIP cannot be read: {error}");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut left = limit;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = file.name().map_err(|error| broken(&error))?;
        let path: Vec<&str> = name.split('/').collect();
        if !wanted(&path) {
            continue;
        }
        let mut content = Vec::new();
        file.take(left as u64 + 1).read_to_end(&mut content).map_err(|error| broken(&error))?;
        left = left
            .checked_sub(content.len())
            .ok_or_else(|| format!("the ZIP holds more than {limit} bytes"))?;
        files.push(content);
    }
    Ok(files)
}

/// Puts tables below one another. Columns are in the order in which they turn up, those that begin with `!` first.
fn unite(tables: Vec<Table>) -> Result<Table, String> {
    let mut columns = indexmap::IndexSet::new();
    for special in [true, false] {
        let all = tables.iter().flat_map(|table| &table.columns);
        columns.extend(all.filter(|column| column.starts_with('!') == special).cloned());
    }
    let height: usize = tables.iter().map(|table| table.rows.len()).sum();
    if height.saturating_mul(columns.len()) > MAX_CELLS {
        return Err(format!("the table has more than {MAX_CELLS} cells"));
    }
    let mut rows = Vec::with_capacity(height);
    for table in tables {
        let places: Vec<Option<usize>> =
            table.columns.iter().map(|name| columns.get_index_of(name)).collect();
        for row in table.rows {
            let mut wide = vec![String::new(); columns.len()];
            for (cell, place) in row.into_iter().zip(&places) {
                if let Some(slot) = place.and_then(|place| wide.get_mut(place)) {
                    *slot = cell;
                }
            }
            rows.push(wide);
        }
    }
    Ok(Table { columns: columns.into_iter().collect(), rows })
}
