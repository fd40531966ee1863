//! What waits for a person: each plan with its writes, and who has moved since.

use std::collections::HashMap;

use maud::{Markup, html};

use super::super::{page::Page, place::Query, scene::Scene, words};
use crate::{
    domain::{Class, Effect, RunId},
    store::{PlanRow, StoreError},
    watch::SeenSession,
};

/// How many are shown at once.
const SHOWN: usize = 100;

pub(super) fn all(scene: &Scene, query: &Query) -> Result<Page, StoreError> {
    let all = query.has("all");
    let plans = scene.history.plans(all)?;
    // What waits stays where it is: the oldest first, so that nothing new comes under anybody's finger.
    let mut plans = plans;
    if !all {
        plans.reverse();
    }
    let mut page = Page::new("Plans");
    if plans.is_empty() {
        let none = html! { div.empty { p { @if all { "There are no plans." } @else { "No plan waits." } } } };
        page = page.region("none", none);
    }
    for plan in plans.iter().take(SHOWN) {
        page = page.region(format!("plan-{}", plan.run), card(scene, plan));
    }
    let more = html! {
        @if plans.len() > SHOWN { p { "and " (plans.len() - SHOWN) " more" } }
        p { @if all { a href=(scene.link("plans")) { "Only those that wait" } } @else { a href=(scene.link("plans?all=1")) { "Also those that are decided" } } }
    };
    Ok(page.region("more", more))
}

pub(super) fn one(scene: &Scene, run: RunId) -> Result<Option<Page>, StoreError> {
    let Some(plan) = scene.history.plan(run)? else { return Ok(None) };
    Ok(Some(Page::new(format!("Plan {run}")).region("plan", card(scene, &plan))))
}

/// A plan with what it would do and the buttons to decide.
pub(super) fn card(scene: &Scene, plan: &PlanRow) -> Markup {
    let waits = plan.state == "waiting" && plan.expires > scene.now.as_millisecond();
    let run = plan.run.to_string();
    let mut sessions = HashMap::new();
    html! {
        article.card.waits[waits] aria-label={ "Plan " (run) } {
            h2 { a href=(scene.link(&format!("plans/{run}"))) { "Plan " (run) } " of "
                a href=(scene.link(&format!("automations/{}", plan.automation))) { (plan.automation) } " " (words::state(&plan.state)) }
            p { (plan.reason) }
            p.dim { "Made " (words::when(plan.made, scene.now, &scene.zone)) ". "
                @if waits { "Expires " (words::until(plan.expires, scene)) "." }
                @else if let Some(decided) = plan.decided { (plan.state) " " (words::when(decided, scene.now, &scene.zone)) "."  }
                @if let Some(note) = &plan.note { " " (note) } }
            ul.effects {
                @for effect in &plan.effects {
                    li { (planned(effect)) @if waits { (moved(scene, effect, &mut sessions)) } }
                }
            }
            div.row {
                @if waits {
                    (scene.button("approve", &[("run", &run)], "Approve", "primary"))
                    (scene.form("reject", &[("run", &run)], &html! {
                        label { span.sr { "Why it is rejected" } input name="reason" maxlength="300" placeholder="why not (optional)"; }
                        button.plain { "Reject" }
                    }))
                }
                a href=(scene.link(&format!("runs/{run}"))) { "Why it wants this: run " (run) }
            }
        }
    }
}

fn planned(effect: &Effect) -> Markup {
    html! {
        code { (effect.action) }
        @if let Some(player) = &effect.player { " " strong { (player) } }
        @if let Some(target) = &effect.target { " " span.dim { "in " (target) } }
        @if effect.arguments.as_object().is_some_and(|arguments| !arguments.is_empty()) { " " code { (effect.arguments.to_string()) } }
        @if let Some(page) = page_of(effect) { " from " code { (page) } }
    }
}

/// The page on which a player has to be for it.
fn page_of(effect: &Effect) -> Option<&str> {
    effect.precondition.as_ref().and_then(|seen| seen["page"].as_str())
}

/// Whether the player is still where they were when it was planned, as far as they are observed.
fn moved(scene: &Scene, effect: &Effect, sessions: &mut HashMap<String, Option<SeenSession>>) -> Markup {
    let (Some(session), Some(player), Some(page)) = (&effect.target, &effect.player, page_of(effect)) else {
        return html! {};
    };
    let seen = sessions.entry(session.clone()).or_insert_with(|| scene.tools.watch.seen_session(session));
    let now = seen.as_ref().and_then(|seen| seen.players.iter().find(|one| &*one.name == player.as_str()));
    html! { " " @match now {
        None => span.dim { "(not observed now)" },
        // A script has a patience of its own: how long it is says more than that of `[watch]`.
        Some(now) if now.page == page => span.still {
            "still there"
            @if let Some(at) = now.entered { ", for " (words::ago(scene.ours(at), scene)) }
            @if !matches!(now.class, Class::Thinking | Class::Stalled) { ", " (words::class(now.class)) }
        },
        Some(now) => strong.held { "has moved to " (now.page) ": will be left out" },
    } }
}
