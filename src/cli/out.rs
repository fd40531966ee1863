//! The one place that prints. A reader who has gone away, such as `head`, is no error.

use std::io::{Write, stderr, stdout};

use super::log;

/// A line for the reader.
pub(super) fn line(text: &str) {
    let _ = writeln!(stdout().lock(), "{}", visible(text));
}

/// A text as it is, for another program or a file.
pub(super) fn text(text: &str) {
    bytes(text.as_bytes());
}

/// Bytes as they are.
pub(super) fn bytes(bytes: &[u8]) {
    let mut out = stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// JSON, indented.
pub(super) fn json(value: &serde_json::Value) {
    let _ = writeln!(stdout().lock(), "{value:#}");
}

/// A sentence about what went wrong.
pub(super) fn error(text: &str) {
    if log::is_for_programs() {
        tracing::error!("{text}");
        return;
    }
    let _ = writeln!(stderr().lock(), "error: {}", visible(text));
}

/// A word to whoever waits, beside what another program may read.
pub(super) fn note(text: &str) {
    if log::is_for_programs() {
        tracing::info!("{text}");
        return;
    }
    let _ = writeln!(stderr().lock(), "{}", visible(text));
}

/// Text from elsewhere can hold what a terminal would obey; here it is only shown.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            // Line ends could forge lines of their own; the others turn the direction of what follows.
            let turns =
                matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let shown: Vec<char> =
                if c.is_control() || turns { c.escape_default().collect() } else { vec![c] };
            shown
        })
        .collect()
}
