//! `cargo bench --bench watch`: what it costs to observe 2,000 players.
//!
//! First one pass (read who is online and what has changed, compare with the last one, decide five rules for each player), beside
//! a bare reader of the same bytes, one through `serde_json::Value`, and Python's httpx with orjson where they are installed. The
//! goal: 3 ms. Then the daemon itself on 2,000 players in 10 sessions, every 5 s, for a minute: the goal is 5 % of a core and
//! 80 MB, and it is told how many requests that makes beside those of scripts that look for themselves. Nothing is asserted.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints"
)]

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use uproctor::{
    api::Client,
    config,
    environment::{Environment, Request, Response, Scope, Stopped, TransportError},
    live::Live,
    store::Store,
    watch::{Rule, Watch},
};

const ROUNDS: u32 = 300;
const ORDER: &str = r#"["instructions/#StartApp","instructions/Welcome","instructions/Instructions","dilemma/#StartApp","dilemma/#Pair","dilemma/Decision","dilemma/#Together","dilemma/Outcome"]"#;

const RULES: &str = r#"
[[automation]]
name = "a"
on = [{ player = "stalled", for = "3m" }, { player = "absent" }, { player = "expired" }, { player = "finished" }, { player = "victim" }]
script = "a.rhai"
"#;

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    pass();
    load();
}

/// The requests by their last part.
type Counts = Arc<Mutex<BTreeMap<String, u64>>>;

/// A server of so many sessions with so many players each, all of whom are on a page and heard of just now.
fn server(sessions: usize, players: usize) -> (SocketAddr, Counts) {
    let counts = Counts::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::clone(&counts);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let counts = Arc::clone(&shared);
            thread::spawn(move || serve(stream, sessions, players, &counts));
        }
    });
    (address, counts)
}

