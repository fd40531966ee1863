//! Making texts fit.

/// The text, or its beginning with `…` behind it, so that it has at most so many characters.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(longest.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// The same, counted in bytes of UTF-8.
pub(super) fn shorten_bytes(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(longest.saturating_sub('…'.len_utf8()));
    format!("{}…", text[..end].trim_end())
}

/// The text on one line, without what a terminal or a header would obey.
pub(super) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts a backslash before each of these characters.
pub(super) fn escape(text: &str, special: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Breaks what services would take for a call to people, such as `@channel`: a space without width behind each `@`.
pub(super) fn without_calls(text: &str) -> String {
    text.replace('@', "@\u{200b}")
}
