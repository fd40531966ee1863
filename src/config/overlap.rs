//! `overlap`, `key`, `max` and `on_full`: what happens to an event while a run is under way.

use super::reader::Section;

/// What happens to an event while a run for the same key is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// `overlap`.
    pub policy: OverlapPolicy,
    /// `key`: within what the policy holds. Default `automation`, and `player` with a `player` trigger.
    pub key: KeyRule,
    /// How many events may wait for a key: `max`, except with `parallel`. Default 10, and 1000 where they come
    /// from outside.
    pub max: usize,
    /// `on_full`: which event goes when more would wait.
    pub on_full: OnFull,
}

/// `overlap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlapPolicy {
    /// The event is dropped, with a reason. The default of clocks, whose next event comes anyway.
    Single,
    /// The event waits. The default of all but clocks, whose events do not come again.
    Queued,
    /// So many runs go on at the same time, `max`; what comes then waits.
    Parallel(usize),
    /// The run under way is cancelled, and the newest event takes its place.
    Restart,
}

/// Within what an overlap is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// The whole automation.
    Automation,
    /// A field of the payload or item, by its path: `player`, `data.participant_id`; of what is observed `session` or
    /// `player`. Events without the field share one key.
    Field(String),
}

/// `on_full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFull {
    /// The one that just came.
    DropNewest,
    /// The one that has waited longest.
    DropOldest,
    /// All that wait: the one that just came stands for them.
    Coalesce,
}

/// How many runs go on at the same time with `parallel`, unless `max` says so.
const AT_ONCE: usize = 10;

impl Overlap {
    /// `from_outside`: whether events come that do not come again, as those of webhooks and polls. `throttled`: whether events
    /// may have to wait though no run is under way.
    /// `usual_key`: the key where none is given.
    pub(super) fn read(
        section: &mut Section<'_, '_>,
        from_outside: bool,
        throttled: bool,
        usual_key: KeyRule,
    ) -> Self {
        let policy = section.choice(
            "overlap",
            &[
                ("single", OverlapPolicy::Single),
                ("queued", OverlapPolicy::Queued),
                ("parallel", OverlapPolicy::Parallel(AT_ONCE)),
                ("restart", OverlapPolicy::Restart),
            ],
        );
        let key = section.text("key").map(|key| match key.value.as_str() {
            "automation" => KeyRule::Automation,
            path => KeyRule::Field(path.to_owned()),
        });
        let max = section.number("max", 1..=100_000);
        let on_full = section.choice(
            "on_full",
            &[
                ("drop_newest", OnFull::DropNewest),
                ("drop_oldest", OnFull::DropOldest),
                ("coalesce", OnFull::Coalesce),
            ],
        );
        let default = if from_outside { OverlapPolicy::Queued } else { OverlapPolicy::Single };
        let policy = policy.map_or(default, |policy| policy.value);
        let why = match policy {
            OverlapPolicy::Single if !throttled => Some("with `overlap = \"single\"` no event waits"),
            OverlapPolicy::Restart => Some("with `overlap = \"restart\"` only the newest event waits"),
            _ => None,
        };
        let given = [
            ("max", max.as_ref().map(|max| &max.span)),
            ("on_full", on_full.as_ref().map(|full| &full.span)),
        ];
        for (key, span) in given {
            if let (Some(why), Some(span)) = (why, span) {
                let message = format!("`{key}` has no effect: {why}");
                let help = "leave it out, or write `overlap = \"queued\"`";
                section.source.warn_help(span.clone(), message, help);
            }
        }
        let max = max.map(|max| usize::try_from(max.value).unwrap_or(usize::MAX));
        let waiting = if from_outside { 1000 } else { 10 };
        let (policy, max) = match policy {
            OverlapPolicy::Parallel(at_once) => (OverlapPolicy::Parallel(max.unwrap_or(at_once)), waiting),
            other => (other, max.unwrap_or(waiting)),
        };
        Self {
            policy,
            key: key.unwrap_or(usual_key),
            max,
            on_full: on_full.map_or(OnFull::DropNewest, |on_full| on_full.value),
        }
    }
}
