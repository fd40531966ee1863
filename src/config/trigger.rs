//! `on = { ... }`: what starts an automation.

use std::{fmt, ops::Range, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    observe::{self, Observe, Observed, OtherRuns},
    reader::{Placed, Section},
    secret::Secrets,
    value::integer,
    watch::WatchSection,
};
use crate::{
    domain::{EventKind, HookName, Scheme, Severity, did_you_mean, format_duration, parse_duration},
    schedule::{Cron, Every, Zone, parse_at},
    signature::check_secret,
};

/// What starts an automation.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A calendar: `cron`, `every` or `at`.
    Clock(Clock, Timing),
    /// `webhook`: a request to `/hooks/NAME`.
    Webhook(Webhook),
    /// `poll`: the script's `poll()` is asked for items.
    Poll(Poll),
    /// `player`, `session`, `room` or `server`: what is observed of the experiment.
    Observe(Observe),
    /// `run = "failed"`: a run of another automation failed.
    OtherRuns(OtherRuns),
    /// `daemon = "started"`.
    Started,
}

impl Trigger {
    /// Whether its events are about one player each.
    pub fn is_about_players(&self) -> bool {
        matches!(self, Self::Observe(Observe { what: Observed::Player { .. }, .. }))
    }

    /// Whether its events come when they like and do not come again, unlike those of a clock.
    pub fn is_from_outside(&self) -> bool {
        !matches!(self, Self::Clock(..) | Self::Started)
    }
}

/// When a clock fires.
#[derive(Clone, Debug)]
pub enum Clock {
    /// `cron`, in the daemon's time zone.
    Cron(Cron, Zone),
    /// `every`: a grid of elapsed time, anchored at 1970, so that a restart does not move it.
    Every(Every),
    /// `at`: one instant.
    At(Timestamp),
}

impl Clock {
    /// The first instant after `after`, if there is one.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron, zone) => cron.next_after(after, zone),
            Self::Every(every) => every.next_after(after),
            Self::At(at) => (*at > after).then_some(*at),
        }
    }

    /// The distance of two firings, as far as there is one.
    pub fn period(&self, from: Timestamp) -> Option<Duration> {
        match self {
            Self::Cron(cron, zone) => cron.period(from, zone),
            Self::Every(every) => Some(every.period()),
            Self::At(_) => None,
        }
    }

    /// The kind of the events that it makes.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Cron(..) => EventKind::Cron,
            Self::Every(_) => EventKind::Every,
            Self::At(_) => EventKind::At,
        }
    }
}

/// As the store keeps it, to tell whether a schedule was changed.
impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron, zone) => write!(f, "cron {cron} {}", zone.name()),
            Self::Every(every) => write!(f, "every {}", format_duration(every.period())),
            Self::At(at) => write!(f, "at {at}"),
        }
    }
}

/// How far from its instants a clock fires, and what becomes of those that the daemon was not there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// `jitter`: each instant fires up to this much later, each always by the same. Default none.
    pub jitter: Duration,
    /// `grace`: up to this late, an instant simply fires. Default 60 s.
    pub grace: Duration,
    /// `missed`: what becomes of those that are later.
    pub missed: MissedPolicy,
    /// `deadline`: later than this, never. Default the period, at most 1 h.
    pub deadline: Option<Duration>,
}

/// What to do with missed instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissedPolicy {
    /// `"skip"`: nothing; the default of `every`.
    Skip,
    /// `"once"`: one event for the latest, which carries the count; the default of `cron` and `at`.
    Once,
    /// `{ all = N }`: one event each, for the latest N.
    All(u64),
}

/// `webhook`.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The last part of the address, `/hooks/NAME`.
    pub hook: HookName,
    /// `scheme`: how the sender proves who it is.
    pub scheme: Scheme,
    /// From `secret_env` or `secret_file`; several while one replaces another.
    pub secrets: Vec<SecretString>,
    /// `rate`: how many requests a minute are taken. Default 600.
    pub per_minute: u32,
}

/// `poll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// How long to wait between the end of one `poll()` and the next.
    pub every: Duration,
    /// `backfill = "all"`: also the items of the very first poll start runs. Default `"none"`.
    pub backfill: bool,
    /// `for`: an item starts a run only once it has been listed for so long.
    pub stays: Option<Stays>,
}

/// `for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stays {
    /// How long.
    pub time: Duration,
    /// `gap = "trust"`: times in which nobody could look count too. Default `"pause"`: they do not.
    pub trusts_gaps: bool,
}

