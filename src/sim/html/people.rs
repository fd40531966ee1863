//! The rows of the chart, and the pages in it.

use std::{collections::HashMap, sync::Arc};

use crate::{
    sandbox::{Fate, PlayerOutcome},
    sim::Report,
};

/// How many hues the style has.
const HUES: usize = 12;

/// One participant, in both evenings.
pub(super) struct Person<'a> {
    /// The player.
    pub(super) name: &'a str,
    /// With the scripts.
    pub(super) with: Option<&'a PlayerOutcome>,
    /// Without.
    pub(super) without: Option<&'a PlayerOutcome>,
}

/// Everybody, in the order in which they came.
pub(super) struct People<'a> {
    /// The rows.
    pub(super) rows: Vec<Person<'a>>,
    /// Which row is whose, by session and player.
    places: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> People<'a> {
    /// Those of either evening.
    pub(super) fn of(report: &'a Report) -> Self {
        let mut people = Self { rows: Vec::new(), places: HashMap::new() };
        for outcome in &report.with.players {
            let row = people.row(outcome);
            people.rows[row].with = Some(outcome);
        }
        for outcome in &report.without.players {
            let row = people.row(outcome);
            people.rows[row].without = Some(outcome);
        }
        people
    }

    fn row(&mut self, outcome: &'a PlayerOutcome) -> usize {
        let next = self.rows.len();
        let place = *self.places.entry((&outcome.session, &outcome.player)).or_insert(next);
        if place == next {
            self.rows.push(Person { name: &outcome.player, with: None, without: None });
        }
        place
    }

    /// The row of a player.
    pub(super) fn place(&self, session: &str, player: &str) -> Option<usize> {
        self.places.get(&(session, player)).copied()
    }

    /// The page that a player was on with the scripts, at an instant in seconds since 1970.
    pub(super) fn page_at(&self, session: &str, player: &str, at: f64) -> Option<&'a str> {
        let visits = &self.rows[self.place(session, player)?].with?.visits;
        let last = visits.partition_point(|visit| visit.from <= at).checked_sub(1)?;
        let visit = &visits[last];
        visit.to.is_none_or(|to| at <= to).then_some(&*visit.path)
    }
}

/// When and how it ended for a participant: in seconds since 1970, the shape, the words.
pub(super) fn end(outcome: &PlayerOutcome) -> Option<(f64, &'static str, &'static str)> {
    let last = outcome.visits.last().and_then(|visit| visit.to).unwrap_or(outcome.joined);
    match outcome.fate {
        Fate::Underway => None,
        Fate::Finished => Some((outcome.finished.unwrap_or(last), "finished", "finished")),
        Fate::DroppedOut => Some((last, "gone", "closed the tab for good")),
        Fate::Redirected => Some((last, "redirected", "was sent to another address")),
    }
}

/// The pages in the order in which they were first seen, each with its look.
pub(super) struct Pages<'a> {
    /// Pages proper.
    pub(super) pages: Vec<&'a str>,
    /// Pages on which one waits for others.
    pub(super) waits: Vec<&'a str>,
    looks: HashMap<&'a str, String>,
}

impl<'a> Pages<'a> {
    /// Those that anybody saw.
    pub(super) fn of(people: &People<'a>) -> Self {
        let mut pages = Self { pages: Vec::new(), waits: Vec::new(), looks: HashMap::new() };
        let outcomes = people.rows.iter().flat_map(|person| person.with.into_iter().chain(person.without));
        for visit in outcomes.flat_map(|outcome| &outcome.visits) {
            let path: &'a Arc<str> = &visit.path;
            if pages.looks.contains_key(&**path) {
                continue;
            }
            let (list, look) = if visit.waits {
                (&mut pages.waits, "b w".to_owned())
            } else {
                let place = pages.pages.len();
                let again = if (place / HUES) % 2 == 1 { " twice" } else { "" };
                (&mut pages.pages, format!("b c{}{again}", place % HUES))
            };
            list.push(path);
            pages.looks.insert(path, look);
        }
        pages
    }

    /// The classes of a page's bands.
    pub(super) fn look(&self, path: &str) -> &str {
        self.looks.get(path).map_or("b", String::as_str)
    }
}
