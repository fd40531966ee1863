//! One session with everybody in it, and one player.

use maud::{Markup, html};

use super::{
    super::{page::Page, scene::Scene, words},
    chart, run,
};
use crate::{
    domain::{Held, PlayerName, SessionName},
    store::StoreError,
    watch::{SeenPlayer, SeenSession},
    web::board::counts,
};

/// How many players one region has: a change sends them anew.
const ROWS: usize = 50;

/// The first row of a table of players.
pub(super) fn heading() -> Markup {
    html! {
        thead { tr { th scope="col" { "Player" } th scope="col" { "State" } th scope="col" { "Page" }
            th scope="col" { "There for" } th scope="col" { "Last heard of" } th scope="col" { "Why" } } }
    }
}

/// A player in a table.
pub(super) fn row(scene: &Scene, session: &str, player: &SeenPlayer) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(scene.link(&format!("sessions/{session}/{}", player.name))) { (player.name) }
                @if !player.label.is_empty() { " " span.dim { (player.label) } } }
            td { (words::class(player.class)) }
            td { code { (player.page) } @if player.pages > 0 && player.place >= 0 {
                " " span.dim { ((player.place + 1).min(player.pages as i64)) "/" (player.pages) } } }
            td { @match player.entered { Some(at) => (words::ago(scene.ours(at), scene)), None => "–" } }
            td { @match player.seen { Some(at) => (words::ago(scene.ours(at), scene)), None => "–" } }
            td.why { (player.reason) }
        }
    }
}

/// A session, whole.
pub(super) fn session(scene: &Scene, name: &SessionName) -> Result<Option<Page>, StoreError> {
    let Some(session) = scene.tools.watch.seen_session(name.as_str()) else { return Ok(None) };
    let writes = scene.history.writes_on(&session.name, None, 200)?;
    let samples = scene.board.samples(&session.name);
    let mut page = Page::new(format!("Session {}", session.name))
        .region("about", about(scene, &session, name)?)
        .region("chart", chart::of_session(scene, &samples, &writes));
    for (number, players) in session.players.chunks(ROWS).enumerate() {
        page = page.region(format!("players-{number}"), html! {
            div.scroll tabindex="0" role="region" aria-label={ "Players from number " (number * ROWS + 1) } {
                table.players { (heading()) tbody { @for player in players { (row(scene, &session.name, player)) } } }
            }
        });
    }
    Ok(Some(page.region(
        "writes",
        html! {
            h2 { "What uproctor did here" }
            (run::writes(scene, writes.iter().take(50)))
        },
    )))
}

fn about(scene: &Scene, session: &SeenSession, name: &SessionName) -> Result<Markup, StoreError> {
    let held = scene.holds()?.into_iter().find(|hold| hold.held == Held::Session(name.clone()));
    let counts = counts(session);
    let fields = [("what", "session"), ("session", name.as_str())];
    Ok(html! {
        ul.counts aria-label="Players by state" {
            @for (class, count) in crate::web::board::DRAWN.iter().rev().zip(counts.iter().rev()).filter(|(_, count)| **count > 0) {
                li { strong { (count) } " " (words::class(*class)) }
            }
        }
        p { @match held {
            Some(hold) => { strong { "Nothing is written to this session" } ": " (hold.reason) ". " (scene.button("resume", &fields, "Resume this session", "plain")) }
            None => (scene.button("pause", &fields, "Leave this session alone", "plain")),
        } }
    })
}

/// A player, whole.
pub(super) fn player(
    scene: &Scene,
    session: &SessionName,
    name: &PlayerName,
) -> Result<Option<Page>, StoreError> {
    let seen = scene.tools.watch.seen_session(session.as_str());
    let found = seen.and_then(|seen| seen.players.into_iter().find(|player| &*player.name == name.as_str()));
    let Some(player) = found else { return Ok(None) };
    let held = Held::Player(session.clone(), name.clone());
    let hold = scene.holds()?.into_iter().find(|hold| hold.held == held);
    let writes = scene.history.writes_on(session.as_str(), Some(name.as_str()), 100)?;
    let fields = [("what", "player"), ("session", session.as_str()), ("player", name.as_str())];
    let now = html! {
        p { a href=(scene.link(&format!("sessions/{session}"))) { "Session " (session) } }
        div.scroll tabindex="0" role="region" aria-label="This player" {
            table.players { (heading()) tbody { (row(scene, session.as_str(), &player)) } } }
        @if !player.mates.is_empty() {
            p { "In a group with " @for (at, mate) in player.mates.iter().enumerate() {
                @if at > 0 { ", " } a href=(scene.link(&format!("sessions/{session}/{mate}"))) { (mate) } } "." }
        }
        p { @match hold {
            Some(hold) => { strong { "No automation acts on this player" } ": " (hold.reason) ". " (scene.button("resume", &fields, "Let automations act again", "plain")) }
            None => (scene.button("pause", &fields, "Leave this player alone", "plain")),
        } }
    };
    let done = html! { h2 { "What uproctor did" } (run::writes(scene, writes.iter())) };
    Ok(Some(Page::new(format!("Player {name}")).region("player", now).region("writes", done)))
}
