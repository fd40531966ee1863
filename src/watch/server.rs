//! The server itself: down, up again, started anew.

use serde_json::{Map, json};

use super::{memory::Common, rule::Rule};
use crate::config::{Observed, ServerCondition};

/// What a look told of the server. Times are seconds since 1970 by our clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Health {
    /// It could not be read.
    pub(super) failed: bool,
    /// It was started anew.
    pub(super) restarted: bool,
}

/// The rules that have come true of the server: rule, what is remembered of it, and what the script gets to see.
pub(super) type Told = Vec<(usize, String, Map<String, serde_json::Value>)>;

/// Takes up what a look told that began then.
pub(super) fn take(began: f64, now: f64, health: Health, rules: &[Rule], common: &mut Common) -> Told {
    let mut told = Told::new();
    let down_before = common.down;
    let since = down_before.map_or(began, |(since, _)| since);
    common.down = health.failed.then_some((since, now));
    for (at, rule) in rules.iter().enumerate() {
        let Observed::Server(condition) = &rule.what else { continue };
        let since = match condition {
            ServerCondition::Down => {
                common.down.filter(|(since, last)| last - since >= rule.time).map(|(since, _)| since)
            }
            // Coming back is news only after it was seen to be down for long enough to be called so.
            ServerCondition::Up => down_before
                .filter(|(since, last)| common.down.is_none() && last - since >= rule.time)
                .map(|(since, _)| since),
            ServerCondition::Restarted => health.restarted.then_some(now),
        };
        let Some(since) = since else { continue };
        let visit = format!("{since:.3}");
        if !common.fired.has(&rule.key(), "", &visit) {
            let about = json!({"since": since}).as_object().cloned().unwrap_or_default();
            told.push((at, visit, about));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, watch::Rule};

    fn rules() -> Vec<Rule> {
        let on = |what: &str| {
            format!(
                "[[automation]]\nname = \"{what}\"\nscript = \"a.rhai\"\non = {{ server = \"{what}\" }}\n"
            )
        };
        let text = format!("[uproot]\ntoken_env = \"T\"\n{}{}{}", on("down"), on("up"), on("restarted"));
        let draft = config::parse("config.toml".as_ref(), text, &|_| Some("secret".to_owned()));
        let config = draft.accept().unwrap();
        Rule::of(config.automations.iter(), &config.watch)
    }

    #[test]
    fn down_is_told_once_and_so_is_up() {
        let rules = rules();
        let mut common = Common::default();
        let mut told = Vec::new();
        for (now, failed) in
            [(0, false), (5, true), (20, true), (40, true), (60, true), (65, false), (70, false)]
        {
            let now = f64::from(now);
            for (at, visit, _) in take(now, now, Health { failed, restarted: false }, &rules, &mut common) {
                common.fired.put(&rules[at].key(), "", visit);
                told.push((now, rules[at].what.word()));
            }
        }
        assert_eq!(told, [(40.0, "down"), (65.0, "up")]);
    }

    #[test]
    fn a_short_failure_is_no_news() {
        let rules = rules();
        let mut common = Common::default();
        for (now, failed) in [(0.0, false), (5.0, true), (40.0, false)] {
            assert!(take(now, now, Health { failed, restarted: false }, &rules, &mut common).is_empty());
        }
    }
}
