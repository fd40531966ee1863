//! An archive of all formats, one file for each kind of thing, with a note for people and check sums.

use std::io::{self, Cursor, Write as _};

use indexmap::IndexMap;
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Filetype, Format, Made, Options, log, row::Row, rows_of, table, texts, visits};
use crate::{api::Generation, sandbox::session::Session};

/// The whole archive. Page times and a description of the columns are in it in newer forms only.
pub(in crate::sandbox) fn archive_of(
    session: &Session,
    generation: Generation,
    filetype: Filetype,
    options: &Options,
    made: Made,
) -> io::Result<Vec<u8>> {
    let newest = generation == Generation::Newest;
    let extension = filetype.extension();
    let mut archive = Archive::new(&session.name);
    archive.add("README.txt", &texts::readme(session, filetype, options, made, newest))?;
    if newest {
        archive.add("DATA_DICTIONARY.json", &texts::dictionary()?)?;
        let visits = visits::visits_of(session);
        let written = write(visits.iter(), filetype, generation)?;
        archive.add(&format!("page_times.{extension}"), &written)?;
    }
    let log = log::log_of(session, generation, options.filters);
    let plain = Options { gvar: Vec::new(), ..options.clone() };
    let mut formats = vec![
        ("ultralong".to_owned(), Format::Ultralong, &plain),
        ("sparse".to_owned(), Format::Sparse, &plain),
        ("latest".to_owned(), Format::Latest, &plain),
    ];
    if !options.gvar.is_empty() {
        formats.push((grouped_name(&options.gvar), Format::Latest, options));
    }
    for (folder, format, options) in formats {
        let rows = rows_of(&log, generation, format, options);
        for (kind, rows) in by_kind(&rows) {
            let written = write(rows.into_iter(), filetype, generation)?;
            archive.add(&format!("{folder}/{kind}.{extension}"), &written)?;
        }
    }
    archive.finish()
}

impl Filetype {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Lines => "jsonl",
        }
    }
}

fn write<'a>(
    rows: impl Iterator<Item = &'a Row<'a>> + Clone,
    filetype: Filetype,
    generation: Generation,
) -> io::Result<Vec<u8>> {
    match filetype {
        Filetype::Csv => table::csv(rows, generation),
        Filetype::Lines => table::lines(rows, generation),
    }
}

fn by_kind<'a>(rows: &'a [Row<'a>]) -> IndexMap<&'a str, Vec<&'a Row<'a>>> {
    let mut kinds: IndexMap<&str, Vec<&Row<'_>>> = IndexMap::new();
    for row in rows {
        kinds.entry(row.kind()).or_default().push(row);
    }
    kinds.sort_keys();
    kinds
}

/// The folder of the states by these fields.
pub(super) fn grouped_name(gvar: &[String]) -> String {
    let plain = |field: &String| {
        let words = field.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join("-").trim_matches('-').to_owned()
    };
    let parts: Vec<String> = gvar.iter().map(plain).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "latest_grouped".to_owned() } else { format!("latest_by_{}", parts.join("_")) }
}

/// An archive under construction, everything in one folder.
struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    folder: String,
    sums: String,
}

impl Archive {
    fn new(folder: &str) -> Self {
        let zip = ZipWriter::new(Cursor::new(Vec::new()));
        Self { zip, folder: folder.to_owned(), sums: String::new() }
    }

    fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.sums += &format!("{}  {name}\n", hex::encode(Sha256::digest(content)));
        self.write(name, content)
    }

    fn write(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1));
        self.zip.start_file(format!("{}/{name}", self.folder), options)?;
        self.zip.write_all(content)
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        let sums = std::mem::take(&mut self.sums);
        self.write("SHA256SUMS", sums.as_bytes())?;
        Ok(self.zip.finish()?.into_inner())
    }
}
