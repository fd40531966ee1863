//! Parameters that still hold what a recipe has in their place, such as `cc=CODE`: as names they are fine, and nobody else's.

use url::Url;

use super::{Library, header::Recipe};
use crate::{
    config::{Automation, Config},
    domain::{Mode, Problem, Severity},
};

/// What stands in recipes, and in the manuals of recruiters, where something of one's own is to stand.
const PLACEHOLDERS: [&str; 7] =
    ["CODE", "COMPLETION_CODE", "YOUR_CODE", "YOUR_COMPLETION_CODE", "STUDY", "STUDY_ID", "YOUR_STUDY_ID"];

/// Complains about each. In a dry run it harms nobody yet. A rehearsal is not asked: there it stands for whatever will be there.
pub(super) fn check(config: &Config, library: &Library) -> Vec<Problem> {
    config.automations.iter().flat_map(|automation| of(automation, config, library)).collect()
}

fn of(automation: &Automation, config: &Config, library: &Library) -> Vec<Problem> {
    let severity = if automation.mode == Mode::DryRun { Severity::Warning } else { Severity::Error };
    let recipe =
        library.get(&automation.script).and_then(|script| Recipe::read(&script.path, &script.source).ok());
    let mut problems = Vec::new();
    for (name, place) in &automation.params_places {
        let meaning = recipe.iter().flat_map(|recipe| &recipe.parameters).find(|known| known.name == *name);
        let meaning = meaning.map(|parameter| format!(": {}", parameter.meaning)).unwrap_or_default();
        for (text, span) in &place.texts {
            let Some(found) = placeholder(text) else { continue };
            let message =
                format!("`{name}` of {:?} still has the placeholder {found}", automation.name.as_str());
            let problem = Problem::at(severity, &config.file, &config.text, span.clone(), message);
            problems.push(problem.help(format!("write what is yours in its place{meaning}")));
        }
    }
    problems
}

/// The placeholder that a text is, or that stands in the query of an address. In the middle of a sentence it may be meant so.
fn placeholder(text: &str) -> Option<String> {
    let is_one = |text: &str| {
        let crosses = text.len() >= 3 && text.bytes().all(|b| b == b'X');
        PLACEHOLDERS.contains(&text) || crosses
    };
    if is_one(text) || text.ends_with("://...") {
        return Some(text.to_owned());
    }
    let url = Url::parse(text).ok()?;
    let found = url.query_pairs().find(|(_, value)| is_one(value));
    found.map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_replaced_is_known() {
        for text in [
            "CODE",
            "STUDY",
            "XXXXXXX",
            "https://...",
            "https://app.prolific.com/submissions/complete?cc=CODE",
            "https://example.org/done?a=1&code=XXXXXXXX",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        for text in [
            "C1A2B3C4",
            "https://app.prolific.com/submissions/complete?cc=C1A2B3C4",
            "Type the CODE that you see.",
            "code",
            "",
            "mysession",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
