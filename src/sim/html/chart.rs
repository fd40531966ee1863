//! The players over time, with the scripts and without, drawn by hand.

use maud::{Markup, html};

use super::{
    bands, legend,
    marks::{self, LABEL},
    people::{Pages, People, Person},
    scale::{Scale, WIDTH},
    text::{clipped, length, number},
};
use crate::{sandbox::PlayerOutcome, sim::Report};

/// How wide a character of a name is, in pixels, at most.
const CHARACTER: f64 = 6.6;
/// How high the axis is, in pixels.
const AXIS: f64 = 20.0;
/// How high the line for what is nobody's in particular is, in pixels.
const OUTSIDE: f64 = 16.0;
/// How many characters of a name are shown beside its row.
const NAME: usize = 13;

/// Everything that both charts are drawn from.
struct Drawing<'a> {
    report: &'a Report,
    people: People<'a>,
    pages: Pages<'a>,
    scale: Scale,
    /// The shortest time that has a band of its own, in seconds.
    least: f64,
    /// How wide the names are, in pixels.
    beside: f64,
}

/// Which of the two evenings a chart is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    With,
    Without,
}

/// The whole section.
pub(super) fn chart(report: &Report) -> Markup {
    let people = People::of(report);
    let scale = Scale::new(report.time.0, eventful(report, &people), people.rows.len());
    let pages = Pages::of(&people);
    let least = bands::least(&people, scale);
    let longest = people.rows.iter().map(|person| clipped(person.name, NAME).chars().count()).max();
    let beside = (longest.unwrap_or_default() as f64 * CHARACTER + 16.0).max(58.0).ceil();
    let drawing = Drawing { report, people, pages, scale, least, beside };
    html! {
        section.chart {
            h2 { "Players over time" }
            input #show-with type="radio" name="shown" checked;
            label for="show-with" { "With the scripts" }
            input #show-without type="radio" name="shown";
            label for="show-without" { "Without" }
            input #show-both type="radio" name="shown";
            label for="show-both" { "Both" }
            span.zoom hidden { button type="button" aria-label="Zoom out" { "−" } output { "1×" } button type="button" aria-label="Zoom in" { "+" } }
            (legend::legend(report, &drawing.pages, bands::several(&drawing.people, scale, least)))
            div.figures {
                (drawing.figure(Side::With))
                (drawing.figure(Side::Without))
            }
            output.told hidden aria-live="polite" {}
        }
    }
}

