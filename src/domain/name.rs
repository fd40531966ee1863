//! Names as the uproot server and the configuration use them, checked once where they enter.
//!
//! A name goes into URLs, file names and log lines, so what it may hold is decided here and nowhere else: letters,
//! digits, `.`, `_` and `-`, at most 128 of them, and not only dots (which a URL parser would read as "go up").

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest name in characters. The server allows labels of 128 and generates names of 5.
const MAX_LENGTH: usize = 128;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing stands where a name is needed.
    #[error("{what} is empty")]
    Empty {
        /// What was to be named, for example `session name`.
        what: &'static str,
    },
    /// Longer than 128 characters.
    #[error("{what} has {length} characters: at most {MAX_LENGTH} are allowed")]
    TooLong {
        /// What was to be named.
        what: &'static str,
        /// How long it is, in characters.
        length: usize,
    },
    /// A character that no name may hold, or dots only.
    #[error(
        "{what} {text:?} is not valid: only letters, digits, '.', '_' and '-' are allowed, and not dots alone"
    )]
    Invalid {
        /// What was to be named.
        what: &'static str,
        /// The text, as it was given.
        text: String,
    },
}

fn check(what: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    let length = text.chars().count();
    if length > MAX_LENGTH {
        return Err(NameError::TooLong { what, length });
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !text.chars().all(allowed) || text.chars().all(|c| c == '.') {
        return Err(NameError::Invalid { what, text: text.to_owned() });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks a text and takes it as a name.
            pub fn new(text: &str) -> Result<Self, NameError> {
                check($what, text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        // Two names are equal, and hash alike, as their texts do.
        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name!(
    /// The name of a session on the server (`sname`).
    SessionName, "session name"
);
name!(
    /// The name of a player within a session (`uname`).
    PlayerName, "player name"
);
name!(
    /// The name of a room on the server.
    RoomName, "room name"
);
name!(
    /// The name of a configuration that sessions are made from.
    ConfigName, "configuration name"
);
name!(
    /// The name of an app on the server: the folder of its code.
    AppName, "app name"
);
name!(
    /// The name of an automation in `config.toml`.
    AutomationName, "automation name"
);
name!(
    /// The name of a webhook: the last part of its address, `/hooks/NAME`.
    HookName, "webhook name"
);
name!(
    /// The name of a channel in `config.toml`: where notices go.
    ChannelName, "channel name"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_change_a_url_are_refused() {
        for bad in ["", ".", "..", "a/b", "a b", "a?b", "a#b", "é", "a\n", "%2e", &"x".repeat(129)] {
            assert!(SessionName::new(bad).is_err(), "{bad:?} was taken");
        }
        for good in ["a", "T1", "a.b", "my-session_2", &"x".repeat(128)] {
            assert!(SessionName::new(good).is_ok(), "{good:?} was refused");
        }
    }
}
