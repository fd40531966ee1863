//! `uproctor check`: everything that is wrong, and what fires when.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{exit::Exit, out, problems};
use crate::{
    config::{self, Automation, Clock, Trigger},
    domain::{Problem, Severity, counted, format_duration},
    live::Live,
    schedule::{Zone, zone_database_version},
    script,
};

/// `uproctor check`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    /// Show the fire times after this instant (RFC 3339) instead of now
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// How many fire times to show
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=1000))]
    count: u16,
}

/// Checks the configuration and all scripts.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let from = args.from.unwrap_or_else(Live::clock);
    let (config, _, mut all) = script::prepare(config::load(path));
    for automation in &config.automations {
        for trigger in &automation.triggers {
            if let Trigger::Clock(Clock::Cron(cron, zone), _) = trigger {
                for warning in cron.warnings(from, zone) {
                    let message = format!("{:?}, cron \"{cron}\": {warning}", automation.name.as_str());
                    let mut problem = Problem::whole_file(&config.file, message);
                    problem.severity = Severity::Warning;
                    all.push(problem);
                }
            }
        }
    }
    let ok = !all.iter().any(Problem::is_error);
    let zone = config.daemon.timezone.clone().unwrap_or_else(Zone::utc);
    let next = |automation: &Automation| fire_times(automation, from, args.count);
    if args.json {
        let automations: Vec<Value> = config
            .automations
            .iter()
            .map(|automation| {
                let next: Vec<String> = next(automation).into_iter().map(|at| in_zone(at, &zone)).collect();
                json!({"name": automation.name.as_str(), "next": next})
            })
            .collect();
        let (errors, warnings): (Vec<&Problem>, Vec<&Problem>) =
            all.iter().partition(|problem| problem.is_error());
        let errors: Vec<Value> = errors.into_iter().map(problems::to_json).collect();
        let warnings: Vec<Value> = warnings.into_iter().map(problems::to_json).collect();
        out::json(&json!({"ok": ok, "errors": errors, "warnings": warnings, "automations": automations}));
    } else {
        if !all.is_empty() {
            problems::print(&all);
        }
        for automation in &config.automations {
            out::line(&format!("{} ({}, {})", automation.name, automation.script, automation.mode));
            let times = next(automation);
            for at in &times {
                out::line(&format!("    {}", in_zone(*at, &zone)));
            }
            if automation.triggers.is_empty() {
                out::line(&format!("    only by hand: uproctor trigger {}", automation.name));
            }
            for trigger in &automation.triggers {
                match trigger {
                    Trigger::Poll(poll) => {
                        out::line(&format!("    asks every {}", format_duration(poll.every)));
                    }
                    Trigger::Webhook(webhook) => out::line(&format!("    at /hooks/{}", webhook.hook)),
                    Trigger::Clock(..) if times.is_empty() => out::line("    never again"),
                    Trigger::Clock(..) => {}
                    Trigger::Observe(observe) => out::line(&format!("    watches for {observe}")),
                    Trigger::OtherRuns(runs) if runs.automations.is_empty() => {
                        out::line("    when a run of another automation failed");
                    }
                    Trigger::OtherRuns(runs) => {
                        let names: Vec<&str> =
                            runs.automations.iter().map(crate::domain::AutomationName::as_str).collect();
                        out::line(&format!("    when a run of {} failed", names.join(", ")));
                    }
                    Trigger::Started => out::line("    when the daemon starts"),
                }
            }
        }
        if ok {
            let automations = counted(config.automations.len(), "automation", "automations");
            out::line(&format!(
                "ok: {automations}; times in {} (zone data {})",
                zone.name(),
                zone_database_version()
            ));
        }
    }
    if ok { Exit::Done } else { Exit::NotRight }
}

fn in_zone(at: Timestamp, zone: &Zone) -> String {
    let zoned = jiff::ZonedDateTime::new(at, zone.time_zone().clone());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The next instants of all clocks of an automation, in order.
fn fire_times(automation: &Automation, from: Timestamp, count: u16) -> Vec<Timestamp> {
    let clocks: Vec<&Clock> = automation
        .triggers
        .iter()
        .filter_map(|trigger| match trigger {
            Trigger::Clock(clock, _) => Some(clock),
            _ => None,
        })
        .collect();
    let mut times = Vec::new();
    let mut after = from;
    for _ in 0..count {
        let Some(next) = clocks.iter().filter_map(|clock| clock.next_after(after)).min() else { break };
        times.push(next);
        after = next;
    }
    times
}
