//! `cargo bench`: what a run costs beside bare HTTP, how fast the daemon starts and how small it is, and whether ten
//! thousand schedules fire in time. Numbers are printed, with their goals; nothing is asserted by the clock.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints"
)]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use uproctor::{
    api::Client,
    config,
    domain::{Detail, Event, EventId, EventKind, Mode, Outcome, RunId},
    engine::{Command as Decision, Engine, Input, Standing},
    environment::{Environment, Scope},
    live::Live,
    script::{self, Library, RunTask, Tools},
    store::{Begun, Store},
};

fn main() {
    run_beside_bare_http();
    start_and_size();
    ten_thousand_schedules();
}

/// A server that answers each request on a connection at once, with what both sides of the comparison ask for.
fn stub() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut buffer = [0_u8; 8192];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let body = if buffer[..read].windows(7).any(|w| w == b"status/") {
            r#"{"versions":{"uproot":"0.10.1"}}"#
        } else {
            r#"{"t1":{"sname":"t1","created":1795475313.2,"active":true,"config":"multi","room":null,"description":null,"n_players":2,"n_groups":0}}"#
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn project(folder: &Path, url: &str, automations: &str) -> config::Config {
    fs::create_dir_all(folder.join("scripts")).unwrap();
    fs::write(folder.join("scripts/it.rhai"), "fn run(event) { sessions::list(); sessions::list(); }")
        .unwrap();
    let text = format!(
        "[uproot]\nurl = \"{url}\"\ntoken_env = \"T\"\n[daemon]\nlisten = \"127.0.0.1:0\"\nmode = \"live\"\n{automations}"
    );
    fs::write(folder.join("config.toml"), &text).unwrap();
    config::parse(&folder.join("config.toml"), text, &|_| Some("token".to_owned())).accept().unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn run_beside_bare_http() {
    const ROUNDS: i64 = 3000;
    let url = format!("http://{}/", stub());
    let folder = tempfile::tempdir().unwrap();
    let one = "[[automation]]\nname = \"it\"\non = { every = \"1h\" }\nscript = \"it.rhai\"\n";
    let config = project(folder.path(), &url, one);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let client =
        Arc::new(Client::new(Arc::clone(&env), config.uproot.url.clone(), config.uproot.token.clone()));
    let store = Store::open(&config.daemon.store).unwrap();
    let (library, _) = Library::load(&config);
    let tools = Tools::new(Arc::clone(&env), Arc::clone(&client), store, &config).unwrap();
    let tools = Arc::new(tools);
    let automation = Arc::new(config.automations[0].clone());
    let task = RunTask {
        run: RunId(1),
        script: Arc::clone(library.get(&automation.script).unwrap()),
        automation: Arc::clone(&automation),
        mode: Mode::Live,
        scope: Scope::for_duration(env.now(), Duration::from_hours(1)),
        tools,
        signal: Arc::new(|_| {}),
        begun: Begun::already(),
    };
    let event = Event {
        id: EventId(1),
        automation: automation.name.clone(),
        kind: EventKind::Manual,
        at: env.now(),
        count: 1,
        detail: Detail::Manual { payload: serde_json::Value::Null, dry_run: false },
    };
    // Live installs it too; an error says that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bare = reqwest::Client::builder().build().unwrap();
    let address = format!("{url}admin/api/v1/sessions/");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let begin = Instant::now();
        let (report, _) = script::run(&task, &event);
        let took = begin.elapsed();
        assert!(report.reason.is_none(), "{report:?}");
        let begin = Instant::now();
        for _ in 0..2 {
            runtime.block_on(async {
                let answer = bare.get(&address).bearer_auth("token").send().await.unwrap();
                let bytes = answer.bytes().await.unwrap();
                serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
            });
        }
        if round > ROUNDS / 10 {
            ours.push(took);
            theirs.push(begin.elapsed());
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("a run with two calls: {ours:?}; bare reqwest: {theirs:?}; ratio {ratio:.2} (goal: below 1.3)");
}

fn start_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let one = "[[automation]]\nname = \"it\"\non = { every = \"1h\" }\nscript = \"it.rhai\"\n";
    project(folder.path(), &format!("http://{}/", stub()), one);
    let (empty, resident) = starts(folder.path());
    println!("from exec to a served request: {empty:?} (goal: under 20 ms)");
    println!("resident when idle: {resident} (goal: under 15 MB)");
    history(&folder.path().join("uproctor.db"), 100_000);
    let (full, _) = starts(folder.path());
    println!("the same with 100,000 rows of history of each kind: {full:?} (goal: under 300 ms)");
}

/// Adds so many runs, each with its event, a write, two lines of trace and an entry of the intervention log.
fn history(store: &Path, rows: i64) {
    let mut connection = rusqlite::Connection::open(store).unwrap();
    let transaction = connection.transaction().unwrap();
    let each = [
        "INSERT INTO event (id, automation, kind, at, detail, state) VALUES (?1, 'it', 'every', ?1, \
         '{\"scheduled\":{\"scheduled_at\":\"2026-03-02T18:00:00Z\",\"missed_count\":0}}', 'done')",
        "INSERT INTO run (id, event, automation, mode, script, script_hash, started, ended, outcome) \
         VALUES (?1, ?1, 'it', 'live', 'it.rhai', 'x', ?1, ?1 + 1, 'done')",
        "INSERT INTO effect (run, ordinal, row, action, target, player, arguments, state, claimed, settled, irreversible) \
         VALUES (?1, 1, 0, 'players.advance', 's', 'p', '{}', 'done', ?1, ?1, 1)",
        "INSERT INTO trace (run, seq, at, kind, text) VALUES (?1, 0, ?1, 'info', 'a line'), (?1, 1, ?1, 'info', 'a line')",
        "INSERT INTO intervention (seq, entry, hash) VALUES (?1, '{}', 'x')",
    ];
    for sql in each {
        let mut statement = transaction.prepare(sql).unwrap();
        for row in 1_000..1_000 + rows {
            statement.execute([row]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// The median of the time from exec to a served request, and the resident memory a second later.
fn starts(folder: &Path) -> (Duration, String) {
    let control = folder.join("uproctor.db.control");
    let mut starts = Vec::new();
    let mut resident = String::new();
    for _ in 0..10 {
        let begin = Instant::now();
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_uproctor"))
            .arg("run")
            .current_dir(folder)
            .env("T", "token")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = loop {
            let text = fs::read_to_string(&control).unwrap_or_default();
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(value) => break value["address"].as_str().unwrap().to_owned(),
                Err(_) => thread::sleep(Duration::from_micros(200)),
            }
        };
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        starts.push(begin.elapsed());
        thread::sleep(Duration::from_secs(1));
        let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap_or_default();
        resident =
            status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS unknown").to_owned();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        let _ = fs::remove_file(&control);
    }
    (median(starts), resident)
}

/// The engine on the real clock, as the daemon's loop drives it, without the store.
fn ten_thousand_schedules() {
    const SCHEDULES: usize = 10_000;
    const SECONDS: u64 = 5;
    let folder = tempfile::tempdir().unwrap();
    let one = "[[automation]]\nname = \"it\"\non = { every = \"1s\" }\nscript = \"it.rhai\"\n";
    let config = project(folder.path(), "http://127.0.0.1:9/", one);
    let automations: Vec<_> = (0..SCHEDULES)
        .map(|number| {
            let mut automation = config.automations[0].clone();
            automation.name = format!("it-{number}").parse().unwrap();
            (Arc::new(automation), Standing::default())
        })
        .collect();
    let (mut engine, _) = Engine::start(Timestamp::now(), &automations, 16);
    let mut lateness = Vec::new();
    let cpu = cpu_time();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(SECONDS) {
        let now = Timestamp::now();
        let wake = engine.next_wake().unwrap();
        if wake > now {
            thread::sleep(Duration::try_from(wake.duration_since(now)).unwrap());
        }
        let now = Timestamp::now();
        for command in engine.handle(now, Input::Tick) {
            let Decision::Fire { automation, kind, instant, missed_count } = command else { continue };
            let detail = Detail::Scheduled { scheduled_at: instant, missed_count };
            let event = Arc::new(Event { id: EventId(1), automation, kind, at: now, count: 1, detail });
            let started = engine.handle(now, Input::Accepted(Arc::clone(&event)));
            assert!(matches!(started.as_slice(), [Decision::Start { .. }]), "dropped: {started:?}");
            lateness.push(Duration::try_from(Timestamp::now().duration_since(instant)).unwrap());
            engine.handle(now, Input::RunFinished { event, outcome: Outcome::Done });
        }
    }
    let share = 100.0 * (cpu_time() - cpu).as_secs_f64() / begin.elapsed().as_secs_f64();
    lateness.sort();
    let late = lateness[lateness.len() * 99 / 100];
    println!(
        "10,000 schedules every second, decided: {} firings, none dropped; 99th percentile of lateness {late:?} (goal: under \
         12 ms); {share:.2} % of a core (goal: under 1.5 %)",
        lateness.len()
    );
}

/// The time that this thread has spent on a processor.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0))
}
