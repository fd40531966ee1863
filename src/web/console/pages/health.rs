//! Whether everything is well: the server, the clocks, the queue, the store.

use maud::{Markup, html};

use super::super::{page::Page, scene::Scene, words};
use crate::{domain::counted, store::StoreError};

/// From this difference of the clocks on, they are said to differ, in seconds.
const SKEWED: f64 = 5.0;

pub(super) fn page(scene: &Scene) -> Result<Page, StoreError> {
    let sizes = scene.history.sizes()?;
    let holds = scene.holds()?;
    let health = scene.tools.client.health();
    let skew = scene.tools.client.clock_skew().map(|skew| skew.as_secs_f64());
    let server = html! {
        h2 { "The uproot server" }
        dl.facts {
            dt { "Address" } dd { code { (scene.config.uproot.url.to_string()) } }
            dt { "State" } dd { @match (&health.failing, health.answered) {
                (Some(why), _) => { (light("bad", "does not answer")) " " (why) }
                (None, Some(at)) => { (light("good", "answers")) ", last " (words::when(at.as_millisecond(), scene.now, &scene.zone)) }
                (None, None) => (light("unknown", "was not asked yet")),
            } }
            dt { "Takes" } dd { @match health.took { Some(took) => { (words::took(i64::try_from(took.as_millis()).unwrap_or(i64::MAX))) " for the last answer" } None => "–" } }
            dt { "Clock" } dd { @match skew {
                None => span.dim { "not told" },
                Some(skew) if skew.abs() >= SKEWED => { (light("bad", "differs")) " by " (words::seconds(skew.abs() as u64)) ": the server's counts" }
                Some(_) => (light("good", "agrees with ours")),
            } }
        }
    };
    let own = html! {
        h2 { "uproctor" }
        dl.facts {
            dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) }
            dt { "Up" } dd { (words::ago(scene.board.started.as_millisecond(), scene)) }
            dt { "Queue" } dd { (sizes.waiting) " waiting, " (sizes.running) " under way, " (sizes.claimed) " unsettled" }
            dt { "Store" } dd { (mib(sizes.bytes)) ", " (counted(sizes.events, "event", "events")) ", " (counted(sizes.interventions, "intervention", "interventions")) }
            dt { "Open pages" } dd { (scene.board.viewers()) }
        }
        @if !holds.is_empty() {
            h2 { "What is held" }
            ul.holds { @for hold in &holds { li {
                strong { (hold.held.to_string()) } ": " (hold.reason) ", since " (words::when(hold.since.as_millisecond(), scene.now, &scene.zone))
                @if let Some(until) = hold.until { ", until " (words::when(until.as_millisecond(), scene.now, &scene.zone)) }
            } } }
        }
    };
    Ok(Page::new("Health").region("server", server).region("own", own))
}

fn light(look: &str, words: &str) -> Markup {
    html! { span class={ "light light-" (look) } { (words) } }
}

fn mib(bytes: i64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}
