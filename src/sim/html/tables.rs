//! What was done to whom, when and why; the runs; what came from outside.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use super::{
    marks,
    people::People,
    since_start,
    text::{clipped, count, shown},
};
use crate::{
    sim::Report,
    store::{EffectRow, WriteRow},
};

/// From so many characters on, a note in the table is folded up.
const LONG: usize = 200;
/// The same for text that has the whole width.
const LONGER: usize = 600;
/// No more reasons than these are listed.
const LISTED: usize = 60;
/// No more characters of a note than these are on the page.
const MOST: usize = 20_000;
/// The ways in which a run can end, in the order of the columns.
const ENDS: [&str; 7] = ["done", "skipped", "failed", "interrupted", "dropped", "running", "accepted"];

/// All writes.
pub(super) fn writes(report: &Report) -> Markup {
    let people = People::of(report);
    html! {
        section.writes {
            h2 { "What was done to whom, when and why" }
            @if report.writes.is_empty() { p { "The automations did nothing to anybody." } }
            @else {
                p.filter hidden {
                    label { "Only lines with " input type="search" autocomplete="off" spellcheck="false"; }
                    " " output { (count(report.writes.len())) " of " (count(report.writes.len())) }
                }
                div.wide tabindex="0" role="group" aria-label="What was done" {
                    table.lines {
                        thead {
                            tr {
                                @for name in ["Time", "Automation", "Action", "Whom", "Page", "State", "Note", "Run"] {
                                    th scope="col" { (name) }
                                }
                            }
                        }
                        tbody { @for write in &report.writes { (line(write, report, &people)) } }
                    }
                }
            }
        }
    }
}

fn line(write: &WriteRow, report: &Report, people: &People<'_>) -> Markup {
    let effect = &write.effect;
    let at = report.written(write);
    let whom = effect.player.as_deref().or(effect.target.as_deref()).unwrap_or_default();
    let checked = effect.precondition.as_ref().and_then(|found| found["page"].as_str());
    let page = checked.or_else(|| {
        let (session, player) = (effect.target.as_deref()?, effect.player.as_deref()?);
        people.page_at(session, player, (report.time.0 + at) as f64 / 1e6)
    });
    html! {
        tr {
            td.time { (since_start(at)) }
            td { bdi { (clipped(&write.automation, LONG)) } }
            td.action { (sign(effect)) bdi { (clipped(&effect.action, LONG)) } }
            td { bdi { (clipped(whom, LONG)) } }
            td { bdi { (clipped(page.unwrap_or_default(), LONG)) } }
            td class={ "state " (clipped(&effect.state, 20)) } { (clipped(&effect.state, 20)) }
            td.note { (note(effect)) }
            td.number { (write.run) }
        }
    }
}

/// The mark of the chart, so that a line is found again there.
fn sign(effect: &EffectRow) -> Markup {
    let shape = marks::shape(&effect.action);
    let kind = if effect.state == "done" { "m" } else { "m hollow" };
    html! {
        svg aria-hidden="true" width="14" height="14" viewBox="0 0 14 14" {
            use href={ "#" (shape) } class={ (kind) " " (shape) } x="7" y="7" {}
        }
    }
}

/// What the server said or why nothing was sent; without that, what was said to the participant.
fn note(effect: &EffectRow) -> Markup {
    let said = effect.note.as_deref().filter(|note| !note.is_empty());
    let text = said.map_or_else(|| arguments(&effect.arguments), str::to_owned);
    folded(&text, LONG)
}

fn arguments(arguments: &Value) -> String {
    match arguments {
        Value::Object(map) if map.is_empty() => String::new(),
        Value::Object(map) if map.len() == 1 => match map.values().next() {
            Some(Value::String(text)) => format!("“{text}”"),
            _ => arguments.to_string(),
        },
        Value::Null => String::new(),
        _ => arguments.to_string(),
    }
}

