//! `uproctor user`: who may log in to the console, and which programs may use the JSON API.

use std::{
    io::{IsTerminal, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use clap::{Subcommand, builder::PossibleValuesParser};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{exit::Exit, out};
use crate::{
    config::{self, Config, Person, Token, Users, check_user_name, load_users},
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
    match carry_out(&args.what, path) {
        Ok(said) => {
            said.iter().for_each(|line| out::line(line));
            Exit::Done
        }
        Err(why) => {
            out::error(&why);
            Exit::NotRight
        }
    }
}

/// Does it, and gives what to say.
fn carry_out(what: &What, path: &Path) -> Result<Vec<String>, String> {
    // Without it, nobody knows where the users stand; what else is wrong with it is no matter here.
    std::fs::read_to_string(path).map_err(|error| {
        format!("{} cannot be read: {error}; are you in the project's folder?", path.display())
    })?;
    let config = config::load(path).config;
    let file = config.console.users_file.clone();
    if matches!(what, What::List) {
        return Ok(list(&read(&file)?));
    }
    // A person may take their time, during which others change the file.
    let change = prepare(what)?;
    let lock = std::fs::File::options().create(true).append(true).open(beside(&file));
    let lock = lock.map_err(|error| format!("{} cannot be locked: {error}", file.display()))?;
    lock.lock().map_err(|error| format!("{} cannot be locked: {error}", file.display()))?;
    let mut users = read(&file)?;
    let said = apply(change, &mut users, &config)?;
    write(&file, &users)
        .map_err(|error| format!("{} cannot be written, nothing was changed: {error}", file.display()))?;
    Ok(said)
}

/// What is locked while the file is changed.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn read(file: &Path) -> Result<Users, String> {
    let (users, problems) = load_users(file);
    problems.first().map_or(Ok(users), |problem| Err(problem.to_string()))
}

/// A change of the users.
enum Change {
    Person(String, Person),
    Token(String, Role, SecretString),
    Remove(String),
}

fn prepare(what: &What) -> Result<Change, String> {
    Ok(match what {
        What::Add { name, role: word, password_stdin } => {
            check_user_name(name)?;
            let password = if *password_stdin { from_stdin()? } else { ask()? };
            Change::Person(name.clone(), Person { role: role(word), password: password::hash(&password)? })
        }
        What::Token { name, role: word } => {
            check_user_name(name)?;
            Change::Token(name.clone(), role(word), token()?)
        }
        What::Remove { name } => Change::Remove(name.clone()),
        What::List => return Err("nothing is to be changed".to_owned()),
    })
}

/// Makes the change; what to say once it is written.
fn apply(change: Change, users: &mut Users, config: &Config) -> Result<Vec<String>, String> {
    const SOON: &str = "a running daemon takes it up within some seconds";
    match change {
        Change::Person(name, person) => {
            let role = person.role;
            let known = users.people.insert(name.clone(), person).is_some();
            let done = if known { "has a new password and is" } else { "may log in as" };
            Ok(vec![format!("{name} {done} {role}; {SOON}")])
        }
        Change::Token(name, role, token) => {
            if users.tokens.contains_key(&name) {
                return Err(format!("there is a token {name}: remove it first, or name this one otherwise"));
            }
            let sha256 = hex::encode(Sha256::digest(token.expose_secret().as_bytes()));
            users.tokens.insert(name.clone(), Token { role, sha256 });
            Ok(vec![
                token.expose_secret().to_owned(),
                format!(
                    "This is the token {name}, for the header `Authorization: Bearer TOKEN`. It is not shown again."
                ),
            ])
        }
        Change::Remove(name) => {
            let person = users.people.remove(&name).is_some();
            let token = users.tokens.remove(&name).is_some();
            if !person && !token {
                return Err(format!("there is nobody called {name}: `uproctor user list` lists all"));
            }
            if person && users.people.is_empty() && !config.daemon.listen.ip().is_loopback() {
                return Err(format!(
                    "{name} is the last user, and `listen` is {}, which other machines can reach: make another user first",
                    config.daemon.listen
                ));
            }
            Ok(vec![format!("{name} is removed; {SOON}")])
        }
    }
}

fn list(users: &Users) -> Vec<String> {
    if users.people.is_empty() && users.tokens.is_empty() {
        return vec!["nobody yet: `uproctor user add NAME --role operator` makes a user".to_owned()];
    }
    let people = users.people.iter().map(|(name, person)| format!("{name:<24} {}", person.role));
    let tokens = users.tokens.iter().map(|(name, token)| format!("{name:<24} {} (token)", token.role));
    people.chain(tokens).collect()
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

/// Writes the file whole or not at all. Only its owner can read it, who stays the same also where root writes it.
fn write(file: &Path, users: &Users) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A new file of this kind is for its owner only.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(users.to_toml().as_bytes())?;
    let model = std::fs::metadata(file).or_else(|_| std::fs::metadata(folder))?;
    if new.as_file().metadata()?.uid() != model.uid() {
        std::os::unix::fs::fchown(new.as_file(), Some(model.uid()), Some(model.gid()))?;
    }
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}
