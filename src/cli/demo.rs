//! `uproctor demo`: a simulated server, participants at a lively pace, and the daemon live on it. No file, no network.

use std::{collections::HashMap, io::IsTerminal, path::Path, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

use super::{
    control::{self, Asked},
    exit::Exit,
    out,
    population::Population,
    run,
    server::{Server, Story},
};
use crate::{
    api::Generation,
    config::{self, Config},
    domain::{counted, parse_duration},
    environment::{Environment, Request},
    live::Live,
    sandbox::{self, Happening, Sandbox, What as Deed, population},
    script::{Library, Tools},
    store::WriteRow,
};

/// The experiment of the demo, with pages that take seconds.
const EXPERIMENT: &str = include_str!("demo-experiment.toml");
/// The session that the participants are in.
const SESSION: &str = "demo";
/// How often the screen is brought up to date.
const LOOK: Duration = Duration::from_millis(200);
/// How long after a participant is gone the recruiter says so, in seconds.
const RECRUITER: f64 = 5.0;

/// `uproctor demo`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Ends by itself after this time, such as 60s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    length: Option<Duration>,
    #[command(flatten)]
    population: Population,
}

/// The scripts of a new project, which the demo uses as they are.
const SCRIPTS: [(&str, &str); 3] = [
    ("step_stalled.rhai", include_str!("../../scripts/step_stalled.rhai")),
    ("welcome.rhai", include_str!("../../scripts/welcome.rhai")),
    ("returned.rhai", include_str!("../../scripts/returned.rhai")),
];

/// Runs until Ctrl-C, or for as long as was asked.
pub(super) fn run(args: &Args) -> Exit {
    match play(args) {
        Ok(()) => Exit::Done,
        Err(exit) => exit,
    }
}

fn play(args: &Args) -> Result<(), Exit> {
    let fail = |what: &str, error: &dyn std::fmt::Display| {
        out::error(&format!("{what}: {error}"));
        Exit::NotRight
    };
    let folder = tempfile::Builder::new()
        .prefix("uproctor-demo-")
        .tempdir()
        .map_err(|error| fail("no folder for the demo", &error))?;
    let runtime = run::runtime()?;
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let token = SecretString::from(format!("{:016x}{:016x}", env.random(), env.random()));
    let stop = CancellationToken::new();

    let (server, people) = people(args, &env, &token)?;
    let address = serve(&runtime, &server, &stop).map_err(|error| fail("the simulated server", &error))?;
    let (config, library) = project(folder.path(), &address, &token)?;
    let tools = run::tools(&config, &runtime)?;
    let listener = runtime
        .block_on(TcpListener::bind(config.daemon.listen))
        .map_err(|error| fail("the daemon's address", &error))?;
    let hook = listener.local_addr().map_err(|error| fail("the daemon's address", &error))?;

    let store = config.daemon.store.clone();
    let people = if people == 1 { "one person".to_owned() } else { format!("{people} people") };
    out::line(&format!(
        "A simulated uproot server, {people} taking part in an experiment, and uproctor looking after them."
    ));
    out::line(
        "On the left what they do, on the right what uproctor does. Ctrl-C ends it; nothing is left behind.",
    );
    out::line("");
    let screen =
        Screen::new(Arc::clone(&tools), server.clone(), format!("http://{hook}/hooks/recruiter"), token);
    let told = stop.clone();
    let limit = args.length;
    runtime.spawn(async move {
        let Some(limit) = limit else { return };
        tokio::select! {
            () = told.cancelled() => {}
            () = tokio::time::sleep(limit) => told.cancel(),
        }
    });
    // Nobody's work is lost here: the first signal ends everything.
    let until = run::Until { stop: stop.clone(), hurry: stop.clone() };
    runtime.spawn(run::until_told_to_stop(until.clone()));
    runtime.spawn_blocking(move || tell_of_console(&store));
    let watching = runtime.spawn(screen.watch(stop.clone()));
    let exit = run::serve(&config, library, None, &runtime, &tools, listener, &until);
    stop.cancel();
    if let Ok(screen) = runtime.block_on(watching) {
        screen.sum_up();
    }
    tools.store.close();
    if exit == Exit::Done { Ok(()) } else { Err(exit) }
}

