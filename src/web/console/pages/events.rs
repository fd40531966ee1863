//! Everything that came: what ran, and what did not and why; the webhooks and their messages.

use maud::{Markup, html};

use super::super::{
    page::Page,
    place::{Query, percent_encoded},
    scene::Scene,
    words,
};
use crate::{
    config::Trigger,
    domain::{AutomationName, EventId},
    store::{EventsFilter, RunRow, StoreError},
};

/// How many events one page has.
const LIMIT: u32 = 100;
/// What can be picked: the words of the address, and for people.
const OUTCOMES: [(&str, &str); 7] = [
    ("done", "done"),
    ("skipped", "skipped"),
    ("failed", "failed"),
    ("halted", "halted"),
    ("interrupted", "interrupted"),
    ("dropped", "did not run"),
    ("running", "under way"),
];

pub(super) fn page(scene: &Scene, query: &Query) -> Result<Page, StoreError> {
    let filter = EventsFilter {
        automation: query.get("automation").and_then(|name| AutomationName::new(name).ok()),
        kind: query.get("kind").map(str::to_owned),
        outcome: query.get("outcome").map(str::to_owned),
        before: query.get("before").and_then(|id| id.parse().ok()).map(EventId),
        limit: LIMIT,
    };
    let (rows, older) = scene.history.page_of_events(&filter)?;
    let names: Vec<&str> = scene.config.automations.iter().map(|one| one.name.as_str()).collect();
    let picker = html! {
        form.filter method="get" action=(scene.link("events")) {
            label { "Automation " select name="automation" { option value="" { "all" }
                @for name in names { option value=(name) selected[query.get("automation") == Some(name)] { (name) } } } }
            label { "How it stands " select name="outcome" { option value="" { "all" }
                @for (word, shown) in OUTCOMES { option value=(word) selected[query.get("outcome") == Some(word)] { (shown) } } } }
            button.plain { "Show" }
        }
    };
    let list = html! {
        (table(scene, &rows))
        @if let Some(older) = older {
            @let kept = ["automation", "kind", "outcome"].iter().filter_map(|key| Some(format!("{key}={}&", percent_encoded(query.get(key)?)))).collect::<String>();
            p { a href=(scene.link(&format!("events?{kept}before={older}"))) { (words::further(rows.len(), LIMIT as usize)) } }
        }
    };
    Ok(Page::new("Events").region("filter", picker).region("list", list).region("hooks", hooks(scene)))
}

/// Events and their runs.
pub(super) fn table(scene: &Scene, rows: &[RunRow]) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "There are none." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Events" {
                table.stacked {
                    thead { tr { th scope="col" { "When" } th scope="col" { "Automation" } th scope="col" { "Mode" } th scope="col" { "By" } th scope="col" { "About" }
                        th scope="col" { "How it stands" } th scope="col" { "Why" } th scope="col" { "Took" } th scope="col" { "Run" } } }
                    tbody { @for row in rows {
                        tr.is-dry[row.mode.as_deref() == Some("dry-run")] {
                            td { (words::when(row.at, scene.now, &scene.zone)) }
                            td { a href=(scene.link(&format!("automations/{}", row.automation))) { (row.automation) } }
                            td { @if let Some(mode) = &row.mode { (words::mode(mode)) } }
                            td data-label="by" { (row.kind) }
                            td { (row.about.as_deref().unwrap_or_default()) }
                            td { (words::state(&row.outcome)) }
                            td.why { (words::reason(row.reason.as_deref().unwrap_or_default())) }
                            td data-label="took" { @if let (Some(started), Some(ended)) = (row.started, row.ended) { (words::took(ended - started)) } }
                            td { @if let Some(run) = row.run { a href=(scene.link(&format!("runs/{run}"))) { "run " (run) } } }
                        }
                    } }
                }
            }
        }
    }
}

/// The webhooks, and what became of their messages since the daemon was started.
fn hooks(scene: &Scene) -> Markup {
    let hooks: Vec<_> = scene
        .config
        .automations
        .iter()
        .flat_map(|automation| automation.triggers.iter().map(move |trigger| (automation, trigger)))
        .filter_map(|(automation, trigger)| match trigger {
            Trigger::Webhook(webhook) => Some((automation, webhook)),
            _ => None,
        })
        .collect();
    html! {
        @if !hooks.is_empty() {
            h2 { "Webhooks" }
            p.dim { "Since uproctor was started, " (words::when(scene.board.started.as_millisecond(), scene.now, &scene.zone)) "." }
            div.scroll tabindex="0" role="region" aria-label="Webhooks" {
                table.stacked {
                    thead { tr { th scope="col" { "Address" } th scope="col" { "Signed by" } th scope="col" { "For" } th scope="col" { "Taken" }
                        th scope="col" { "Came again" } th scope="col" { "Badly signed" } th scope="col" { "Not taken" } } }
                    tbody { @for (automation, webhook) in hooks {
                        @let counts = scene.board.counted(&webhook.hook);
                        tr {
                            th scope="row" { code { "/hooks/" (webhook.hook) } }
                            td data-label="signed by" { (webhook.scheme.to_string()) }
                            td data-label="for" { a href=(scene.link(&format!("automations/{}", automation.name))) { (automation.name) } }
                            td data-label="taken" { (counts.taken) } td data-label="came again" { (counts.again) }
                            td data-label="badly signed" { @if counts.refused > 0 { strong.held { (counts.refused) } } @else { "0" }
                                @if let Some((at, why)) = &counts.last_refused { " " span.why { (words::when(*at, scene.now, &scene.zone)) ": " (why) } } }
                            td data-label="not taken" { (counts.failed) }
                        }
                    } }
                }
            }
        }
    }
}
