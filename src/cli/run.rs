//! `uproctor run`: the daemon, in the foreground.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::{control, exit::Exit, out, problems};
use crate::{
    api::Client,
    config::{self, Config, Draft},
    daemon::{Daemon, Files, Refused, Watch, accompany, keep_heartbeat, status},
    domain::{Held, Hold, Problem},
    environment::{Environment, Scope},
    live::Live,
    notify::{self, Notifier},
    script::{self, Library, Tools},
    store::{History, Store, StoreError},
    web::{self, CurrentRoutes, Routes},
};

/// How many committed events may wait for the daemon; a webhook beyond is told to come again.
const INBOX: usize = 1024;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Start with everything paused, to look around first: `uproctor resume` lets it go
    #[arg(long)]
    safe: bool,
}

/// Runs the daemon until it is told to stop.
pub(super) fn run(args: &Args, config: &Path) -> Exit {
    let (config, library) = match load(config) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let files = Files::of(&config);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let tools = match tools(&config, &runtime) {
        Ok(tools) => tools,
        Err(exit) => return exit,
    };
    if args.safe
        && let Err(error) = pause_everything(&tools)
    {
        out::error(&error.to_string());
        return Exit::NotRight;
    }
    let listener = match runtime.block_on(TcpListener::bind(config.daemon.listen)) {
        Ok(listener) => listener,
        Err(error) => {
            out::error(&format!(
                "cannot listen on {}: {error}: is another daemon running?",
                config.daemon.listen
            ));
            return Exit::Unreachable;
        }
    };
    let until = Until { stop: CancellationToken::new(), hurry: CancellationToken::new() };
    runtime.spawn(until_told_to_stop(until.clone()));
    let exit = serve(&config, library, Some(files), &runtime, &tools, listener, &until);
    tools.store.close();
    exit
}

/// Holds everything, unless it is held already.
fn pause_everything(tools: &Tools) -> Result<(), StoreError> {
    let now = tools.env.now();
    if tools.store.history().holds(now)?.iter().any(|hold| hold.held == Held::Everything) {
        return Ok(());
    }
    let reason = "started with --safe".to_owned();
    tools.store.hold(Hold { held: Held::Everything, since: now, until: None, reason }).wait()?;
    tracing::warn!("everything is paused, because it was started with --safe; `uproctor resume` lets it go");
    Ok(())
}

/// The daemon and its web server, until it is told to stop. `files` are those to watch for changes.
pub(super) fn serve(
    config: &Config,
    library: Library,
    files: Option<Files>,
    runtime: &Runtime,
    tools: &Arc<Tools>,
    listener: TcpListener,
    until: &Until,
) -> Exit {
    let stop = &until.stop;
    // From before anybody can know where to send it: without somebody who listens, the system ends a program that gets this signal.
    let files = files.and_then(|files| asked_again(runtime).map(|asked| (files, asked)));
    let (commit, committed) = mpsc::channel(INBOX);
    let control = ControlFile::write(&config.daemon.store, &listener, &*tools.env);
    let control = match control {
        Ok(control) => control,
        Err(error) => {
            out::error(&format!("cannot write {}: {error}", control_path(&config.daemon.store).display()));
            return Exit::NotRight;
        }
    };
    let daemon = match Daemon::start(config, library.clone(), tools, committed) {
        Ok(daemon) => daemon,
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    let config = Arc::new(config.clone());
    let routes = CurrentRoutes::new(Routes::of(&config, &library));
    let history = match History::open(&config.daemon.store) {
        Ok(history) => Arc::new(history),
        Err(error) => {
            out::error(&error.to_string());
            return Exit::NotRight;
        }
    };
    let refused = Refused::default();
    let state = web::WebState {
        refused: refused.clone(),
        tools: Arc::clone(tools),
        history,
        routes: routes.clone(),
        committed: commit,
        stopping: stop.clone(),
        control: control.token.clone(),
        pulse: daemon.pulse(),
        port: listener.local_addr().map_or(config.daemon.listen.port(), |address| address.port()),
    };
    let address = listener.local_addr().map_or_else(|_| config.daemon.listen.to_string(), |a| a.to_string());
    tracing::info!(
        server = %config.uproot.url,
        %address,
        automations = config.automations.len(),
        "uproctor {} looks after the server; `uproctor console` makes a link to what it does",
        env!("CARGO_PKG_VERSION")
    );
    let handle = runtime.handle().clone();
    let greeting = greet(tools, &handle, stop);
    let service = accompany(Arc::clone(&tools.env), daemon.pulse(), status(&config), stop.clone());
    let service = handle.spawn(service);
    let heartbeat = config.daemon.heartbeat.clone().map(|heartbeat| {
        let (tools, pulse, stop) = (Arc::clone(tools), daemon.pulse(), stop.clone());
        let scope = Scope { deadline: jiff::Timestamp::MAX, cancel: stop };
        handle.spawn_blocking(move || keep_heartbeat(&*tools.env, &heartbeat, &pulse, &scope))
    });
    let notices = notify::Current::new(notify::Setup::of(&config));
    let notifier = {
        let notifier = Notifier::new(Arc::clone(tools), notices.clone());
        let scope = Scope { deadline: jiff::Timestamp::MAX, cancel: stop.clone() };
        handle.spawn_blocking(move || notifier.run(&scope))
    };
    let watch = files.map(|(files, asked)| {
        let taken = move |config: &Arc<Config>, library: &Library| {
            routes.set(Routes::of(config, library));
            notices.set(notify::Setup::of(config));
        };
        let watch = Watch { config, library, files, reloads: daemon.reloads(), refused, taken };
        handle.spawn(watch.run(asked, stop.clone()))
    });
    let (router, upkeep) = web::router(state);
    let upkeep = handle.spawn(upkeep.run(stop.clone()));
    let web = handle.spawn(web::serve(listener, router, stop.clone()));
    let result = daemon.run(&handle, &until.stop, &until.hurry);
    stop.cancel();
    let _ = runtime.block_on(web);
    let tasks = [Some(greeting), Some(service), Some(upkeep), Some(notifier), heartbeat, watch];
    for task in tasks.into_iter().flatten() {
        let _ = runtime.block_on(task);
    }
    drop(control);
    match result {
        Ok(()) => {
            tracing::info!("stopped");
            Exit::Done
        }
        Err(error) => {
            out::error(&format!("the daemon cannot go on: {error}"));
            Exit::NotRight
        }
    }
}

/// The signal that asks to read the configuration again.
fn asked_again(runtime: &Runtime) -> Option<Signal> {
    let _runtime = runtime.enter();
    signal(SignalKind::hangup())
        .inspect_err(|error| {
            tracing::error!(%error, "no signals: a change of the configuration takes effect at the next start");
        })
        .ok()
}

/// Says once whether the server is there, on a thread of its own: the daemon starts without waiting for it.
fn greet(
    tools: &Arc<Tools>,
    runtime: &tokio::runtime::Handle,
    stop: &CancellationToken,
) -> tokio::task::JoinHandle<()> {
    let tools = Arc::clone(tools);
    let stop = stop.clone();
    let work = move || {
        let mut scope = Scope::for_duration(tools.env.now(), std::time::Duration::from_secs(20));
        scope.cancel = stop;
        match tools.client.version(&scope) {
            Ok(version) => tracing::info!(%version, "the uproot server answers"),
            Err(error) => tracing::warn!("the uproot server: {}", error.message),
        }
    };
    runtime.spawn_blocking(work)
}

/// When a daemon is to end.
#[derive(Clone)]
pub(super) struct Until {
    /// It stops: nothing new is taken, and runs get some time to end.
    pub(super) stop: CancellationToken,
    /// The runs under way end at once.
    pub(super) hurry: CancellationToken,
}

/// The first signal stops the daemon, the second ends the runs that are under way.
pub(super) async fn until_told_to_stop(until: Until) {
    let (mut interrupt, mut terminate) = match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "the system lets nobody listen for signals: only killing ends this daemon");
            return;
        }
    };
    let says = [
        (until.stop, "stopping: runs under way get 25 seconds to end; a second signal ends them at once"),
        (until.hurry, "ending the runs under way"),
    ];
    for (token, said) in says {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("{said}");
        token.cancel();
    }
}

