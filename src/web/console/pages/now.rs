//! What is going on: every session that is awake, who needs somebody, and what was done.

use maud::{Markup, html};

use super::{
    super::{page::Page, scene::Scene, words},
    chart, players,
};
use crate::{
    domain::{Class, counted},
    store::{StoreError, WriteRow},
    watch::{SeenPlayer, SeenSession},
    web::board::{DRAWN, counts},
};

/// A session in which nothing was heard of anybody for longer is only named, in seconds.
const AWAKE: f64 = 3600.0;
/// How many sessions are shown whole.
const SESSIONS: usize = 12;
/// How many players are listed of those that need somebody.
const WORST: usize = 40;
/// How many cells one region has: a change sends them anew.
const CELLS: usize = 100;
/// How many of the last writes are shown.
const WRITES: u32 = 15;

pub(super) fn page(scene: &Scene) -> Result<Page, StoreError> {
    let mut sessions = scene.tools.watch.seen();
    sessions.sort_by(|one, two| two.alive.total_cmp(&one.alive).then_with(|| one.name.cmp(&two.name)));
    let is_awake = |session: &SeenSession| session.looked.is_some() && session.now - session.alive < AWAKE;
    let (awake, quiet): (Vec<_>, Vec<_>) = sessions.into_iter().partition(is_awake);
    let mut page = Page::new("Now");
    if awake.is_empty() {
        page = page.region("nobody", nobody(scene, !quiet.is_empty()));
    }
    for session in awake.iter().take(SESSIONS) {
        page = of_session(scene, page, session)?;
    }
    let others: Vec<&SeenSession> = awake.iter().skip(SESSIONS).chain(&quiet).collect();
    if !others.is_empty() {
        page = page.region("others", names(scene, &others));
    }
    Ok(page)
}

fn nobody(scene: &Scene, has_quiet: bool) -> Markup {
    let health = scene.tools.client.health();
    let is_known = scene.tools.watch.knows_sessions() && health.failing.is_none();
    html! {
        div.empty {
            p { strong { @if is_known { "Nobody is in a session right now." } @else { "It is not known who is there." } } }
            p {
                @if !is_known { "That takes some seconds, or until the uproot server answers." }
                @else if has_quiet { "The sessions below have been quiet for an hour." }
                @else { "As soon as uproot has a session with participants, they show up here." }
            }
            p { "Watched: " code { (scene.config.uproot.url.to_string()) } ". "
                a href=(scene.link("status")) { "Is the server well?" } }
        }
    }
}

fn names(scene: &Scene, sessions: &[&SeenSession]) -> Markup {
    html! {
        section {
            h2 { "Other sessions" }
            ul.names {
                @for session in sessions.iter().take(100) {
                    li { a href=(scene.link(&format!("sessions/{}", session.name))) { (session.name) }
                        " " span.dim { (counted(session.players.len(), "player", "players")) } }
                }
            }
        }
    }
}

fn of_session(scene: &Scene, page: Page, session: &SeenSession) -> Result<Page, StoreError> {
    let id = format!("s-{}", session.name);
    let writes = scene.history.writes_on(&session.name, None, 200)?;
    let samples = scene.board.samples(&session.name);
    let mut worst: Vec<&SeenPlayer> =
        session.players.iter().filter(|player| rank(player.class) < CALM).collect();
    // Whoever has been so for longest first.
    worst.sort_by(|one, two| {
        let since = |player: &SeenPlayer| player.entered.unwrap_or_default();
        rank(one.class).cmp(&rank(two.class)).then_with(|| since(one).total_cmp(&since(two)))
    });
    let mut page = page.region(format!("{id}-head"), head(scene, session));
    for (number, players) in session.players.chunks(CELLS).enumerate() {
        page = page.region(format!("{id}-cells-{number}"), cells(players));
    }
    Ok(page
        .region(format!("{id}-chart"), chart::of_session(scene, &samples, &writes))
        .region(format!("{id}-worst"), worst_table(scene, session, &worst))
        .region(format!("{id}-done"), done(scene, &writes)))
}

fn head(scene: &Scene, session: &SeenSession) -> Markup {
    let counts = counts(session);
    html! {
        h2.session { a href=(scene.link(&format!("sessions/{}", session.name))) { (session.name) }
            " " span.dim { (counted(session.players.len(), "player", "players")) (as_of(scene, session)) } }
        ul.counts aria-label="Players by state" {
            @for (class, count) in DRAWN.iter().rev().zip(counts.iter().rev()).filter(|(_, count)| **count > 0) {
                li { strong { (count) } " " (words::class(*class)) }
            }
        }
    }
}

/// Since when nobody has looked, if that is long ago.
fn as_of(scene: &Scene, session: &SeenSession) -> Markup {
    let late = (3.0 * scene.config.watch.every.as_secs_f64()).max(LATE);
    html! { @if let Some(ago) = session.looked.map(|looked| session.now - looked).filter(|ago| *ago > late) {
        ", as of " (words::when(scene.now.as_millisecond() - (ago * 1000.0) as i64, scene.now, &scene.zone))
    } }
}

/// What was looked at longer ago than this is said to be old, in seconds.
const LATE: f64 = 30.0;
/// From this on, nobody needs anybody.
const CALM: u8 = 7;

/// How much a state needs somebody; less is worse.
fn rank(class: Class) -> u8 {
    match class {
        Class::Victim => 0,
        Class::Absent => 1,
        Class::Expired => 2,
        Class::Stalled => 3,
        Class::Blocked => 4,
        Class::Unknown => 5,
        Class::Dropped => 6,
        Class::Waiting | Class::Thinking | Class::NotStarted | Class::Finished => CALM,
    }
}

fn worst_table(scene: &Scene, session: &SeenSession, worst: &[&SeenPlayer]) -> Markup {
    html! {
        @if worst.is_empty() {
            p.calm { "Nobody needs you here." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label={ "Players of " (session.name) " who may need somebody" } {
                table.players {
                    (players::heading())
                    tbody {
                        @for player in worst.iter().take(WORST) { (players::row(scene, &session.name, player)) }
                    }
                }
            }
            @if worst.len() > WORST {
                p { a href=(scene.link(&format!("sessions/{}", session.name))) { "and " (worst.len() - WORST) " more" } }
            }
        }
    }
}

/// Everybody as a small square. The table says the same in words of whoever needs somebody, and the counts of all.
fn cells(players: &[SeenPlayer]) -> Markup {
    html! {
        div.cells aria-hidden="true" {
            @for player in players {
                i class={ "cell k-" (player.class) } title={ (player.name) ": " (player.class) ", " (player.page) } {}
            }
        }
    }
}

fn done(scene: &Scene, writes: &[WriteRow]) -> Markup {
    let shown = writes.iter().filter(|write| write.effect.state != "claimed").take(WRITES as usize);
    html! {
        @if !writes.is_empty() {
            details open {
                summary { "What uproctor did" }
                (super::run::writes(scene, shown))
            }
        }
    }
}
