//! `uproctor doctor`: everything on which a night may fail, on one screen.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{exit::Exit, out, run};
use crate::{
    api::{Call, Client, Endpoint, ErrorKind},
    config::{self, Config},
    domain::Problem,
    environment::{Environment, Priority, Request, Scope},
    live::Live,
    schedule::zone_database_version,
    script,
    store::{History, in_use},
};

/// How long one question to a server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// From this difference of the clocks on, they are said to differ, in seconds.
const SKEWED: i64 = 5;
/// Less free space than this is little, in MiB.
const LITTLE: u64 = 500;

/// `uproctor doctor`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only whether the daemon runs and is well, as a container's health check asks
    #[arg(long)]
    quick: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It works, and could be better.
    Hint,
    /// It fails, or will.
    Fail,
    /// Whatever else is right, nothing goes without it: a server that cannot be reached.
    Unreachable,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Hint => "hint",
            Self::Fail | Self::Unreachable => "FAIL",
        }
    }
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    state: State,
    said: String,
    /// What to do.
    help: Option<String>,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, what: &'static str, said: impl Into<String>) {
        self.add(what, State::Ok, said, None::<String>);
    }

    fn add(
        &mut self,
        what: &'static str,
        state: State,
        said: impl Into<String>,
        help: Option<impl Into<String>>,
    ) {
        self.0.push(Finding { what, state, said: said.into(), help: help.map(Into::into) });
    }

    fn exit(&self) -> Exit {
        let has = |state: State| self.0.iter().any(|finding| finding.state == state);
        if has(State::Unreachable) {
            Exit::Unreachable
        } else if has(State::Fail) {
            Exit::NotRight
        } else {
            Exit::Done
        }
    }
}

/// Looks at everything and says how it is.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let (config, _, problems) = script::prepare(config::load(path));
    let mut findings = Findings::default();
    if !args.quick {
        configuration(&config, &problems, &mut findings);
        server(&env, &config, &mut findings);
        store(&config, &mut findings);
        users(&config, &mut findings);
    }
    daemon(&*env, &config, args.quick, &mut findings);
    if args.json {
        let all: Vec<Value> = findings.0.iter().map(to_json).collect();
        out::json(&json!({ "ok": findings.exit() == Exit::Done, "findings": all }));
    } else {
        for Finding { what, state, said, help } in &findings.0 {
            out::line(&format!("{:<4}  {what:<14} {said}", state.word()));
            if let Some(help) = help {
                out::line(&format!("      {:<14} {help}", ""));
            }
        }
    }
    findings.exit()
}

fn to_json(finding: &Finding) -> Value {
    let state = finding.state.word().to_ascii_lowercase();
    json!({ "what": finding.what, "state": state, "said": finding.said, "help": finding.help })
}

fn configuration(config: &Config, problems: &[Problem], findings: &mut Findings) {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let file = config.file.display();
    match (errors, problems.len()) {
        (0, 0) => findings.ok("configuration", format!("{file}: {} automations", config.automations.len())),
        (0, warnings) => findings.add(
            "configuration",
            State::Hint,
            format!("{file}: {warnings} warnings"),
            Some("`uproctor check` shows them"),
        ),
        (errors, _) => {
            let first = problems.iter().find(|problem| problem.is_error()).map(|problem| &problem.message);
            let said = format!("{file}: {errors} errors, the first: {}", first.map_or("", String::as_str));
            findings.add(
                "configuration",
                State::Fail,
                said,
                Some("`uproctor check` shows all, with their places"),
            );
        }
    }
    match &config.daemon.timezone {
        Some(zone) => {
            findings.ok("time zone", format!("{} (zone data {})", zone.name(), zone_database_version()));
        }
        None => findings.add(
            "time zone",
            State::Hint,
            "none: times are shown in UTC",
            Some("set `timezone` in [daemon], for example \"Europe/Berlin\""),
        ),
    }
    if config.daemon.heartbeat.is_none() {
        findings.add(
            "heartbeat",
            State::Hint,
            "nobody elsewhere notices if this computer goes down",
            Some("`heartbeat_env` in [daemon] names the address of a monitor that raises the alarm"),
        );
    } else {
        findings.ok("heartbeat", "a monitor elsewhere is told that all is well");
    }
}

fn server(env: &Arc<dyn Environment>, config: &Config, findings: &mut Findings) {
    let url = &config.uproot.url;
    let client = Client::new(Arc::clone(env), url.clone(), config.uproot.token.clone());
    let scope = Scope::for_duration(env.now(), PATIENCE);
    let began = env.now();
    let asked = client.version(&scope).and_then(|version| {
        client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope).map(|_| version)
    });
    match asked {
        Ok(version) => {
            let took = env.now().duration_since(began).as_millis();
            findings.ok("server", format!("{url} answers, uproot {version}; the token is right ({took} ms)"));
        }
        Err(error) => {
            let state = if error.kind == ErrorKind::Unreachable { State::Unreachable } else { State::Fail };
            let help = match error.kind {
                ErrorKind::Unreachable => "is it running, and is `url` in [uproot] its address?",
                ErrorKind::Unauthorized => "the token has to be one that the server's main.py names",
                _ => "`uproctor api status` shows what it answers",
            };
            findings.add("server", state, error.message, Some(help));
            return;
        }
    }
    let Some(skew) = client.clock_skew() else { return };
    if skew.as_secs().abs() >= SKEWED {
        let said =
            format!("the server's differs from this one's by {} s; the server's counts", skew.as_secs());
        findings.add("clock", State::Hint, said, Some("let both computers set their clocks by the network"));
    } else {
        findings.ok("clock", "the server's agrees with this one's");
    }
}

