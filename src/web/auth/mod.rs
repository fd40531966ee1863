//! Who is asking: by the cookie of a login, by the token of a program, or by the token that the daemon's own commands have.

mod attempts;
mod current;
mod logins;
pub mod password;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::answer::Answer;
use crate::{
    config::{ConsoleSection, Users},
    domain::{Reader, Role},
    environment::Environment,
};
use attempts::Attempts;
pub(super) use current::CurrentUsers;
use logins::Logins;

/// How many passwords are looked at at once: each takes 19 MiB and some 20 ms of a core.
const AT_ONCE: usize = 2;

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    /// The name, as it stands in the log beside what they do.
    pub(super) name: String,
    /// What they may do.
    pub(super) role: Role,
    /// How they came.
    by: Way,
}

/// How somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By a password: its hash, hashed once more. A new password ends what the old one began.
    Password([u8; 32]),
    /// By a link for the owner.
    Link,
    /// A program, by its token.
    Token,
    /// A command of ours, by the daemon's token.
    Command,
}

impl Who {
    /// Whether it is a person at the daemon's own commands.
    pub(super) fn is_a_command(&self) -> bool {
        self.by == Way::Command
    }

    /// Where they read what they are told.
    pub(super) fn reader(&self) -> Reader {
        match self.by {
            Way::Password(_) | Way::Link => Reader::Browser,
            Way::Token | Way::Command => Reader::Terminal,
        }
    }

    /// Says no to whoever may not do it.
    pub(super) fn must_be(&self, role: Role) -> Result<(), Answer> {
        if self.role >= role {
            return Ok(());
        }
        tracing::warn!(who = %self.name, role = %self.role, "somebody asked for more than they may");
        let (mine, wanted) = (self.role.with_article(), role.with_article());
        let message = format!("{} is {mine}, and only {wanted} may do this", self.name);
        Err(Answer::error(StatusCode::FORBIDDEN, message))
    }
}

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The name or the password is wrong; it is not said which.
    Wrong,
    /// There were too many attempts: wait so many seconds.
    TooMany(u64),
}

/// What logging in needs.
pub(super) struct Auth {
    env: Arc<dyn Environment>,
    /// The token of the daemon's own commands.
    control: SecretString,
    logins: Logins,
    attempts: Attempts,
    places: Arc<Semaphore>,
    cookie: String,
}

impl Auth {
    /// `port` is the daemon's: browsers do not keep the cookies of two ports apart.
    pub(super) fn new(env: Arc<dyn Environment>, control: SecretString, port: u16) -> Self {
        Self {
            env,
            control,
            logins: Logins::default(),
            attempts: Attempts::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            cookie: format!("uproctor_{port}"),
        }
    }

    /// Whom the cookie of a request is of. Somebody who was removed or whose role has changed is known by `users` at once.
    pub(super) fn by_cookie(&self, headers: &HeaderMap, users: &Users) -> Option<Who> {
        let who = self.logins.who(self.cookie_of(headers)?, self.env.now())?;
        Self::still(who, users)
    }

    /// Whether whom the cookie is of is still in. A page that is only open is no use of a login.
    pub(super) fn is_in(&self, headers: &HeaderMap, users: &Users) -> bool {
        let who = self.cookie_of(headers).and_then(|token| self.logins.peek(token, self.env.now()));
        who.and_then(|who| Self::still(who, users)).is_some()
    }

    fn still(who: Who, users: &Users) -> Option<Who> {
        match who.by {
            Way::Password(hash) => {
                let person =
                    users.people.get(&who.name).filter(|person| digest_of(&person.password) == hash)?;
                Some(Who { role: person.role, ..who })
            }
            Way::Link | Way::Token | Way::Command => Some(who),
        }
    }