/// What the readers of triggers need to know of the rest of the configuration.
pub(super) struct Surroundings<'a> {
    pub(super) zone: Option<&'a Zone>,
    /// Whether `timezone` was written, right or wrong: its absence is only reported when it is really absent.
    pub(super) zone_given: bool,
    pub(super) secrets: &'a Secrets<'a>,
    pub(super) watch: &'a WatchSection,
}

const KINDS: [&str; 11] =
    ["cron", "every", "at", "webhook", "poll", "player", "session", "room", "server", "run", "daemon"];

/// Reads one table of `on`.
pub(super) fn read(
    mut section: Section<'_, '_>,
    around: &Surroundings<'_>,
) -> Option<(Trigger, Range<usize>)> {
    let (source, span) = (section.source, section.span.clone());
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| section.has(kind)).collect();
    let trigger = match given.as_slice() {
        ["cron"] => cron(&mut section, around),
        ["every"] => every(&mut section),
        ["at"] => at(&mut section, around),
        ["webhook"] => webhook(&mut section, around),
        ["poll"] => poll(&mut section),
        ["player"] => observe::player(&mut section, around.watch).map(Trigger::Observe),
        ["session"] => observe::session(&mut section, around.watch).map(Trigger::Observe),
        ["room"] => observe::room(&mut section).map(Trigger::Observe),
        ["server"] => observe::server(&mut section).map(Trigger::Observe),
        ["run"] => observe::run(&mut section).map(Trigger::OtherRuns),
        ["daemon"] => section.choice("daemon", &[("started", ())]).map(|_| Trigger::Started),
        [] => {
            let near = section.keys().find_map(|key| did_you_mean(key, KINDS));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}, for example `on = {{ every = \"1m\" }}`", KINDS.join(", ")),
            };
            source.error_help(span, "`on` names no trigger", help);
            return None;
        }
        several => {
            source.error_help(
                span,
                format!("`on` names {} triggers in one table", several.len()),
                "write a list, one table each: on = [{ cron = \"...\" }, { webhook = \"...\" }]",
            );
            return None;
        }
    };
    section.finish();
    let trigger = trigger?;
    if let Trigger::Clock(clock, timing) = &trigger
        && let Some(period) = clock.period(Timestamp::UNIX_EPOCH)
        && timing.jitter >= period
    {
        let period = format_duration(period);
        source.error_help(
            span.clone(),
            format!("`jitter` has to be shorter than the time between two firings, {period}"),
            "a shorter `jitter`, or none",
        );
    }
    Some((trigger, span))
}

fn cron(section: &mut Section<'_, '_>, around: &Surroundings<'_>) -> Option<Trigger> {
    let text = section.text("cron");
    let timing = timing(section, MissedPolicy::Once);
    let text = text?;
    let source = section.source;
    let cron = match Cron::parse(&text.value) {
        Ok(cron) => cron,
        Err(error) => {
            // The value's span holds its quotes, and the text is as written as long as nothing in it is escaped.
            let start = text.span.start + 1 + error.at.min(text.value.len());
            source.error(start.min(text.span.end)..text.span.end, error.to_string());
            return None;
        }
    };
    let Some(zone) = around.zone else {
        if !around.zone_given {
            source.error_help(
                text.span,
                "a cron trigger needs to know the time zone",
                "add `timezone = \"Europe/Berlin\"` (or yours) to [daemon]",
            );
        }
        return None;
    };
    Some(Trigger::Clock(Clock::Cron(cron, zone.clone()), timing))
}

fn every(section: &mut Section<'_, '_>) -> Option<Trigger> {
    let period = section.duration("every", Duration::from_secs(1));
    let timing = timing(section, MissedPolicy::Skip);
    let period = period?;
    match Every::new(period.value, Timestamp::UNIX_EPOCH) {
        Ok(every) => Some(Trigger::Clock(Clock::Every(every), timing)),
        Err(error) => {
            section.source.error(period.span, error.to_string());
            None
        }
    }
}

fn at(section: &mut Section<'_, '_>, around: &Surroundings<'_>) -> Option<Trigger> {
    let utc = Zone::utc();
    let text = section.text("at");
    let timing = timing(section, MissedPolicy::Once);
    let text = text?;
    if around.zone.is_none() && !around.zone_given && text.value.parse::<Timestamp>().is_err() {
        section.source.error_help(
            text.span,
            "an `at` trigger without an offset needs to know the time zone",
            "add `timezone = \"Europe/Berlin\"` (or yours) to [daemon], or write the offset: \"2026-12-01T18:00:00+01:00\"",
        );
        return None;
    }
    match parse_at(&text.value, around.zone.unwrap_or(&utc)) {
        Ok(at) => Some(Trigger::Clock(Clock::At(at), timing)),
        Err(error) => {
            section.source.error(text.span, error.to_string());
            None
        }
    }
}

