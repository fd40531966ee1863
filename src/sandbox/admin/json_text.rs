//! JSON as Python reads it: what is wrong with a text, and at which character.

use serde_json::Value;

/// A body that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// A value.
    Value(Value),
    /// A value with a number in it that no answer can have, such as `NaN`: the server takes it and then fails.
    Endless,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no UTF-8, or nested without end.
    Unreadable,
    /// It is no JSON from this character on.
    At(usize, &'static str),
}

/// How deep lists and objects may be nested.
const DEEPEST: usize = 200;

/// Reads a text.
pub(super) fn read(bytes: &[u8]) -> Result<Json, Fault> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(Json::Value(value));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Unreadable)?;
    let mut scan = Scan { chars: text.chars().collect(), at: 0, depth: 0 };
    scan.spaces();
    scan.value()?;
    scan.spaces();
    if scan.at < scan.chars.len() { scan.fault("Extra data") } else { Ok(Json::Endless) }
}

/// Walks through a text only to find what is wrong with it.
struct Scan {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Scan {
    fn fault<T>(&self, error: &'static str) -> Result<T, Fault> {
        Err(Fault::At(self.at, error))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    /// Goes past these characters, if they come next.
    fn skip(&mut self, word: &str) -> bool {
        let comes = word.chars().enumerate().all(|(offset, c)| self.chars.get(self.at + offset) == Some(&c));
        if comes {
            self.at += word.chars().count();
        }
        comes
    }

    fn value(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some('"') => self.text(),
            Some('{' | '[') if self.depth >= DEEPEST => Err(Fault::Unreadable),
            Some(bracket @ ('{' | '[')) => {
                self.at += 1;
                self.depth += 1;
                let read = if bracket == '{' { self.object() } else { self.list() };
                self.depth -= 1;
                read
            }
            _ => {
                let words = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
                if words.iter().any(|word| self.skip(word)) || self.number() {
                    Ok(())
                } else {
                    self.fault("Expecting value")
                }
            }
        }
    }

    fn object(&mut self) -> Result<(), Fault> {
        self.spaces();
        if self.skip("}") {
            return Ok(());
        }
        loop {
            if self.peek() != Some('"') {
                return self.fault("Expecting property name enclosed in double quotes");
            }
            self.text()?;
            self.spaces();
            if !self.skip(":") {
                return self.fault("Expecting ':' delimiter");
            }
            self.spaces();
            self.value()?;
            self.spaces();
            if self.skip("}") {
                return Ok(());
            }
            if !self.skip(",") {
                return self.fault("Expecting ',' delimiter");
            }
            self.spaces();
        }
    }

    fn list(&mut self) -> Result<(), Fault> {
        self.spaces();
        if self.skip("]") {
            return Ok(());
        }
        loop {
            self.value()?;
            self.spaces();
            if self.skip("]") {
                return Ok(());
            }
            if !self.skip(",") {
                return self.fault("Expecting ',' delimiter");
            }
            self.spaces();
        }
    }

    fn text(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Fault::At(start, "Unterminated string starting at")),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(c) if u32::from(c) < 0x20 => return self.fault("Invalid control character at"),
                Some('\\') => match self.chars.get(self.at + 1) {
                    None => return Err(Fault::At(start, "Unterminated string starting at")),
                    Some('u') => {
                        let digits = self.chars.get(self.at + 2..self.at + 6).unwrap_or_default();
                        if digits.len() < 4 || !digits.iter().all(char::is_ascii_hexdigit) {
                            return Err(Fault::At(self.at + 1, "Invalid \\uXXXX escape"));
                        }
                        self.at += 6;
                    }
                    Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.at += 2,
                    Some(_) => return self.fault("Invalid \\escape"),
                },
                Some(_) => self.at += 1,
            }
        }
    }

    /// Goes past a number, if one comes next; as far as it is one.
    fn number(&mut self) -> bool {
        let start = self.at;
        self.skip("-");
        if !self.skip("0") && self.digits() == 0 {
            self.at = start;
            return false;
        }
        let whole = self.at;
        if self.skip(".") && self.digits() == 0 {
            self.at = whole;
        }
        let mantissa = self.at;
        if self.skip("e") || self.skip("E") {
            let _sign = self.skip("+") || self.skip("-");
            if self.digits() == 0 {
                self.at = mantissa;
            }
        }
        true
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_where_python_finds_them() {
        let fault = |text: &str| match read(text.as_bytes()) {
            Err(Fault::At(at, error)) => (at, error),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(fault("nonsense"), (0, "Expecting value"));
        assert_eq!(fault("{"), (1, "Expecting property name enclosed in double quotes"));
        assert_eq!(fault(r#"{"a":1,}"#), (7, "Expecting property name enclosed in double quotes"));
        assert_eq!(fault(r#"{"a" 1}"#), (5, "Expecting ':' delimiter"));
        assert_eq!(fault(r#"{"é": [1 2]}"#), (9, "Expecting ',' delimiter"));
        assert_eq!(fault("[1,]"), (3, "Expecting value"));
        assert_eq!(fault(r#"{"a": "b"#), (6, "Unterminated string starting at"));
        assert_eq!(fault("{} x"), (3, "Extra data"));
        assert_eq!(fault("01"), (1, "Extra data"));
        assert_eq!(fault("\"a\u{1}\""), (2, "Invalid control character at"));
        assert_eq!(fault(r#"["\x"]"#), (2, "Invalid \\escape"));
    }

    #[test]
    fn what_python_takes_and_cannot_answer_is_told_apart() {
        assert_eq!(read(b"[NaN]"), Ok(Json::Endless));
        assert_eq!(read(br#"{"a": 1e400}"#), Ok(Json::Endless));
        assert_eq!(read(b"{\"a\": \"\xff\"}"), Err(Fault::Unreadable));
        assert_eq!(read("[".repeat(100_000).as_bytes()), Err(Fault::Unreadable));
    }
}
