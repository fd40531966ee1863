//! Which uproot a server is, and which generation of the API it therefore speaks.

use std::fmt;

use serde_json::Value;

/// The three generations of the Admin API. Paths, bodies and the meaning of `active` and `testing` differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 0.0.x: the paths of the contract, `session/S/` and `room/R/`.
    Contract,
    /// 0.1.0 to 0.7.x: `sessions/S/` and `rooms/R/`; `active` and `testing` still toggle.
    Toggling,
    /// 0.8.0 and later: `active` and `testing` are set to the value in the body; unknown names are 404.
    Newest,
}

impl Generation {
    /// Every generation, oldest first.
    pub const ALL: [Self; 3] = [Self::Contract, Self::Toggling, Self::Newest];

    /// Whether `sessions.active` and `sessions.testing` turn the value over and take no notice of the body. On such
    /// a server they must be read, compared, sent only if different, and read again.
    pub fn toggles(self) -> bool {
        self != Self::Newest
    }

    /// The first version that speaks it, as one says it.
    pub fn first_version(self) -> &'static str {
        match self {
            Self::Contract => "0.0.1",
            Self::Toggling => "0.1",
            Self::Newest => "0.8",
        }
    }

    /// Whether `rooms.update` sets every setting that the body leaves out back to nothing: `{"open": true}` then
    /// wipes config, labels and capacity. Later generations keep what is not given.
    pub fn update_resets_room(self) -> bool {
        self == Self::Contract
    }
}

/// The version a server gives in `status/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerVersion {
    numbers: [u32; 3],
    text: String,
}

/// Why an answer of `status/` names no version that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Neither `version` nor `versions.uproot` is there.
    #[error("the server's status names no uproot version: is this the address of an uproot server?")]
    Missing,
    /// The text is no version number, or one from before the Admin API.
    #[error("the server calls itself uproot {text:?}, which is no version known here: {KNOWN}")]
    Unreadable {
        /// What stands where the version should be.
        text: String,
    },
    /// 1.0 or later: nothing is known of its API.
    #[error("the server is uproot {text}, which is newer than this program knows: {KNOWN}")]
    TooNew {
        /// The version as the server gives it.
        text: String,
    },
}

const KNOWN: &str = "0.0.1 and 0.1.0 to 0.10.x are";

impl ServerVersion {
    /// Reads a version such as `0.10.1`; what follows the third number (`rc1`, `.dev2`) makes no difference.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        let unreadable = || VersionError::Unreadable { text: shown.clone() };
        let mut numbers = [0; 3];
        let mut parts = text.trim().split('.');
        for (index, number) in numbers.iter_mut().enumerate() {
            let part = parts.next().unwrap_or("");
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            match part[..digits].parse() {
                Ok(parsed) => *number = parsed,
                // "0.10" is short for "0.10.0"; without two numbers it is no version.
                Err(_) if index == 2 && part.is_empty() => {}
                Err(_) => return Err(unreadable()),
            }
            if digits < part.len() {
                if index == 0 {
                    return Err(unreadable());
                }
                break;
            }
        }
        if numbers < [0, 0, 1] {
            return Err(unreadable());
        }
        if numbers[0] >= 1 {
            return Err(VersionError::TooNew { text: shown });
        }
        Ok(Self { numbers, text: shown })
    }

    /// Finds the version in an answer of `status/`: top-level `version` in 0.0.x, `versions.uproot` since. The
    /// contract lets a public demo say no more than `{"public_demo": true}`: that is taken for the contract's own.
    pub fn from_status(status: &Value) -> Result<Self, VersionError> {
        let found = status.get("version").or_else(|| status.get("versions")?.get("uproot"));
        if found.is_none() && status.get("public_demo") == Some(&Value::Bool(true)) {
            return Ok(Self { numbers: [0, 0, 1], text: "0.0 (public demo)".to_owned() });
        }
        Self::parse(found.and_then(Value::as_str).ok_or(VersionError::Missing)?)
    }

    /// The generation of the API that this version speaks. Versions from 0.11 on are taken to be like 0.10.
    pub fn generation(&self) -> Generation {
        match self.numbers {
            [0, 0, _] => Generation::Contract,
            [0, minor, _] if minor < 8 => Generation::Toggling,
            _ => Generation::Newest,
        }
    }

    /// Whether this version came out after everything this program was tried against.
    pub(super) fn is_untried(&self) -> bool {
        self.numbers >= [0, 11, 0]
    }

    /// Whether page times are an endpoint of their own, as in 0.0.x and 0.1.x; later they are a file in the export.
    pub(super) fn has_page_times(&self) -> bool {
        self.numbers < [0, 2, 0]
    }

    /// The version as the server gives it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
