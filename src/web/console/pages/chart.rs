//! How many players were in which state over time, and what was done meanwhile.

use std::fmt::Write as _;

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::{page::drawn, scene::Scene};
use crate::{
    store::WriteRow,
    web::board::{DRAWN, Sample},
};

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 120.0;
/// Above the areas, for the marks of what was done.
const MARKS: f64 = 14.0;
/// Below them, for the times.
const TIMES: f64 = 16.0;
/// How long the newest state is drawn to last, in milliseconds.
const APART: i64 = 5_000;
/// The shortest stretch of time that is drawn, in milliseconds.
const SHORTEST: i64 = 60_000;
/// How many marks are drawn: the newest.
const MOST_MARKS: usize = 120;

/// The chart of a session. `writes` are the newest first.
pub(super) fn of_session(scene: &Scene, samples: &[Sample], writes: &[WriteRow]) -> Markup {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return html! { p.dim { "The chart begins as soon as the session has been watched for a few seconds." } };
    };
    let most = samples.iter().map(|sample| sample.counts.iter().sum::<u32>()).max().unwrap_or(0).max(1);
    let span = (last.at + APART - first.at).max(SHORTEST) as f64;
    // The last one holds until the next: it is drawn as wide as a look.
    let end = last.at + APART;
    let x = |at: i64| (at - first.at) as f64 / span * WIDTH;
    let y = |count: u32| MARKS + HEIGHT * (1.0 - f64::from(count) / f64::from(most));
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">",
        MARKS + HEIGHT + TIMES,
        label(last)
    );
    let stretches = watched(samples);
    for (at, class) in DRAWN.iter().enumerate() {
        for stretch in stretches.iter().filter(|stretch| stretch.iter().any(|sample| sample.counts[at] > 0)) {
            let until =
                stretch.last().map_or(end, |last| if last.at == end - APART { end } else { last.at + APART });
            // A class lies on top of those before it; steps, because nobody is half in a state.
            let below = |sample: &Sample| sample.counts[..at].iter().sum::<u32>();
            let mut up = String::new();
            let mut down = Vec::new();
            for (number, sample) in stretch.iter().enumerate() {
                let next = stretch.get(number + 1).map_or(until, |next| next.at);
                let (from, next) = (x(sample.at), x(next).min(WIDTH));
                let (low, high) = (y(below(sample)), y(below(sample) + sample.counts[at]));
                let _ = write!(up, "{from:.1},{high:.1} {next:.1},{high:.1} ");
                down.push(format!("{next:.1},{low:.1} {from:.1},{low:.1}"));
            }
            down.reverse();
            let _ = write!(
                svg,
                "<polygon class=\"k-{class}\" points=\"{up}{}\"><title>{class}</title></polygon>",
                down.join(" ")
            );
        }
    }
    marks(&mut svg, first.at, last.at, &x, writes);
    times(&mut svg, scene, first.at, span);
    svg.push_str("</svg>");
    html! { figure { (drawn(svg)) figcaption.dim {
    "Players over time by state, " (most) " at most; empty while nobody looked. Marks above: what uproctor did; hollow ones: what it did not do, in a dry run or until somebody approves." } } }
}

/// The samples in stretches in which somebody looked all the time: what nobody saw is not drawn.
fn watched(samples: &[Sample]) -> Vec<&[Sample]> {
    // Of a long evening, every second sample is kept: what is usual is told by most of them.
    let mut apart: Vec<i64> = samples.windows(2).map(|two| two[1].at - two[0].at).collect();
    apart.sort_unstable();
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(APART).max(APART);
    let mut stretches = Vec::new();
    let mut from = 0;
    for at in 1..samples.len() {
        if samples[at].at - samples[at - 1].at > 4 * usual {
            stretches.push(&samples[from..at]);
            from = at;
        }
    }
    stretches.push(&samples[from..]);
    stretches
}

fn label(last: &Sample) -> String {
    let now = DRAWN.iter().zip(last.counts).filter(|(_, count)| *count > 0);
    let now: Vec<String> = now.map(|(class, count)| format!("{count} {class}")).collect();
    format!("Players over time by state. Now: {}", now.join(", "))
}

fn marks(svg: &mut String, first: i64, last: i64, x: &dyn Fn(i64) -> f64, writes: &[WriteRow]) {
    let drawn = writes.iter().filter(|write| (first..=last).contains(&write.effect.claimed)).take(MOST_MARKS);
    for write in drawn {
        let at = x(write.effect.claimed);
        // Names of actions and states are ours; everything else is escaped.
        let who = write.effect.player.as_deref().map(escaped).unwrap_or_default();
        let _ = write!(
            svg,
            "<path class=\"mark state-{}\" d=\"M{:.1} {} l5 -10 h-10 z\"><title>{} {who}: {}</title></path>",
            escaped(&write.effect.state),
            at.clamp(5.0, WIDTH - 5.0),
            MARKS - 1.0,
            escaped(&write.effect.action),
            escaped(&write.effect.state),
        );
    }
}

fn times(svg: &mut String, scene: &Scene, first: i64, span: f64) {
    for quarter in 0..=4 {
        let share = f64::from(quarter) / 4.0;
        let Ok(at) = Timestamp::from_millisecond(first + (span * share) as i64) else { continue };
        let zoned = jiff::ZonedDateTime::new(at, scene.zone.time_zone().clone());
        let anchor = match quarter {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        let time = zoned.strftime(if span < 600_000.0 { "%H:%M:%S" } else { "%H:%M" });
        let _ = write!(
            svg,
            "<text class=\"at-{anchor}\" x=\"{:.0}\" y=\"{}\" text-anchor=\"{anchor}\">{time}</text>",
            WIDTH * share,
            MARKS + HEIGHT + TIMES - 3.0
        );
    }
}

/// A text inside of an element or an attribute.
fn escaped(text: &str) -> String {
    html! { (text) }.into_string().replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_saw_is_not_drawn() {
        let at = |second: i64| Sample { at: second * 1000, counts: [1; DRAWN.len()] };
        let samples: Vec<Sample> = [0, 5, 10, 15, 3600, 3605].map(at).to_vec();
        let lengths: Vec<usize> = watched(&samples).iter().map(|stretch| stretch.len()).collect();
        assert_eq!(lengths, [4, 2]);
        assert_eq!(watched(&samples[..1]).len(), 1);
    }
}
