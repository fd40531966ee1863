//! `uproctor trigger`: one run now.

use std::{path::Path, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{exit::Exit, out, run, show};
use crate::{
    config,
    dispatch::{Dispatcher, Happened, Waiting, Work},
    domain::{AutomationName, Detail, EventId, EventKind, RunId},
    engine::Input,
    environment::{Environment, Request, Scope},
    live::Live,
    script::STACK,
    store::{History, NewEvent, in_use},
    supervisor::Threads,
};

/// `uproctor trigger`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The automation
    name: AutomationName,
    /// What the script gets as `event.payload`
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    payload: Option<Value>,
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

/// Runs an automation once: by the daemon, if one runs, else here.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let store = config::load(path).config.daemon.store;
    let control = run::control_path(&store);
    if let Ok(text) = std::fs::read_to_string(&control)
        && let Ok(control) = serde_json::from_str::<Value>(&text)
    {
        return match ask_daemon(args, &control, &store) {
            Some(exit) => exit,
            None => here(args, path),
        };
    }
    here(args, path)
}

/// Asks the daemon; `None` if there is none at the address, as after a crash.
fn ask_daemon(args: &Args, control: &Value, store: &Path) -> Option<Exit> {
    let address = control["address"].as_str()?;
    let runtime = run::runtime().ok()?;
    let env = Live::new(runtime.handle().clone());
    let mut headers = HeaderMap::new();
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", control["token"].as_str()?)).ok()?;
    authorization.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, authorization);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = json!({"automation": args.name.as_str(), "payload": args.payload, "dry_run": args.dry_run});
    let request = Request {
        method: Method::POST,
        url: format!("http://{address}/control/trigger").parse().ok()?,
        headers,
        body: Some(body.to_string().into()),
        lane: None,
        timeout: Duration::from_secs(10),
        sees_it_through: false,
        max_answer: 1024 * 1024,
    };
    let scope = Scope::for_duration(env.now(), Duration::from_secs(10));
    let answer = match env.execute(request, &scope) {
        Ok(answer) => answer,
        Err(error) if !error.sent => return None,
        Err(error) => {
            out::error(&format!("the daemon gave no answer: {}", error.message));
            return Some(Exit::Unreachable);
        }
    };
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(event) = value["event"].as_i64().filter(|_| answer.status == 202) else {
        out::error(value["error"].as_str().unwrap_or("the daemon did not take it"));
        return Some(Exit::NotRight);
    };
    Some(follow(args, &env, EventId(event), store))
}

/// Waits for the event's run to end and shows it.
fn follow(args: &Args, env: &Live, event: EventId, store: &Path) -> Exit {
    let scope = Scope::for_duration(env.now(), Duration::from_hours(24));
    loop {
        let row = match History::open(store).and_then(|history| history.of_event(event)) {
            Ok(row) => row,
            Err(error) => {
                out::error(&error.to_string());
                return Exit::NotRight;
            }
        };
        if let Some(row) = row.filter(|row| !matches!(row.outcome.as_str(), "accepted" | "running")) {
            return match row.run {
                Some(run) => show::print(store, RunId(run), args.json),
                None => {
                    out::error(&format!("not run: {}", row.reason.unwrap_or_default()));
                    Exit::NotRight
                }
            };
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

/// Runs it in this process: no daemon has the store.
fn here(args: &Args, path: &Path) -> Exit {
    let (config, library) = match run::load(path) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if !config.automations.iter().any(|automation| automation.name == args.name) {
        let names: Vec<&str> = config.automations.iter().map(|automation| automation.name.as_str()).collect();
        out::error(&format!("there is no automation {}: there are {}", args.name, names.join(", ")));
        return Exit::NotRight;
    }
    let mut only = config.clone();
    only.automations.retain(|automation| automation.name == args.name);
    // Its clocks and polls are the daemon's business.
    only.automations.iter_mut().for_each(|automation| automation.triggers.clear());
    let runtime: Runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let tools = match run::tools(&config, &runtime) {
        Ok(tools) => tools,
        Err(exit) => return exit,
    };
    let result = (|| {
        let detail =
            Detail::Manual { payload: args.payload.clone().unwrap_or(Value::Null), dry_run: args.dry_run };
        let new =
            NewEvent { automation: args.name.clone(), kind: EventKind::Manual, at: tools.env.now(), detail };
        let signal = Arc::new(|_| {});
        let (mut dispatcher, mut work) = Dispatcher::start(
            &only,
            library,
            Arc::clone(&tools),
            CancellationToken::new(),
            signal,
            Waiting::Leave,
        )?;
        let event = Arc::new(tools.store.accept_manual(new).wait()?);
        work.extend(dispatcher.handle(vec![Happened::Input(Input::Accepted(Arc::clone(&event)))])?);
        while let Some(one) = work.pop() {
            if let Some(ended) = on_a_thread(one) {
                work.extend(dispatcher.handle(vec![ended])?);
            }
        }
        tools.store.history().of_event(event.id)
    })();
    tools.store.close();
    match result {
        Ok(Some(row)) => match row.run {
            Some(run) => show::print(&config.daemon.store, RunId(run), args.json),
            None => {
                out::error(&format!("not run: {}", row.reason.unwrap_or_default()));
                Exit::NotRight
            }
        },
        Ok(None) => Exit::NotRight,
        Err(error) => {
            out::error(&error.to_string());
            Exit::NotRight
        }
    }
}

/// Scripts need a larger stack than the main thread may have.
fn on_a_thread(work: Work) -> Option<Happened> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut threads = Threads::default();
    let name = work.name();
    let started = threads.start(&name, STACK, move || {
        let _ = sender.send(work.carry_out());
    });
    started.ok()?;
    receiver.recv().ok()
}
