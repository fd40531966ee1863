//! What the doctor has found.

use std::{
    io::{IsTerminal, Write, stderr},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use serde_json::{Value, json};

use crate::cli::{exit::Exit, out};

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It works, and could be better.
    Hint,
    /// It fails, or will.
    Fail,
    /// Whatever else is right, nothing goes without it: a server that cannot be reached.
    Unreachable,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Hint => "hint",
            Self::Fail | Self::Unreachable => "FAIL",
        }
    }
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    state: State,
    said: String,
    /// What to do; empty where there is nothing to do.
    help: String,
}

/// All of them, in the order in which they are shown.
#[derive(Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    /// Each is printed as soon as it is found: the next one may take a while.
    at_once: bool,
}

impl Findings {
    /// For a person, or, with `as_json`, for a program.
    pub(super) fn new(as_json: bool) -> Self {
        Self { all: Vec::new(), at_once: !as_json }
    }

    /// Says what is being waited for, to a person who looks on.
    pub(super) fn asking(&self, whom: &str) {
        if self.at_once && stderr().is_terminal() {
            let _ = writeln!(stderr(), "      asking {}", out::visible(whom));
        }
    }

    pub(super) fn ok(&mut self, what: &'static str, said: impl Into<String>) {
        self.add(what, State::Ok, said.into(), String::new());
    }

    pub(super) fn hint(&mut self, what: &'static str, said: impl Into<String>, help: impl Into<String>) {
        self.add(what, State::Hint, said.into(), help.into());
    }

    pub(super) fn fail(&mut self, what: &'static str, said: impl Into<String>, help: impl Into<String>) {
        self.add(what, State::Fail, said.into(), help.into());
    }

    pub(super) fn unreachable(
        &mut self,
        what: &'static str,
        said: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(what, State::Unreachable, said.into(), help.into());
    }

    fn add(&mut self, what: &'static str, state: State, said: String, help: String) {
        if self.at_once {
            out::line(&format!("{:<4}  {what:<14} {said}", state.word()));
            if !help.is_empty() {
                out::line(&format!("      {:<14} {help}", ""));
            }
        }
        self.all.push(Finding { what, state, said, help });
    }

    /// Says where others may read a file.
    pub(super) fn private(&mut self, what: &'static str, path: &Path, why: &str) {
        let Ok(mode) = std::fs::metadata(path).map(|file| file.permissions().mode()) else { return };
        if mode & 0o004 != 0 {
            let said = format!("everybody on this computer may read {}: {why}", path.display());
            self.hint(what, said, format!("chmod o-r {}", path.display()));
        }
    }

    /// The worst is the exit code. All of them are printed now, where they are for a program.
    pub(super) fn finish(&self) -> Exit {
        let has = |state: State| self.all.iter().any(|finding| finding.state == state);
        let exit = match (has(State::Unreachable), has(State::Fail)) {
            (true, _) => Exit::Unreachable,
            (false, true) => Exit::NotRight,
            (false, false) => Exit::Done,
        };
        if !self.at_once {
            let all: Vec<Value> = self.all.iter().map(to_json).collect();
            out::json(&json!({ "ok": exit == Exit::Done, "findings": all }));
        }
        exit
    }
}

#[cfg(test)]
impl Findings {
    /// Each as `STATE WHAT SAID`.
    pub(super) fn shown(&self) -> Vec<String> {
        self.all.iter().map(|one| format!("{} {} {}", one.state.word(), one.what, one.said)).collect()
    }
}

fn to_json(finding: &Finding) -> Value {
    let state = finding.state.word().to_ascii_lowercase();
    let help = Some(&finding.help).filter(|help| !help.is_empty());
    json!({ "what": finding.what, "state": state, "said": finding.said, "help": help })
}