fn folded(text: &str, long: usize) -> Markup {
    html! {
        @if text.chars().nth(long).is_none() { bdi { (shown(text)) } }
        @else {
            details {
                summary { bdi { (clipped(text, long - 20)) } }
                bdi { (clipped(text, MOST)) }
            }
        }
    }
}

/// What a person was asked, and what came of it.
pub(super) fn plans(report: &Report) -> Markup {
    html! {
        @if let Some(who) = report.who_approves() {
            section {
                h2 { "What a person was asked" }
                p { (who) }
                @if !report.plans.is_empty() {
                    div.wide tabindex="0" role="group" aria-label="Plans" {
                        table.lines {
                            thead { tr { @for name in ["Time", "Plan", "Automation", "What it wants", "What came of it"] { th scope="col" { (name) } } } }
                            tbody {
                                @for asked in &report.plans {
                                    tr {
                                        td.time { (since_start(asked.came)) }
                                        td.number { (asked.plan.run) }
                                        td { bdi { (clipped(&asked.plan.automation, LONG)) } }
                                        td.note { (folded(&asked.wants(), LONG)) }
                                        td.note { (folded(&report.came_of(asked), LONG)) }
                                    }
                                }
                            }
                        }
                    }
                }
                p { (report.asked()) }
            }
        }
    }
}

/// What people would have been told.
pub(super) fn messages(report: &Report) -> Markup {
    html! {
        @if !report.messages.is_empty() {
            section {
                h2 { "What people would have been told" }
                ol.notes {
                    @for sent in &report.messages {
                        li {
                            span.time { (since_start(sent.at)) } " "
                            bdi { (clipped(sent.message.channel.as_str(), LONG)) } ": " (folded(sent.headline(), LONGER))
                        }
                    }
                }
            }
        }
    }
}

/// How the runs of each automation ended.
pub(super) fn runs(report: &Report) -> Markup {
    let mut ends: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for run in &report.runs {
        *ends.entry((&run.automation, &run.outcome)).or_default() += 1;
    }
    let columns: Vec<&str> =
        ENDS.into_iter().filter(|end| ends.keys().any(|(_, outcome)| outcome == end)).collect();
    let reasons = report.reasons();
    let (failures, others): (Vec<_>, Vec<_>) = reasons.iter().partition(|reason| reason.outcome == "failed");
    html! {
        section {
            h2 { "Runs" }
            div.wide {
                table.runs {
                    thead { tr { th scope="col" { "Automation" } @for end in &columns { th scope="col" { (end) } } } }
                    tbody {
                        @for name in &report.automations {
                            tr {
                                th scope="row" { bdi { (clipped(name, LONG)) } }
                                @if columns.is_empty() { td { "no event came" } }
                                @for end in &columns {
                                    @let number = ends.get(&(name.as_str(), *end)).copied().unwrap_or_default();
                                    td class={ "number " (end) @if number == 0 { " zero" } } { (count(number)) }
                                }
                            }
                        }
                    }
                }
            }
            @if !failures.is_empty() {
                h3 { "Why runs failed" }
                ul.failures { @for reason in failures.iter().take(LISTED) { li { (folded(&reason.told(), LONGER)) } } }
            }
            @if !report.silent.is_empty() {
                h3 { "Where nothing happened" }
                ul { @for (name, why) in &report.silent { li { (folded(&format!("{name}: {why}"), LONGER)) } } }
            }
            @if !others.is_empty() {
                h3 { "What else is said of runs and events" }
                ul { @for reason in others.iter().take(LISTED) { li { (reason.outcome) ": " (folded(&reason.told(), LONGER)) } } }
            }
        }
    }
}

/// Faults and webhooks.
pub(super) fn notes(report: &Report) -> Markup {
    html! {
        @if !report.notes.is_empty() {
            section {
                h2 { "What went wrong on purpose, and what came from outside" }
                ol.notes {
                    @for note in &report.notes {
                        li { span.time { (since_start(note.at - report.time.0)) } " " (folded(&note.text, LONGER)) }
                    }
                }
            }
        }
    }
}
