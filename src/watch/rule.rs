//! What automations wait for, and whether it has come: once for each visit, after it has been so for long enough.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{classify::View, player::Player, session::Session};
use crate::{
    config::{Automation, Observe, Observed, ServerCondition, SessionCondition, Trigger, WatchSection},
    domain::{AutomationName, Mode, Pattern, PlayerCondition},
};

/// Whoever was gone for longer than this beyond what is waited for is no news: nobody wakes up to act on last week's session.
const NEWS: f64 = 3600.0;
/// How long nobody may have been under way for everybody to have finished, unless `for` says so.
const ALL_OVER: Duration = Duration::from_mins(2);
/// How long the server cannot be read to be down, unless `for` says so.
const DOWN: Duration = Duration::from_secs(30);

/// One trigger of one automation.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The automation.
    pub automation: AutomationName,
    /// Dry runs have a memory of their own.
    pub mode: Mode,
    pub(super) what: Observed,
    /// For how long it has to be so, in seconds.
    pub(super) time: f64,
    pub(super) trusts_gaps: bool,
    /// Which of the automation's triggers of the same word.
    number: usize,
}

impl Rule {
    /// The rules of a configuration.
    pub fn of<'a>(automations: impl Iterator<Item = &'a Automation>, watch: &WatchSection) -> Vec<Self> {
        let mut rules: Vec<Self> = Vec::new();
        for automation in automations {
            for trigger in &automation.triggers {
                let Trigger::Observe(observe) = trigger else { continue };
                let mut rule = Self::new(automation, observe, watch);
                // Each trigger remembers for itself, also beside another of the same word.
                while rules.iter().any(|other| other.key() == rule.key()) {
                    rule.number += 1;
                }
                rules.push(rule);
            }
        }
        // Up is told after what the same automation was told to be down.
        for at in 0..rules.len() {
            let down = rules.iter().find(|rule| {
                rule.automation == rules[at].automation
                    && rule.what == Observed::Server(ServerCondition::Down)
            });
            if let (Observed::Server(ServerCondition::Up), Some(down)) = (&rules[at].what, down) {
                rules[at].time = down.time;
            }
        }
        rules
    }

    fn new(automation: &Automation, observe: &Observe, watch: &WatchSection) -> Self {
        let usual = match &observe.what {
            Observed::Player { condition: PlayerCondition::Stalled, .. } => watch.patience,
            Observed::Session { condition: SessionCondition::AllFinished, .. } => ALL_OVER,
            Observed::Server(_) => DOWN,
            _ => Duration::ZERO,
        };
        Self {
            automation: automation.name.clone(),
            mode: automation.mode,
            what: observe.what.clone(),
            time: observe.time.unwrap_or(usual).as_secs_f64(),
            trusts_gaps: observe.trusts_gaps,
            number: 1,
        }
    }

    /// Under what its memory is kept: the automation and what it waits for, whatever else of the trigger is changed.
    pub(super) fn key(&self) -> String {
        let dry = if self.mode == Mode::DryRun { "dry-run/" } else { "" };
        let number = if self.number == 1 { String::new() } else { format!(" {}", self.number) };
        format!("{dry}{}/{} {}{number}", self.automation, self.what.about(), self.what.word())
    }

    /// Under what it is kept since when it is watched for: a trigger that is about more from now on has not watched the rest.
    pub(super) fn scope(&self) -> String {
        let patterns: Vec<String> = match &self.what {
            Observed::Player { sessions, pages, .. } => {
                sessions.iter().chain(pages).map(ToString::to_string).collect()
            }
            Observed::Session { sessions, .. } => sessions.iter().map(ToString::to_string).collect(),
            Observed::Room { rooms, .. } => rooms.iter().map(ToString::to_string).collect(),
            Observed::Server(_) => Vec::new(),
        };
        format!("{} {}", self.key(), patterns.join(" "))
    }

    /// From when on it calls somebody stalled, in seconds on a page; not at all where it is about something else.
    pub(super) fn patience(&self) -> f64 {
        match self.what {
            Observed::Player { condition: PlayerCondition::Stalled, .. } => self.time,
            _ => f64::INFINITY,
        }
    }

    /// Whether it is about this session.
    pub(super) fn covers(&self, session: &str) -> bool {
        match &self.what {
            Observed::Player { sessions, .. } | Observed::Session { sessions, .. } => fits(sessions, session),
            Observed::Room { .. } | Observed::Server(_) => false,
        }
    }
}

/// No pattern at all stands for everything.
pub(super) fn fits(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}

