//! `on = { player = ... }` and its like: triggers on what is observed of the experiment.

use std::{fmt, ops::Range, time::Duration};

use super::{
    reader::{Placed, Section},
    watch::WatchSection,
};
use crate::domain::{AutomationName, Pattern, PlayerCondition, SessionName, format_duration};

/// A trigger on something that is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observe {
    /// What.
    pub what: Observed,
    /// `for`: it starts a run once it has been so for so long; the default depends on what it is.
    pub time: Option<Duration>,
    /// `gap = "trust"`: times in which nobody could look count too. Default `"pause"`: they do not.
    pub trusts_gaps: bool,
}

/// What is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// `player`: a run for each player of whom it is so, once for each visit to a page.
    Player {
        /// What is so.
        condition: PlayerCondition,
        /// `sessions`: patterns of names. Default all that are watched.
        sessions: Vec<Pattern>,
        /// `pages`: patterns of pages, `app/Page`. Default all.
        pages: Vec<Pattern>,
    },
    /// `session`: a run for each session.
    Session {
        /// What is so.
        condition: SessionCondition,
        /// `sessions`.
        sessions: Vec<Pattern>,
    },
    /// `room = "waiting"`: so many people wait in a room without a session.
    Room {
        /// `rooms`: patterns of names. Default all.
        rooms: Vec<Pattern>,
        /// `count`: how many at least. Default 1.
        count: u32,
    },
    /// `server`: what the uproot server does.
    Server(ServerCondition),
}

/// `session = ...`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionCondition {
    /// There is a session that was not there before.
    Created,
    /// At least one player has finished, and nobody is under way.
    AllFinished,
}

/// `server = ...`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCondition {
    /// It cannot be read.
    Down,
    /// It can be read again.
    Up,
    /// It was started anew.
    Restarted,
}

impl SessionCondition {
    pub(crate) const ALL: [(&'static str, Self); 2] =
        [("created", Self::Created), ("all_finished", Self::AllFinished)];
}

impl ServerCondition {
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("down", Self::Down), ("up", Self::Up), ("restarted", Self::Restarted)];
}

impl Observed {
    /// The word for what is so, as the configuration and events have it.
    pub fn word(&self) -> &'static str {
        fn word<T: PartialEq>(words: &[(&'static str, T)], of: &T) -> &'static str {
            words.iter().find(|(_, one)| one == of).map_or("", |(word, _)| word)
        }
        match self {
            Self::Player { condition, .. } => condition.as_str(),
            Self::Session { condition, .. } => word(&SessionCondition::ALL, condition),
            Self::Room { .. } => "waiting",
            Self::Server(condition) => word(&ServerCondition::ALL, condition),
        }
    }

    /// What it is about: the key of the trigger.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Player { .. } => "player",
            Self::Session { .. } => "session",
            Self::Room { .. } => "room",
            Self::Server(_) => "server",
        }
    }
}

impl fmt::Display for Observe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}", self.what.about(), self.what.word())?;
        match self.time {
            Some(time) => write!(f, " for {}", format_duration(time)),
            None => Ok(()),
        }
    }
}

/// What stands in the place of a page before the first one, and after the last.
const START: &str = "Initialize";
const END: &str = "End";

/// Whoever is not heard of may only have a tab in the background, whose browser lets it speak once a minute.
const ABSENT_AT_LEAST: Duration = Duration::from_mins(2);

pub(super) fn player(section: &mut Section<'_, '_>, watch: &WatchSection) -> Option<Observe> {
    let condition = section.choice("player", &PlayerCondition::ALL);
    let (sessions, pages) = (sessions(section, watch), section.texts("pages").unwrap_or_default());
    let (time, trusts_gaps) = lasting(section);
    let condition = condition?.value;
    let pages = pages.into_iter().map(|page| page_pattern(section, condition, page)).collect();
    if condition == PlayerCondition::Absent
        && let Some(time) = &time
        && time.value < ABSENT_AT_LEAST
    {
        let message = "a player counts as absent after 2m at the earliest: a tab in the background looks the same until then";
        section.source.error_help(time.span.clone(), message, "write `for = \"2m\"` or longer");
    }
    Some(Observe {
        what: Observed::Player { condition, sessions, pages },
        time: time.map(|time| time.value),
        trusts_gaps,
    })
}

pub(super) fn session(section: &mut Section<'_, '_>, watch: &WatchSection) -> Option<Observe> {
    let condition = section.choice("session", &SessionCondition::ALL);
    let sessions = sessions(section, watch);
    let (time, trusts_gaps) = lasting(section);
    let what = Observed::Session { condition: condition?.value, sessions };
    Some(Observe { what, time: time.map(|time| time.value), trusts_gaps })
}

