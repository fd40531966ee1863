//! How text and numbers are written on the page.

use std::fmt::Write as _;

use super::since_start;

/// Text from elsewhere with what would turn or hide its neighbours made visible. Escaping for HTML is not done here:
/// the templates do it.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        );
        if c == '\n' || c == '\t' {
            out.push(' ');
        } else if c.is_control() || turns {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The same, with at most so many characters, the last of them an ellipsis where some are missing.
pub(super) fn clipped(text: &str, most: usize) -> String {
    let text = shown(text);
    match text.char_indices().nth(most) {
        None => text,
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{kept}…")
        }
    }
}

/// A coordinate, in as few characters as show.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A whole number with its thousands apart.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// How long something took: `42 s`, `8.6 min`, `25 h 46 min`.
pub(super) fn length(seconds: f64) -> String {
    if seconds < 99.5 {
        return format!("{seconds:.0} s");
    }
    let minutes = seconds / 60.0;
    if minutes < 100.0 {
        return format!("{minutes:.1} min");
    }
    let minutes = minutes.round() as u64;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

/// `H:MM:SS` for seconds since the beginning.
pub(super) fn clock(seconds: f64) -> String {
    since_start((seconds * 1e6) as i64)
}

/// `0:12:34–0:13:11, 37 s`.
pub(super) fn span(from: f64, to: f64) -> String {
    format!("{}–{}, {:.0} s", clock(from), clock(to), to - from)
}
