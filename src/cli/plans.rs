//! `uproctor plans`, `approve` and `reject`: what waits for a person.

use std::path::Path;

use serde_json::json;

use super::{
    control::{self, Asked},
    exit::Exit,
    out, pause,
    runs::local,
    trigger,
};
use crate::{
    config::{self, Config},
    domain::{Reader, RunId},
    schedule::Zone,
    store::{Decided, History, PlanRow},
};

/// `uproctor plans`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Also those that are decided
    #[arg(long)]
    all: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// `uproctor approve`
#[derive(clap::Args)]
pub(super) struct Approve {
    /// The plans' numbers, as `uproctor plans` lists them
    #[arg(required_unless_present = "all")]
    plans: Vec<i64>,
    /// All that wait, oldest first
    #[arg(long, conflicts_with = "plans")]
    all: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// `uproctor reject`
#[derive(clap::Args)]
pub(super) struct Reject {
    /// The plan's number, as `uproctor plans` lists it
    plan: i64,
    /// Why
    #[arg(long, default_value = "a person rejected it", value_name = "TEXT")]
    reason: String,
}

/// Lists the plans.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let config = config::load(path).config;
    let plans = match History::open(&config.daemon.store).and_then(|history| history.plans(args.all)) {
        Ok(plans) => plans,
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    if args.json {
        out::json(&json!(plans));
        return Exit::Done;
    }
    if plans.is_empty() {
        out::line(if args.all { "there are no plans" } else { "no plan waits" });
        return Exit::Done;
    }
    let zone = config.daemon.timezone.unwrap_or_else(Zone::utc);
    for plan in &plans {
        print(plan, &zone);
    }
    out::line("`uproctor approve PLAN` carries one out, `uproctor reject PLAN` drops it");
    Exit::Done
}

/// What waits, or waited, a line a write.
pub(super) fn print(plan: &PlanRow, zone: &Zone) {
    let when = match plan.state.as_str() {
        "waiting" => format!("waits until {}", local(plan.expires, zone)),
        state => format!("{state} {}", local(plan.decided.unwrap_or(plan.expires), zone)),
    };
    let note = plan.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    out::line(&format!("plan {} of {}: {when}{note}", plan.run, plan.automation));
    out::line(&format!("  why  {}", plan.reason));
    for effect in &plan.effects {
        out::line(&format!("  {}", effect.told()));
    }
}

/// Approves plans and shows what came of each.
pub(super) fn approve(args: &Approve, path: &Path) -> Exit {
    let config = config::load(path).config;
    let daemon = &config.daemon;
    let plans = if args.all {
        let waiting = History::open(&daemon.store).and_then(|history| history.plans(false));
        match waiting {
            Ok(waiting) => waiting.iter().rev().map(|plan| plan.run).collect(),
            Err(error) => {
                out::error(&error.to_string());
                return Exit::NotRight;
            }
        }
    } else {
        args.plans.clone()
    };
    if plans.is_empty() {
        out::line("no plan waits");
    }
    let mut exit = Exit::Done;
    for plan in plans {
        let one = approve_one(RunId(plan), args.json, &config, path);
        if one != Exit::Done {
            exit = one;
        }
    }
    exit
}

fn approve_one(run: RunId, json: bool, config: &Config, path: &Path) -> Exit {
    let (daemon, known) = (&config.daemon, control::is_known(config));
    match control::ask(&daemon.store, &format!("plans/{run}/approve"), &json!({})) {
        Asked::Answer(answer) => trigger::follow_answer(&answer, daemon, json),
        Asked::Failed(exit) => exit,
        Asked::NoDaemon => trigger::here(path, json, move |tools| {
            let decided = tools.store.approve(run, "a command".to_owned(), tools.env.now(), known).wait()?;
            Ok(match decided {
                Decided::Now(Some(event)) => Ok(event),
                other => Err(other.why_not(run, Reader::Terminal).unwrap_or_default()),
            })
        }),
    }
}

/// Rejects a plan.
pub(super) fn reject(args: &Reject, path: &Path) -> Exit {
    let store = config::load(path).config.daemon.store;
    let run = RunId(args.plan);
    match control::ask(&store, &format!("plans/{run}/reject"), &json!({ "reason": args.reason })) {
        Asked::Answer(_) => {}
        Asked::Failed(exit) => return exit,
        Asked::NoDaemon => {
            let decided = pause::now().and_then(|now| {
                control::with_store(&store, |store| store.reject(run, args.reason.clone(), now).wait())
            });
            match decided {
                Ok(decided) => {
                    if let Some(why) = decided.why_not(run, Reader::Terminal) {
                        out::error(&why);
                        return Exit::NotRight;
                    }
                }
                Err(exit) => return exit,
            }
        }
    }
    out::line(&format!("plan {run} is rejected: nothing of it is done"));
    Exit::Done
}
