//! `uproctor audit`: the intervention log, for the paper.

use std::path::Path;

use super::{exit::Exit, out};
use crate::{
    config,
    domain::counted,
    store::{Filter, History, Intervention, StoreError, log_csv, verify},
};

/// How many entries are read at once.
const PAGE: u32 = 1000;

/// `uproctor audit`
#[derive(clap::Args)]
pub(super) struct Args {
    /// As JSON, an entry a line, with its hash; without it, CSV
    #[arg(long)]
    json: bool,
    /// Only of this session (or room)
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Only of this player
    #[arg(long, value_name = "NAME")]
    player: Option<String>,
    /// Also what was only wanted: dry runs, plans, refusals
    #[arg(long)]
    all: bool,
    /// Walk the whole chain of hashes and say whether nothing was changed or taken out
    #[arg(long, conflicts_with_all = ["json", "session", "player", "all"])]
    verify: bool,
    /// With --verify: the log must hold an entry with this hash, as it was told earlier
    #[arg(long, value_name = "HASH", requires = "verify")]
    head: Option<String>,
}

/// Prints or verifies the log.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let store = config::load(path).config.daemon.store;
    let done = History::open(&store).and_then(|history| {
        if args.verify { walk(&history, args.head.as_deref()) } else { print(&history, args) }
    });
    done.unwrap_or_else(|error| {
        out::error(&error.to_string());
        Exit::NotRight
    })
}

fn entries(
    history: &History,
    mut each: impl FnMut(Intervention) -> Result<(), Exit>,
) -> Result<Result<(), Exit>, StoreError> {
    let mut after = 0;
    loop {
        let page = history.interventions(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(Ok(())) };
        after = last.seq;
        for entry in page {
            if let Err(exit) = each(entry) {
                return Ok(Err(exit));
            }
        }
    }
}

fn walk(history: &History, head: Option<&str>) -> Result<Exit, StoreError> {
    let (mut count, mut before, mut seen) = (0, String::new(), false);
    let walked = entries(history, |entry| {
        if let Err(broken) = verify(&before, count + 1, &entry) {
            out::error(&format!("the intervention log was changed: {broken}"));
            return Err(Exit::NotRight);
        }
        count += 1;
        seen |= head == Some(entry.hash.as_str());
        before = entry.hash;
        Ok(())
    })?;
    if let Err(exit) = walked {
        return Ok(exit);
    }
    if let Some(head) = head.filter(|_| !seen) {
        out::error(&format!(
            "no entry has the hash {head}: entries were taken off the end, or it is another log"
        ));
        return Ok(Exit::NotRight);
    }
    out::line(&format!("{}, none changed, none missing", counted(count, "entry", "entries")));
    if count > 0 {
        out::line(&format!("the last has the hash {before}"));
        out::line(
            "note it down: with `uproctor audit --verify --head HASH` it shows later that nothing was taken off the end",
        );
    }
    Ok(Exit::Done)
}

fn print(history: &History, args: &Args) -> Result<Exit, StoreError> {
    let filter = Filter {
        session: args.session.clone(),
        player: args.player.clone(),
        automation: None,
        all: args.all,
    };
    if !args.json {
        out::bytes(&log_csv::header());
    }
    history.each_intervention(&filter, |entry, value| {
        if args.json {
            out::text(&log_csv::json(entry, value));
        } else {
            out::bytes(&log_csv::row(entry, value));
        }
    })?;
    Ok(Exit::Done)
}
