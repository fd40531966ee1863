//! The scripts: their text, what is wrong with the files as they are now, and what has changed from version to version.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use super::{
    super::{
        page::Page,
        place::{Query, percent_encoded},
        scene::Scene,
        words,
    },
    run,
};
use crate::{
    config,
    domain::{Problem, counted},
    script,
    store::StoreError,
};

/// How long finding what has changed may take.
const LONGEST: std::time::Duration = std::time::Duration::from_millis(300);
/// Files that are larger are not compared line by line, in bytes.
const LARGEST: usize = 200_000;

pub(super) fn all(scene: &Scene) -> Result<Page, StoreError> {
    let mut scripts: Vec<_> = scene.library.all().collect();
    scripts.sort_by(|one, two| one.name.cmp(&two.name));
    let mut rows = Vec::new();
    for script in scripts {
        let versions = scene.history.script_versions(&script.name)?;
        let users = scene.config.automations.iter().filter(|automation| automation.script == script.name);
        let users: Vec<&str> = users.map(|automation| automation.name.as_str()).collect();
        rows.push(html! { tr {
            th scope="row" { a href=(scene.link(&format!("scripts/{}", percent_encoded(&script.name)))) { (script.name) } }
            td data-label="version" { code { (run::short(&script.hash)) } }
            td data-label="since" { @if let Some((_, first)) = versions.iter().find(|(hash, _)| *hash == script.hash) { (words::when(*first, scene.now, &scene.zone)) } }
            td data-label="versions" { (versions.len()) }
            td data-label="for" { @for (at, user) in users.iter().enumerate() { @if at > 0 { ", " } a href=(scene.link(&format!("automations/{user}"))) { (user) } } }
        } });
    }
    // The files as they are now, which is not what runs where something is wrong with them.
    let (_, _, problems) = script::prepare(config::load(&scene.config.file));
    Ok(Page::new("Scripts").region("checked", checked(&problems)).region("scripts", html! {
        @if rows.is_empty() { div.empty { p { "No automation has a script." } } } @else {
            div.scroll tabindex="0" role="region" aria-label="Scripts" {
                table.stacked {
                    thead { tr { th scope="col" { "Script" } th scope="col" { "Version in use" } th scope="col" { "Since" } th scope="col" { "Versions" } th scope="col" { "For" } } }
                    tbody { @for row in rows { (row) } }
                }
            }
        }
    }))
}

/// What `uproctor check` says.
fn checked(problems: &[Problem]) -> Markup {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    html! {
        @if errors > 0 {
            p.said.bad { "The files have " (counted(errors, "error", "errors")) ": what was in force before stays in force, all of it." }
        }
        @if problems.is_empty() { p.calm { "The files are as they should be." } }
        @if !problems.is_empty() {
            ul.problems { @for problem in problems { li.is-error[problem.is_error()] { pre { (problem.to_string()) } } } }
        }
    }
}

pub(super) fn one(scene: &Scene, name: &str, query: &Query) -> Result<Option<Page>, StoreError> {
    let versions = scene.history.script_versions(name)?;
    let in_use = scene.library.get(name);
    if versions.is_empty() && in_use.is_none() {
        return Ok(None);
    }
    let shown = match query.get("version") {
        Some(hash) => {
            versions.iter().find(|(version, _)| version == hash).map(|(version, _)| version.clone())
        }
        None => in_use
            .map(|script| script.hash.clone())
            .or_else(|| versions.first().map(|(hash, _)| hash.clone())),
    };
    let Some(shown) = shown else { return Ok(None) };
    let source = match in_use.filter(|script| script.hash == shown) {
        Some(script) => Some(script.source.clone()),
        None => scene.history.script_source(name, &shown)?,
    };
    let Some(source) = source else { return Ok(None) };
    let before = versions.iter().skip_while(|(hash, _)| *hash != shown).nth(1);
    let before = match before {
        Some((hash, at)) => {
            scene.history.script_source(name, hash)?.map(|source| (hash.clone(), *at, source))
        }
        None => None,
    };
    let users = scene.config.automations.iter().filter(|automation| automation.script == name);
    let about = html! {
        p { @if in_use.is_some_and(|script| script.hash == shown) { strong { "In use" } ", " } "version " code { (run::short(&shown)) } }
        div.row { @for automation in users {
            (scene.button("trigger", &[("automation", automation.name.as_str()), ("dry", "yes")], &format!("Dry run of {} now", automation.name), "plain"))
        } }
        h2 { "Versions" }
        ul.versions { @for (hash, first) in &versions { li {
            a href=(scene.link(&format!("scripts/{}?version={hash}", percent_encoded(name)))) aria-current=[(*hash == shown).then_some("true")] { code { (run::short(hash)) } }
            " since " (words::when(*first, scene.now, &scene.zone))
        } } }
    };
    let mut page = Page::new(format!("Script {name}")).region("about", about);
    if let Some((hash, _, before)) = before {
        page = page.region("changes", html! { h2 { "What changed since " code { (run::short(&hash)) } } (difference(&before, &source)) });
    }
    Ok(Some(page.region("text", html! { h2 { "Text" } (run::listing(&source)) })))
}

/// The lines that differ between two texts, with some around them.
fn difference(before: &str, after: &str) -> Markup {
    if before.len() + after.len() > LARGEST {
        return html! { p.dim { "Too large to be compared here." } };
    }
    let diff = TextDiff::configure().timeout(LONGEST).diff_lines(before, after);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Changes" { pre.diff {
            @for group in diff.grouped_ops(3) {
                @for operation in group { @for change in diff.iter_changes(&operation) {
                    @let (class, sign) = match change.tag() { ChangeTag::Delete => ("minus", "-"), ChangeTag::Insert => ("plus", "+"), ChangeTag::Equal => ("same", " ") };
                    span class=(class) { (sign) " " (change.value().trim_end_matches(['\r', '\n'])) "\n" }
                } }
                span.hunk { "…\n" }
            }
        } }
    }
}
