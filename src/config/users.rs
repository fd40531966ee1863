//! `users.toml`: who may log in to the console, and which programs may use the JSON API. It is written by `uproctor user`.
//!
//! ```toml
//! [user.anna]
//! role = "operator"
//! password = "$argon2id$v=19$m=19456,t=2,p=1$..."
//!
//! [token.grafana]
//! role = "viewer"
//! sha256 = "9f86d081..."
//! ```
//!
//! A password is kept as an Argon2id hash, a token, which nobody can guess, as a SHA-256.

use std::{collections::BTreeMap, fmt, fmt::Write as _, io, path::Path};

use super::reader::{Section, Source};
use crate::domain::{Problem, Role};

/// The longest name of a user or a token, in characters.
const LONGEST: usize = 64;

/// Who may log in, and which programs may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// People, by name.
    pub people: BTreeMap<String, Person>,
    /// Programs, by name.
    pub tokens: BTreeMap<String, Token>,
}

/// Somebody who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// What they may do.
    pub role: Role,
    /// The Argon2 hash of the password, as a text with its parameters.
    pub password: String,
}

/// A program that may use the JSON API.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the token, in hexadecimal.
    pub sha256: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("role", &self.role).finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("role", &self.role).finish_non_exhaustive()
    }
}

impl Users {
    /// The file's text.
    pub fn to_toml(&self) -> String {
        let mut text =
            String::from("# Who may log in to the console of uproctor: written by `uproctor user`.\n");
        for (name, person) in &self.people {
            let Person { role, password } = person;
            let _ = write!(text, "\n[user.{name}]\nrole = \"{role}\"\npassword = \"{password}\"\n");
        }
        for (name, token) in &self.tokens {
            let Token { role, sha256 } = token;
            let _ = write!(text, "\n[token.{name}]\nrole = \"{role}\"\nsha256 = \"{sha256}\"\n");
        }
        text
    }
}

/// Checks the name of a user or a token: letters, digits, `-` and `_`, so that it needs no quotes anywhere.
pub fn check_user_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(fits) {
        return Err(format!(
            "{name:?} cannot be a name here: letters, digits, '-' and '_', at most {LONGEST} of them"
        ));
    }
    Ok(())
}

/// Reads the file. One that is not there has no users.
pub fn load(file: &Path) -> (Users, Vec<Problem>) {
    match std::fs::read_to_string(file) {
        Ok(text) => parse(file, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Users::default(), Vec::new()),
        Err(error) => {
            let problem = Problem::whole_file(file, format!("{} cannot be read: {error}", file.display()));
            (Users::default(), vec![problem])
        }
    }
}

fn parse(file: &Path, text: &str) -> (Users, Vec<Problem>) {
    let source = Source::new(file, text);
    let mut users = Users::default();
    if let Some(document) = source.document() {
        let mut whole = Section::new(&source, "the users", document.get_ref(), 0..text.len());
        if let Some(mut people) = whole.table("user", "[user]") {
            for (name, mut section) in people.named_tables() {
                if let Some((role, password)) = entry(&source, &name.value, &mut section, "password") {
                    users.people.insert(name.value, Person { role, password });
                }
                section.finish();
            }
        }
        if let Some(mut tokens) = whole.table("token", "[token]") {
            for (name, mut section) in tokens.named_tables() {
                if let Some((role, sha256)) = entry(&source, &name.value, &mut section, "sha256") {
                    users.tokens.insert(name.value, Token { role, sha256 });
                }
                section.finish();
            }
        }
        whole.finish();
    }
    // A line of this file is nothing to show.
    let mut problems = source.finish();
    problems.iter_mut().for_each(|problem| problem.span = None);
    (users, problems)
}

/// Role and hash of one entry.
fn entry(
    source: &Source<'_>,
    name: &str,
    section: &mut Section<'_, '_>,
    key: &'static str,
) -> Option<(Role, String)> {
    let at = section.span.clone();
    let name_fits = check_user_name(name);
    if let Err(message) = &name_fits {
        source.error(at.clone(), message.clone());
    }
    let role = section.choice("role", &Role::ALL);
    let hash = section.text(key);
    let shaped = |text: &str| match key {
        "password" => text.starts_with("$argon2"),
        _ => text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
    };
    let hash = hash.filter(|hash| {
        let good = shaped(&hash.value);
        if !good {
            let help = "write this file with `uproctor user add` and `uproctor user token`";
            source.error_hidden(hash.span.start, format!("`{key}` of {name} is not a hash"), help);
        }
        good
    });
    if (role.is_none() || hash.is_none()) && name_fits.is_ok() && !section.has(key) {
        source.error(at, format!("{name} needs a `role` and a `{key}`"));
    }
    Some((role?.value, hash?.value))
}