/// Says where the console of the demo is, once it is there.
fn tell_of_console(store: &Path) {
    for _ in 0..20 {
        if let Asked::Answer(answer) = control::ask(store, "link", &json!({}))
            && let (Some(key), Some(address)) = (answer["key"].as_str(), run::address(store))
        {
            out::line(&format!("       the console, in your browser: http://{address}/login?key={key}"));
            return;
        }
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "a command waits, and has no world of its own")]
fn pause() {
    std::thread::sleep(LOOK);
}

/// The server, and how many people there are.
fn people(args: &Args, env: &Arc<dyn Environment>, token: &SecretString) -> Result<(Server, usize), Exit> {
    let (scenario, mix) = args.population.scenario_or("demo-experiment.toml", EXPERIMENT)?;
    let seed = args.population.seed(&**env);
    let sandbox = Sandbox::new(Arc::clone(&scenario.experiment), Generation::Newest, token.clone(), seed);
    let server = Server::new(sandbox, Arc::clone(env));
    let participants = population(&scenario, &mix, seed);
    let names: Vec<Arc<str>> = participants.iter().map(|profile| Arc::clone(&profile.name)).collect();
    if let Err(why) = server.begin_session(SESSION, &scenario.participants.config, participants) {
        out::error(&format!("the session could not be made: {why}"));
        return Err(Exit::NotRight);
    }
    for name in &names {
        // The recruiter knows participants by their label.
        let body = json!({"unames": [&**name], "fields": {"label": label(name)}});
        let _ = server.ask(Method::PATCH, &format!("sessions/{SESSION}/players/fields/"), Some(&body));
    }
    Ok((server, names.len()))
}

fn label(player: &str) -> String {
    format!("worker-{player}")
}

fn serve(runtime: &Runtime, server: &Server, stop: &CancellationToken) -> std::io::Result<String> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = format!("http://{}/", listener.local_addr()?);
    let answering = server.clone();
    let answer = Arc::new(move |request: &Request| answering.answer(request));
    runtime.spawn(sandbox::serve(listener, None, answer, stop.clone()));
    runtime.spawn(server.clone().live(Story::Told, stop.clone()));
    Ok(address)
}

/// The configuration of the demo, in words that a user would write, and its scripts.
fn project(folder: &Path, server: &str, token: &SecretString) -> Result<(Config, Library), Exit> {
    let scripts = folder.join("scripts");
    let written = std::fs::create_dir_all(&scripts)
        .and_then(|()| SCRIPTS.iter().try_for_each(|(name, text)| std::fs::write(scripts.join(name), text)));
    if let Err(error) = written {
        out::error(&format!("the scripts of the demo cannot be written: {error}"));
        return Err(Exit::NotRight);
    }
    let text = include_str!("demo.toml").replace("SERVER", server);
    let secret = token.expose_secret().to_owned();
    let draft = config::parse(&folder.join("config.toml"), text, &|_| Some(secret.clone()));
    run::accept(draft)
}

/// What is shown: what the participants do, as it happens, and what uproctor does.
struct Screen {
    tools: Arc<Tools>,
    server: Server,
    hook: String,
    token: SecretString,
    start: f64,
    colour: bool,
    /// Writes that were shown, by run, call and player, and in which state.
    shown: HashMap<(i64, i64, Option<String>), String>,
    /// Who is gone, and when the recruiter will say so.
    gone: Vec<(f64, String)>,
    messages: u64,
    counts: HashMap<&'static str, u64>,
}

impl Screen {
    fn new(tools: Arc<Tools>, server: Server, hook: String, token: SecretString) -> Self {
        let start = server.now();
        Self {
            tools,
            server,
            hook,
            token,
            start,
            colour: std::io::stdout().is_terminal(),
            shown: HashMap::new(),
            gone: Vec::new(),
            messages: 0,
            counts: HashMap::new(),
        }
    }

