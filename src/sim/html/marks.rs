//! What the automations did, as marks on the rows, and what came from outside, as lines through them.

use maud::{Markup, html};

use super::{
    people::People,
    scale::{Scale, WIDTH},
    text::{clipped, clock, number},
};
use crate::{
    sim::{Fault, Note, Report},
    store::WriteRow,
};

/// How close together marks of one kind are drawn as one, in pixels.
const CLOSE: f64 = 3.0;
/// How many writes one mark tells of.
const TOLD: usize = 8;
/// How wide a character of a line's label is, in pixels.
const CHARACTER: f64 = 6.2;
/// How high a line of labels is, in pixels.
pub(super) const LABEL: f64 = 13.0;
/// How many lines of labels there are at most.
const LINES: usize = 3;

/// One mark: writes of one kind to one participant, or to nobody in particular, at about one time.
pub(super) struct Mark<'a> {
    /// The row; nothing where it was not about a participant.
    pub(super) row: Option<usize>,
    /// When the first was written down, in seconds since the beginning.
    at: f64,
    shape: &'static str,
    took: bool,
    writes: Vec<&'a WriteRow>,
}

/// The shape for an action.
pub(super) fn shape(action: &str) -> &'static str {
    match action {
        "players.advance" | "players.revert" | "players.end" => "step",
        "players.message" => "message",
        "players.dropout" => "dropout",
        _ => "other",
    }
}

/// All marks, in the order of their times.
pub(super) fn marks<'a>(report: &'a Report, people: &People<'_>, scale: Scale) -> Vec<Mark<'a>> {
    let mut writes: Vec<(i64, &WriteRow)> =
        report.writes.iter().map(|write| (report.written(write), write)).collect();
    writes.sort_by_key(|(at, _)| *at);
    let mut marks: Vec<Mark<'a>> = Vec::new();
    let mut last: std::collections::HashMap<_, usize> = std::collections::HashMap::new();
    for (at, write) in writes {
        let effect = &write.effect;
        let row = effect.target.as_deref().zip(effect.player.as_deref());
        let row = row.and_then(|(session, player)| people.place(session, player));
        let (shape, took) = (shape(&effect.action), effect.state == "done");
        let at = (at as f64 / 1e6).min(scale.length);
        let kind = (row, shape, took);
        if let Some(place) = last.get(&kind)
            && scale.x(at - marks[*place].at) < CLOSE
        {
            marks[*place].writes.push(write);
            continue;
        }
        last.insert(kind, marks.len());
        marks.push(Mark { row, at, shape, took, writes: vec![write] });
    }
    marks
}

/// A mark at a height.
pub(super) fn draw_mark(mark: &Mark<'_>, report: &Report, scale: Scale, y: f64) -> Markup {
    let kind = if mark.took { "m" } else { "m hollow" };
    html! {
        use href={ "#" (mark.shape) } class={ (kind) " " (mark.shape) } x=(number(scale.x(mark.at))) y=(number(y)) {
            title {
                @for (place, write) in mark.writes.iter().take(TOLD).enumerate() {
                    @if place > 0 { "\n" }
                    (told(write, report))
                }
                @if mark.writes.len() > TOLD { "\nand " (mark.writes.len() - TOLD) " more" }
            }
        }
    }
}

fn told(write: &WriteRow, report: &Report) -> String {
    let effect = &write.effect;
    let whom = effect.player.as_deref().or(effect.target.as_deref()).unwrap_or_default();
    let note = effect.note.as_deref().map(|note| format!(", {}", clipped(note, 160))).unwrap_or_default();
    format!(
        "{} {} (run {}): {} {}, {}{note}",
        clock(report.written(write) as f64 / 1e6),
        clipped(&write.automation, 60),
        write.run,
        clipped(&effect.action, 60),
        clipped(whom, 60),
        clipped(&effect.state, 60),
    )
}

/// One line through the chart and its label.
pub(super) struct Line {
    x: f64,
    class: &'static str,
    label: String,
    title: String,
    /// In which line of labels it stands; nothing where there was no room.
    level: Option<usize>,
}

/// The lines of the faults, and how many lines of labels there are.
pub(super) fn lines(report: &Report, scale: Scale) -> (Vec<Line>, usize) {
    let mut free = [f64::MIN; LINES];
    let mut lines = Vec::new();
    for note in &report.notes {
        let Some((class, label)) = note.fault.and_then(named) else { continue };
        let at = since(note, report);
        if at > scale.length {
            continue;
        }
        let x = scale.x(at);
        let wide = label.chars().count() as f64 * CHARACTER + 8.0;
        let (left, right) = if x + wide > WIDTH { (x - wide, x) } else { (x, x + wide) };
        let level = free.iter().position(|free| *free <= left);
        if let Some(level) = level {
            free[level] = right;
        }
        let title = format!("{} {}", clock(at), clipped(&note.text, 200));
        lines.push(Line { x, class, label, title, level });
    }
    (lines, free.iter().filter(|free| **free > f64::MIN).count())
}

fn named(fault: Fault) -> Option<(&'static str, String)> {
    match fault {
        Fault::ServerRestart(_) => Some(("restart", "server restart".to_owned())),
        Fault::Crash => Some(("crash", "daemon crash".to_owned())),
        Fault::ClockJump(by) => Some(("jump", format!("clock {:+} s", by / 1_000_000))),
        // The crash itself comes a little later.
        Fault::CrashAhead(_) => None,
    }
}

fn since(note: &Note, report: &Report) -> f64 {
    (note.at - report.time.0) as f64 / 1e6
}

/// The label of a line, and the line below it.
pub(super) fn draw_label(line: &Line, height: f64) -> Markup {
    let top = line.level.map_or(height, |level| level as f64 * LABEL);
    let left = line.x + line.label.chars().count() as f64 * CHARACTER + 8.0 > WIDTH;
    html! {
        g class="fault" {
            title { (line.title) }
            path class=(line.class) d={ "M" (number(line.x)) " " (number(top)) "V" (number(height)) } {}
            @if line.level.is_some() {
                @let x = if left { line.x - 4.0 } else { line.x + 4.0 };
                text class=[left.then_some("left")] x=(number(x)) y=(number(top + 10.0)) { (line.label) }
            }
        }
    }
}

/// The line through the rows.
pub(super) fn draw_line(line: &Line, height: f64) -> Markup {
    html! {
        path class={ "line " (line.class) } d={ "M" (number(line.x)) " 0V" (number(height)) } { title { (line.title) } }
    }
}

/// The webhooks, as ticks.
pub(super) fn webhooks(report: &Report, scale: Scale, y: f64) -> Markup {
    let seen = |note: &&Note| note.fault.is_none() && since(note, report) <= scale.length;
    let hooks = report.notes.iter().filter(seen);
    html! {
        @for note in hooks {
            @let at = since(note, report);
            path class="hook" d={ "M" (number(scale.x(at))) " " (number(y - 5.0)) "v10" } {
                title { (clock(at)) " " (clipped(&note.text, 200)) }
            }
        }
    }
}
