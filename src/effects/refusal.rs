//! For whom a step would break something.

use serde_json::Value;

use super::sightings::Sighting;
use crate::api::Endpoint;

/// Why a player cannot be stepped from where they are now.
pub(super) fn refusal(endpoint: Endpoint, now: &Sighting, found: &Value) -> Option<String> {
    let pages = now.pages();
    let last = i64::try_from(pages.len()).unwrap_or(i64::MAX);
    if pages.is_empty() {
        return Some("has never opened the experiment, so there are no pages to step through".to_owned());
    }
    if now.show_page < 0 {
        return Some("has not begun yet".to_owned());
    }
    if now.show_page >= last {
        return Some("has finished already".to_owned());
    }
    let at = usize::try_from(now.show_page).unwrap_or_default();
    if endpoint == Endpoint::PlayersRevert
        && let Some(why) = nothing_before(pages.get(..at).unwrap_or_default())
    {
        return Some(why);
    }
    let page = pages.get(at).copied().unwrap_or_default();
    if endpoint == Endpoint::PlayersAdvance && is_wait_page(page) && found["_uproot_group"].is_null() {
        return Some(format!(
            "waits on {page} and has no group: past it, later pages of the group would fail; use players::end or \
             players::redirect"
        ));
    }
    None
}

/// Why there is no way back past these pages. Markers are never shown, and what the start of an app or a round set does
/// not run in reverse. Newer servers then refuse the whole call, older ones step onto the marker.
fn nothing_before(pages: &[&str]) -> Option<String> {
    for page in pages.iter().rev() {
        if page.ends_with("/#StartApp") || matches!(*page, "#RoundStart" | "#RepeatStart") {
            return Some(format!("is on the first page after {page}, and there is no way back past it"));
        }
        if !page.starts_with('#') {
            return None;
        }
    }
    Some("is on the first page".to_owned())
}

/// `app/#Name`, except the two that are no wait pages.
fn is_wait_page(page: &str) -> bool {
    match page.split_once("/#") {
        Some((app, name)) => {
            !app.is_empty() && !app.starts_with('#') && !matches!(name, "StartApp" | "LandingPage")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_goes_back_past_the_start_of_an_app_or_a_round() {
        let free: [&[&str]; 3] =
            [&["a/#StartApp", "a/One"], &["a/One", "#{", "#}"], &["a/#StartApp", "a/#Wait"]];
        for pages in free {
            assert_eq!(nothing_before(pages), None, "{pages:?}");
        }
        let stopped: [&[&str]; 4] = [
            &[],
            &["a/#StartApp"],
            &["a/One", "b/#StartApp", "#{"],
            &["a/#StartApp", "a/One", "#RoundStart"],
        ];
        for pages in stopped {
            assert!(nothing_before(pages).is_some(), "{pages:?}");
        }
    }
}