fn store(config: &Config, findings: &mut Findings) {
    let path = &config.daemon.store;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !path.exists() {
        findings.add(
            "store",
            State::Hint,
            format!("{} is not there yet", path.display()),
            Some("the first `uproctor run` makes it"),
        );
    } else {
        match History::open(path).and_then(|history| history.sizes()) {
            Ok(sizes) => {
                let said = format!(
                    "{}: {} MiB, {} events, {} interventions",
                    path.display(),
                    sizes.bytes / 1_048_576,
                    sizes.events,
                    sizes.interventions
                );
                findings.ok("store", said);
                if sizes.claimed > 0 && !in_use(path) {
                    let said = format!("{} writes were sent and nothing was heard of them", sizes.claimed);
                    findings.add(
                        "store",
                        State::Hint,
                        said,
                        Some("the next start finds out what became of them"),
                    );
                }
            }
            Err(error) => findings.add("store", State::Fail, error.to_string(), None::<String>),
        }
        private(path, "store", "it names participants", findings);
    }
    if let Ok(space) = rustix::fs::statvfs(folder) {
        let free = space.f_bavail.saturating_mul(space.f_frsize) / 1_048_576;
        if free < LITTLE {
            let said = format!("{free} MiB are free in {}", folder.display());
            findings.add(
                "disk",
                State::Fail,
                said,
                Some("make room: a full disk keeps the daemon from acting"),
            );
        } else {
            findings.ok("disk", format!("{} GiB are free in {}", free / 1024, folder.display()));
        }
    }
    if tempfile::Builder::new().prefix(".uproctor-doctor-").tempfile_in(folder).is_err() {
        let said = format!("{} cannot be written by this user", folder.display());
        findings.add(
            "store",
            State::Fail,
            said,
            Some("start the daemon, and this command, as the user whose folder it is"),
        );
    }
}

/// Says where others may read a file.
fn private(path: &Path, what: &'static str, why: &str, findings: &mut Findings) {
    let Ok(mode) = std::fs::metadata(path).map(|file| file.permissions().mode()) else { return };
    if mode & 0o004 != 0 {
        let said = format!("everybody on this computer may read {}: {why}", path.display());
        findings.add(what, State::Hint, said, Some(format!("chmod o-r {}", path.display())));
    }
}

fn users(config: &Config, findings: &mut Findings) {
    let console = &config.console;
    let count = console.users.people.len();
    if count == 0 {
        findings.add(
            "console",
            State::Hint,
            "nobody can log in with a password",
            Some("`uproctor user add NAME` makes a user; `uproctor console` makes a link for you"),
        );
    } else {
        findings.ok("console", format!("{count} users, {} tokens", console.users.tokens.len()));
        private(&console.users_file, "console", "it holds the hashes of passwords", findings);
    }
    let is_open = !config.daemon.listen.ip().is_loopback();
    if is_open && !console.is_secure() {
        findings.add(
            "console",
            State::Hint,
            format!("it listens on {} without TLS", config.daemon.listen),
            Some("put a web server with TLS before it, and its address into `url` in [console]"),
        );
    }
}

fn daemon(env: &dyn Environment, config: &Config, must_run: bool, findings: &mut Findings) {
    let store = &config.daemon.store;
    if !in_use(store) {
        if must_run {
            findings.add("daemon", State::Unreachable, "it does not run", None::<String>);
            return;
        }
        match TcpListener::bind(config.daemon.listen) {
            Ok(_) => findings.add(
                "daemon",
                State::Hint,
                "it does not run",
                Some("`uproctor run` starts it; docs/service.md makes a service of it"),
            ),
            Err(error) => {
                let said = format!("it does not run, and {} is not to be had: {error}", config.daemon.listen);
                findings.add(
                    "daemon",
                    State::Fail,
                    said,
                    Some("another program listens there: end it, or set `listen` in [daemon]"),
                );
            }
        }
        return;
    }
    let Some(address) = run::address(store) else {
        findings.add(
            "daemon",
            State::Fail,
            "another program has the store",
            Some("a command, or a daemon that is just starting: try again"),
        );
        return;
    };
    match ready(env, &address) {
        Ok(()) => findings.ok("daemon", format!("it runs at http://{address}/ and is well")),
        Err(why) => findings.add(
            "daemon",
            State::Fail,
            format!("it runs at http://{address}/ and is not well: {why}"),
            Some("its log says more"),
        ),
    }
}

/// Asks the daemon whether it is well.
fn ready(env: &dyn Environment, address: &str) -> Result<(), String> {
    let request = Request {
        method: Method::GET,
        url: format!("http://{address}/ready").parse().map_err(|error| format!("{error}"))?,
        headers: HeaderMap::new(),
        body: None,
        lane: None,
        timeout: PATIENCE,
        sees_it_through: false,
        max_answer: 64 * 1024,
    };
    let answer =
        env.execute(request, &Scope::for_duration(env.now(), PATIENCE)).map_err(|error| error.message)?;
    if answer.status == 200 {
        return Ok(());
    }
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Err(said.to_string())
}
