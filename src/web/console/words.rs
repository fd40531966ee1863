//! Times, lengths and marks, as people read them.

use jiff::Timestamp;
use maud::{Markup, html};

use super::scene::Scene;
use crate::{domain::Class, schedule::Zone};

/// An instant in the daemon's time zone: the time, and the day where it is another one. `at` is milliseconds since 1970.
pub(super) fn when(at: i64, now: Timestamp, zone: &Zone) -> Markup {
    let Ok(instant) = Timestamp::from_millisecond(at) else { return html! { "–" } };
    let zoned = |at: Timestamp| jiff::ZonedDateTime::new(at, zone.time_zone().clone());
    let (then, today) = (zoned(instant), zoned(now));
    let short = if then.date() == today.date() { "%H:%M:%S" } else { "%e %b %H:%M" };
    html! {
        time datetime=(instant) title=(then.strftime("%Y-%m-%d %H:%M:%S %Z")) { (then.strftime(short)) }
    }
}

/// An instant to the second, for whoever points at it. `at` is milliseconds since 1970.
pub(super) fn exact(at: i64, zone: &Zone) -> String {
    let Ok(instant) = Timestamp::from_millisecond(at) else { return String::new() };
    jiff::ZonedDateTime::new(instant, zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// How long ago something was. The browser counts it up: what is sent stays the same while nothing changes. `at` is milliseconds
/// since 1970.
pub(super) fn ago(at: i64, scene: &Scene) -> Markup {
    html! { span.ago data-since=(at) { "since " (when(at, scene.now, &scene.zone)) } }
}

/// In how long something will be, the same way.
pub(super) fn until(at: i64, scene: &Scene) -> Markup {
    html! { span.ago data-until=(at) { "at " (when(at, scene.now, &scene.zone)) } }
}

/// A length in its two largest units.
pub(super) fn seconds(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// How long something took, in milliseconds.
pub(super) fn took(millis: i64) -> String {
    match millis.max(0) {
        short @ 0..1000 => format!("{short} ms"),
        long @ 1000..60_000 => format!("{}.{} s", long / 1000, long % 1000 / 100),
        longer => seconds(longer.unsigned_abs() / 1000),
    }
}

/// The mark of a mode. Word, shape and colour all tell it.
pub(super) fn mode(mode: &str) -> Markup {
    let word = match mode {
        "live" => "LIVE",
        "approve" => "APPROVE",
        _ => "dry run",
    };
    html! { span class={ "mode mode-" (mode) } { (word) } }
}

/// The mark of how a run, an event, an effect or a plan stands.
pub(super) fn state(state: &str) -> Markup {
    html! { span class={ "state state-" (state) } { (state.replace('_', " ")) } }
}

/// The mark of a player's class.
pub(super) fn class(class: Class) -> Markup {
    html! { span class={ "class k-" (class) } { (class.as_str().replace('_', " ")) } }
}

/// What leads on from a page of a list. One that is not full has only been looked for so far back.
pub(super) fn further(found: usize, limit: usize) -> &'static str {
    if found < limit { "Look further back" } else { "Older" }
}

/// Why something did not run, as it is kept. It names the command that helps, in whose place there are buttons here.
pub(super) fn reason(kept: &str) -> String {
    match kept.rsplit_once("; `uproctor resume") {
        Some((why, _)) => format!("{why}; the button Resume lets go on"),
        None => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_button_and_not_the_command() {
        assert_eq!(reason("paused: x; `uproctor resume a`"), "paused: x; the button Resume lets go on");
        assert_eq!(reason("nobody is stalled"), "nobody is stalled");
    }
}