pub(super) fn room(section: &mut Section<'_, '_>) -> Option<Observe> {
    let waiting = section.choice("room", &[("waiting", ())]);
    let rooms = patterns(section, "rooms");
    let count = section.number("count", 1..=1_000_000);
    let (time, trusts_gaps) = lasting(section);
    waiting?;
    let count = count.map_or(1, |count| u32::try_from(count.value).unwrap_or(u32::MAX));
    let what = Observed::Room { rooms, count };
    Some(Observe { what, time: time.map(|time| time.value), trusts_gaps })
}

pub(super) fn server(section: &mut Section<'_, '_>) -> Option<Observe> {
    let condition = section.choice("server", &ServerCondition::ALL)?.value;
    let time = section.duration("for", Duration::ZERO);
    if condition != ServerCondition::Down
        && let Some(time) = &time
    {
        let message = "`for` has no meaning here: coming back is an instant";
        section.source.error_help(time.span.clone(), message, "leave it out, or use `server = \"down\"`");
    }
    Some(Observe { what: Observed::Server(condition), time: time.map(|time| time.value), trusts_gaps: false })
}

/// `run = "failed"`.
#[derive(Clone, Debug)]
pub struct OtherRuns {
    /// `automations`: of which automations; of all others where none is named.
    pub automations: Vec<AutomationName>,
    /// Where the trigger stands.
    pub span: Range<usize>,
}

impl OtherRuns {
    /// Whether a run of this automation is meant.
    pub fn names(&self, automation: &AutomationName) -> bool {
        self.automations.is_empty() || self.automations.contains(automation)
    }
}

pub(super) fn run(section: &mut Section<'_, '_>) -> Option<OtherRuns> {
    let failed = section.choice("run", &[("failed", ())]);
    let mut automations = Vec::new();
    for Placed { value, span } in section.texts("automations").unwrap_or_default() {
        match AutomationName::new(&value) {
            Ok(name) => automations.push(name),
            Err(error) => section.source.error(span, error.to_string()),
        }
    }
    failed.map(|_| OtherRuns { automations, span: section.span.clone() })
}

fn patterns(section: &mut Section<'_, '_>, key: &'static str) -> Vec<Pattern> {
    section.texts(key).unwrap_or_default().into_iter().map(|text| Pattern::new(text.value)).collect()
}

/// `sessions`: only those that are observed at all can be meant.
fn sessions(section: &mut Section<'_, '_>, watch: &WatchSection) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for Placed { value, span } in section.texts("sessions").unwrap_or_default() {
        let pattern = Pattern::new(value);
        // With a name in the place of each star.
        let sample = pattern.to_string().replace('*', "x");
        if let Err(error) = SessionName::new(&sample) {
            let message = format!("`sessions`: no session can be called \"{pattern}\"");
            section.source.warn_help(span, message, error.to_string());
        } else if !watch.sessions.iter().any(|watched| watched.meets(&pattern)) {
            let watched: Vec<String> = watch.sessions.iter().map(|one| format!("\"{one}\"")).collect();
            let message = format!("`sessions`: no session that is observed can be called \"{pattern}\"");
            let help = format!("`[watch] sessions` are {}: add this one to them", watched.join(", "));
            section.source.warn_help(span, message, help);
        }
        patterns.push(pattern);
    }
    patterns
}

/// One of `pages`, with a warning where it fits none.
fn page_pattern(section: &Section<'_, '_>, condition: PlayerCondition, page: Placed<String>) -> Pattern {
    let Placed { value, span } = page;
    let pattern = Pattern::new(value);
    if condition == PlayerCondition::Finished && !pattern.matches(END) {
        let message =
            format!("`pages`: who has finished is at the end, and on no page such as \"{pattern}\"");
        section.source.warn_help(span, message, "leave `pages` out");
    } else if !pattern.meets(&Pattern::new("*/*")) && !pattern.matches(START) && !pattern.matches(END) {
        let message = format!("`pages`: no page is called \"{pattern}\"");
        let help = format!("a page is written as \"app/Page\"; \"*/{pattern}\" is that page of every app");
        section.source.warn_help(span, message, help);
    }
    pattern
}

/// `for` and `gap`.
fn lasting(section: &mut Section<'_, '_>) -> (Option<Placed<Duration>>, bool) {
    let time = section.duration("for", Duration::ZERO);
    let gap = section.choice("gap", &[("pause", false), ("trust", true)]);
    (time, gap.is_some_and(|gap| gap.value))
}
