//! The server itself: down, up again, started anew.

use serde_json::{Map, json};

use super::{memory::Common, rule::Rule};
use crate::{
    config::{Observed, ServerCondition},
    domain::NoticeKind,
};

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

/// How long the server cannot be read before people are told, in seconds: a restart takes less.
const TOLD: f64 = 60.0;

/// What people are to be told of the server after a look, once each; nothing where nobody `wants` it.
pub(super) fn news(common: &mut Common, now: f64, wants: bool) -> Option<(NoticeKind, String)> {
    if !wants {
        common.told_down = None;
        return None;
    }
    match (common.down, common.told_down) {
        (Some((since, last)), told) if told != Some(since) && last - since >= TOLD => {
            common.told_down = Some(since);
            Some((NoticeKind::ServerDown, format!("for {} now", minutes(last - since))))
        }
        (None, Some(since)) => {
            common.told_down = None;
            Some((NoticeKind::Recovered, format!("it was away for {}", minutes(now - since))))
        }
        _ => None,
    }
}

fn minutes(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round().max(1.0);
    if minutes == 1.0 { "a minute".to_owned() } else { format!("{minutes} minutes") }
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
    fn people_are_told_once_that_it_is_away_and_once_that_it_is_back() {
        let looks = |wants: bool| {
            let mut common = Common::default();
            let mut told = Vec::new();
            for (now, failed) in [
                (0, false),
                (5, true),
                (50, true),
                (70, true),
                (600, true),
                (605, false),
                (610, false),
                (700, true),
            ] {
                let now = f64::from(now);
                take(now, now, Health { failed, restarted: false }, &[], &mut common);
                told.extend(news(&mut common, now, wants).map(|(kind, text)| (now, kind, text)));
            }
            told
        };
        let down = (70.0, NoticeKind::ServerDown, "for a minute now".to_owned());
        let back = (605.0, NoticeKind::Recovered, "it was away for 10 minutes".to_owned());
        assert_eq!(looks(true), [down, back]);
        assert_eq!(looks(false), []);
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
