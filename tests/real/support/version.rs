//! The versions of uproot that the tests run against.

use std::path::{Path, PathBuf};

/// One published version of uproot. `tests/install-uproot` installs the same two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 0.1.0, the older generation of the Admin API: toggles, and players' presence under `players/online/`.
    Older,
    /// 0.10.1, the newest generation.
    Newest,
}

impl Version {
    /// As the package index spells it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Version::Older => "0.1.0",
            Version::Newest => "0.10.1",
        }
    }

    /// The `uproot` command of this version's virtual environment.
    pub(crate) fn command(self) -> PathBuf {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("target"));
        let environment = target.join("uproot").join(self.number());
        assert!(
            environment.join("complete").exists(),
            "uproot {} is not installed in {}: run tests/install-uproot first",
            self.number(),
            environment.display()
        );
        environment.join("bin/uproot")
    }

    /// Where the presence of a session's players is read.
    pub(crate) fn online_path(self, session: &str) -> String {
        match self {
            Version::Older => format!("sessions/{session}/players/online/"),
            Version::Newest => format!("sessions/{session}/online-players/"),
        }
    }
}

/// Makes a test of each function for each version: `on_every_version!(a_player_joins)` with a
/// `fn a_player_joins(version: Version)` beside it.
macro_rules! on_every_version {
    ($($name:ident),+ $(,)?) => {
        mod older {
            $(#[test] fn $name() { super::$name($crate::support::Version::Older); })+
        }
        mod newest {
            $(#[test] fn $name() { super::$name($crate::support::Version::Newest); })+
        }
    };
}
pub(crate) use on_every_version;
