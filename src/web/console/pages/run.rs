//! One run, whole: what started it, what it did line by line, and the very text that did it.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    super::{page::Page, place::percent_encoded, scene::Scene, words},
    plans,
};
use crate::{
    domain::RunId,
    store::{EffectRow, RunDetail, StoreError, WriteRow},
};

/// The longest text of a trigger that is shown at once, in characters.
const LONG: usize = 4000;

/// A table of writes.
pub(super) fn writes<'w>(scene: &Scene, writes: impl Iterator<Item = &'w WriteRow>) -> Markup {
    let mut writes = writes.peekable();
    if writes.peek().is_none() {
        return html! { p.dim { "Nothing yet." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Writes" {
            table.writes {
                thead { tr { th scope="col" { "When" } th scope="col" { "Mode" } th scope="col" { "What" }
                    th scope="col" { "Player" } th scope="col" { "State" } th scope="col" { "What came of it" } th scope="col" { "Run" } } }
                tbody { @for write in writes {
                    tr.is-dry[write.mode == "dry-run"] {
                        td { (words::when(write.effect.claimed, scene.now, &scene.zone)) }
                        td { (words::mode(&write.mode)) }
                        td { code { (write.effect.action) } }
                        td { @if let Some(player) = &write.effect.player { (player) } }
                        td { (words::state(&write.effect.state)) }
                        td.why { (write.effect.note.as_deref().unwrap_or_default()) }
                        td { a href=(scene.link(&format!("runs/{}", write.run))) { (write.automation) " " (write.run) } }
                    }
                } }
            }
        }
    }
}

/// The page of a run.
pub(super) fn page(scene: &Scene, run: RunId) -> Result<Option<Page>, StoreError> {
    let Some(detail) = scene.history.run(run)? else { return Ok(None) };
    let plan = scene.history.plan(run)?;
    let letter = scene.history.dead_letter(run)?;
    let source = scene.history.script_source(&detail.script, &detail.script_hash)?;
    let mut page =
        Page::new(format!("Run {run} of {}", detail.row.automation)).region("about", about(scene, &detail));
    if let Some(plan) = plan {
        page = page.region("plan", html! { h2 { "Its plan" } (plans::card(scene, &plan)) });
    }
    if let Some(letter) = letter {
        page =
            page.region("letter", html! { h2 { "It needs a person" } (super::dead::card(scene, &letter)) });
    }
    Ok(Some(page.region("story", story(scene, &detail)).region("trigger", trigger(&detail)).region(
        "script",
        html! {
            details {
                summary { "The script, as it was: " (detail.script) " " code { (short(&detail.script_hash)) } }
                @match source {
                    Some(source) => (listing(&source)),
                    None => p.dim { "Its text was not kept." },
                }
                p { a href=(scene.link(&format!("scripts/{}", percent_encoded(&detail.script)))) { "All versions of this script" } }
            }
        },
    )))
}

/// The first characters of a hash, by which a person knows it again.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// A script with the numbers of its lines.
pub(super) fn listing(source: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Script" {
            pre.listing { @for (number, line) in (1..).zip(source.lines()) { span.line id={ "line-" (number) } { (line) "\n" } } }
        }
    }
}

fn about(scene: &Scene, detail: &RunDetail) -> Markup {
    let row = &detail.row;
    let started = row.started.unwrap_or(row.at);
    html! {
        @if row.mode.as_deref() == Some("dry-run") {
            p.dry-note { "A dry run: nothing of this was done." }
        }
        dl.facts {
            dt { "Automation" } dd { a href=(scene.link(&format!("automations/{}", row.automation))) { (row.automation) } }
            dt { "Mode" } dd { (words::mode(row.mode.as_deref().unwrap_or("dry-run"))) }
            dt { "How it ended" } dd { (words::state(&row.outcome)) @if let Some(reason) = &row.reason { " " (words::reason(reason)) } }
            dt { "Started" } dd { (words::when(started, scene.now, &scene.zone)) ", "
                @match row.ended { Some(ended) => { "took " (words::took(ended - started)) } None => "under way" } }
            dt { "Started by" } dd { (row.kind) @if let Some(event) = row.event { ", event " (event) } }
        }
    }
}

/// What happened in a run, in order: lines of its log, calls, and writes.
fn story(scene: &Scene, detail: &RunDetail) -> Markup {
    let started = detail.row.started.unwrap_or(detail.row.at);
    let mut lines: Vec<(i64, Markup)> =
        detail.trace.iter().map(|line| (line["at"].as_i64().unwrap_or_default(), traced(line))).collect();
    lines.extend(detail.effects.iter().map(|effect| (effect.claimed, written(effect))));
    lines.sort_by_key(|(at, _)| *at);
    html! {
        h2 { "What it did" }
        @if lines.is_empty() { p.dim { "Nothing." } }
        ol.story {
            @for (at, line) in lines {
                li { span.at title=(words::exact(at, &scene.zone)) { "+" (words::took(at - started)) } (line) }
            }
        }
    }
}

fn traced(line: &Value) -> Markup {
    let kind = line["kind"].as_str().unwrap_or_default();
    html! {
        span class={ "kind kind-" (kind) } { (kind) } span.text { (line["text"].as_str().unwrap_or_default()) }
        @if let Some(millis) = line["millis"].as_i64() { span.dim { (words::took(millis)) } }
        @if let Some(line) = line["line"].as_i64() { a.line-link href={ "#line-" (line) } { "line " (line) } }
    }
}

fn written(effect: &EffectRow) -> Markup {
    html! {
        (words::state(&effect.state)) span.text {
            code { (effect.action) }
            @for part in [&effect.target, &effect.player].into_iter().flatten() { " " (part) }
            @if effect.arguments.as_object().is_some_and(|arguments| !arguments.is_empty()) { " " code { (effect.arguments.to_string()) } }
            @if let Some(page) = effect.precondition.as_ref().and_then(|seen| seen["page"].as_str()) { " from " code { (page) } }
            @if let Some(note) = &effect.note { ": " (note) }
        }
    }
}

fn trigger(detail: &RunDetail) -> Markup {
    let Some(trigger) = &detail.trigger else { return html! {} };
    let text = format!("{:#}", trigger.detail);
    let is_long = text.chars().count() > LONG;
    let shown: String = text.chars().take(LONG).collect();
    html! {
        details {
            summary { "What came with its event" @if trigger.count > 1 { ", which stands for " (trigger.count) } }
            div.scroll tabindex="0" role="region" aria-label="Event" { pre { (shown) @if is_long { "\n…" } } }
        }
    }
}
