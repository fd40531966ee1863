//! `uproctor user`: who may log in to the console, and which programs may use the JSON API.

use std::{
    io::{IsTerminal, Read, Write},
    path::Path,
};

use clap::{Subcommand, builder::PossibleValuesParser};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{exit::Exit, out};
use crate::{
    config::{self, Person, Token, Users, check_user_name, load_users},
    domain::Role,
    environment::Environment,
    live::Live,
    web::auth::password,
};

/// The longest password that is read from standard input, in bytes.
const LONGEST: u64 = 4096;

/// `uproctor user`
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a user, or give one a new password and role. Asks for the password
    Add {
        /// The name: letters, digits, - and _
        name: String,
        /// viewer sees everything; operator also pauses, and decides about plans and dead letters; admin also starts automations
        #[arg(long, default_value = "viewer", value_parser = roles())]
        role: String,
        /// Read the password from standard input, up to the end of the line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make a token with which a program may use the JSON API; it is shown once
    Token {
        /// What it is for: letters, digits, - and _
        name: String,
        /// What it may do, as with `add`
        #[arg(long, default_value = "viewer", value_parser = roles())]
        role: String,
    },
    /// Remove a user or a token: it is of no use from then on
    Remove {
        /// The name
        name: String,
    },
    /// List users and tokens
    List,
}

fn roles() -> PossibleValuesParser {
    PossibleValuesParser::new(Role::ALL.map(|(word, _)| word))
}

fn role(word: &str) -> Role {
    Role::ALL.iter().find(|(known, _)| *known == word).map_or(Role::Viewer, |(_, role)| *role)
}

/// Does it.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let file = config::load(path).config.console.users_file;
    let (mut users, problems) = load_users(&file);
    if let Some(problem) = problems.first() {
        out::error(&format!("{problem}"));
        return Exit::NotRight;
    }
    match change(&args.what, &mut users) {
        Ok(None) => Exit::Done,
        Ok(Some(said)) => match write(&file, &users) {
            Ok(()) => {
                said.lines().for_each(out::line);
                Exit::Done
            }
            Err(error) => {
                out::error(&format!("{} cannot be written, nothing was changed: {error}", file.display()));
                Exit::NotRight
            }
        },
        Err(why) => {
            out::error(&why);
            Exit::NotRight
        }
    }
}

/// Makes the change; what to say once it is written, if anything was changed.
fn change(what: &What, users: &mut Users) -> Result<Option<String>, String> {
    match what {
        What::Add { name, role: word, password_stdin } => {
            check_user_name(name)?;
            let password = if *password_stdin { from_stdin()? } else { ask()? };
            let person = Person { role: role(word), password: password::hash(&password)? };
            let known = users.people.insert(name.clone(), person).is_some();
            let done = if known { "has a new password and is" } else { "may log in as" };
            Ok(Some(format!("{name} {done} {word}; a running daemon takes it up within some seconds")))
        }
        What::Token { name, role: word } => {
            check_user_name(name)?;
            if users.tokens.contains_key(name) {
                return Err(format!("there is a token {name}: remove it first, or name this one otherwise"));
            }
            let token = token()?;
            let sha256 = hex::encode(Sha256::digest(token.expose_secret().as_bytes()));
            users.tokens.insert(name.clone(), Token { role: role(word), sha256 });
            Ok(Some(format!(
                "{}\nThis is the token {name}, for the header `Authorization: Bearer TOKEN`. It is not shown again.",
                token.expose_secret()
            )))
        }
        What::Remove { name } => {
            let person = users.people.remove(name).is_some();
            let token = users.tokens.remove(name).is_some();
            if !person && !token {
                return Err(format!("there is nobody called {name}: `uproctor user list` lists all"));
            }
            Ok(Some(format!("{name} is removed; a running daemon takes it up within some seconds")))
        }
        What::List => {
            for (name, person) in &users.people {
                out::line(&format!("{name:<24} {}", person.role));
            }
            for (name, token) in &users.tokens {
                out::line(&format!("{name:<24} {} (token)", token.role));
            }
            if users.people.is_empty() && users.tokens.is_empty() {
                out::line("nobody yet: `uproctor user add NAME --role operator` makes a user");
            }
            Ok(None)
        }
    }
}

fn ask() -> Result<SecretString, String> {
    if !std::io::stdin().is_terminal() {
        return Err("there is no terminal to ask for the password: use --password-stdin".to_owned());
    }
    let read = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map(SecretString::from)
            .map_err(|error| format!("the password cannot be read: {error}"))
    };
    let first = read(&format!("Password (at least {} characters): ", password::SHORTEST))?;
    let second = read("Once more: ")?;
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err("the two are not the same: nothing was changed".to_owned())
    }
}

fn from_stdin() -> Result<SecretString, String> {
    let mut text = String::new();
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| format!("the password cannot be read: {error}"))?;
    let line = text.lines().next().unwrap_or_default();
    Ok(SecretString::from(line.to_owned()))
}

fn token() -> Result<SecretString, String> {
    let runtime = super::run::runtime().map_err(|_| "no threads".to_owned())?;
    let env = Live::new(runtime.handle().clone());
    let random = || env.random();
    Ok(SecretString::from(format!("upr_{:016x}{:016x}{:016x}", random(), random(), random())))
}

/// Writes the file whole or not at all. Only its owner can read it.
fn write(file: &Path, users: &Users) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A new file of this kind is for its owner only.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(users.to_toml().as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}
