//! Side by side: what came of the participants with the scripts and without.

use maud::{Markup, html};

use super::text::{count, length, number};
use crate::{sandbox::Totals, sim::Report};

/// How long the longest bar is, in pixels.
const BAR: f64 = 100.0;

/// What is compared.
struct Measure {
    name: &'static str,
    with: f64,
    without: f64,
    /// Whether it is a number of people, and not seconds.
    people: bool,
    /// Whether more of it is better; none where it is neither better nor worse.
    welcome: Option<bool>,
}

/// How many came, in either evening.
fn came(report: &Report) -> f64 {
    report.with.players.len().max(report.without.players.len()) as f64
}

fn measures(with: &Totals, without: &Totals) -> Vec<Measure> {
    let people = |name, welcome, of: fn(&Totals) -> u64| Measure {
        name,
        with: of(with) as f64,
        without: of(without) as f64,
        people: true,
        welcome,
    };
    let time = |name, of: fn(&Totals) -> f64| Measure {
        name,
        with: of(with),
        without: of(without),
        people: false,
        welcome: Some(false),
    };
    let mut all = vec![
        people("Finished", Some(true), |totals| totals.finished),
        people("Still there at the end", Some(false), |totals| totals.under_way),
        people("Closed the tab for good", Some(false), |totals| totals.dropped_out),
        people("Sent to another address", None, |totals| totals.redirected),
        time("Waited for others", |totals| totals.waited),
        time("Stalled", |totals| totals.stalled),
        time("Had the tab closed for a while", |totals| totals.away),
        time("Had an error page", |totals| totals.broken),
        time("Time lost in all", |totals| totals.lost),
    ];
    // Not every experiment sends people elsewhere.
    all.retain(|measure| measure.name != "Sent to another address" || measure.with + measure.without > 0.0);
    all
}

/// The one sentence that a reader in a hurry needs.
pub(super) fn sentence(report: &Report) -> String {
    let (with, without) = (report.with.totals(), report.without.totals());
    if with.players == 0 && without.players == 0 {
        return "Nobody came.".to_owned();
    }
    let finished = format!(
        "{} of {} finished with the scripts, {} without.",
        count(with.finished as usize),
        count(with.players as usize),
        count(without.finished as usize)
    );
    let saved = without.lost - with.lost;
    if length(with.lost) == length(without.lost) {
        return format!("{finished} Both times participants lost {}.", length(with.lost));
    }
    let (amount, less) = (length(saved.abs()), if saved > 0.0 { "less" } else { "more" });
    format!("{finished} With the scripts, participants lost {amount} {less}.")
}

/// The table with its bars.
pub(super) fn summary(report: &Report) -> Markup {
    let (with, without) = (report.with.totals(), report.without.totals());
    html! {
        section {
            h2 { "The participants" }
            div.wide {
                table.compared {
                    thead {
                        tr { th {} th scope="col" { "With the scripts" } th scope="col" { "Without" } th scope="col" { "Difference" } }
                    }
                    tbody {
                        @for measure in measures(&with, &without) {
                            @let most = if measure.people { came(report) } else { measure.with.max(measure.without) };
                            tr class=[(measure.name == "Time lost in all").then_some("sum")] {
                                th scope="row" { (measure.name) }
                                td { (figure(&measure, measure.with, most, "with")) }
                                td { (figure(&measure, measure.without, most, "without")) }
                                (difference(&measure))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn figure(measure: &Measure, value: f64, most: f64, class: &str) -> Markup {
    let wide = if most > 0.0 { value / most * BAR } else { 0.0 };
    html! {
        span.figure { (written(measure, value)) }
        svg.bar aria-hidden="true" width=(BAR) height="8" viewBox={ "0 0 " (BAR) " 8" } {
            rect.ground width=(BAR) height="8" rx="2" {}
            @if wide > 0.0 { rect class=(class) width=(number(wide.max(1.5))) height="8" rx="2" {} }
        }
    }
}

fn difference(measure: &Measure) -> Markup {
    let change = measure.with - measure.without;
    let text = written(measure, change.abs());
    // Less than the unit that is shown is no difference.
    if change == 0.0 || text == written(measure, 0.0) {
        return html! { td.same { "none" } };
    }
    let sign = if change > 0.0 { "+" } else { "−" };
    let Some(welcome) = measure.welcome else {
        return html! { td { (sign) (text) } };
    };
    let better = (change > 0.0) == welcome;
    html! {
        td class=(if better { "better" } else { "worse" }) {
            (sign) (text)
            span { (if better { "better" } else { "worse" }) }
        }
    }
}

fn written(measure: &Measure, value: f64) -> String {
    if measure.people { count(value as usize) } else { length(value) }
}
