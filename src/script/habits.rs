//! Habits of Python and JavaScript, and what to write instead. Most who write a script know one of them and not Rhai.

/// What to write instead of a name that other languages have.
pub(super) fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "None" | "null" | "undefined" | "nil" => "nothing is written `()`",
        "True" => "write `true`",
        "False" => "write `false`",
        "self" | "console" | "Math" | "JSON" | "os" | "time" | "random" => {
            "there are no modules of other languages: `uproctor functions` lists what there is"
        }
        _ => return None,
    })
}

/// What to write instead, where a line of a script that does not compile, or the one before, looks like another language. `at` is
/// the place of the error.
pub fn habit_at(source: &str, at: usize) -> Option<&'static str> {
    let before = source.get(..at)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = source[start..].lines().next().unwrap_or_default();
    // An error about what is missing is told at the next word, which may be some lines further down.
    let earlier = before[..start].lines().rev().find(|line| !line.trim().is_empty());
    in_line(line).or_else(|| earlier.and_then(in_line))
}

fn in_line(line: &str) -> Option<&'static str> {
    let line = line.trim();
    let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    Some(if has_keyword_as_key(line) {
        "a word of the language stands in quotes as the key of a map: `\"for\": \"1m\"`"
    } else if starts(&["def ", "function ", "async "]) {
        "a function is written `fn name(argument) { ... }`"
    } else if line.starts_with('#') && !line.starts_with("#{") {
        "a comment begins with `//`"
    } else if has(&["f\"", "f'"]) {
        "values in a text are written `text ${value}`, between backticks"
    } else if has(&[" and ", " or "]) || starts(&["if not ", "while not "]) {
        "write `&&` for and, `||` for or, `!` for not"
    } else if starts(&["elif ", "else if:"]) {
        "write `else if ... { ... }`"
    } else if starts(&["except", "catch:", "try:"]) {
        "write `try { ... } catch (error) { ... }`"
    } else if has(&["lambda ", "=>"]) {
        "a function without a name is written `|argument| expression`"
    } else if has(&["++", "--"]) {
        "write `+= 1` or `-= 1`"
    } else if line.ends_with(':') {
        "a block stands in braces: `if ... { ... }`"
    } else if starts(&["import ", "from "]) {
        "there is nothing to import: all functions are there"
    } else if line.contains('\'') {
        "texts stand in double quotes: \"text\""
    } else {
        return None;
    })
}

/// Words of the language that are keys of `config.toml`, or may well be keys of something else.
const KEYWORDS: [&str; 6] = ["for", "in", "if", "do", "while", "switch"];

/// `#{ for: "1m" }`
fn has_keyword_as_key(line: &str) -> bool {
    let keys = line.match_indices(':').filter(|(at, _)| !line[at + 1..].starts_with(':'));
    keys.map(|(at, _)| line[..at].trim_end()).any(|before| {
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let rest = before[..before.len() - word.len()].trim_end();
        KEYWORDS.contains(&word) && (rest.is_empty() || rest.ends_with(['{', ',']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_other_languages_are_known() {
        for (line, hint) in [
            ("def run(event):", "fn name"),
            ("    if a and b {", "&&"),
            ("# a comment", "//"),
            ("log::info(f\"{x}\")", "backticks"),
            ("    n++;", "+= 1"),
            ("for p in players:", "braces"),
            ("let f = (x) => x + 1;", "|argument|"),
            ("let s = 'text';", "double quotes"),
            ("on: #{ player: \"stalled\", for: \"1m\" },", "in quotes as the key"),
        ] {
            let source = format!("// first\n{line}\n    }}");
            for at in [source.find(line).expect("the line"), source.len() - 1] {
                let found = habit_at(&source, at);
                assert!(found.is_some_and(|found| found.contains(hint)), "{line}: {found:?}");
            }
        }
        assert_eq!(habit_at("fn run(event) {\n    let m = #{ a: 1 };\n", 20), None);
    }
}