impl Drawing<'_> {
    fn figure(&self, side: Side) -> Markup {
        let (class, caption) = match side {
            Side::With => ("with", "With the scripts"),
            Side::Without => ("without", "Without the scripts"),
        };
        let rows = self.people.rows.len();
        let height = rows as f64 * self.scale.row;
        html! {
            figure class={ (class) " " (self.scale.size) } data-length=(number(self.scale.length)) {
                figcaption { (caption) }
                @if rows == 0 { p { "Nobody came." } }
                @else {
                    div.scroll tabindex="0" role="group"
                        aria-label={ (caption) ": players over time. The arrow keys go from one thing to the next." } {
                        (self.head(side))
                        (self.names(side, height))
                        (self.plot(side, height))
                    }
                    @let whole = (self.report.time.1 - self.report.time.0) as f64 / 1e6;
                    @if self.scale.length < whole - 1.0 {
                        p { "Later nothing happened to anybody; the rehearsal went on until " (super::text::clock(whole)) "." }
                    }
                }
            }
        }
    }

    /// What stands above the rows and stays there: labels, what is nobody's in particular, the axis.
    fn head(&self, side: Side) -> Markup {
        let with = side == Side::With;
        let (lines, levels) = if with { marks::lines(self.report, self.scale) } else { (Vec::new(), 0) };
        let marks = if with { self.marks(None) } else { Vec::new() };
        let outside =
            with && (!marks.is_empty() || self.report.notes.iter().any(|note| note.fault.is_none()));
        let labels = levels as f64 * LABEL;
        let height = labels + if outside { OUTSIDE } else { 0.0 } + AXIS;
        let middle = labels + OUTSIDE / 2.0;
        html! {
            svg.corner aria-hidden="true" width=(self.beside) height=(height) viewBox={ "0 0 " (self.beside) " " (height) } {
                @if outside { text x=(self.beside - 8.0) y=(middle) { "outside" } }
                text x=(self.beside - 8.0) y=(height - AXIS / 2.0) { "h:mm" }
            }
            svg.head role="img" aria-label="Time axis" width=(WIDTH) height=(height)
                viewBox={ "0 0 " (WIDTH) " " (height) } {
                @for line in &lines { (marks::draw_label(line, height)) }
                @if outside {
                    g.row {
                        (marks::webhooks(self.report, self.scale, middle))
                        @for mark in &marks { (marks::draw_mark(mark, self.report, self.scale, middle)) }
                    }
                }
                @for tick in self.scale.ticks() {
                    @let x = self.scale.x(tick);
                    path.tick d={ "M" (number(x)) " " (number(height - 4.0)) "v4" } {}
                    @if x < WIDTH - 16.0 {
                        text class=[(x < 16.0).then_some("first")] x=(number(x)) y=(number(height - AXIS / 2.0)) { (self.label(tick)) }
                    }
                }
            }
        }
    }

    fn label(&self, tick: f64) -> String {
        let at = super::text::clock(tick);
        // Seconds only where the axis is so short that they tell something.
        let short = self.scale.ticks().get(1).is_some_and(|step| *step < 60.0);
        if short { at } else { at.rsplit_once(':').map_or(at.clone(), |(minutes, _)| minutes.to_owned()) }
    }

    fn names(&self, side: Side, height: f64) -> Markup {
        html! {
            svg.names role="img" aria-label="Players" width=(self.beside) height=(height)
                viewBox={ "0 0 " (self.beside) " " (height) } {
                @for (place, person) in self.people.rows.iter().enumerate() {
                    @let y = place as f64 * self.scale.row + self.scale.middle();
                    text x=(self.beside - 8.0) y=(number(y)) {
                        title { (story(person, side)) }
                        (clipped(person.name, NAME))
                    }
                }
            }
        }
    }

    fn plot(&self, side: Side, height: f64) -> Markup {
        let with = side == Side::With;
        let (lines, _) = if with { marks::lines(self.report, self.scale) } else { (Vec::new(), 0) };
        let mut marks: Vec<Vec<marks::Mark<'_>>> = Vec::new();
        marks.resize_with(self.people.rows.len(), Vec::new);
        if with {
            for mark in marks::marks(self.report, &self.people, self.scale) {
                if let Some(row) = mark.row {
                    marks[row].push(mark);
                }
            }
        }
        let ticks: String = self
            .scale
            .ticks()
            .iter()
            .map(|tick| format!("M{} 0V{height}", number(self.scale.x(*tick))))
            .collect();
        html! {
            svg.plot role="img" aria-label="A row for each player" width=(WIDTH) height=(height)
                viewBox={ "0 0 " (WIDTH) " " (height) } {
                rect.stripes width=(WIDTH) height=(height) fill={ "url(#stripes-" (self.scale.size) ")" } {}
                path.grid d=(ticks) {}
                @for line in &lines { (marks::draw_line(line, height)) }
                @for ((place, person), marks) in self.people.rows.iter().enumerate().zip(&marks) {
                    g.row transform={ "translate(0 " (number(place as f64 * self.scale.row)) ")" } data-name=(clipped(person.name, 200)) {
                        @if let Some(outcome) = of(person, side) {
                            (bands::draw(outcome, &self.pages, self.scale, self.least))
                        }
                        @for mark in marks { (marks::draw_mark(mark, self.report, self.scale, self.scale.edge())) }
                    }
                }
            }
        }
    }

    fn marks(&self, row: Option<usize>) -> Vec<marks::Mark<'_>> {
        let mut marks = marks::marks(self.report, &self.people, self.scale);
        marks.retain(|mark| mark.row == row);
        marks
    }
}

fn of<'a>(person: &Person<'a>, side: Side) -> Option<&'a PlayerOutcome> {
    match side {
        Side::With => person.with,
        Side::Without => person.without,
    }
}

/// How long something happened to anybody, in seconds, and a little more: nobody looks at an hour of nothing.
fn eventful(report: &Report, people: &People<'_>) -> f64 {
    let (start, all) = (report.time.0 as f64 / 1e6, (report.time.1 - report.time.0) as f64 / 1e6);
    let outcomes = people.rows.iter().flat_map(|person| person.with.into_iter().chain(person.without));
    let visits = outcomes.flat_map(|outcome| {
        let visit = outcome.visits.last().map_or(outcome.joined, |visit| visit.to.unwrap_or(start + all));
        let spell = outcome.spells.last().map_or(start, |spell| spell.to);
        [visit - start, spell - start]
    });
    let writes = report.writes.iter().map(|write| report.written(write) as f64 / 1e6);
    let last = visits.chain(writes).fold(0.0, f64::max);
    if last > 0.0 { (last * 1.04).min(all) } else { all }
}

/// What came of a participant, in a line.
fn story(person: &Person<'_>, side: Side) -> String {
    let name = clipped(person.name, 200);
    let Some(outcome) = of(person, side) else { return format!("{name} did not come") };
    let end = super::people::end(outcome).map_or("was still there at the end", |(_, _, words)| words);
    format!(
        "{name} {end}; waited for others {}, stalled {}, tab closed {}",
        length(outcome.waited),
        length(outcome.stalled),
        length(outcome.away)
    )
}
