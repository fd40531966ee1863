//! The report as one web page: nothing is loaded from anywhere, and nothing that a participant, a server or a script
//! said is taken for markup.

mod bands;
mod chart;
mod legend;
mod marks;
mod people;
mod scale;
mod summary;
mod tables;
mod text;

#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::{Report, report::since_start};
use text::{count, shown};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Report {
    /// For a person with a browser. `again` is the command that brings the same rehearsal again. The same report gives
    /// the same page, byte for byte.
    pub fn html(&self, again: &str) -> String {
        page(self, again).into_string()
    }
}

fn page(report: &Report, again: &str) -> Markup {
    let experiment = shown(&report.experiment);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Rehearsal of " (experiment) ", seed " (report.seed) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report, again))
                main {
                    (summary::summary(report))
                    (chart::chart(report))
                    (tables::writes(report))
                    (tables::plans(report))
                    (tables::messages(report))
                    (tables::runs(report))
                    (tables::notes(report))
                }
                (legend::shapes())
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The browser may use this style and this script and fetch nothing, whatever else the page might contain.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn head(report: &Report, again: &str) -> Markup {
    let automations: Vec<String> = report.automations.iter().map(|name| shown(name)).collect();
    html! {
        header {
            p.kicker { "Rehearsal with simulated participants" }
            h1 { bdi { (shown(&report.experiment)) } }
            p.lead { (summary::sentence(report)) }
            dl.facts {
                (fact("Participants", &count(report.with.players.len())))
                (fact("Virtual time", &since_start(report.time.1 - report.time.0)))
                (fact("Seed", &report.seed.to_string()))
                (fact("Automations", &automations.join(", ")))
            }
            p.again { span { "To see it again" } code { (shown(again)) } }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! {
        div { dt { (name) } dd { bdi { @if value.is_empty() { "none" } @else { (value) } } } }
    }
}
