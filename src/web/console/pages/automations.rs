//! The automations: what each waits for, how it did lately, and whether it is held.

use maud::{Markup, html};

use super::{
    super::{page::Page, place::percent_encoded, scene::Scene, words},
    events,
};
use crate::{
    config::{Automation, Clock, Trigger},
    domain::{AutomationName, counted, format_duration},
    store::{EventsFilter, StoreError},
};

/// How many runs the small chart has.
const SPARK: u32 = 30;

pub(super) fn all(scene: &Scene) -> Result<Page, StoreError> {
    let holds = scene.holds()?;
    let mut rows = Vec::new();
    for automation in &scene.config.automations {
        let hold = scene.hold_of(&holds, &automation.name);
        let runs = scene.history.last_runs(&automation.name, SPARK)?;
        let fields = [("what", "automation"), ("automation", automation.name.as_str())];
        rows.push(html! {
            tr {
                th scope="row" { a href=(scene.link(&format!("automations/{}", automation.name))) { (automation.name) } }
                td.marks { (words::mode(automation.mode.as_str())) }
                td.wide data-label="waits for" { (triggers(automation)) }
                td data-label="next" { (next(scene, automation)) }
                td data-label="last run" { @match runs.last() {
                    Some((run, started, outcome, _)) => { a href=(scene.link(&format!("runs/{run}"))) { (words::state(outcome)) } " " (words::ago(*started, scene)) }
                    None => span.dim { "never ran" },
                } }
                td.lately { (spark(&runs)) }
                td.does { @match hold {
                    Some(hold) => { strong.held title=(hold.reason) { "paused" } " " (scene.button("resume", &fields, "Resume", "plain")) }
                    None => (scene.button("pause", &fields, "Pause", "plain")),
                } }
            }
        });
    }
    Ok(Page::new("Automations").region("automations", html! {
        @if rows.is_empty() {
            div.empty { p { "There are no automations. They stand in " code { "config.toml" } "; `uproctor init` writes some to begin with." } }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Automations" {
                table.stacked.automations {
                    thead { tr { th scope="col" { "Automation" } th scope="col" { "Mode" } th scope="col" { "Waits for" }
                        th scope="col" { "Next" } th scope="col" { "Last run" } th scope="col" { "Lately" } th scope="col" { span.sr { "Pause" } } } }
                    tbody { @for row in rows { (row) } }
                }
            }
        }
    }))
}

/// What an automation waits for, in words.
fn triggers(automation: &Automation) -> Markup {
    html! {
        @if automation.triggers.is_empty() { "only started by hand" }
        @for (at, trigger) in automation.triggers.iter().enumerate() {
            @if at > 0 { br; }
            @match trigger {
                Trigger::Clock(clock, _) => code { (clock.to_string()) },
                Trigger::Webhook(webhook) => { "webhook " code { "/hooks/" (webhook.hook) } }
                Trigger::Poll(poll) => { "asks every " (format_duration(poll.every)) }
                Trigger::Observe(observe) => (observe.to_string()),
                Trigger::OtherRuns(_) => "a run that failed",
                Trigger::Started => "the daemon's start",
            }
        }
    }
}

/// When a clock of an automation is due next.
fn next(scene: &Scene, automation: &Automation) -> Markup {
    let due = automation.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Clock(clock, _) => Clock::next_after(clock, scene.now),
        _ => None,
    });
    html! { @match due.min() {
        Some(at) => { (words::when(at.as_millisecond(), scene.now, &scene.zone)) " " span.dim { (words::until(at.as_millisecond(), scene)) } }
        None => span.dim { "–" },
    } }
}

/// The last runs as bars: how high, how long they took; which colour, how they ended.
fn spark(runs: &[(i64, i64, String, i64)]) -> Markup {
    let longest = runs.iter().map(|(.., took)| *took).max().unwrap_or(0).max(1) as f64;
    let failed = runs
        .iter()
        .filter(|(_, _, outcome, _)| !matches!(outcome.as_str(), "done" | "skipped" | "running"))
        .count();
    let label = format!("{}, {failed} of them not well", counted(runs.len(), "run", "runs"));
    html! {
        @if !runs.is_empty() {
            svg.spark viewBox="0 0 120 24" role="img" aria-label=(label) {
                @for (at, (run, _, outcome, took)) in runs.iter().enumerate() {
                    @let height = 4.0 + 20.0 * (*took as f64 / longest).sqrt();
                    rect class={ "state-" (outcome) } x=(at * 4) y=(format!("{:.1}", 24.0 - height)) width="3" height=(format!("{height:.1}")) {
                        title { "run " (run) ": " (outcome) ", " (words::took(*took)) } }
                }
            }
        }
    }
}

pub(super) fn one(scene: &Scene, name: &AutomationName) -> Result<Option<Page>, StoreError> {
    let Some(automation) = scene.config.automations.iter().find(|one| one.name == *name) else {
        return Ok(None);
    };
    let holds = scene.holds()?;
    let filter = EventsFilter { automation: Some(name.clone()), limit: 50, ..EventsFilter::default() };
    let (rows, _) = scene.history.page_of_events(&filter)?;
    let runs = scene.history.last_runs(name, SPARK)?;
    let fields = [("what", "automation"), ("automation", name.as_str())];
    let about = html! {
        dl.facts {
            dt { "Mode" } dd { (words::mode(automation.mode.as_str())) }
            dt { "Waits for" } dd { (triggers(automation)) }
            dt { "Next" } dd { (next(scene, automation)) }
            dt { "Script" } dd { a href=(scene.link(&format!("scripts/{}", percent_encoded(&automation.script)))) { (automation.script) } }
            dt { "May write" } dd {
                @if automation.allow.is_empty() { "nothing: " code { "allow" } " is empty" }
                @for (at, allowed) in automation.allow.iter().enumerate() { @if at > 0 { ", " } code { (allowed.to_string()) } } }
            @if !automation.params.is_empty() {
                dt { "Parameters" } dd { @for (at, (name, value)) in automation.params.iter().enumerate() { @if at > 0 { br; } code { (name) " = " (value.to_string()) } } }
            }
            dt { "Lately" } dd { (spark(&runs)) }
        }
        @match scene.hold_of(&holds, name) {
            Some(hold) => p { strong.held { "Paused" } ": " (hold.reason) " " (scene.button("resume", &fields, "Resume", "primary")) },
            None => (scene.form("pause", &fields, &html! {
                label { "Pause it, because " input name="reason" maxlength="300" placeholder="why"; }
                button.plain { "Pause" }
            })),
        }
        div.row {
            (scene.button("trigger", &[("automation", name.as_str()), ("dry", "yes")], "Dry run now", "plain"))
            @if automation.mode.as_str() != "dry-run" {
                (scene.button("trigger", &[("automation", name.as_str())], "Run now", "plain admin"))
            }
        }
    };
    Ok(Some(
        Page::new(format!("Automation {name}"))
            .region("about", about)
            .region("events", html! { h2 { "Its events" } (events::table(scene, &rows)) }),
    ))
}
