//! The frame of every page: navigation, the red button, and regions that keep themselves up to date.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{assets, place::way_back, scene::Scene, words};
use crate::{domain::Held, store::StoreError, web::auth::Who};

/// A part of a page that is replaced as a whole when it has changed.
pub(super) struct Region {
    /// The `id` of its element.
    pub(super) id: String,
    /// What stands in it.
    pub(super) markup: Markup,
}

/// What is shown at a place. It is the same for everybody who looks: who may do what is decided when it is asked for.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) regions: Vec<Region>,
}

impl Page {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), regions: Vec::new() }
    }

    pub(super) fn region(mut self, id: impl Into<String>, markup: Markup) -> Self {
        self.regions.push(Region { id: id.into(), markup });
        self
    }
}

/// The entries of the navigation: address, word, and what is counted beside it.
const ENTRIES: [(&str, &str); 8] = [
    ("", "Now"),
    ("automations", "Automations"),
    ("plans", "Plans"),
    ("events", "Events"),
    ("dead", "Dead letters"),
    ("scripts", "Scripts"),
    ("log", "Log"),
    ("status", "Health"),
];

/// What is shown around every page and changes by itself: what waits, and the red button.
pub(super) fn frame_regions(scene: &Scene) -> Result<Vec<Region>, StoreError> {
    let waits = scene.history.waits_for_people()?;
    let (plans, dead) = (waits.plans, waits.dead);
    let nav = html! {
        @for (address, word) in ENTRIES {
            @let count = match address { "plans" => plans, "dead" => dead, _ => 0 };
            a href=(scene.link_or_here(address)) aria-current=[(scene.place.entry() == address).then_some("page")] {
                (word)
                @if count > 0 { " " span.count { (count) span.sr { " waiting" } } }
            }
        }
    };
    let everything = scene.holds()?.into_iter().find(|hold| hold.held == Held::Everything);
    let stop = match everything {
        Some(hold) => html! {
            div.paused role="alert" {
                span { strong { "Everything is paused" } " since " (words::when(hold.since.as_millisecond(), scene.now, &scene.zone))
                    @if !hold.reason.is_empty() { ": " (hold.reason) } }
                (scene.button("resume", &[("what", "everything")], "Resume", "plain"))
            }
        },
        None => scene.button("pause", &[("what", "everything")], "Pause everything", "red"),
    };
    let modes = scene.modes();
    let modes = html! {
        span.sr { "Automations by mode: " }
        @for (mode, number) in modes { span { (number) " " (words::mode(mode)) } }
    };
    let failing = scene.tools.client.health();
    let alerts = html! {
        @if let Some(why) = &scene.refused {
            p.said.bad role="alert" { strong { "A change of the configuration is not in force" } ": " (why) }
        }
        @if let Some(why) = failing.failing {
            p.said.bad role="alert" { strong { "The uproot server does not answer" } ": " (why) "."
                @if let Some(at) = failing.answered { " What you see of players is as of " (words::when(at.as_millisecond(), scene.now, &scene.zone)) "." } }
        }
    };
    Ok(vec![
        Region { id: "alerts".to_owned(), markup: alerts },
        Region { id: "nav".to_owned(), markup: nav },
        Region { id: "modes".to_owned(), markup: modes },
        Region { id: "stop".to_owned(), markup: stop },
    ])
}

/// A whole page.
pub(super) fn whole(
    scene: &Scene,
    page: &Page,
    frame: &[Region],
    who: &Who,
    said: Option<(bool, String)>,
    live: &str,
) -> Markup {
    let part = |id: &str| frame.iter().find(|region| region.id == id).map(|region| &region.markup);
    let root = way_back(scene.path());
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&page.title, &root))
            body class={ "role-" (who.role) } data-live={ (root) "live?at=" (live) } data-now=(scene.now.as_millisecond()) {
                a.skip href="#main" { "Skip to the content" }
                header {
                    a.brand href=(scene.link_or_here("")) { "uproctor" }
                    nav #nav aria-label="Pages" { @if let Some(nav) = part("nav") { (nav) } }
                    div #modes { @if let Some(modes) = part("modes") { (modes) } }
                    div #stop { @if let Some(stop) = part("stop") { (stop) } }
                }
                div #alerts { @if let Some(alerts) = part("alerts") { (alerts) } }
                p #offline role="status" hidden { "Not connected to uproctor: what you see may be old." }
                @if let Some((good, text)) = said {
                    p.said.bad[!good] role=(if good { "status" } else { "alert" }) { (text) }
                }
                main #main tabindex="-1" {
                    h1 { (page.title) }
                    @for region in &page.regions {
                        div.region id=(region.id) { (region.markup) }
                    }
                }
                footer {
                    span { (who.name) ", " (who.role) }
                    form method="post" action={ (root) "logout" } { button.plain { "Log out" } }
                    span { "uproctor " (env!("CARGO_PKG_VERSION")) ", times in " (scene.zone.name()) }
                }
            }
        }
    }
}

/// A page with nothing but a few words: to log in, or that something is not there.
pub(super) fn small(title: &str, root: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, root))
            body.small {
                main #main { h1 { (title) } (content) }
            }
        }
    }
}

fn head(title: &str, root: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex";
            title { (title) " – uproctor" }
            link rel="icon" href={ (root) "assets/" (assets::ICON) };
            link rel="stylesheet" href={ (root) "assets/" (assets::STYLE) "?" (assets::version()) };
            script defer src={ (root) "assets/" (assets::SCRIPT) "?" (assets::version()) } {}
        }
    }
}

/// An SVG that was made elsewhere, out of numbers and escaped texts.
pub(super) fn drawn(svg: String) -> Markup {
    PreEscaped(svg)
}
