//! Dead letters: runs that need a person.

use maud::{Markup, html};

use super::super::{page::Page, place::Query, scene::Scene, words};
use crate::store::{DeadLetter, StoreError};

/// How many are shown at once.
const SHOWN: usize = 100;

pub(super) fn page(scene: &Scene, query: &Query) -> Result<Page, StoreError> {
    let all = query.has("all");
    let letters = scene.history.dead_letters(all)?;
    // What waits stays where it is: the oldest first, so that nothing new comes under anybody's finger.
    let mut letters = letters;
    if !all {
        letters.reverse();
    }
    let mut page = Page::new("Dead letters");
    if letters.is_empty() {
        let none =
            html! { div.empty { p { @if all { "There are none." } @else { "No run needs a person." } } } };
        page = page.region("none", none);
    }
    for letter in letters.iter().take(SHOWN) {
        page = page.region(format!("letter-{}", letter.run), card(scene, letter));
    }
    let more = html! {
        @if letters.len() > SHOWN { p { "and " (letters.len() - SHOWN) " more" } }
        p { @if all { a href=(scene.link("dead")) { "Only open ones" } } @else { a href=(scene.link("dead?all=1")) { "Also closed ones" } } }
    };
    Ok(page.region("more", more))
}

/// A dead letter and what can be done about it.
pub(super) fn card(scene: &Scene, letter: &DeadLetter) -> Markup {
    let open = letter.state == "open";
    let run = letter.run.to_string();
    html! {
        article.card.waits[open] aria-label={ "Dead letter " (run) } {
            h2 { a href=(scene.link(&format!("runs/{run}"))) { "Run " (run) } " of "
                a href=(scene.link(&format!("automations/{}", letter.automation))) { (letter.automation) } " " (words::state(&letter.kind)) }
            p { (letter.reason) }
            p.dim { (words::when(letter.at, scene.now, &scene.zone))
                @if !open { ", " (letter.state) @if let Some(closed) = letter.closed { " " (words::when(closed, scene.now, &scene.zone)) } }
                @if let Some(note) = &letter.note { ": " (note) } }
            @if open {
                div.row {
                    (scene.button("retry", &[("run", &run)], "Try again from the beginning", "plain"))
                    (scene.button("resume-run", &[("run", &run)], "Go on after what was done", "plain"))
                    (scene.form("discard", &[("run", &run)], &html! {
                        label { span.sr { "Why it is discarded" } input name="reason" required maxlength="300" placeholder="why it is discarded"; }
                        button.plain { "Discard" }
                    }))
                }
            }
        }
    }
}
