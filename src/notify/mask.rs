//! Masking: who somebody is outside of the experiment is nobody's business in a chat.

use std::collections::HashSet;

/// What stands in the place of a label or an id.
const MASKED: &str = "[masked]";
/// Shorter labels name seats rather than people, and are in too many words.
const SHORTEST: usize = 4;

/// What is to be masked: the labels of players, and whatever looks like an id of a recruiter.
#[derive(Clone, Debug, Default)]
pub(super) struct Mask {
    words: HashSet<String>,
    /// Labels that are more than a word, such as addresses for mail.
    phrases: Vec<String>,
}

impl Mask {
    /// For these labels.
    pub(super) fn of(labels: impl IntoIterator<Item = String>) -> Self {
        let mut mask = Self::default();
        for label in labels.into_iter().filter(|label| label.chars().count() >= SHORTEST) {
            if label.chars().all(is_of_word) {
                mask.words.insert(label);
            } else {
                mask.phrases.push(label);
            }
        }
        // A label may hold another one.
        mask.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        mask
    }

    /// The text with everything masked, unless it is not wanted.
    pub(super) fn apply(&self, text: &str, wanted: bool) -> String {
        if !wanted {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        for phrase in &self.phrases {
            if text.contains(phrase.as_str()) {
                text = text.replace(phrase.as_str(), MASKED);
            }
        }
        let mut masked = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(start) = rest.find(is_of_word) {
            let end = rest[start..].find(|c| !is_of_word(c)).map_or(rest.len(), |length| start + length);
            let word = &rest[start..end];
            masked.push_str(&rest[..start]);
            masked.push_str(if self.words.contains(word) || is_id(word) { MASKED } else { word });
            rest = &rest[end..];
        }
        masked.push_str(rest);
        masked
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// Whether it has the form of an id of Prolific (24 hexadecimal digits), of a worker (`A` and 12 to 20 capitals and digits) or
/// an assignment (`3` and 29 of them) of Mechanical Turk, or of a participant of Connect (32 hexadecimal digits).
fn is_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    let hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let capitals = bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let mixed = bytes.iter().any(u8::is_ascii_digit) && bytes.iter().any(u8::is_ascii_alphabetic);
    let form = match bytes.len() {
        24 | 32 => hex,
        30 => capitals && bytes[0] == b'3',
        13..=21 => capitals && bytes[0] == b'A',
        _ => false,
    };
    form && mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_ids_are_masked_and_nothing_else() {
        let mask = Mask::of(["5c0a91", "seat-12", "ada@example.org", "p7", "A"].map(str::to_owned));
        for (text, masked) in [
            ("p7 is 5c0a91", "p7 is [masked]"),
            ("5c0a91, 5c0a912 and x5c0a91", "[masked], 5c0a912 and x5c0a91"),
            ("seat-12: gone", "[masked]: gone"),
            ("write to ada@example.org!", "write to [masked]!"),
            ("A player of 60b9c2d0e8f1a7b3c4d5e6f7", "A player of [masked]"),
            ("worker A2ABCDEF3GHIJK", "worker [masked]"),
            ("(3AQGTY5GMKYZ07A54NQK1KVSS6X7UL)", "([masked])"),
            ("ABANDONEDPLAYERS wait", "ABANDONEDPLAYERS wait"),
            ("run 123456789012345678901234", "run 123456789012345678901234"),
            ("ünï 5c0a91ü", "ünï 5c0a91ü"),
            ("", ""),
        ] {
            assert_eq!(mask.apply(text, true), masked);
            assert_eq!(mask.apply(text, false), text);
        }
    }
}
