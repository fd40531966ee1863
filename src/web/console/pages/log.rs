//! The intervention log, for reading, for exporting, and for the methods section of a paper.

use maud::{Markup, html};
use serde_json::Value;

use super::super::{
    page::Page,
    place::{Query, percent_encoded},
    scene::Scene,
    words,
};
use crate::store::{Filter, Methods, StoreError};

/// How many entries one page has.
const LIMIT: usize = 100;

/// What the filter of an address asks for.
pub(super) fn filter(query: &Query) -> Filter {
    Filter {
        session: query.get("session").map(str::to_owned),
        player: query.get("player").map(str::to_owned),
        automation: query.get("automation").map(str::to_owned),
        all: query.has("all"),
    }
}

pub(super) fn page(scene: &Scene, query: &Query) -> Result<Page, StoreError> {
    let filter = filter(query);
    let before = query.get("before").and_then(|seq| seq.parse().ok());
    let (entries, older) = scene.history.page_of_interventions(&filter, before, LIMIT)?;
    // It goes through the whole log: only where somebody asks for it.
    let methods = if query.has("methods") { Some(scene.history.methods(&filter)?) } else { None };
    let kept = ["session", "player", "automation", "all"].iter();
    let kept: String =
        kept.filter_map(|key| Some(format!("{key}={}&", percent_encoded(query.get(key)?)))).collect();
    let picker = html! {
        form.filter method="get" action=(scene.link("log")) {
            label { "Session " input name="session" value=(query.get("session").unwrap_or_default()); }
            label { "Player " input name="player" value=(query.get("player").unwrap_or_default()); }
            label { "Automation " input name="automation" value=(query.get("automation").unwrap_or_default()); }
            label.check { input type="checkbox" name="all" value="1" checked[query.has("all")]; " also what was only wanted: dry runs, plans, refusals" }
            button.plain { "Show" }
        }
        p { "All of it: " a href=(scene.link(&format!("log.csv?{kept}"))) download { "CSV" } ", " a href=(scene.link(&format!("log.json?{kept}"))) download { "JSON" }
            ", " a href=(scene.link(&format!("log?{kept}methods=1"))) { "a paragraph for the methods section" }
            ". " code { "uproctor audit --verify" } " shows that nobody has changed it." }
    };
    let list = html! {
        @if entries.is_empty() { p.dim { @if older.is_some() { "Among those that were looked at, there are no such entries." } @else { "There are no entries." } } } @else {
            div.scroll tabindex="0" role="region" aria-label="Interventions" {
                table.stacked {
                    thead { tr { th scope="col" { "No." } th scope="col" { "When" } th scope="col" { "Session" } th scope="col" { "Player" } th scope="col" { "Action" }
                        th scope="col" { "Came of it" } th scope="col" { "Mode" } th scope="col" { "Run" } } }
                    tbody { @for entry in &entries {
                        @let value: Value = serde_json::from_str(&entry.entry).unwrap_or_default();
                        (row(scene, entry.seq, &value))
                    } }
                }
            }
        }
        @if let Some(older) = older { p { a href=(scene.link(&format!("log?{kept}before={older}"))) { (words::further(entries.len(), LIMIT)) } } }
    };
    Ok(Page::new("Log of interventions")
        .region("filter", picker)
        .region("methods", html! { @if let Some(methods) = &methods { (paragraph(methods)) } })
        .region("list", list))
}

fn row(scene: &Scene, seq: i64, entry: &Value) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let origin = &entry["origin"];
    let mode = text(&origin["mode"]);
    let at = entry["at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    html! {
        tr.is-dry[mode == "dry-run"] {
            td data-label="no." { (seq) }
            td { @if let Some(at) = at { (words::when(at.as_millisecond(), scene.now, &scene.zone)) } }
            td { (text(&entry["target"])) } td { (text(&entry["player"])) }
            td { code { (text(&entry["action"])) } }
            td { (words::state(&text(&entry["decision"]))) " " span.why { (text(&entry["answer"])) } }
            td { @if !mode.is_empty() { (words::mode(&mode)) } }
            td { @if let Some(run) = origin["run"].as_i64() { a href=(scene.link(&format!("runs/{run}"))) { (text(&origin["automation"])) " " (run) } } }
        }
    }
}

/// A paragraph for the methods section, with the numbers of what the filter shows.
fn paragraph(methods: &Methods) -> Markup {
    html! {
        h2 { "For the methods section" }
        @if methods.entries > 0 { blockquote { (methods.to_string()) } } @else { p.dim { "There is nothing to tell." } }
    }
}
