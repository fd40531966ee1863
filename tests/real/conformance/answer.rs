//! An answer as it came.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde_json::{Value, json};

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// How the rows of an export are written down.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    Csv,
    JsonList,
    JsonLines,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body, if it is a text.
    pub(super) fn text(&self) -> String {
        let bytes = || format!("({} bytes that are no text)", self.body.len());
        String::from_utf8(self.body.clone()).unwrap_or_else(|_| bytes())
    }

    /// The files in a ZIP by name.
    pub(super) fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let read = |error: zip::result::ZipError| format!("no ZIP: {error}");
        let mut archive = zip::ZipArchive::new(Cursor::new(&self.body)).map_err(read)?;
        let mut files = BTreeMap::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).map_err(read)?;
            let name = file.name().map_err(read)?.into_owned();
            let mut content = Vec::new();
            file.read_to_end(&mut content).map_err(|error| format!("{name}: {error}"))?;
            files.insert(name, content);
        }
        Ok(files)
    }
}

impl Rows {
    /// The rows of an export as objects. In CSV every value is a text.
    pub(super) fn read(self, body: &[u8]) -> Result<Vec<Value>, String> {
        let text = String::from_utf8(body.to_vec()).map_err(|error| error.to_string())?;
        let parse =
            |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("{error}: {text}"));
        match self {
            Rows::Csv => csv(&text),
            Rows::JsonList => Ok(parse(&text)?.as_array().cloned().unwrap_or_default()),
            Rows::JsonLines => text.lines().filter(|line| !line.is_empty()).map(parse).collect(),
        }
    }
}

fn csv(text: &str) -> Result<Vec<Value>, String> {
    if !text.ends_with("\r\n") || text.replace("\r\n", "").contains(['\r', '\n']) {
        return Err(format!("the lines do not end in CR LF: {text:?}"));
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let cells = columns.iter().zip(record.iter());
        rows.push(cells.map(|(column, cell)| (column.to_owned(), json!(cell))).collect());
    }
    Ok(rows)
}