    async fn watch(mut self, stop: CancellationToken) -> Self {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            self.look();
            self.tell_of_the_gone().await;
        }
        self
    }

    fn look(&mut self) {
        let happenings = self.server.world().happenings();
        for happening in happenings {
            self.participant(&happening);
        }
        let since = (self.start * 1000.0) as i64;
        for write in self.tools.store.history().writes_since(since).unwrap_or_default() {
            self.write(&write);
        }
    }

    fn participant(&mut self, happening: &Happening) {
        if matches!(happening.what, Deed::DroppedOut) {
            self.gone.push((happening.at + RECRUITER, happening.player.to_string()));
        }
        let what = match &happening.what {
            Deed::Joined => {
                *self.counts.entry("joined").or_default() += 1;
                "arrives".to_owned()
            }
            Deed::Finished => {
                *self.counts.entry("finished").or_default() += 1;
                "has finished".to_owned()
            }
            other => other.to_string(),
        };
        let line = format!("{}  {:<5} {what}", self.clock(happening.at), happening.player);
        self.print(&line, "2");
    }

    fn write(&mut self, write: &WriteRow) {
        let effect = &write.effect;
        let key = (write.run, effect.ordinal, effect.player.clone());
        if effect.state == "claimed" || self.shown.get(&key) == Some(&effect.state) {
            return;
        }
        self.shown.insert(key, effect.state.clone());
        let player = effect.player.as_deref().unwrap_or("");
        let note = effect.note.as_deref().unwrap_or("");
        let (count, what) = match (effect.action.as_str(), effect.state.as_str()) {
            ("players.advance", "done") => ("stepped on", format!("steps {player} on: {note}")),
            ("players.message", "done") => ("welcomed", format!("welcomes {player}")),
            ("players.dropout", "done") => {
                ("marked", format!("marks {player} as dropped out: the recruiter said so"))
            }
            (action, state) => ("else", format!("{action} {player}: {state} {note}")),
        };
        *self.counts.entry(count).or_default() += 1;
        let at = effect.settled.unwrap_or(effect.claimed) as f64 / 1000.0;
        let line = format!("{}  {:>44}{}: {what}", self.clock(at), "uproctor > ", write.automation);
        self.print(&line, "1;36");
    }

    /// The recruiter's webhooks, signed as Prolific signs them.
    async fn tell_of_the_gone(&mut self) {
        let now = self.server.now();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.gone).into_iter().partition(|(at, _)| *at <= now);
        self.gone = later;
        for (_, player) in due {
            self.messages += 1;
            let line = format!("{}  {:<5} the recruiter's webhook says RETURNED", self.clock(now), player);
            self.print(&line, "33");
            let body = json!({"status": "RETURNED", "participant_id": label(&player)});
            let request = signed(&self.hook, &body, &self.token, now as i64, self.messages);
            let tools = Arc::clone(&self.tools);
            let sent = tokio::task::spawn_blocking(move || {
                let scope = crate::environment::Scope::for_duration(tools.env.now(), Duration::from_secs(5));
                request.map(|request| tools.env.execute(request, &scope).map(|answer| answer.status))
            });
            if !matches!(sent.await, Ok(Some(Ok(202)))) {
                self.print("        the webhook was not taken", "31");
            }
        }
    }

    fn clock(&self, at: f64) -> String {
        let seconds = (at - self.start).max(0.0) as u64;
        format!("{:02}:{:02}", seconds / 60, seconds % 60)
    }

    fn print(&self, line: &str, style: &str) {
        if self.colour {
            let line: String = line.chars().filter(|c| !c.is_control()).collect();
            out::text(&format!("\u{1b}[{style}m{line}\u{1b}[0m\n"));
        } else {
            out::line(line);
        }
    }

    fn sum_up(mut self) {
        self.look();
        let count = |what: &str| self.counts.get(what).copied().unwrap_or(0);
        out::line("");
        out::line(&format!(
            "{} arrived and {} finished. uproctor welcomed {}, stepped on {} and marked {} as dropped out.",
            counted(count("joined"), "person", "people"),
            count("finished"),
            count("welcomed"),
            count("stepped on"),
            count("marked"),
        ));
        out::line(
            "Next: `uproctor init my-lab` writes a project with these scripts; `uproctor rehearse` shows what they would do.",
        );
    }
}

/// A webhook as Prolific sends it: signed over the time and the body.
fn signed(hook: &str, body: &Value, secret: &SecretString, now: i64, number: u64) -> Option<Request> {
    let body = Bytes::from(body.to_string());
    let time = now.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(&body);
    let signature = BASE64.encode(mac.finalize().into_bytes());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-prolific-request-timestamp", HeaderValue::from_str(&time).ok()?);
    headers.insert("x-prolific-request-signature", HeaderValue::from_str(&signature).ok()?);
    headers.insert("x-event-id", HeaderValue::from_str(&format!("demo-{number}")).ok()?);
    Some(Request {
        method: Method::POST,
        url: hook.parse().ok()?,
        headers,
        body: Some(body),
        lane: None,
        timeout: Duration::from_secs(5),
        sees_it_through: false,
        fresh_until: None,
        max_answer: 64 * 1024,
    })
}
