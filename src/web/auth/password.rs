//! Passwords are only kept as Argon2id hashes.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};

/// The shortest password, in characters. Length is what helps (NIST SP 800-63B asks for at least 8).
pub const SHORTEST: usize = 10;
/// The longest that is even looked at, in bytes.
const LONGEST: usize = 1024;

/// The hash of a password, with a fresh salt, as a text with its parameters: `$argon2id$v=19$...`. An error says what is wrong with
/// the password.
pub fn hash(password: &SecretString) -> Result<String, String> {
    let text = password.expose_secret();
    if text.chars().count() < SHORTEST {
        return Err(format!("a password has at least {SHORTEST} characters: a few words do well"));
    }
    if text.len() > LONGEST {
        return Err(format!("a password has at most {LONGEST} bytes"));
    }
    let hashed = Argon2::default().hash_password(text.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| format!("the password cannot be hashed: {error}"))
}

/// The hash of no password that anybody knows.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGxvZ3MgaW4h$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a password is the right one. It takes as long where nobody has the name, so that nobody learns which names there are.
pub(super) fn is_right(password: &SecretString, hash: Option<&str>) -> bool {
    let text = password.expose_secret();
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let fits = text.len() <= LONGEST;
    let matches = Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok();
    fits && matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_has_takes_as_long() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let own = hash(&"correct horse battery".into()).unwrap();
        assert_eq!(parsed.params, PasswordHash::new(&own).unwrap().params);
        assert!(Argon2::default().verify_password(b"x", &parsed).is_err());
    }

    #[test]
    fn only_the_password_itself_is_right() {
        let hashed = hash(&"correct horse battery".into()).unwrap();
        assert!(hashed.starts_with("$argon2id$"), "{hashed}");
        assert!(is_right(&"correct horse battery".into(), Some(&hashed)));
        assert!(!is_right(&"correct horse batterz".into(), Some(&hashed)));
        assert!(!is_right(&"correct horse battery".into(), None), "nobody has this name");
        assert!(!is_right(&"correct horse battery".into(), Some("not a hash")));
        assert!(hash(&"short".into()).unwrap_err().contains("at least 10"));
    }
}
