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

    /// Whether there is a name that fits both.
    pub fn meets(&self, other: &Self) -> bool {
        let (one, two): (Vec<char>, Vec<char>) = (self.0.chars().collect(), other.0.chars().collect());
        // Whether what is left of both from these places on fits one name; each row is made from the one below it.
        let mut below = vec![false; two.len() + 1];
        for i in (0..=one.len()).rev() {
            let mut row = vec![false; two.len() + 1];
            for j in (0..=two.len()).rev() {
                row[j] = match (one.get(i), two.get(j)) {
                    (None, None) => true,
                    // A star stands for nothing, or for what the other one has next.
                    (Some('*'), Some(_)) => below[j] || row[j + 1],
                    (Some('*'), None) => below[j],
                    (Some(_), Some('*')) => row[j + 1] || below[j],
                    (None, Some('*')) => row[j + 1],
                    (Some(a), Some(b)) => a == b && below[j + 1],
                    _ => false,
                };
            }
            below = row;
        }
        below[0]
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
    fn two_patterns_meet_where_a_name_fits_both() {
        for (one, two, meet) in [
            ("lab-*", "*-1", true),
            ("lab-*", "final-*", false),
            ("lab-*", "lab-", true),
            ("lab-*", "lab", false),
            ("*", "", true),
            ("a*c", "ab*", true),
            ("a*c", "*b", false),
            ("exact", "exact", true),
            ("a*b*c", "*cb*", true),
            ("", "x", false),
        ] {
            let (one, two) = (Pattern::new(one), Pattern::new(two));
            assert_eq!((one.meets(&two), two.meets(&one)), (meet, meet), "{one} {two}");
        }
    }

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
