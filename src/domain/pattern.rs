//! Patterns of names: `final-*`.

use std::fmt;

/// A name in which each `*` stands for any text, also for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Any text is a pattern.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The one name that fits, where there is no `*` in it.
    pub fn literal(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&self.0)
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, fits, fails) in [
            ("final-*", ["final-", "final-1"], ["final", "my-final-1"]),
            ("*", ["", "anything"], ["", ""]),
            ("a*b*c", ["abc", "a-b-b-c"], ["acb", "abcd"]),
            ("exact", ["exact", "exact"], ["exactly", "inexact"]),
            ("aa*aa", ["aaaa", "aabaa"], ["aaa", "aa"]),
        ] {
            let pattern = Pattern::new(pattern);
            for name in fits {
                assert!(pattern.matches(name), "{pattern} {name}");
            }
            for name in fails.into_iter().filter(|_| pattern.0 != "*") {
                assert!(!pattern.matches(name), "{pattern} {name}");
            }
        }
    }
}
