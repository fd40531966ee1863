//! `uproctor runs`: what ran, and what did not.

use std::path::Path;

use jiff::Timestamp;

use super::{control, exit::Exit, out};
use crate::{
    config,
    domain::AutomationName,
    schedule::Zone,
    store::{History, RunRow, RunsFilter},
};

/// How many characters of a reason stand in the table; `show` has the whole of it.
const LONGEST_REASON: usize = 500;
/// The same of what an event is about: the key of a poll's item can be anything.
const LONGEST_ABOUT: usize = 60;

/// `uproctor runs`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only this automation
    name: Option<AutomationName>,
    /// Only what failed or was interrupted
    #[arg(long)]
    failed: bool,
    /// How many to show
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Lists the newest events and their runs.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let config = config::load(path).config;
    let filter = RunsFilter { automation: args.name.clone(), failed: args.failed, limit: args.limit };
    let rows = match History::open(&config.daemon.store).and_then(|history| history.runs(&filter)) {
        Ok(rows) => rows,
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    if args.json {
        out::json(&serde_json::json!(rows));
        return Exit::Done;
    }
    if rows.is_empty() {
        if let Some(name) = &args.name
            && let Err(exit) = control::known(&config, name)
        {
            return exit;
        }
        out::line("nothing has run yet");
        return Exit::Done;
    }
    let zone = config.daemon.timezone.unwrap_or_else(Zone::utc);
    let mut table = vec![
        ["RUN", "TIME", "AUTOMATION", "BY", "ABOUT", "MODE", "OUTCOME", "TOOK", "WHY"].map(str::to_owned),
    ];
    table.extend(rows.iter().map(|row| cells(row, &zone)));
    print(&table);
    out::line(&format!("times in {}; `uproctor show RUN` tells all about one", zone.name()));
    Exit::Done
}

fn cells(row: &RunRow, zone: &Zone) -> [String; 9] {
    let took = row.started.zip(row.ended).map(|(started, ended)| took(ended.saturating_sub(started)));
    [
        row.run.map_or("-".to_owned(), |run| run.to_string()),
        local(row.at, zone),
        row.automation.clone(),
        row.kind.clone(),
        row.about.as_deref().map_or("-".to_owned(), |about| short(about, LONGEST_ABOUT)),
        row.mode.clone().unwrap_or_else(|| "-".to_owned()),
        row.outcome.clone(),
        took.unwrap_or_else(|| "-".to_owned()),
        short(&row.reason.clone().unwrap_or_default().replace('\n', " "), LONGEST_REASON),
    ]
}

/// A text can be as long as a script likes.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.to_owned(),
    }
}

fn print<const N: usize>(table: &[[String; N]]) {
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in table {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out::line(cells.join("  ").trim_end());
    }
}

/// A time of the store on a clock of the zone.
pub(super) fn local(millis: i64, zone: &Zone) -> String {
    match Timestamp::from_millisecond(millis) {
        Ok(at) => {
            jiff::ZonedDateTime::new(at, zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        Err(_) => "-".to_owned(),
    }
}

/// Milliseconds for a person.
pub(super) fn took(millis: i64) -> String {
    if millis < 1000 { format!("{millis} ms") } else { format!("{:.1} s", millis as f64 / 1000.0) }
}