fn serve(stream: TcpStream, sessions: usize, players: usize, counts: &Counts) {
    let began = seconds() - 20.0;
    let mut fields = String::from("{");
    let mut info = String::from("{\"info\":{");
    let mut changes = String::from("{\"data\":{");
    let mut seen = String::from("},\"online\":{");
    for player in 0..players {
        let comma = if player == 0 { "" } else { "," };
        let name = format!("p{player:04}");
        let _ = write!(
            fields,
            r#"{comma}"{name}":{{"show_page":5,"page_order":{ORDER},"started":true,"label":"","_uproot_group":{{"sname":"s","gname":"g{}"}},"_uproot_timeouts_until":{{"5":{}}},"_uproot_dropout":false}}"#,
            player / 2,
            began + 3600.0
        );
        let _ = write!(info, r#"{comma}"{name}":[{player},{ORDER},5]"#);
        // Far ahead, since the clock of the passes runs ahead too: they are heard of all the time.
        let _ = write!(seen, r#"{comma}"{name}":{}"#, began + 1e7);
        let _ = write!(
            changes,
            r#"{comma}"{name}":{{"show_page":[[{began},false,"int","5","uproot.server1.show_page:337"]]}}"#
        );
    }
    fields.push('}');
    info.push_str(&seen);
    info.push_str("}}");
    let _ = write!(changes, "}},\"last_update\":{began}}}");
    let list: Vec<String> = (0..sessions)
        .map(|at| format!(r#""s{at}":{{"sname":"s{at}","created":{began},"active":true,"config":"c","room":null,"description":null,"n_players":{players},"n_groups":0}}"#))
        .collect();
    let list = format!("{{{}}}", list.join(","));
    stream.set_nodelay(true).unwrap();
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream);
    loop {
        let mut request = String::new();
        while lines.read_line(&mut request).is_ok_and(|read| read > 2) {}
        let Some(path) = request.split(' ').nth(1) else { return };
        let what =
            path.split('?').next().unwrap().trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
        *counts.lock().unwrap().entry(what.clone()).or_default() += 1;
        let nothing = format!("{{\"data\":{{}},\"last_update\":{began}}}");
        let body = match what.as_str() {
            "status" => r#"{"versions":{"uproot":"0.10.1"}}"#,
            "sessions" => &list,
            "players" => &fields,
            "online-players" => &info,
            "data" if path.contains("since=") => &nothing,
            _ => &changes,
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if out.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The real world with a clock that can be moved.
struct Ahead {
    live: Live,
    by: AtomicI64,
}

impl Environment for Ahead {
    fn now(&self) -> Timestamp {
        self.live.now() + SignedDuration::from_secs(self.by.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped> {
        self.live.sleep(duration, scope)
    }

    fn random(&self) -> u64 {
        self.live.random()
    }

    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError> {
        let far = Scope { deadline: Timestamp::MAX, cancel: scope.cancel.clone() };
        self.live.execute(request, &far)
    }
}

fn pass() {
    let (address, _) = server(1, 2000);
    let url = format!("http://{address}/");
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[uproot]\nurl = \"{url}\"\ntoken_env = \"T\"\n{RULES}");
    let file = folder.path().join("config.toml");
    let config = config::parse(&file, text, &|_| Some("token".to_owned())).accept().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let env = Arc::new(Ahead { live: Live::new(runtime.handle().clone()), by: AtomicI64::new(0) });
    let world: Arc<dyn Environment> = Arc::clone(&env) as Arc<dyn Environment>;
    let client = Client::new(Arc::clone(&world), config.uproot.url.clone(), config.uproot.token.clone());
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    let watch = Watch::new(Arc::clone(&world), Arc::new(client), store, config.watch.clone()).unwrap();
    watch.set_rules(config.watch.clone(), Rule::of(config.automations.iter(), &config.watch));
    let scope = Scope { deadline: Timestamp::MAX, cancel: tokio_util::sync::CancellationToken::new() };
    let look = || {
        env.by.fetch_add(16, Ordering::Relaxed);
        let began = Instant::now();
        let (_, failure) = watch.look(&scope);
        assert!(failure.is_none(), "{failure:?}");
        began.elapsed()
    };
    look();
    // A pass asks for the sessions, for the changes, and for who is online.
    let ours = median((0..ROUNDS).map(|_| look()).collect());
    println!("one pass over 2,000 players:            {:6.2} ms (goal 3)", millis(ours));

    let path = format!("{url}admin/api/v1/sessions/s0/online-players/");
    let http = reqwest::Client::new();
    let read = || runtime.block_on(async { http.get(&path).send().await.unwrap().bytes().await.unwrap() });
    let time = |work: &dyn Fn(&[u8])| {
        let times = (0..ROUNDS).map(|_| {
            let began = Instant::now();
            work(&read());
            began.elapsed()
        });
        median(times.collect())
    };
    let bytes = read().len();
    println!("  of {bytes} bytes, a bare typed reader:   {:6.2} ms", millis(time(&typed)));
    println!(
        "  through serde_json::Value:            {:6.2} ms",
        millis(time(&|body| {
            let value: serde_json::Value = serde_json::from_slice(body).unwrap();
            assert!(value["online"].is_object());
        }))
    );
    python(&path);
}

/// Reads the answer into maps, as a program without rules would.
fn typed(body: &[u8]) {
    #[derive(Deserialize)]
    struct Online {
        info: HashMap<String, (i64, Vec<String>, i64)>,
        online: HashMap<String, f64>,
    }
    let online: Online = serde_json::from_slice(body).unwrap();
    assert_eq!(online.info.len(), online.online.len());
}

/// The same in Python, where httpx and orjson are there.
fn python(url: &str) {
    let script = format!(
        "import orjson, time\ntry:\n    import httpx\nexcept ImportError:\n    import httpx2 as httpx\nc = httpx.Client()\nt = []\nfor _ in range({ROUNDS}):\n    b = time.perf_counter()\n    orjson.loads(c.get('{url}').content)\n    t.append(time.perf_counter() - b)\nprint(sorted(t)[len(t) // 2] * 1000)\n"
    );
    let found = ["target/uproot/0.10.1/bin/python", "python3"];
    let run = |python: &str| Command::new(python).args(["-c", &script]).stderr(Stdio::null()).output().ok();
    let output = found.iter().filter_map(|python| run(python)).find(|output| output.status.success());
    match output {
        Some(output) => {
            println!(
                "  Python, httpx and orjson:             {:>6} ms",
                String::from_utf8_lossy(&output.stdout).trim()
            );
        }
        None => println!("  Python: httpx and orjson are not installed"),
    }
}

const MINUTE: Duration = Duration::from_mins(1);

fn load() {
    let (address, counts) = server(10, 200);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scripts")).unwrap();
    fs::write(folder.path().join("scripts/a.rhai"), "fn run(event) {}").unwrap();
    let text = format!(
        "[uproot]\nurl = \"http://{address}/\"\ntoken_env = \"T\"\n[daemon]\nlisten = \"127.0.0.1:0\"\n{RULES}"
    );
    fs::write(folder.path().join("config.toml"), text).unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_uproctor"))
        .arg("run")
        .current_dir(folder.path())
        .env("T", "token")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(10));
    let before = (cpu(daemon.id()), total(&counts));
    thread::sleep(MINUTE);
    let after = (cpu(daemon.id()), total(&counts));
    let resident = resident(daemon.id());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    println!("2,000 players in 10 sessions, every 5 s, for a minute:");
    println!("  of a core: {:5.2} % (goal 5)", (after.0 - before.0) / MINUTE.as_secs_f64() * 100.0);
    println!("  resident:  {resident:5.1} MB (goal 80)");
    println!("  requests:  {} {:?}", after.1 - before.1, counts.lock().unwrap());
    println!("  five scripts that each read players and who is online every 5 s: {}", 5 * 2 * 10 * 12);
}

fn total(counts: &Counts) -> u64 {
    counts.lock().unwrap().values().sum()
}

/// The seconds that a process has had of a core.
fn cpu(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // User and system time, in hundredths of a second.
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
