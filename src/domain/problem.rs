//! Something wrong in a file that a user wrote: what, where, and what to do instead.

use std::{fmt, ops::Range, path::PathBuf};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing starts with it.
    Error,
    /// It may be meant so, but often is not.
    Warning,
}

/// One problem in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the user named it.
    pub file: PathBuf,
    /// The bytes of the file that it is about; none where it is about the whole file or the file is not there.
    pub span: Option<Range<usize>>,
    /// Line of its start, counted from 1; 1 where there is no span.
    pub line: usize,
    /// Column of its start in characters, counted from 1; 1 where there is no span.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
    /// A variable is missing in the environment that this program was started in: another shell, or a daemon, may have it.
    pub of_environment: bool,
}

impl Problem {
    /// A problem at a place of a source text.
    pub fn at(
        severity: Severity,
        file: impl Into<PathBuf>,
        source: &str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let (line, column) = line_column(source, span.start);
        Self {
            severity,
            file: file.into(),
            span: Some(span),
            line,
            column,
            message: message.into(),
            help: None,
            of_environment: false,
        }
    }

    /// A problem with a file as a whole.
    pub fn whole_file(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            span: None,
            line: 1,
            column: 1,
            message: message.into(),
            help: None,
            of_environment: false,
        }
    }

    /// Adds what to do instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether nothing starts with it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// In one line, for a log: the place, what is wrong, what to do.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Line and column, both from 1, of a byte offset; the column counts characters.
pub fn line_column(source: &str, offset: usize) -> (usize, usize) {
    let before = &source.as_bytes()[..offset.min(source.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (line, column)
}

/// The byte offset of a line and column counted from 1, the column in characters: the inverse of [`line_column`].
pub fn offset_of(source: &str, line: usize, column: usize) -> usize {
    let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = source.get(start..).unwrap_or("");
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    start + within
}
