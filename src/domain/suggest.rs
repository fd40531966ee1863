//! "Did you mean": the known word nearest to what was written.

/// The candidate nearest to `word`, if it is near enough to be a slip of the pen: about a third of its letters wrong.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit || is_part(word, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn is_part(word: &str, candidate: &str) -> bool {
    word.len() >= 4 && (candidate.contains(word) || (candidate.len() >= 4 && word.contains(candidate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["timezone", "listen", "store", "scripts"];
        assert_eq!(did_you_mean("timezome", known), Some("timezone"));
        assert_eq!(did_you_mean("time_zone", known), Some("timezone"));
        assert_eq!(did_you_mean("script", known), Some("scripts"));
        assert_eq!(did_you_mean("colour", known), None);
    }
}
