//! `uproctor trigger`: one run now.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{
    control::{self, Asked},
    exit::Exit,
    out, run, show,
};
use crate::{
    config::{self, DaemonSection, Trigger},
    dispatch::{Dispatcher, Happened, Waiting, Work},
    domain::{AutomationName, Detail, Event, EventId, EventKind, PlayerName, RunId, SessionName},
    engine::Input,
    environment::{Environment, Scope},
    live::Live,
    script::{STACK, Tools},
    store::{History, NewEvent, StoreError, in_use},
    supervisor::Threads,
};

/// For how long it waits without a word.
const SILENT: SignedDuration = SignedDuration::from_secs(3);

/// `uproctor trigger`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The automation
    name: AutomationName,
    /// What the script gets as `event.payload`
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    payload: Option<Value>,
    /// The player that the script gets as `event.player`, for an automation with a `player` trigger
    #[arg(long, value_name = "SESSION/PLAYER", value_parser = player, conflicts_with = "payload")]
    player: Option<Value>,
    /// Write nothing, whatever the automation's mode is
    #[arg(long)]
    dry_run: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

fn json_value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))
}

/// `monday/ABC` as the payload that names the player.
fn player(text: &str) -> Result<Value, String> {
    let wrong = || format!("{text:?} is no player: write SESSION/PLAYER");
    let (session, player) = text.split_once('/').ok_or_else(wrong)?;
    let session = SessionName::new(session).map_err(|error| error.to_string())?;
    let player = PlayerName::new(player).map_err(|error| error.to_string())?;
    // By the name that keys have for it.
    Ok(json!({"session": session, "player": format!("{session}/{player}")}))
}

/// Runs an automation once: by the daemon, if one runs, else here.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let daemon = config::load(path).config.daemon;
    let payload = args.player.clone().or_else(|| args.payload.clone()).unwrap_or(Value::Null);
    let body = json!({"payload": payload, "dry_run": args.dry_run});
    match control::ask(&daemon.store, &format!("automations/{}/trigger", args.name), &body) {
        Asked::Answer(answer) => follow_answer(&answer, &daemon, args.json),
        Asked::Failed(exit) => exit,
        Asked::NoDaemon => {
            let draft = config::load(path);
            let broken = draft.problems.iter().any(crate::domain::Problem::is_error);
            if !broken && let Err(exit) = control::known(&draft.config, &args.name) {
                return exit;
            }
            let detail = Detail::Manual { payload, dry_run: args.dry_run };
            let name = args.name.clone();
            here(path, args.json, move |tools| {
                let now = tools.env.now();
                let new = NewEvent { automation: name, kind: EventKind::Manual, at: now, detail };
                Ok(Ok(tools.store.accept_manual(new).wait()?))
            })
        }
    }
}

/// Waits for the run of the event that the daemon's answer names, and shows it.
pub(super) fn follow_answer(answer: &Value, daemon: &DaemonSection, json: bool) -> Exit {
    let (Some(event), Ok(runtime)) = (answer["event"].as_i64(), run::runtime()) else {
        out::error("the daemon did not say what came of it: see `uproctor runs`");
        return Exit::NotRight;
    };
    follow(json, &Live::new(runtime.handle().clone()), EventId(event), daemon)
}

/// Waits for the event's run to end and shows it.
fn follow(json: bool, env: &Live, event: EventId, daemon: &DaemonSection) -> Exit {
    let store = &daemon.store;
    let begin = env.now();
    let scope = Scope::for_duration(begin, Duration::from_hours(24));
    let mut told = false;
    loop {
        let row = match History::open(store).and_then(|history| history.of_event(event)) {
            Ok(row) => row,
            Err(error) => {
                out::error(&error.to_string());
                return Exit::NotRight;
            }
        };
        let under_way = row.as_ref().and_then(|row| row.run);
        if let Some(row) = row.filter(|row| !matches!(row.outcome.as_str(), "accepted" | "running")) {
            return match row.run {
                Some(run) => show::print(daemon, RunId(run), json),
                None => {
                    out::error(&format!("not run: {}", row.reason.unwrap_or_default()));
                    Exit::NotRight
                }
            };
        }
        if !told && env.now().duration_since(begin) > SILENT {
            told = true;
            out::note(&waiting(event, under_way));
        }
        if !in_use(store) {
            out::error(&format!("the daemon stopped; event {event} is in the store: see `uproctor runs`"));
            return Exit::Unreachable;
        }
        if env.sleep(Duration::from_millis(100), &scope).is_err() {
            out::error(&format!("event {event} has not ended within a day"));
            return Exit::NotRight;
        }
    }
}

/// What to say to whoever has waited for a while.
fn waiting(event: EventId, run: Option<i64>) -> String {
    let what = match run {
        Some(run) => format!("run {run} is under way: `uproctor show {run}` says what it has done so far"),
        None => format!("event {event} has not begun: it waits for its turn, which `uproctor runs` shows"),
    };
    format!(
        "{what}, and `uproctor doctor` whether the server answers. Ctrl-C ends the waiting here, and it goes on"
    )
}

/// Runs the event that `commit` commits in this process: no daemon has the store. Where there is none, `commit` says why.
pub(super) fn here(
    path: &Path,
    json: bool,
    commit: impl FnOnce(&Tools) -> Result<Result<Event, String>, StoreError>,
) -> Exit {
    let (config, library) = match run::load(path) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    // Clocks and polls are the daemon's business.
    let mut only = config.clone();
    // What is observed is not looked at by itself here; whom a person names is looked at because of it.
    for automation in &mut only.automations {
        automation.triggers.retain(|trigger| matches!(trigger, Trigger::Observe(_)));
    }
    let runtime: Runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let tools = match run::tools(&config, &runtime) {
        Ok(tools) => tools,
        Err(exit) => return exit,
    };
    let result = (|| {
        let signal = Arc::new(|_| {});
        let (mut dispatcher, mut work) = Dispatcher::start(
            &only,
            library,
            Arc::clone(&tools),
            CancellationToken::new(),
            signal,
            Waiting::Leave,
        )?;
        let event = match commit(&tools)? {
            Ok(event) => Arc::new(event),
            Err(why) => return Ok(Err(why)),
        };
        work.extend(dispatcher.handle(vec![Happened::Input(Input::Accepted(Arc::clone(&event)))])?);
        while let Some(one) = work.pop() {
            if let Some(ended) = on_a_thread(one) {
                work.extend(dispatcher.handle(vec![ended])?);
            }
        }
        Ok(tools.store.history().of_event(event.id)?.ok_or_else(|| "the event is gone".to_owned()))
    })();
    tools.store.close();
    let row = match result.map_err(|error: StoreError| error.to_string()).flatten() {
        Ok(row) => row,
        Err(why) => {
            out::error(&why);
            return Exit::NotRight;
        }
    };
    match row.run {
        Some(run) => show::print(&config.daemon, RunId(run), json),
        None => {
            out::error(&format!("not run: {}", row.reason.unwrap_or_default()));
            Exit::NotRight
        }
    }
}

/// Scripts need a larger stack than the main thread may have.
fn on_a_thread(work: Work) -> Option<Happened> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut threads = Threads::new("work", STACK);
    let started = threads.start(move || {
        let _ = sender.send(work.carry_out());
    });
    started.ok()?;
    receiver.recv().ok()
}
