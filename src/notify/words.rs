//! What is said of news, in words.

use jiff::Timestamp;

use super::text::shorten;
use crate::{
    domain::{News, NoticeKind},
    schedule::Zone,
    store::PlanRow,
};

/// How much of a reason is told.
const REASON: usize = 1000;
/// How many writes of a plan are told.
const WRITES: usize = 8;

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) urgent: bool,
}

/// Says what is new. `plan` is the plan that it is about, if it is about one.
pub(super) fn of(news: &News, kind: NoticeKind, plan: Option<&PlanRow>, zone: &Zone) -> Words {
    let name = news.automation.as_ref().map(ToString::to_string);
    let who = name.as_deref().unwrap_or("everything");
    let run = news.run.map(|run| run.to_string()).unwrap_or_default();
    let title = match kind {
        NoticeKind::Failed => format!("{who}: run {run} failed"),
        NoticeKind::Recovered if name.is_none() => "The uproot server is back".to_owned(),
        NoticeKind::Recovered => format!("{who} works again"),
        NoticeKind::Held if name.is_none() => "Everything is paused".to_owned(),
        NoticeKind::Held => format!("{who} is paused"),
        NoticeKind::Resumed if name.is_none() => "What was paused goes on".to_owned(),
        NoticeKind::Resumed => format!("{who} goes on"),
        NoticeKind::Plan => format!("{who} waits for approval"),
        NoticeKind::Dead => format!("{who}: run {run} needs a person"),
        NoticeKind::ServerDown => "The uproot server cannot be reached".to_owned(),
    };
    let text = match plan {
        Some(plan) => writes(plan, zone),
        None => shorten(&news.reason, REASON),
    };
    // Participants wait, or a plan runs out of time.
    let urgent = matches!(kind, NoticeKind::Held | NoticeKind::Plan | NoticeKind::ServerDown);
    Words { title, text, urgent }
}

/// A time of day, with the day where it is not that of `now`. The zone is named where nobody has chosen one.
pub(super) fn time(at: Timestamp, now: Timestamp, zone: &Zone) -> String {
    let (at, now) = (zone.time_zone().to_datetime(at), zone.time_zone().to_datetime(now));
    let day = if at.date() == now.date() { String::new() } else { at.strftime("%a %-d %b ").to_string() };
    let utc = if zone.name() == "UTC" { " UTC" } else { "" };
    format!("{day}{}{utc}", at.strftime("%H:%M"))
}

/// What a plan wants, and until when.
fn writes(plan: &PlanRow, zone: &Zone) -> String {
    let instant = |millis| Timestamp::from_millisecond(millis).unwrap_or_default();
    let until = time(instant(plan.expires), instant(plan.made), zone);
    let mut text = format!("Plan {}, until {until}: {}", plan.run, plan.reason);
    for effect in plan.effects.iter().take(WRITES) {
        let from = effect.precondition.as_ref().and_then(|seen| seen["page"].as_str());
        let from = from.map(|page| format!("from {page}"));
        let parts = [effect.target.as_deref(), effect.player.as_deref(), from.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        text.push_str(&format!("\n- {} {}", effect.action, parts.join(" ")));
    }
    if plan.effects.len() > WRITES {
        text.push_str(&format!("\n- and {} more", plan.effects.len() - WRITES));
    }
    text
}