/// What has come already: by rule, by player (or the empty text for the session itself), the visit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Fired(BTreeMap<String, BTreeMap<String, String>>);

impl Fired {
    pub(super) fn has(&self, rule: &str, subject: &str, visit: &str) -> bool {
        self.0.get(rule).and_then(|fired| fired.get(subject)).is_some_and(|fired| fired == visit)
    }

    /// How many had finished when it came last.
    fn number(&self, rule: &str) -> Option<u32> {
        self.0.get(rule).and_then(|fired| fired.get("")).and_then(|visit| number(visit))
    }

    pub(super) fn put(&mut self, rule: &str, subject: &str, visit: String) {
        self.0.entry(rule.to_owned()).or_default().insert(subject.to_owned(), visit);
    }
}

/// A rule has come true.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Due {
    /// Which rule.
    pub(super) rule: usize,
    /// The player's place, for a rule about players.
    pub(super) player: Option<usize>,
    /// Since when it is so.
    pub(super) since: f64,
    /// What is remembered of it.
    pub(super) visit: String,
}

/// The rules that have come true of a session. `began` says since when each is watched for.
pub(super) fn due(
    session: &Session,
    view: &View,
    rules: &[Rule],
    began: &BTreeMap<String, f64>,
    fired: &Fired,
) -> Vec<Due> {
    let mut due = Vec::new();
    for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.covers(session.name.as_str())) {
        let key = rule.key();
        let began = began.get(&rule.scope()).copied().unwrap_or(view.now);
        match &rule.what {
            Observed::Player { condition, pages, .. } => {
                for (place, (name, player)) in session.players.iter().enumerate() {
                    let Some(since) = view.since(*condition, player, &session.players) else { continue };
                    let may_be = fits(pages, player.page_name())
                        && lasts(rule, view, since)
                        && is_news(rule, *condition, view, since, began);
                    if !may_be {
                        continue;
                    }
                    let visit = visit(*condition, player);
                    if !fired.has(&key, name, &visit) {
                        due.push(Due { rule: at, player: Some(place), since, visit });
                    }
                }
            }
            Observed::Session { condition, .. } => {
                let found = match condition {
                    SessionCondition::Created => {
                        session.created.map(|created| (created, "created".to_owned()))
                    }
                    SessionCondition::AllFinished => all_finished(session),
                };
                if let Some((since, visit)) = found
                    && since >= began
                    && lasts(rule, view, since)
                    && !fired.has(&key, "", &visit)
                    && (number(&visit).is_none() || fired.number(&key) < number(&visit))
                {
                    due.push(Due { rule: at, player: None, since, visit });
                }
            }
            Observed::Room { .. } | Observed::Server(_) => {}
        }
    }
    due
}

fn lasts(rule: &Rule, view: &View, since: f64) -> bool {
    let lasted = if rule.trusts_gaps { view.elapsed(since) } else { view.lasted(since) };
    lasted >= rule.time
}

/// A step that was made before anybody watched for it is no news, and neither is who has been gone for hours.
fn is_news(rule: &Rule, condition: PlayerCondition, view: &View, since: f64, began: f64) -> bool {
    match condition {
        PlayerCondition::Absent | PlayerCondition::Expired => view.elapsed(since) <= rule.time + NEWS,
        condition if condition.is_step() => since >= began,
        _ => true,
    }
}

/// Once a page visit; what happens once in a player's life, once.
fn visit(condition: PlayerCondition, player: &Player) -> String {
    match condition {
        PlayerCondition::Joined | PlayerCondition::Finished | PlayerCondition::Dropped => "once".to_owned(),
        _ => player.visit(),
    }
}

/// How many have finished, of [`all_finished`]; fewer than before, since one was marked as dropped out, are no news.
fn number(visit: &str) -> Option<u32> {
    visit.strip_prefix("finished ")?.parse().ok()
}

/// Since when nobody is under way, if somebody has finished. It can come again after more people have come.
fn all_finished(session: &Session) -> Option<(f64, String)> {
    let finished = session.players.values().filter(|player| player.is_finished() && !player.order.is_empty());
    let (count, last) = finished
        .map(|player| player.entered.unwrap_or_default())
        .fold((0, 0.0), |(count, last): (u32, f64), entered| (count + 1, last.max(entered)));
    let dropped = session.players.values().filter_map(|player| player.dropped_at).fold(0.0, f64::max);
    let under_way =
        session.players.values().any(|player| player.is_under_way() || player.started && player.page < 0);
    (count > 0 && !under_way).then(|| (last.max(dropped), format!("finished {count}")))
}
