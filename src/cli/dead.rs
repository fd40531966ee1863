//! `uproctor dead`: runs that need a person.

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
    config,
    domain::{Reader, RunId},
    schedule::Zone,
    store::{Closed, DeadLetter, History, Remedy},
};

/// `uproctor dead`
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Also those that are closed
    #[arg(long)]
    all: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Run its event once more, from the beginning
    Retry(One),
    /// Run its event once more, but do nothing again that was done or may have been
    Resume(One),
    /// Close it: nothing more is to be done
    Discard {
        /// The run, as the list names it
        run: i64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(clap::Args)]
struct One {
    /// The run, as the list names it
    run: i64,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Lists dead letters, or closes one.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    match &args.what {
        None => list(args, path),
        Some(What::Retry(one)) => again(one, Remedy::Retry, path),
        Some(What::Resume(one)) => again(one, Remedy::Resume, path),
        Some(What::Discard { run, reason }) => discard(RunId(*run), reason, path),
    }
}

fn list(args: &Args, path: &Path) -> Exit {
    let config = config::load(path).config;
    let letters = match History::open(&config.daemon.store).and_then(|history| history.dead_letters(args.all))
    {
        Ok(letters) => letters,
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    if args.json {
        out::json(&json!(letters));
        return Exit::Done;
    }
    if letters.is_empty() {
        out::line(if args.all { "there are no dead letters" } else { "no run needs a person" });
        return Exit::Done;
    }
    let zone = config.daemon.timezone.unwrap_or_else(Zone::utc);
    for letter in &letters {
        print(letter, &zone);
    }
    out::line(
        "`uproctor show RUN` tells all about one; `uproctor dead retry|resume RUN` or `discard RUN --reason TEXT` closes it",
    );
    Exit::Done
}

/// Why a run needs a person, or what became of that.
pub(super) fn print(letter: &DeadLetter, zone: &Zone) {
    let closed = match letter.state.as_str() {
        "open" => String::new(),
        state => {
            let note = letter.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            format!(" [{state}{note}]")
        }
    };
    let (run, at) = (letter.run, local(letter.at, zone));
    out::line(&format!("dead letter: run {run} of {}, {at}, {}{closed}", letter.automation, letter.kind));
    out::line(&format!("  why  {}", letter.reason));
}

fn again(one: &One, remedy: Remedy, path: &Path) -> Exit {
    let config = config::load(path).config;
    let known = control::is_known(&config);
    let daemon = config.daemon;
    let run = RunId(one.run);
    let what = if remedy == Remedy::Resume { "resume" } else { "retry" };
    match control::ask(&daemon.store, &format!("dead/{run}/{what}"), &json!({})) {
        Asked::Answer(answer) => trigger::follow_answer(&answer, &daemon, one.json),
        Asked::Failed(exit) => exit,
        Asked::NoDaemon => trigger::here(path, one.json, move |tools| {
            let closed = tools.store.close_dead_letter(run, remedy, tools.env.now(), known).wait()?;
            Ok(match closed {
                Closed::Now(Some(event)) => Ok(event),
                other => Err(other.why_not(run, Reader::Terminal).unwrap_or_default()),
            })
        }),
    }
}

fn discard(run: RunId, reason: &str, path: &Path) -> Exit {
    let store = config::load(path).config.daemon.store;
    let remedy = Remedy::Discard(reason.to_owned());
    match control::ask(&store, &format!("dead/{run}/discard"), &json!({ "reason": reason })) {
        Asked::Answer(_) => {}
        Asked::Failed(exit) => return exit,
        Asked::NoDaemon => {
            let closed = pause::now().and_then(|now| {
                control::with_store(&store, |store| {
                    store.close_dead_letter(run, remedy, now, |_| true).wait()
                })
            });
            match closed {
                Ok(closed) => {
                    if let Some(why) = closed.why_not(run, Reader::Terminal) {
                        out::error(&why);
                        return Exit::NotRight;
                    }
                }
                Err(exit) => return exit,
            }
        }
    }
    out::line(&format!("the dead letter of run {run} is closed"));
    Exit::Done
}
