//! Who is logged in: in memory only, so that a restart logs everybody out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::Who;

/// How long a login lasts that is not used.
const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// How long one lasts at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a link to log in works.
const LINK: SignedDuration = SignedDuration::from_mins(10);
/// How many logins and links there may be; the oldest make room.
const MOST: usize = 1000;

type Digested = [u8; 32];

/// Logins and links, each by the hash of its token: what is in memory lets nobody in.
#[derive(Default)]
pub(super) struct Logins {
    logins: Mutex<HashMap<Digested, Login>>,
    links: Mutex<HashMap<Digested, Timestamp>>,
}

struct Login {
    who: Who,
    since: Timestamp,
    used: Timestamp,
    /// What came of what they asked for last, to be shown once: whether it was done, and a sentence.
    said: Option<(bool, String)>,
}

fn digest(token: &str) -> Digested {
    Sha256::digest(token.as_bytes()).into()
}

impl Logins {
    /// Logs somebody in under a token that nobody can guess.
    pub(super) fn begin(&self, token: &SecretString, who: Who, now: Timestamp) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.retain(|_, login| login.holds_at(now));
        make_room(&mut logins, |login| login.used);
        logins.insert(digest(token.expose_secret()), Login { who, since: now, used: now, said: None });
    }

    /// Who has this token.
    pub(super) fn who(&self, token: &str, now: Timestamp) -> Option<Who> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let login = logins.get_mut(&digest(token)).filter(|login| login.holds_at(now))?;
        login.used = now;
        Some(login.who.clone())
    }

    /// The same without counting as use.
    pub(super) fn peek(&self, token: &str, now: Timestamp) -> Option<Who> {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.get(&digest(token)).filter(|login| login.holds_at(now)).map(|login| login.who.clone())
    }

    /// Keeps a sentence for the next page that is shown.
    pub(super) fn say(&self, token: &str, good: bool, text: String) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = logins.get_mut(&digest(token)) {
            login.said = Some((good, text));
        }
    }

    /// That sentence, once.
    pub(super) fn said(&self, token: &str) -> Option<(bool, String)> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.get_mut(&digest(token))?.said.take()
    }

    /// Logs out.
    pub(super) fn end(&self, token: &str) {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(token));
    }

    /// A link with this key logs in, once.
    pub(super) fn add_link(&self, key: &SecretString, now: Timestamp) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|_, made| is_recent(*made, now, LINK));
        make_room(&mut links, |made| *made);
        links.insert(digest(key.expose_secret()), now);
    }

    /// Whether the key of a link is right; it is used up then.
    pub(super) fn take_link(&self, key: &str, now: Timestamp) -> bool {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.remove(&digest(key)).is_some_and(|made| is_recent(made, now, LINK))
    }
}

impl Login {
    fn holds_at(&self, now: Timestamp) -> bool {
        is_recent(self.used, now, IDLE) && is_recent(self.since, now, LONGEST)
    }
}

/// A clock that was set back ends nothing early.
fn is_recent(at: Timestamp, now: Timestamp, limit: SignedDuration) -> bool {
    now.duration_since(at) < limit
}

fn make_room<T>(map: &mut HashMap<Digested, T>, age: impl Fn(&T) -> Timestamp) {
    if map.len() >= MOST
        && let Some(oldest) = map.iter().min_by_key(|(_, one)| age(one)).map(|(key, _)| *key)
    {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3600).unwrap()
    }

    #[test]
    fn a_login_ends_when_unused_and_after_a_week_and_a_link_works_once() {
        let logins = Logins::default();
        let who = Who { name: "anna".to_owned(), role: Role::Viewer, by: crate::web::auth::Way::Link };
        logins.begin(&"token".into(), who.clone(), at(0));
        assert_eq!(logins.who("token", at(11)), Some(who.clone()));
        assert_eq!(logins.who("other", at(11)), None);
        assert_eq!(logins.peek("token", at(22)), Some(who.clone()), "a page that is only open");
        assert_eq!(logins.who("token", at(23)), None, "unused for twelve hours");
        logins.begin(&"token".into(), who.clone(), at(0));
        for hour in 0..168 {
            assert_eq!(logins.who("token", at(hour)), Some(who.clone()));
        }
        assert_eq!(logins.who("token", at(168)), None, "a week");
        logins.begin(&"token".into(), who, at(0));
        logins.end("token");
        assert_eq!(logins.who("token", at(0)), None);

        logins.add_link(&"key".into(), at(0));
        assert!(!logins.take_link("kex", at(0)));
        assert!(logins.take_link("key", at(0)));
        assert!(!logins.take_link("key", at(0)), "once");
        logins.add_link(&"key".into(), at(0));
        assert!(!logins.take_link("key", at(1)), "ten minutes");
    }
}
