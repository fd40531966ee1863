//! Where somebody reads what they are told, and so what they have at hand to do about it.

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// At a terminal, or in a program: they have the commands.
    Terminal,
    /// In the console: they have its pages and buttons.
    Browser,
}

impl Reader {
    /// What each of them is told.
    pub fn told<'a>(self, terminal: &'a str, browser: &'a str) -> &'a str {
        match self {
            Self::Terminal => terminal,
            Self::Browser => browser,
        }
    }
}
