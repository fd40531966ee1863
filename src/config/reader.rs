//! Reads tables of a TOML document key by key and collects every problem, instead of stopping at the first.
//!
//! serde would stop at the first error. Here each key is taken out of its table with a typed getter; what is left
//! when a table is [finished](Section::finish) is unknown and gets a "did you mean".

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
    ops::Range,
    path::Path,
    time::Duration,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::value::{integer, to_json, type_name};
use crate::domain::{Problem, Severity, did_you_mean, line_column, parse_duration};

/// What the names of keys hold under which people write a secret itself, where this program wants to be told where it
/// is kept.
const SECRET_WORDS: [&str; 8] =
    ["token", "secret", "passw", "auth", "api_key", "apikey", "api-key", "key_value"];

/// Whether a key is one under which a secret itself is written.
fn holds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word)) && !key.contains("_env") && !key.contains("_file")
}

/// Whether a line of the file may show a secret: a key like the above with a value, or an address with a password.
fn may_show_secret(line: &str) -> bool {
    let keys = line.match_indices('=').map(|(at, _)| {
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'));
        &before[start.map_or(0, |start| start + 1)..]
    });
    let user_info = line.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    user_info || keys.into_iter().any(holds_secret)
}

/// A source text and the problems found in it so far.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, problems: RefCell::new(Vec::new()) }
    }

    pub(crate) fn problem(
        &self,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Problem {
        Problem::at(severity, self.file, self.text, span, message)
    }

    pub(crate) fn push(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(crate) fn error(&self, span: Range<usize>, message: impl Into<String>) {
        self.push(self.problem(Severity::Error, span, message));
    }

    pub(crate) fn error_help(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.push(self.problem(Severity::Error, span, message).help(help));
    }

    pub(crate) fn warn_help(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.push(self.problem(Severity::Warning, span, message).help(help));
    }

    /// For a value that can be a secret: the place is told, the line is not shown.
    pub(crate) fn error_hidden(&self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let (line, column) = line_column(self.text, at);
        let mut problem = Problem::whole_file(self.file, message).help(help);
        problem.line = line;
        problem.column = column;
        self.push(problem);
    }

    /// The text as a table; nothing where it is not TOML. What is guessed of the rest would give problems that are none,
    /// and one problem a line is enough for the same reason.
    pub(crate) fn document(&self) -> Option<Spanned<DeTable<'a>>> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Some(document);
        }
        for error in errors {
            self.error(error.span().unwrap_or(0..0), format!("this is not TOML: {}", error.message()));
        }
        let mut problems = self.problems.borrow_mut();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.dedup_by_key(|problem| problem.line);
        None
    }

    /// All problems in the order of the file. One whose lines may show a secret keeps its place, but not its span, so
    /// that nobody prints those lines.
    ///
    /// A variable that more than one section names is missed once.
    pub(crate) fn finish(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        let mut missed = HashSet::new();
        problems.retain(|problem| !problem.of_environment || missed.insert(problem.message.clone()));
        for problem in &mut problems {
            let Some(span) = &problem.span else { continue };
            let bytes = self.text.as_bytes();
            let start = bytes[..span.start.min(bytes.len())].iter().rposition(|b| *b == b'\n');
            let start = start.map_or(0, |at| at + 1);
            let end = span.end.clamp(start, bytes.len());
            let end = bytes[end..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| end + at);
            if self.text[start..end].lines().any(may_show_secret) {
                problem.span = None;
            }
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// One table on its way through the reader.
pub(crate) struct Section<'s, 'v> {
    pub(crate) source: &'s Source<'s>,
    /// How a message calls it: `[daemon]`.
    title: String,
    pub(crate) span: Range<usize>,
    entries: BTreeMap<&'v str, (Range<usize>, &'v Spanned<DeValue<'v>>)>,
    known: Vec<&'static str>,
}

impl<'s, 'v> Section<'s, 'v> {
    pub(crate) fn new(
        source: &'s Source<'s>,
        title: impl Into<String>,
        table: &'v DeTable<'v>,
        span: Range<usize>,
    ) -> Self {
        let entries =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span(), value))).collect();
        Self { source, title: title.into(), span, entries, known: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<&'v Spanned<DeValue<'v>>> {
        self.known.push(key);
        self.entries.remove(key).map(|(_, value)| value)
    }

    /// Whether the key is there, without taking it.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The keys that are not taken yet.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'v str> + '_ {
        self.entries.keys().copied()
    }

    pub(crate) fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let message =
            format!("`{key}` in {} is {}, but must be {wanted}", self.title, type_name(value.get_ref()));
        self.source.error(value.span(), message);
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Placed<String>> {
        let value = self.take(key)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some(Placed { value: text.to_string(), span: value.span() });
        }
        self.wrong_type(key, value, "a text in quotes");
        None
    }

    /// A text, read further by `parse`, whose error becomes a problem at the value.
    pub(crate) fn parsed<T, E: ToString>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Placed<T>> {
        let text = self.text(key)?;
        match parse(&text.value) {
            Ok(value) => Some(Placed { value, span: text.span }),
            Err(error) => {
                self.source.error(text.span, error.to_string());
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<Placed<T>> {
        let text = self.text(key)?;
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text.value) {
            return Some(Placed { value: *value, span: text.span });
        }
        let message = format!("`{key}` cannot be {:?}: it is one of {}", text.value, names.join(", "));
        let mut problem = self.source.problem(Severity::Error, text.span, message);
        if let Some(near) = did_you_mean(&text.value, names) {
            problem = problem.help(format!("did you mean \"{near}\"?"));
        }
        self.source.push(problem);
        None
    }

    /// A duration, at least `least`.
    pub(crate) fn duration(&mut self, key: &'static str, least: Duration) -> Option<Placed<Duration>> {
        let found = self.parsed(key, parse_duration)?;
        if found.value < least {
            let least = crate::domain::format_duration(least);
            self.source.error(found.span, format!("`{key}` is too short: at least {least}"));
            return None;
        }
        Some(found)
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<Placed<u64>> {
        let value = self.take(key)?;
        match integer(value.get_ref()) {
            Some(number) if u64::try_from(number).is_ok_and(|n| range.contains(&n)) => {
                Some(Placed { value: number.unsigned_abs(), span: value.span() })
            }
            Some(number) => {
                let message =
                    format!("`{key}` is {number}, but must be from {} to {}", range.start(), range.end());
                self.source.error(value.span(), message);
                None
            }
            None => {
                self.wrong_type(key, value, "a whole number");
                None
            }
        }
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<Placed<String>>> {
        let value = self.take(key)?;
        let one = |value: &Spanned<DeValue<'_>>| {
            value.get_ref().as_str().map(|text| Placed { value: text.to_owned(), span: value.span() })
        };
        if let Some(text) = one(value) {
            return Some(vec![text]);
        }
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, "a text or a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match one(item) {
                Some(text) => texts.push(text),
                None => self.wrong_type(key, item, "a list of texts"),
            }
        }
        Some(texts)
    }

    /// A table.
    pub(crate) fn table(&mut self, key: &'static str, title: impl Into<String>) -> Option<Section<'s, 'v>> {
        let value = self.take(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(Section::new(self.source, title, table, value.span()))
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<Placed<bool>> {
        let value = self.take(key)?;
        let Some(yes) = value.get_ref().as_bool() else {
            self.wrong_type(key, value, "true or false");
            return None;
        };
        Some(Placed { value: yes, span: value.span() })
    }

    /// All that is left, in the order of the file: for tables whose keys are the user's own names.
    pub(crate) fn named_values(&mut self) -> Vec<(Placed<String>, &'v Spanned<DeValue<'v>>)> {
        let entries = std::mem::take(&mut self.entries).into_iter();
        let mut values: Vec<_> =
            entries.map(|(key, (span, value))| (Placed { value: key.to_owned(), span }, value)).collect();
        values.sort_by_key(|(key, _)| key.span.start);
        values
    }

    /// The same, where each entry must be a table.
    pub(crate) fn named_tables(&mut self) -> Vec<(Placed<String>, Section<'s, 'v>)> {
        let mut sections = Vec::new();
        for (key, value) in self.named_values() {
            let DeValue::Table(table) = value.get_ref() else {
                self.wrong_type(&key.value, value, "a table");
                continue;
            };
            let title = format!("{} {:?}", self.title, key.value);
            let section = Section::new(self.source, title, table, value.span());
            sections.push((key, section));
        }
        sections
    }

    /// A table, or a list of tables; each with the title.
    pub(crate) fn tables(&mut self, key: &'static str, title: &str) -> Vec<Section<'s, 'v>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let one = |value: &'v Spanned<DeValue<'v>>| match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.source, title, table, value.span())),
            _ => None,
        };
        if let Some(section) = one(value) {
            return vec![section];
        }
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, "a table or a list of tables");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            match one(item) {
                Some(section) => sections.push(section),
                None => self.wrong_type(key, item, "a list of tables"),
            }
        }
        sections
    }

    /// A table as JSON.
    pub(crate) fn json(&mut self, key: &'static str) -> Option<serde_json::Map<String, serde_json::Value>> {
        let value = self.take(key)?;
        match to_json(value.get_ref()) {
            serde_json::Value::Object(map) => Some(map),
            _ => {
                self.wrong_type(key, value, "a table");
                None
            }
        }
    }

    /// The raw value of a key that may be of several types.
    pub(crate) fn any(&mut self, key: &'static str) -> Option<&'v Spanned<DeValue<'v>>> {
        self.take(key)
    }

    /// Says which keys were not understood.
    pub(crate) fn finish(self) {
        for (key, (span, _)) in &self.entries {
            let message = format!("unknown key `{key}` in {}", self.title);
            if holds_secret(key) {
                let help = "a secret never stands in this file: name where it is kept, for example with `token_env`, \
                            `secret_env` or `authorization_env` (an environment variable) or `..._file`";
                self.source.error_hidden(span.start, message, help);
                continue;
            }
            let help = match did_you_mean(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys here are: {}", self.known.join(", ")),
            };
            self.source.error_help(span.clone(), message, help);
        }
    }
}