/// A configuration and its scripts without errors; problems are printed.
pub(super) fn load(path: &Path) -> Result<(Config, Library), Exit> {
    accept(config::load(path))
}

/// The same for a configuration that was read already.
pub(super) fn accept(draft: Draft) -> Result<(Config, Library), Exit> {
    let (config, library, found) = script::prepare(draft);
    if !found.is_empty() {
        problems::print(&found);
    }
    if found.iter().any(Problem::is_error) { Err(Exit::NotRight) } else { Ok((config, library)) }
}

pub(super) fn runtime() -> Result<Runtime, Exit> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        out::error(&format!("the system has no threads for the daemon: {error}"));
        Exit::NotRight
    })
}

/// Everything that runs need; opens the store.
pub(super) fn tools(config: &Config, runtime: &Runtime) -> Result<Arc<Tools>, Exit> {
    let store = control::patiently(|| Store::open(&config.daemon.store)).map_err(|error| {
        out::error(&error.to_string());
        Exit::NotRight
    })?;
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let client = Client::new(Arc::clone(&env), config.uproot.url.clone(), config.uproot.token.clone());
    let client = Arc::new(client);
    Tools::new(env, client, store, config).map(Arc::new).map_err(|error| {
        out::error(&error.to_string());
        Exit::NotRight
    })
}

/// Where a daemon tells commands how to reach it.
pub(super) fn control_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".control");
    PathBuf::from(name)
}

/// Where the daemon that has this store listens, as far as it has told.
pub(super) fn address(store: &Path) -> Option<String> {
    let text = std::fs::read_to_string(control_path(store)).ok()?;
    let control: serde_json::Value = serde_json::from_str(&text).ok()?;
    let address: std::net::SocketAddr = control["address"].as_str()?.parse().ok()?;
    // A daemon that listens on every address is reached on this one from here.
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    Some(std::net::SocketAddr::new(ip, address.port()).to_string())
}

/// The file beside the store with the daemon's address and the token of its control routes. Only its owner can read it;
/// it is gone when the daemon has stopped.
struct ControlFile {
    path: PathBuf,
    token: SecretString,
}

impl ControlFile {
    fn write(store: &Path, listener: &TcpListener, env: &dyn Environment) -> std::io::Result<Self> {
        use std::{io::Write, os::unix::fs::OpenOptionsExt};
        let path = control_path(store);
        let token = SecretString::from(format!("{:016x}{:016x}", env.random(), env.random()));
        let _ = std::fs::remove_file(&path);
        let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        let address = listener.local_addr()?;
        write!(file, "{}", serde_json::json!({"address": address, "token": token.expose_secret()}))?;
        Ok(Self { path, token })
    }
}

impl Drop for ControlFile {
    fn drop(&mut self) {
        // Another daemon may have taken the store over, and the file with it.
        let is_ours =
            std::fs::read_to_string(&self.path).is_ok_and(|text| text.contains(self.token.expose_secret()));
        if is_ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
