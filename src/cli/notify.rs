//! `uproctor notify`: the channels and how they do, and trying them.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{exit::Exit, out, problems, run, runs::local};
use crate::{
    config::{self, Channel, Config},
    domain::{ChannelName, did_you_mean},
    environment::{Environment, Scope},
    live::Live,
    notify::{self, Failure, Whose},
    schedule::Zone,
    store::{ChannelState, History, NoticeRow, StoreError},
};

/// `uproctor notify`
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// List all notices, newest first, and what became of each
    #[arg(long)]
    all: bool,
    /// List the notices that nobody has taken, and why
    #[arg(long, conflicts_with = "all")]
    lost: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Send a message now, and say what came back
    Test {
        /// To this channel; to all of them where none is named
        channel: Option<String>,
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Lists channels or notices, or tries channels.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    match &args.what {
        Some(What::Test { channel, json }) => test(channel.as_deref(), *json, path),
        None if args.all || args.lost => notices(args, path),
        None => channels(args, path),
    }
}

fn failed(error: &StoreError) -> Exit {
    out::error(&error.to_string());
    Exit::NotRight
}

fn none() -> Exit {
    out::line(
        "there is no channel: add a section [channel.NAME] to the configuration; docs/notifications.md shows how",
    );
    Exit::Done
}

fn channels(args: &Args, path: &Path) -> Exit {
    let config = config::load(path).config;
    let states = match states(&config) {
        Ok(states) => states,
        Err(error) => return failed(&error),
    };
    if args.json {
        let all: Vec<Value> =
            states.iter().map(|(name, channel, state)| shown(name, channel, state)).collect();
        out::json(&json!(all));
        return Exit::Done;
    }
    if states.is_empty() {
        return none();
    }
    let zone = config.daemon.timezone.clone().unwrap_or_else(Zone::utc);
    for (name, channel, state) in &states {
        print(name, channel, state, &zone);
    }
    out::line("`uproctor notify test` tries them; `--all` lists what was told");
    Exit::Done
}

/// Every channel, and how it does. Where nothing was ever told, all is well.
fn states(config: &Config) -> Result<Vec<(ChannelName, Channel, ChannelState)>, StoreError> {
    let history = match History::open(&config.daemon.store) {
        Ok(history) => Some(history),
        Err(StoreError::Missing(_)) => None,
        Err(error) => return Err(error),
    };
    let mut states = Vec::new();
    for (name, channel) in &config.channels {
        let state = history.as_ref().map(|history| history.channel_state(name)).transpose()?;
        states.push((name.clone(), channel.clone(), state.unwrap_or_default()));
    }
    Ok(states)
}

fn shown(name: &ChannelName, channel: &Channel, state: &ChannelState) -> Value {
    let mut shown = json!({ "name": name, "kind": channel.service.kind() });
    if let (Some(shown), Value::Object(state)) = (shown.as_object_mut(), json!(state)) {
        shown.extend(state);
    }
    shown
}

fn print(name: &ChannelName, channel: &Channel, state: &ChannelState, zone: &Zone) {
    let sent = state
        .sent
        .map_or_else(|| "nothing was sent yet".to_owned(), |at| format!("last sent {}", local(at, zone)));
    let waiting = match state.waiting {
        0 => String::new(),
        1 => ", 1 notice waits".to_owned(),
        n => format!(", {n} notices wait"),
    };
    let lost = if state.lost > 0 { format!(", {} lost (`--lost`)", state.lost) } else { String::new() };
    out::line(&format!("{name} ({}): {sent}{waiting}{lost}", channel.service.kind()));
    if let (Some(why), Some(since)) = (&state.why, state.since) {
        out::line(&format!("  fails since {}: {why}", local(since, zone)));
    }
    if let Some(next) = state.next {
        out::line(&format!("  is tried again {}", local(next, zone)));
    }
}

fn notices(args: &Args, path: &Path) -> Exit {
    let config = config::load(path).config;
    let found = History::open(&config.daemon.store).and_then(|history| history.notices(args.all));
    let found = match found {
        Ok(found) => found,
        Err(StoreError::Missing(_)) => Vec::new(),
        Err(error) => return failed(&error),
    };
    if args.json {
        out::json(&json!(found));
        return Exit::Done;
    }
    if found.is_empty() {
        out::line(if args.all { "nobody was told anything yet" } else { "no notice was lost" });
    }
    let zone = config.daemon.timezone.clone().unwrap_or_else(Zone::utc);
    for NoticeRow { id, channel, at, state, title, text, why, .. } in &found {
        let first = text.lines().next().unwrap_or_default();
        let both: Vec<&str> = [title.as_str(), first].into_iter().filter(|part| !part.is_empty()).collect();
        out::line(&format!("notice {id} to {channel}, {}, {state}: {}", local(*at, &zone), both.join(": ")));
        if let Some(why) = why {
            out::line(&format!("  why  {why}"));
        }
    }
    Exit::Done
}

fn test(wanted: Option<&str>, json: bool, path: &Path) -> Exit {
    let draft = config::load(path);
    let config = match draft.accept() {
        Ok(config) => config,
        Err(found) => {
            problems::print(&found);
            return Exit::NotRight;
        }
    };
    let chosen: Vec<(&ChannelName, &Channel)> = config
        .channels
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| name.as_str() == wanted))
        .collect();
    if let Some(wanted) = wanted.filter(|_| chosen.is_empty()) {
        let near = did_you_mean(wanted, config.channels.keys().map(ChannelName::as_str));
        let help = near.map_or_else(
            || format!("add a section [channel.{wanted}] to the configuration"),
            |near| format!("did you mean {near:?}?"),
        );
        out::error(&format!("there is no channel {wanted:?}: {help}"));
        return Exit::Usage;
    }
    if chosen.is_empty() && !json {
        return none();
    }
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let env = Live::new(runtime.handle().clone());
    let mut exit = Exit::Done;
    let mut results = Vec::new();
    for (name, channel) in chosen {
        let now = env.now();
        let scope = Scope { deadline: Timestamp::MAX, cancel: tokio_util::sync::CancellationToken::new() };
        let result = notify::deliver(&env, channel, &notify::sample(name, now), &scope);
        match &result {
            Err(Failure { whose: Whose::Service, .. }) if exit == Exit::Done => exit = Exit::Unreachable,
            Err(failure) if failure.whose != Whose::Service => exit = Exit::NotRight,
            _ => {}
        }
        if json {
            let failure = result.err();
            results.push(json!({
                "channel": name,
                "kind": channel.service.kind(),
                "sent": failure.is_none(),
                "why": failure.as_ref().map(|failure| &failure.why),
                "help": failure.as_ref().and_then(|failure| failure.help.as_ref()),
            }));
        } else {
            tell(name, channel, result);
        }
    }
    if json {
        out::json(&json!(results));
    }
    exit
}

fn tell(name: &ChannelName, channel: &Channel, result: Result<(), Failure>) {
    let kind = channel.service.kind();
    match result {
        Ok(()) => out::line(&format!("{name} ({kind}): it has taken the message; look whether it is there")),
        Err(failure) => {
            out::line(&format!("{name} ({kind}): not sent: {}", failure.why));
            if let Some(help) = &failure.help {
                out::line(&format!("  help  {help}"));
            }
        }
    }
}
