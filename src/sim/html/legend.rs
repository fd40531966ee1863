//! What the colours and shapes mean, and the shapes themselves.

use maud::{Markup, PreEscaped, html};

use super::{bands, marks, people::Pages, text::clipped};
use crate::{
    sandbox::Idle,
    sim::{Fault, Report},
};

/// How many characters of a page's path are shown.
const PATH: usize = 60;

/// The patterns and shapes that the charts refer to by name.
pub(super) fn shapes() -> Markup {
    PreEscaped(include_str!("shapes.svg").to_owned())
}

/// Only what can be seen in the charts of this report is in it.
pub(super) fn legend(report: &Report, pages: &Pages<'_>, several: bool) -> Markup {
    let state = |took: bool| report.writes.iter().any(|write| (write.effect.state == "done") == took);
    let did = |shape: &str| report.writes.iter().any(|write| marks::shape(&write.effect.action) == shape);
    let fault = |is: fn(Fault) -> bool| report.notes.iter().any(|note| note.fault.is_some_and(is));
    let outcomes = || report.with.players.iter().chain(&report.without.players);
    let spell = |idle| outcomes().any(|outcome| outcome.spells.iter().any(|spell| spell.idle == idle));
    let ended = |shape| outcomes().filter_map(super::people::end).any(|(_, is, _)| is == shape);
    html! {
        div.legend {
            ul aria-label="Pages" {
                @for path in &pages.pages { (band(pages.look(path), &clipped(path, PATH))) }
                @if !pages.waits.is_empty() {
                    @let waits: Vec<String> = pages.waits.iter().map(|path| clipped(path, PATH)).collect();
                    (band("b w", &format!("waits for others: {}", clipped(&waits.join(", "), 160))))
                }
                @if several { (band(bands::SEVERAL, "several short visits")) }
                @if spell(Idle::Stalled) { (band("stalled", "stalled")) }
                @if spell(Idle::Away) { (band("away", "tab closed")) }
                @if spell(Idle::Broken) { (band("broken", "error page")) }
            }
            ul aria-label="Marks" {
                @if ended("finished") { (mark("finished", "e finished", "finished")) }
                @if ended("gone") { (mark("gone", "e gone", "closed the tab for good")) }
                @if ended("redirected") { (mark("redirected", "e redirected", "sent to another address")) }
                @if did("step") { (mark("step", "m step", "moved to another page")) }
                @if did("message") { (mark("message", "m message", "message")) }
                @if did("dropout") { (mark("dropout", "m dropout", "marked as dropped out")) }
                @if did("other") { (mark("other", "m other", "something else")) }
                @if state(false) { (mark("other", "m hollow other", "hollow: refused, failed or uncertain")) }
                @if fault(|fault| matches!(fault, Fault::Crash)) { (line("crash", "daemon crash")) }
                @if fault(|fault| matches!(fault, Fault::ServerRestart(_))) { (line("restart", "server restart")) }
                @if fault(|fault| matches!(fault, Fault::ClockJump(_))) { (line("jump", "the daemon's clock is set")) }
                @if report.notes.iter().any(|note| note.fault.is_none()) { (line("hook", "webhook")) }
            }
        }
    }
}

fn band(class: &str, words: &str) -> Markup {
    entry(&html! { path class=(class) d="M0 7h20" {} }, words)
}

fn mark(shape: &str, class: &str, words: &str) -> Markup {
    entry(
        &html! { use href={ "#" (shape) } class=(class) x=(if class.starts_with("e ") { "1" } else { "10" }) y="7" {} },
        words,
    )
}

fn line(class: &str, words: &str) -> Markup {
    entry(&html! { path class={ "line " (class) } d="M10 0v14" {} }, words)
}

fn entry(drawing: &Markup, words: &str) -> Markup {
    html! {
        li { svg aria-hidden="true" width="20" height="14" viewBox="0 0 20 14" { (drawing) } bdi { (words) } }
    }
}
