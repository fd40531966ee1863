//! `uproctor show`: one run, whole, on one screen.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    dead,
    exit::Exit,
    out, plans,
    runs::{local, took},
};
use crate::{
    config::{self, DaemonSection},
    domain::{Mode, RunId, effect_in_a_line},
    schedule::Zone,
    store::{EffectRow, History, RunDetail},
};

/// `uproctor show`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run's number, as `uproctor runs` lists it; the newest run where none is named
    run: Option<i64>,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Shows a run.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let config = config::load(path).config;
    let store = &config.daemon.store;
    let newest = || History::open(store).and_then(|history| history.newest_run());
    let run = match args.run.map_or_else(newest, |run| Ok(Some(RunId(run)))) {
        Ok(Some(run)) => run,
        Ok(None) => {
            out::error("nothing has run yet: `uproctor runs` lists what came, and why it did not run");
            return Exit::NotRight;
        }
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    show(store, run, args.json, &config.daemon.timezone.clone().unwrap_or_else(Zone::utc), false)
}

/// Shows a run that has just ended; its outcome is the exit code.
pub(super) fn print(daemon: &DaemonSection, run: RunId, json: bool) -> Exit {
    let utc = Zone::utc();
    show(&daemon.store, run, json, daemon.timezone.as_ref().unwrap_or(&utc), true)
}

fn show(store: &Path, run: RunId, as_json: bool, zone: &Zone, judge: bool) -> Exit {
    let found = History::open(store).and_then(|history| {
        let detail = history.run(run)?;
        let (plan, letter) = (history.plan(run)?, history.dead_letter(run)?);
        Ok(detail.map(|detail| (detail, plan, letter)))
    });
    let (detail, plan, letter) = match found {
        Ok(Some(found)) => found,
        Ok(None) => {
            out::error(&format!("there is no run {run}: `uproctor runs` lists them"));
            return Exit::NotRight;
        }
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    if as_json {
        let mut whole = json!(detail);
        whole["plan"] = json!(plan);
        whole["dead_letter"] = json!(letter);
        out::json(&whole);
    } else {
        write(&detail, zone);
        if let Some(plan) = &plan {
            plans::print(plan, zone);
        }
        if let Some(letter) = &letter {
            dead::print(letter, zone);
        }
    }
    let failed = judge && !matches!(detail.row.outcome.as_str(), "done" | "skipped");
    if failed { Exit::NotRight } else { Exit::Done }
}

fn write(detail: &RunDetail, zone: &Zone) {
    let row = &detail.row;
    let number = row.run.unwrap_or_default();
    let mode = row.mode.as_deref().unwrap_or("-");
    out::line(&format!("run {number} of {}: {} ({mode})", row.automation, row.outcome));
    if let Some(reason) = &row.reason {
        out::line(&format!("  why      {reason}"));
    }
    if mode == Mode::DryRun.as_str() {
        out::line("  note     a dry run: whatever its log says was done was only written down");
    }
    if let Some(about) = &row.about {
        out::line(&format!("  about    {about}"));
    }
    out::line(&format!(
        "  script   {} ({})",
        detail.script,
        detail.script_hash.get(..12).unwrap_or_default()
    ));
    let started = row.started.unwrap_or(row.at);
    let length = row
        .ended
        .map_or("still running".to_owned(), |ended| format!("took {}", took(ended.saturating_sub(started))));
    out::line(&format!("  started  {} {}, {length}", local(started, zone), zone.name()));
    match &detail.trigger {
        Some(trigger) => {
            out::line(&format!("  trigger  {}, event {}: {}", row.kind, trigger.id, trigger.detail));
        }
        None => out::line(&format!("  trigger  {}", row.kind)),
    }
    let mut lines: Vec<(i64, String)> = detail.trace.iter().map(trace_line).collect();
    lines.extend(detail.effects.iter().map(|effect| (effect.claimed, effect_line(effect))));
    lines.sort_by_key(|(at, _)| *at);
    for (at, line) in lines {
        out::line(&format!("  {:>9}  {line}", format!("+{}", took(at.saturating_sub(started)))));
    }
}

fn trace_line(line: &Value) -> (i64, String) {
    let text = line["text"].as_str().unwrap_or_default();
    let kind = line["kind"].as_str().unwrap_or_default();
    let millis = line["millis"].as_i64().map(|millis| format!(" ({millis} ms)")).unwrap_or_default();
    (line["at"].as_i64().unwrap_or_default(), format!("{kind:<9} {text}{millis}"))
}

fn effect_line(effect: &EffectRow) -> String {
    let whom = [effect.target.as_deref(), effect.player.as_deref()];
    let told = effect_in_a_line(&effect.action, whom, &effect.arguments, effect.precondition.as_ref());
    let mut line = format!("{:<9} {told}", effect.state.to_uppercase());
    if let Some(note) = &effect.note {
        line.push_str(&format!(": {note}"));
    }
    line
}
