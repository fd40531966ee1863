//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// 0: done.
    Done,
    /// 1: the thing asked about is not right: a failed check, a failed run.
    NotRight,
    /// 2: wrong usage.
    Usage,
    /// 3: a server or daemon cannot be reached.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::NotRight => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
        })
    }
}
