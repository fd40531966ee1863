//! The data of a session as files, as each generation writes them.

mod archive;
mod latest;
mod log;
mod row;
mod table;
mod texts;
mod visits;

use std::io;

use super::session::Session;
use crate::api::Generation;
pub(super) use archive::archive_of;
use log::Logged;
use row::Row;

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One row for each change.
    Ultralong,
    /// The same, with a column for each field.
    Sparse,
    /// One row for each player, group and session: the state at the end.
    Latest,
}

/// How the files of an archive are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filetype {
    /// Tables.
    Csv,
    /// A JSON object a line.
    Lines,
}

/// What else can be asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Options {
    /// One row for each combination of values that these fields had, in the format `latest`.
    pub(super) gvar: Vec<String>,
    /// Without what only the server is interested in.
    pub(super) filters: bool,
}

/// When and by what an archive was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// Seconds since 1970.
    pub(super) now: f64,
    /// The server's version.
    pub(super) version: &'static str,
}

/// One table of everything.
pub(super) fn csv_of(
    session: &Session,
    generation: Generation,
    format: Format,
    options: &Options,
) -> io::Result<Vec<u8>> {
    let log = log::log_of(session, generation, options.filters);
    table::csv(&rows_of(&log, generation, format, options), generation)
}

/// One list of objects.
pub(super) fn json_of(
    session: &Session,
    generation: Generation,
    format: Format,
    options: &Options,
) -> io::Result<Vec<u8>> {
    let log = log::log_of(session, generation, options.filters);
    table::json(&rows_of(&log, generation, format, options), generation)
}

/// One object a line.
pub(super) fn lines_of(
    session: &Session,
    generation: Generation,
    format: Format,
    options: &Options,
) -> io::Result<Vec<u8>> {
    let log = log::log_of(session, generation, options.filters);
    table::lines(&rows_of(&log, generation, format, options), generation)
}

/// Who was on which page from when to when.
pub(super) fn page_times_of(session: &Session, generation: Generation) -> io::Result<Vec<u8>> {
    table::csv(&visits::visits_of(session), generation)
}

fn rows_of<'a>(
    log: &'a [Logged<'a>],
    generation: Generation,
    format: Format,
    options: &'a Options,
) -> Vec<Row<'a>> {
    match format {
        Format::Ultralong => log.iter().map(Row::Change).collect(),
        Format::Sparse => log.iter().map(Row::Wide).collect(),
        Format::Latest => latest::states_of(log, generation, &options.gvar, options.filters),
    }
}
