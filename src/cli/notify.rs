//! `uproctor notify`: the channels and how they do, and trying them.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{control, exit::Exit, out, problems, run, runs::local};
use crate::{
    config::{self, Config, Draft},
    domain::{ChannelName, counted, did_you_mean},
    environment::{Environment, Scope},
    live::Live,
    notify::{self, Failure, Whose},
    schedule::Zone,
    store::{ChannelState, History, NoticeRow, StoreError, channel_works},
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
        let all: Vec<Value> = states.iter().map(|(name, kind, state)| shown(name, *kind, state)).collect();
        out::json(&json!(all));
        return Exit::Done;
    }
    if states.is_empty() {
        return none();
    }
    let zone = config.daemon.timezone.clone().unwrap_or_else(Zone::utc);
    for (name, kind, state) in &states {
        print(name, *kind, state, &zone);
    }
    out::line("`uproctor notify test` tries them; `--all` lists what was told");
    Exit::Done
}

/// A channel, of which kind it is as far as that is known, and how it does.
type Known = (ChannelName, Option<&'static str>, ChannelState);

/// Every channel. Where nothing was ever told, all is well.
fn states(config: &Config) -> Result<Vec<Known>, StoreError> {
    let history = match History::open(&config.daemon.store) {
        Ok(history) => Some(history),
        Err(StoreError::Missing(_)) => None,
        Err(error) => return Err(error),
    };
    let mut states = Vec::new();
    for name in config.channel_names() {
        let state = history.as_ref().map(|history| history.channel_state(&name)).transpose()?;
        let kind = config.channels.get(&name).map(|channel| channel.service.kind());
        states.push((name, kind, state.unwrap_or_default()));
    }
    Ok(states)
}

fn shown(name: &ChannelName, kind: Option<&str>, state: &ChannelState) -> Value {
    let mut shown = json!({ "name": name, "kind": kind });
    if let (Some(shown), Value::Object(state)) = (shown.as_object_mut(), json!(state)) {
        shown.extend(state);
    }
    shown
}

fn print(name: &ChannelName, kind: Option<&str>, state: &ChannelState, zone: &Zone) {
    let sent = state
        .sent
        .map_or_else(|| "nothing was sent yet".to_owned(), |at| format!("last sent {}", local(at, zone)));
    let waiting = match state.waiting {
        0 => String::new(),
        n => format!(", {}", counted(n, "notice waits", "notices wait")),
    };
    let lost = if state.lost > 0 { format!(", {} lost (`--lost`)", state.lost) } else { String::new() };
    let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
    out::line(&format!("{name}{kind}: {sent}{waiting}{lost}"));
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

/// What came of trying a channel, or what is wrong with one that cannot be tried.
struct Tried<'a> {
    channel: &'a ChannelName,
    kind: Option<&'static str>,
    result: Result<(), (String, Option<String>)>,
}

fn test(wanted: Option<&str>, json: bool, path: &Path) -> Exit {
    let Draft { config, problems } = config::load(path);
    // What this shell lacks for other things is no matter here.
    if problems.iter().any(|problem| problem.is_error() && !problem.of_environment) {
        problems::print(&problems);
        return Exit::NotRight;
    }
    let names = config.channel_names();
    let chosen: Vec<&ChannelName> =
        names.iter().filter(|name| wanted.is_none_or(|wanted| name.as_str() == wanted)).collect();
    if let Some(wanted) = wanted.filter(|_| chosen.is_empty()) {
        let near = did_you_mean(wanted, names.iter().map(ChannelName::as_str));
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
    for name in chosen {
        let tried = try_channel(&env, &config, name, &mut exit);
        if json {
            results.push(to_json(&tried));
        } else {
            tell(&tried);
        }
    }
    if json {
        out::json(&json!(results));
    }
    exit
}

/// Sends a message to the channel. One that arrives is written down, so that the list of channels tells of it.
fn try_channel<'a>(env: &Live, config: &Config, name: &'a ChannelName, exit: &mut Exit) -> Tried<'a> {
    let Some(channel) = config.channels.get(name) else {
        *exit = Exit::NotRight;
        let problem = config.unread_channels.get(name).and_then(|problems| problems.first());
        let why = problem.map_or_else(
            || ("it could not be read".to_owned(), None),
            |problem| (problem.message.clone(), problem.help.clone()),
        );
        return Tried { channel: name, kind: None, result: Err(why) };
    };
    let now = env.now();
    let scope = Scope { deadline: Timestamp::MAX, cancel: tokio_util::sync::CancellationToken::new() };
    let result = notify::deliver(env, channel, &notify::sample(name, now), &scope);
    match &result {
        Ok(()) => {
            let store = &config.daemon.store;
            if let Err(error) = control::patiently(|| channel_works(store, name, now)) {
                out::error(&format!("{name}: it arrived, but that could not be written down: {error}"));
            }
        }
        Err(Failure { whose: Whose::Service, .. }) if *exit == Exit::Done => *exit = Exit::Unreachable,
        Err(failure) if failure.whose != Whose::Service => *exit = Exit::NotRight,
        Err(_) => {}
    }
    let result = result.map_err(|failure| (failure.why, failure.help));
    Tried { channel: name, kind: Some(channel.service.kind()), result }
}

fn to_json(tried: &Tried<'_>) -> Value {
    let failure = tried.result.as_ref().err();
    json!({
        "channel": tried.channel,
        "kind": tried.kind,
        "sent": failure.is_none(),
        "why": failure.map(|(why, _)| why),
        "help": failure.and_then(|(_, help)| help.as_ref()),
    })
}

fn tell(tried: &Tried<'_>) {
    let kind = tried.kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
    let name = format!("{}{kind}", tried.channel);
    match &tried.result {
        Ok(()) => out::line(&format!("{name}: it has taken the message; look whether it is there")),
        Err((why, help)) => {
            out::line(&format!("{name}: not sent: {why}"));
            if let Some(help) = help {
                out::line(&format!("  help  {help}"));
            }
        }
    }
}
