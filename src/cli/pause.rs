//! `uproctor pause` and `uproctor resume`: the red button. It lasts until somebody resumes, also through restarts.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::runtime::Handle;

use super::{
    control::{self, Asked},
    exit::Exit,
    out, run,
    runs::local,
};
use crate::{
    config::{self, Config},
    domain::{AutomationName, Held, Hold, PlayerName, SessionName, format_duration, parse_duration},
    environment::Environment,
    live::Live,
    schedule::Zone,
    store::{History, StoreError, hold_beside},
};

/// What is meant.
#[derive(clap::Args)]
struct What {
    /// The automation; without one, everything
    name: Option<AutomationName>,
    /// A session instead: no automation writes to it
    #[arg(long, value_name = "SESSION", conflicts_with = "name")]
    session: Option<SessionName>,
    /// A player of the session: no automation acts on them
    #[arg(long, value_name = "PLAYER", requires = "session")]
    player: Option<PlayerName>,
}

/// `uproctor pause`
#[derive(clap::Args)]
pub(super) struct Pause {
    #[command(flatten)]
    what: What,
    /// Why: it is shown wherever something is not done for it
    #[arg(long, default_value = "a person paused it", value_name = "TEXT")]
    reason: String,
    /// For how long; without it, until somebody resumes
    #[arg(long, value_name = "DURATION", value_parser = lasting)]
    r#for: Option<Duration>,
    /// Only list what is paused
    #[arg(long, conflicts_with_all = ["name", "session", "reason", "for"])]
    list: bool,
    /// Answer as JSON
    #[arg(long, requires = "list")]
    json: bool,
}

/// `uproctor resume`
#[derive(clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    what: What,
}

impl What {
    fn held(&self) -> Held {
        match (&self.name, &self.session, &self.player) {
            (Some(name), _, _) => Held::Automation(name.clone()),
            (None, Some(session), None) => Held::Session(session.clone()),
            (None, Some(session), Some(player)) => Held::Player(session.clone(), player.clone()),
            (None, None, _) => Held::Everything,
        }
    }
}

/// Pauses.
pub(super) fn pause(args: &Pause, path: &Path) -> Exit {
    let config = config::load(path).config;
    let store = &config.daemon.store;
    let now = match now() {
        Ok(now) => now,
        Err(exit) => return exit,
    };
    if args.list {
        return list(args.json, &config, now);
    }
    // A name that is not in the configuration would hold nothing.
    if let Some(name) = &args.what.name
        && let Err(exit) = control::known(&config, name)
    {
        return exit;
    }
    let held = args.what.held();
    let until = args
        .r#for
        .and_then(|time| now.saturating_add(SignedDuration::try_from(time).unwrap_or_default()).ok());
    let hold = Hold { held: held.clone(), since: now, until, reason: args.reason.clone() };
    let mut body = json!({ "held": held, "reason": args.reason });
    if let Some(time) = args.r#for {
        body["for"] = json!(format_duration(time));
    }
    let mut when = "nothing is written any more";
    let mut note = None;
    match control::ask(store, "pause", &body) {
        Asked::Answer(answer) => note = answer["note"].as_str().map(str::to_owned),
        // The red button works on a program that gives no answer, too: it looks at the store before each write.
        Asked::Failed(Exit::Unreachable) => {
            if let Err(error) = control::patiently(|| hold_beside(store, &hold)) {
                out::error(&error.to_string());
                return Exit::Unreachable;
            }
        }
        Asked::Failed(exit) => return exit,
        Asked::NoDaemon => {
            let done = control::open(store).and_then(|store| {
                let done = store.hold(hold.clone()).wait();
                store.close();
                done
            });
            let done = match done {
                // A run by hand, for example.
                Err(StoreError::InUse(_)) => control::patiently(|| hold_beside(store, &hold)),
                done => done,
            };
            if let Err(error) = done {
                out::error(&error.to_string());
                return Exit::NotRight;
            }
            when = "no daemon runs on this store, and one that starts will write nothing";
            note = not_in_params(&config, args.what.session.as_ref());
        }
    }
    let back = match &held {
        Held::Automation(name) => format!("uproctor resume {name}"),
        Held::Everything => "uproctor resume".to_owned(),
        Held::Session(session) => format!("uproctor resume --session {session}"),
        Held::Player(session, player) => format!("uproctor resume --session {session} --player {player}"),
    };
    out::line(&format!("{held} is paused: {when} ({}). `{back}` lets it go on", store.display()));
    if let Some(note) = note {
        out::line(&format!("note: {note}"));
    }
    Exit::Done
}

/// What can be said against the name of a session where no daemon knows which there are: that no automation's parameters name it.
fn not_in_params(config: &Config, session: Option<&SessionName>) -> Option<String> {
    let session = session?;
    let params = config.automations.iter().flat_map(|automation| automation.params.values());
    let is_named = params.filter_map(serde_json::Value::as_str).any(|value| value == session.as_str());
    (!is_named).then(|| format!("no automation's params name a session {session}: is it spelled like this?"))
}

/// A time that is longer than none.
fn lasting(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(time) if time.is_zero() => Err("a pause of no time pauses nothing".to_owned()),
        time => time.map_err(|error| error.to_string()),
    }
}

/// Lets go on.
pub(super) fn resume(args: &Resume, path: &Path) -> Exit {
    let config = config::load(path).config;
    let store = &config.daemon.store;
    let held = args.what.held();
    let now = match now() {
        Ok(now) => now,
        Err(exit) => return exit,
    };
    let was_held = match control::ask(store, "resume", &json!({ "held": held })) {
        Asked::Answer(answer) => answer["was_held"].as_bool().unwrap_or(true),
        Asked::Failed(exit) => return exit,
        Asked::NoDaemon => {
            match control::with_store(store, |store| store.release_without_daemon(held.clone(), now).wait()) {
                Ok(was_held) => was_held,
                Err(exit) => return exit,
            }
        }
    };
    if was_held {
        out::line(&format!("{held} goes on; what was missed meanwhile is not made up for"));
    } else {
        out::line(&format!("{held} was not paused"));
    }
    // Who resumes everything may still wonder why one automation does nothing.
    if held == Held::Everything
        && let Ok(holds) = History::open(store).and_then(|history| history.holds(now))
    {
        for hold in holds {
            out::line(&format!("still paused: {}: {}", hold.held, hold.reason));
        }
    }
    Exit::Done
}

fn list(as_json: bool, config: &Config, now: Timestamp) -> Exit {
    let holds = match History::open(&config.daemon.store).and_then(|history| history.holds(now)) {
        Ok(holds) => holds,
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    if as_json {
        out::json(&json!(holds));
        return Exit::Done;
    }
    if holds.is_empty() {
        out::line("nothing is paused");
    }
    let utc = Zone::utc();
    let zone = config.daemon.timezone.as_ref().unwrap_or(&utc);
    for Hold { held, since, until, reason } in holds {
        let until = until.map(|until| format!(" until {}", local(until.as_millisecond(), zone)));
        let since = local(since.as_millisecond(), zone);
        out::line(&format!("{held}: {reason} (since {since}{})", until.unwrap_or_default()));
    }
    Exit::Done
}

/// The time now, for a command.
pub(super) fn now() -> Result<Timestamp, Exit> {
    let runtime = run::runtime()?;
    let handle: &Handle = runtime.handle();
    Ok(Live::new(handle.clone()).now())
}
