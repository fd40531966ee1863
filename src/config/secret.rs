//! Secrets: the configuration only says where each one is kept.

use std::{
    cell::RefCell,
    ops::Range,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::reader::{Placed, Section};
use crate::domain::{Problem, Severity};

/// Where secrets come from: the process environment and, for `..._file`, files beside the configuration.
pub struct Secrets<'a> {
    /// Looks a variable of the environment up.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file.
    pub contents: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// The folder that relative file names start from.
    pub root: &'a Path,
    /// Stand-ins take the place of all secrets: nothing real is reached.
    pub stand_ins: bool,
    /// The files that were read.
    pub files: RefCell<Vec<PathBuf>>,
}

impl Secrets<'_> {
    /// Takes `env_key` and `file_key` out of a section. More than one name may stand there, so that a secret can be
    /// changed without a gap: all of them are valid. Problems are noted at the place of the name.
    pub(super) fn read(
        &self,
        section: &mut Section<'_, '_>,
        env_key: &'static str,
        file_key: &'static str,
    ) -> Vec<Placed<SecretString>> {
        let mut secrets = Vec::new();
        for name in section.texts(env_key).unwrap_or_default() {
            let Placed { value: name, span } = name;
            match (self.variable)(&name) {
                Some(text) if !text.trim().is_empty() => secrets.push(placed(&text, span)),
                Some(_) => self.lacks(section, span, &name, "is empty"),
                // Whoever writes the secret itself here should not find it in a log.
                None if !is_variable(&name) => section.source.error_hidden(
                    span.start,
                    format!("the environment variable that `{env_key}` names is not set"),
                    "write the name of a variable here, such as \"UPROOT_API_KEY\", and never the secret itself",
                ),
                None => self.lacks(section, span, &name, "is not set"),
            }
        }
        for name in section.texts(file_key).unwrap_or_default() {
            let Placed { value: name, span } = name;
            let file = self.root.join(&name);
            let text = (self.contents)(&file);
            self.files.borrow_mut().push(file);
            match text {
                Ok(text) if !text.trim().is_empty() => secrets.push(placed(&text, span)),
                Ok(_) => section.source.error(span, format!("the file {name} is empty")),
                Err(error) => section.source.error(span, format!("the file {name} cannot be read: {error}")),
            }
        }
        secrets
    }

    /// Notes that the environment does not have a variable.
    fn lacks(&self, section: &Section<'_, '_>, span: Range<usize>, name: &str, how: &str) {
        let message = format!("the environment variable {name} {how}");
        let help = format!("set it in the shell, or the service, that starts uproctor: export {name}=...");
        let problem = section.source.problem(Severity::Error, span, message).help(help);
        section.source.push(Problem { of_environment: true, ..problem });
    }
}

/// Whether it looks like the usual name of a variable: capitals, digits and underscores.
fn is_variable(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn placed(text: &str, span: Range<usize>) -> Placed<SecretString> {
    // A file mostly ends with a line end that is not part of the secret, and a header could not hold it; nor the mark that some editors
    // put before everything.
    Placed { value: SecretString::from(text.trim_start_matches('\u{feff}').trim().to_owned()), span }
}