    /// Whom the token of a request is of.
    pub(super) fn by_token(&self, headers: &HeaderMap, users: &Users) -> Option<Who> {
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (kind, token) = given.split_once(' ')?;
        let token = token.trim();
        if !kind.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return None;
        }
        let digest = hex::encode(Sha256::digest(token.as_bytes()));
        // Digests are compared, which does not tell how much of a token is right.
        let is_it = |sha256: &str| bool::from(digest.as_bytes().ct_eq(sha256.as_bytes()));
        let control = hex::encode(Sha256::digest(self.control.expose_secret().as_bytes()));
        if !self.control.expose_secret().is_empty() && is_it(&control) {
            return Some(Who { name: "a command".to_owned(), role: Role::Admin, by: Way::Command });
        }
        let found = users.tokens.iter().find(|(_, known)| is_it(&known.sha256.to_ascii_lowercase()));
        found.map(|(name, known)| Who { name: format!("token {name}"), role: known.role, by: Way::Token })
    }

    /// A link's key, for whoever may do everything on this computer anyway.
    pub(super) fn make_link(&self) -> SecretString {
        let key = self.token();
        self.logins.add_link(&key, self.env.now());
        key
    }

    /// Logs in by the key of a link.
    pub(super) fn log_in_by_link(&self, key: &str) -> Option<SecretString> {
        let now = self.env.now();
        let who = Who { name: "the owner".to_owned(), role: Role::Admin, by: Way::Link };
        self.logins.take_link(key, now).then(|| self.begin(who, now))
    }

    /// Logs in by name and password.
    pub(super) async fn log_in(
        &self,
        name: &str,
        password: SecretString,
        users: &Users,
    ) -> Result<SecretString, Refused> {
        let now = self.env.now();
        let key: String = name.chars().take(64).collect();
        self.attempts.take(&key, now).map_err(Refused::TooMany)?;
        let person = users.people.get(name).cloned();
        // The semaphore is never closed. The place is kept until the work is done, also where whoever asked has hung up.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let hash = person.as_ref().map(|person| person.password.clone());
        let right = tokio::task::spawn_blocking(move || {
            let _place = place;
            password::is_right(&password, hash.as_deref())
        });
        match person {
            Some(person) if right.await.unwrap_or(false) => {
                self.attempts.forgive(&key);
                Ok(self.begin(
                    Who {
                        name: name.to_owned(),
                        role: person.role,
                        by: Way::Password(digest_of(&person.password)),
                    },
                    now,
                ))
            }
            _ => Err(Refused::Wrong),
        }
    }

    /// Always a new token, so that nobody can prepare one for somebody else.
    fn begin(&self, who: Who, now: Timestamp) -> SecretString {
        tracing::info!(who = %who.name, role = %who.role, "somebody logged in to the console");
        let token = self.token();
        self.logins.begin(&token, who, now);
        token
    }

    /// Keeps a sentence for the next page that whom the cookie is of looks at: whether something was done, and what.
    pub(super) fn say(&self, headers: &HeaderMap, good: bool, text: String) {
        if let Some(token) = self.cookie_of(headers) {
            self.logins.say(token, good, text);
        }
    }

    /// That sentence, once.
    pub(super) fn said(&self, headers: &HeaderMap) -> Option<(bool, String)> {
        self.logins.said(self.cookie_of(headers)?)
    }

    /// Logs out whom the cookie is of.
    pub(super) fn log_out(&self, headers: &HeaderMap) {
        if let Some(token) = self.cookie_of(headers) {
            self.logins.end(token);
        }
    }

    /// The header that has a browser keep a token, or, without one, forget it. Without a path of its own, the cookie is for the
    /// folder of the address that sets it, as the browser sees it: that is right below a sub-path too.
    pub(super) fn set_cookie(
        &self,
        token: Option<&SecretString>,
        console: &ConsoleSection,
    ) -> Option<HeaderValue> {
        let secure = if console.is_secure() { "; Secure" } else { "" };
        let (value, age) = match token {
            Some(token) => (token.expose_secret(), ""),
            None => ("", "; Max-Age=0"),
        };
        let mut header =
            HeaderValue::try_from(format!("{}={value}; HttpOnly; SameSite=Lax{secure}{age}", self.cookie))
                .ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The token of a login of ours: a page elsewhere may have planted another cookie of the same name.
    fn cookie_of<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours =
            pairs.filter(|(name, value)| *name == self.cookie && !value.is_empty()).map(|(_, value)| value);
        ours.find(|token| self.logins.peek(token, self.env.now()).is_some())
    }

    fn token(&self) -> SecretString {
        let random = || self.env.random();
        SecretString::from(format!("{:016x}{:016x}{:016x}", random(), random(), random()))
    }
}

fn digest_of(hash: &str) -> [u8; 32] {
    Sha256::digest(hash.as_bytes()).into()
}

/// Whether a request that would change something comes from a page of ours: a page elsewhere could have the browser send it, cookie
/// and all. Browsers say where it comes from, in one of two headers.
pub(super) fn is_same_origin(headers: &HeaderMap, console: &ConsoleSection) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text("origin").and_then(|origin| url::Url::parse(origin).ok()) else { return false };
    if console.url.as_ref().is_some_and(|url| url.origin() == origin.origin()) {
        return true;
    }
    let host = text("host").and_then(|host| url::Url::parse(&format!("{}://{host}/", origin.scheme())).ok());
    host.is_some_and(|host| host.origin() == origin.origin())
}
