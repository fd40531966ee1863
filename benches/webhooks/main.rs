//! `cargo bench --bench webhooks`: how many webhooks a second are accepted and committed, and how long it takes from a webhook to
//! the second call of its script, each beside a bare program that does the same with axum, SQLite and reqwest. One of the two alone:
//! `cargo bench --bench webhooks -- accepted` or `-- calls`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use axum::Router;
use receipts::{Receipts, stub};
use tokio::{net::TcpListener, runtime::Runtime};

/// How many senders there are at once, and how many messages each sends.
const SENDERS: usize = 32;
const MESSAGES: usize = 600;
/// The comparison of latencies lets the two take turns, so that what else the machine does meets both: how many turns each has, and
/// of how many messages.
const TURNS: usize = 5;
const PACED: usize = 480;

fn main() {
    // Live installs it too; an error says that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    if wanted("accepted") {
        accepted_a_second(&runtime);
    }
    if wanted("calls") {
        from_webhook_to_second_call(&runtime);
    }
}

mod bare;
mod receipts;

// The daemon, as a user runs it.

struct Daemon(Child, SocketAddr);

impl Daemon {
    fn start(folder: &Path, url: &str, script: &str, more: &str) -> Self {
        fs::create_dir_all(folder.join("scripts")).unwrap();
        fs::write(folder.join("scripts/it.rhai"), script).unwrap();
        let text = format!(
            "[uproot]\nurl = \"{url}\"\ntoken_env = \"T\"\n[daemon]\nlisten = \"127.0.0.1:0\"\nmode = \"live\"\n\
             [[automation]]\nname = \"it\"\nscript = \"it.rhai\"\n\
             on = {{ webhook = \"it\", scheme = \"bearer\", secret_env = \"H\", rate = 1000000 }}\n{more}"
        );
        fs::write(folder.join("config.toml"), text).unwrap();
        let control = folder.join("uproctor.db.control");
        let child = Command::new(env!("CARGO_BIN_EXE_uproctor"))
            .args(["--log", "error", "run"])
            .current_dir(folder)
            .env("T", "token")
            .env("H", "a-secret-of-some-length-for-the-hook")
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut daemon = Self(child, SocketAddr::from(([127, 0, 0, 1], 0)));
        loop {
            let text = fs::read_to_string(&control).unwrap_or_default();
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
                daemon.1 = value["address"].as_str().unwrap().parse().unwrap();
                return daemon;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// Who sends.

/// One connection on which messages are sent one after another.
struct Sender1(BufReader<TcpStream>);

impl Sender1 {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends one message, and waits until it is answered.
    fn send(&mut self, number: usize) -> u16 {
        let body = format!(r#"{{"n": {number}, "text": "{}"}}"#, "x".repeat(200));
        let request = format!(
            "POST /hooks/it HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             authorization: Bearer a-secret-of-some-length-for-the-hook\r\nwebhook-id: {number}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        status
    }
}

/// Sends as fast as the answers come; gives how many were taken a second, and the processor time of each, the sender's
/// included.
fn flood(address: SocketAddr) -> (f64, Duration) {
    let (begin, cpu) = (Instant::now(), cpu_time());
    let taken = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..SENDERS)
        .map(|of| {
            let taken = Arc::clone(&taken);
            thread::spawn(move || {
                let mut sender = Sender1::connect(address);
                for number in 0..MESSAGES {
                    if sender.send(of * MESSAGES + number) == 202 {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(taken.load(Ordering::Relaxed), SENDERS * MESSAGES, "some were not taken");
    let each = (cpu_time() - cpu) / u32::try_from(SENDERS * MESSAGES).unwrap();
    ((SENDERS * MESSAGES) as f64 / begin.elapsed().as_secs_f64(), each)
}

/// The time that this process has spent on processors, to a hundredth of a second.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = text.rsplit(')').next().unwrap();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

fn accepted_a_second(runtime: &Runtime) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let router = uproctor_router(runtime, folder.path());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let server = runtime.spawn(async move { axum::serve(listener, router).await });
        ours.push(flood(address));
        server.abort();
        theirs.push(flood(bare::serve(runtime, folder.path(), None)));
    }
    let ((ours, our_cpu), (theirs, their_cpu)) = (best(&ours), best(&theirs));
    println!(
        "webhooks accepted and committed: {ours:.0} a second; bare axum and SQLite in groups: {theirs:.0}; ratio {:.2} (goal: \
         at least 0.8); processor time of each, the sender's included: {our_cpu:?}, bare {their_cpu:?}",
        ours / theirs
    );
}

/// The most a second, and the least processor time.
fn best(floods: &[(f64, Duration)]) -> (f64, Duration) {
    floods.iter().fold((0.0, Duration::MAX), |best, flood| (best.0.max(flood.0), best.1.min(flood.1)))
}

/// The daemon's web server and store, with something that takes the events off their hands.
fn uproctor_router(runtime: &Runtime, folder: &Path) -> Router {
    use uproctor::{
        api::Client,
        config,
        environment::Environment,
        live::Live,
        script::{Library, Tools},
        store::{History, Store},
        web,
    };
    let text = "[uproot]\nurl = \"http://127.0.0.1:9/\"\ntoken_env = \"T\"\n[[automation]]\nname = \"it\"\nscript = \"it.rhai\"\n\
                on = { webhook = \"it\", scheme = \"bearer\", secret_env = \"H\", rate = 1000000 }\n";
    let file = folder.join("config.toml");
    let secret = |_: &str| Some("a-secret-of-some-length-for-the-hook".to_owned());
    let config = config::parse(&file, text.to_owned(), &secret).accept().unwrap();
    let store = Store::open(&folder.join("ours.db")).unwrap();
    let (committed, mut events) = tokio::sync::mpsc::channel(1024);
    // As the daemon's loop does.
    runtime.spawn(async move { while events.recv().await.is_some() {} });
    let env = Live::new(runtime.handle().clone());
    let config = Arc::new(config);
    let routes = web::CurrentRoutes::new(web::Routes::of(&config, &Library::default()));
    let env: Arc<dyn Environment> = Arc::new(env);
    let client = Client::new(Arc::clone(&env), config.uproot.url.clone(), config.uproot.token.clone());
    let tools = Tools::new(env, Arc::new(client), store, &config).unwrap();
    let state = web::WebState {
        refused: uproctor::daemon::Refused::default(),
        tools: Arc::new(tools),
        history: Arc::new(History::open(&folder.join("ours.db")).unwrap()),
        routes,
        committed,
        stopping: tokio_util::sync::CancellationToken::new(),
        control: "control".into(),
        port: 0,
        pulse: uproctor::daemon::Pulse::default(),
    };
    web::router(state).0
}

// From the webhook to the second call.

/// How long it took from the sending of each message to the second call: `SENDERS` at once that each send the next message
/// once the last one is through, or one sender that keeps a pace. The messages are numbered from `first` on.
fn latencies(
    address: SocketAddr,
    receipts: &Receipts,
    first: usize,
    pace: Option<Duration>,
) -> Vec<Duration> {
    let senders = if pace.is_some() { 1 } else { SENDERS };
    let sent: Vec<(usize, Instant)> = thread::scope(|scope| {
        let all: Vec<_> = (0..senders)
            .map(|of| scope.spawn(move || send_all(address, receipts, (first + of, senders), pace)))
            .collect();
        all.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    // The first ones find caches and connections cold.
    let warm = sent.iter().filter(|(number, _)| *number >= first + PACED / 10);
    warm.map(|(number, sent)| receipts.second(*number).duration_since(*sent)).collect()
}

/// What one of several senders sends, and when it sent each.
fn send_all(
    address: SocketAddr,
    receipts: &Receipts,
    (first, senders): (usize, usize),
    pace: Option<Duration>,
) -> Vec<(usize, Instant)> {
    let mut sender = Sender1::connect(address);
    let begin = Instant::now();
    let mut sent = Vec::new();
    for (turn, number) in (first..).step_by(senders).take(PACED / senders).enumerate() {
        if let Some(pace) = pace {
            let due = begin + pace * u32::try_from(turn).unwrap();
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        sent.push((number, Instant::now()));
        assert_eq!(sender.send(number), 202);
        if pace.is_none() {
            receipts.second(number);
        }
    }
    sent
}

fn from_webhook_to_second_call(runtime: &Runtime) {
    let receipts = Receipts::default();
    let url = format!("http://{}/", stub(&receipts));
    let script = "fn run(event) {\n    let s = \"s\" + event.payload.n;\n    players::list(s);\n    players::list(s);\n}";
    let folder = tempfile::tempdir().unwrap();
    let parallel = "overlap = \"parallel\"\nmax = 16\n";
    let daemon = Daemon::start(folder.path(), &url, script, parallel);
    let bare = bare::serve(runtime, folder.path(), Some(format!("{url}admin/api/v1/sessions/")));
    let ways = [("at 100 a second", Some(Duration::from_millis(10))), ("32 senders at once", None)];
    let mut first = 0;
    for (title, pace) in ways {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            for (address, times) in [(daemon.1, &mut ours), (bare, &mut theirs)] {
                times.extend(latencies(address, &receipts, first, pace));
                first += PACED;
            }
        }
        ours.sort_unstable();
        theirs.sort_unstable();
        let at = |times: &[Duration], percent: usize| times[times.len() * percent / 100];
        let ratio = |percent| at(&ours, percent).as_secs_f64() / at(&theirs, percent).as_secs_f64();
        println!(
            "from a webhook to its script's second call, {title}: median {:?}, bare {:?}, ratio {:.2} (goal: 1.5); 99th percentile \
             {:?}, bare {:?}, ratio {:.2} (goal: 2)",
            at(&ours, 50),
            at(&theirs, 50),
            ratio(50),
            at(&ours, 99),
            at(&theirs, 99),
            ratio(99)
        );
    }
}