fn timing(section: &mut Section<'_, '_>, default: MissedPolicy) -> Timing {
    let jitter = section.duration("jitter", Duration::ZERO).map(|jitter| jitter.value);
    let grace = section.duration("grace", Duration::ZERO).map(|grace| grace.value);
    let deadline = section.duration("deadline", Duration::from_secs(1)).map(|deadline| deadline.value);
    let mut policy = default;
    if let Some(value) = section.any("missed") {
        let number = value
            .get_ref()
            .as_table()
            .filter(|table| table.len() == 1)
            .and_then(|table| table.get("all"))
            .and_then(|all| integer(all.get_ref()))
            .filter(|n| (1..=1000).contains(n));
        match (value.get_ref().as_str(), number) {
            (Some("skip"), _) => policy = MissedPolicy::Skip,
            (Some("once"), _) => policy = MissedPolicy::Once,
            (None, Some(number)) => policy = MissedPolicy::All(number.unsigned_abs()),
            (text, _) => {
                let message = "`missed` is \"skip\", \"once\" or { all = N } with N from 1 to 1000";
                let mut problem = section.source.problem(Severity::Error, value.span(), message);
                if let Some(near) = text.and_then(|text| did_you_mean(text, ["skip", "once"])) {
                    problem = problem.help(format!("did you mean \"{near}\"?"));
                }
                section.source.push(problem);
            }
        }
    }
    Timing {
        jitter: jitter.unwrap_or_default(),
        grace: grace.unwrap_or(Duration::from_mins(1)),
        missed: policy,
        deadline,
    }
}

fn webhook(section: &mut Section<'_, '_>, around: &Surroundings<'_>) -> Option<Trigger> {
    let hook = section.parsed("webhook", HookName::new);
    let source = section.source;
    let span = section.span.clone();
    let scheme_given = section.has("scheme");
    let scheme = section.parsed("scheme", str::parse::<Scheme>);
    let named = section.has("secret_env") || section.has("secret_file");
    let secrets = around.secrets.read(section, "secret_env", "secret_file");
    let per_minute = section.number("rate", 1..=1_000_000);
    if !scheme_given {
        source.error_help(
            span.clone(),
            "a webhook needs `scheme`: how its sender proves who it is",
            "one of standard, github, stripe, slack, prolific, bearer; `none` only for tests on this machine",
        );
    }
    let (hook, scheme) = (hook?, scheme?);
    if scheme.value.needs_secret() && !named && !section.has("secret") {
        source.error_help(
            span.clone(),
            format!("the scheme `{}` needs a secret", scheme.value),
            "add `secret_env = \"NAME\"` or `secret_file = \"...\"`",
        );
    }
    if !scheme.value.needs_secret() && named {
        source
            .error(scheme.span, "the scheme `none` checks no secret: leave it out, or choose another scheme");
    }
    for secret in &secrets {
        if let Err(why) = check_secret(scheme.value, &secret.value) {
            source.error(secret.span.clone(), why);
        }
    }
    Some(Trigger::Webhook(Webhook {
        hook: hook.value,
        scheme: scheme.value,
        secrets: secrets.into_iter().map(|secret| secret.value).collect(),
        per_minute: per_minute.map_or(600, |n| u32::try_from(n.value).unwrap_or(u32::MAX)),
    }))
}

fn poll(section: &mut Section<'_, '_>) -> Option<Trigger> {
    let every = section.parsed("poll", parse_duration);
    let backfill = section.choice("backfill", &[("none", false), ("all", true)]);
    let time = section.duration("for", Duration::from_secs(1));
    let gap = section.choice("gap", &[("pause", false), ("trust", true)]);
    if let (None, Some(gap)) = (&time, &gap) {
        let help = "it says whether times in which nobody could look count for `for`: leave it out";
        section.source.error_help(gap.span.clone(), "`gap` has no meaning without `for`", help);
    }
    if let (Some(time), Some(backfill)) = (&time, &backfill) {
        let message =
            "`backfill` has no meaning with `for`: an item starts a run once it has been listed for so long";
        let help =
            format!("leave out `backfill`, or the `for` of {}", crate::domain::format_duration(time.value));
        section.source.error_help(backfill.span.clone(), message, help);
    }
    let trusts_gaps = gap.is_some_and(|gap| gap.value);
    let stays = time.map(|time| Stays { time: time.value, trusts_gaps });
    let Placed { value: every, span } = every?;
    if every < Duration::from_secs(1) {
        section.source.error(
            span,
            "`poll` is too short: at least 1s, since each poll stalls the participants a little",
        );
        return None;
    }
    Some(Trigger::Poll(Poll { every, backfill: backfill.is_some_and(|b| b.value), stays }))
}
