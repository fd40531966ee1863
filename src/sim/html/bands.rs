//! Where one participant was, as bands: visits too short to be seen are drawn together.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    people::{Pages, People, end},
    scale::Scale,
    text::{clipped, number, span},
};
use crate::sandbox::{Idle, PlayerOutcome, Spell, Visit};

/// How many bands the page may have. Beyond, more visits are drawn together.
const MOST: usize = 16_000;

/// Where no page has this share of a band's time, the band is of several pages.
const MOSTLY: f64 = 0.6;

/// How wide a character of a page's name is, in pixels.
const CHARACTER: f64 = 6.0;

/// The classes of a band of several pages.
pub(super) const SEVERAL: &str = "b several";

/// Some visits, one after another, times in seconds since the beginning.
struct Band<'a> {
    from: f64,
    to: f64,
    /// The page on which most of the time was spent; nothing where there is none.
    path: Option<&'a str>,
    visits: usize,
}

/// The shortest time that has a band of its own, in seconds: a pixel, or more where there would be too many.
pub(super) fn least(people: &People<'_>, scale: Scale) -> f64 {
    let mut least = scale.seconds(1.0);
    loop {
        let outcomes = people.rows.iter().flat_map(|person| person.with.into_iter().chain(person.without));
        let all: usize = outcomes.map(|outcome| bands(&outcome.visits, scale, least).len()).sum();
        if all <= MOST || least >= scale.length {
            return least;
        }
        least *= 1.25;
    }
}

fn bands<'a>(visits: &'a [Visit], scale: Scale, least: f64) -> Vec<Band<'a>> {
    let mut bands: Vec<Band<'a>> = Vec::new();
    let mut short: Vec<(f64, f64, &'a str)> = Vec::new();
    for visit in visits {
        let (from, to) = (scale.since(visit.from), scale.since(visit.to.unwrap_or(f64::MAX)));
        let apart = short.last().is_some_and(|(_, last, _)| from - last > least);
        let long = to - from >= least;
        if long || apart {
            bands.extend(together(&mut short));
        }
        short.push((from, to, &visit.path));
        if long || to - short[0].0 >= least {
            bands.extend(together(&mut short));
        }
    }
    bands.extend(together(&mut short));
    bands
}

/// One band of these visits, which are gone then.
fn together<'a>(visits: &mut Vec<(f64, f64, &'a str)>) -> Option<Band<'a>> {
    let (from, to) = (visits.first()?.0, visits.last()?.1);
    let mut times: BTreeMap<&str, f64> = BTreeMap::new();
    for (from, to, path) in visits.iter() {
        *times.entry(path).or_default() += to - from;
    }
    let all: f64 = times.values().sum();
    let (path, most) = times.into_iter().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let path = (most >= all * MOSTLY).then_some(path);
    let band = Band { from, to, path, visits: visits.len() };
    visits.clear();
    Some(band)
}

/// Whether a band of several pages is in the charts.
pub(super) fn several(people: &People<'_>, scale: Scale, least: f64) -> bool {
    let mut outcomes = people.rows.iter().flat_map(|person| person.with.into_iter().chain(person.without));
    outcomes.any(|outcome| bands(&outcome.visits, scale, least).iter().any(|band| band.path.is_none()))
}

/// The bands of a participant, and how it ended.
pub(super) fn draw(outcome: &PlayerOutcome, pages: &Pages<'_>, scale: Scale, least: f64) -> Markup {
    let end = end(outcome);
    let bands = bands(&outcome.visits, scale, least);
    html! {
        @for spell in outcome.spells.iter().filter(|spell| spell.idle != Idle::Stalled) {
            (idle(spell, scale, least))
        }
        @for band in &bands { (draw_band(band, pages, scale)) }
        @for spell in outcome.spells.iter().filter(|spell| spell.idle == Idle::Stalled) {
            (idle(spell, scale, least))
        }
        @if let Some((at, shape, words)) = end {
            @let at = scale.since(at);
            use href={ "#" (shape) } class={ "e " (shape) } x=(number(scale.x(at))) y=(number(scale.middle())) {
                title { (super::text::clock(at)) " " (words) }
            }
        }
    }
}

fn draw_band(band: &Band<'_>, pages: &Pages<'_>, scale: Scale) -> Markup {
    let (x, wide) = (scale.x(band.from), scale.x(band.to - band.from));
    // A hair of background between two bands, where there is room for it.
    let drawn = if wide > 4.0 { wide - 1.0 } else { wide.max(0.7) };
    let path = band.path.map(|path| clipped(path, 200)).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let fits = scale.size == "roomy" && name.chars().count() as f64 * CHARACTER + 8.0 < drawn;
    html! {
        path class=(band.path.map_or(SEVERAL, |path| pages.look(path))) d={ "M" (number(x)) " " (number(scale.middle())) "h" (number(drawn)) } {
            title {
                @match (band.visits, band.path) {
                    (1, _) => (path),
                    (visits, Some(_)) => { (visits) " visits, mostly " (path) }
                    (visits, None) => { (visits) " visits to several pages" }
                }
                " " (span(band.from, band.to))
            }
        }
        @if fits && !name.is_empty() { text x=(number(x + 4.0)) y=(number(scale.middle())) { (name) } }
    }
}

fn idle(spell: &Spell, scale: Scale, least: f64) -> Markup {
    let (from, to) = (scale.since(spell.from), scale.since(spell.to));
    let (class, words) = match spell.idle {
        Idle::Stalled => ("stalled", "stalled: the tab is open, and nothing happens"),
        Idle::Away => ("away", "the tab is closed"),
        Idle::Broken => ("broken", "an error page"),
    };
    let y = if spell.idle == Idle::Stalled { scale.row * 0.82 } else { scale.middle() };
    html! {
        @if to - from >= least {
            path class=(class) d={ "M" (number(scale.x(from))) " " (number(y)) "h" (number(scale.x(to - from))) } {
                title { (words) " " (span(from, to)) }
            }
        }
    }
}
