//! `cargo bench --bench console`: a session of 2,000 players shown live to 50 viewers at once.
//!
//! How long the first page takes (goal: 300 ms), how much each viewer is sent (goal: 50 kB a second), and how long runs take with
//! nobody watching and with 50 (goal: no difference): from the webhook to the end of a run that writes to the server. Nothing is
//! asserted.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

const PLAYERS: usize = 2000;
const VIEWERS: usize = 50;
const MESSAGES: usize = 200;
/// How far the webhooks are apart.
const APART: Duration = Duration::from_millis(50);

/// They come within ten seconds, and are on each page for some seconds: all of them move all the time.
const EXPERIMENT: &str = r#"
[config.big]
apps = ["big"]

[app.big]
pages = [{ page = "One", think = "20s" }, { page = "Two", think = "20s" }, { page = "Three", think = "60s" }, { page = "Four", think = "60s" }]

[participants]
config = "big"
arrive = "10s"
"#;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn uproctor(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uproctor"));
    command.current_dir(folder).env("T", "token").args(arguments);
    command
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("scripts")).unwrap();
    fs::write(folder.join("big.toml"), EXPERIMENT).unwrap();
    fs::write(
        folder.join("scripts/say.rhai"),
        "fn run(event) { players::message(\"s\", event.payload.player, \"hello\"); }",
    )
    .unwrap();
    fs::write(folder.join("scripts/absent.rhai"), "fn run(event) { }").unwrap();
    let players = PLAYERS.to_string();
    let arguments = [
        "sandbox",
        "--listen",
        "127.0.0.1:0",
        "--token",
        "token",
        "--session",
        "s",
        "--experiment",
        "big.toml",
    ];
    let mut server =
        uproctor(folder, &arguments).args(["--players", &players]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let _server = Process(server);
    let url = first.trim().rsplit(' ').next().unwrap();
    let config = format!(
        "[uproot]\nurl = \"{url}\"\ntoken_env = \"T\"\n[daemon]\nlisten = \"127.0.0.1:0\"\nmode = \"live\"\n\
         [[automation]]\nname = \"say\"\nscript = \"say.rhai\"\nallow = [\"players.message\"]\noverlap = \"parallel\"\n\
         on = {{ webhook = \"say\", scheme = \"none\", rate = 100000 }}\n\
         [[automation]]\nname = \"absent\"\nscript = \"absent.rhai\"\non = {{ player = \"absent\" }}\n"
    );
    fs::write(folder.join("config.toml"), config).unwrap();
    let _daemon = Process(uproctor(folder, &["--log", "off", "run"]).stdout(Stdio::null()).spawn().unwrap());
    let control = folder.join("uproctor.db.control");
    let address = loop {
        let text = fs::read_to_string(&control).unwrap_or_default();
        match serde_json::from_str::<Value>(&text) {
            Ok(control) => break control["address"].as_str().unwrap().to_owned(),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    };
    let link = String::from_utf8(uproctor(folder, &["console"]).output().unwrap().stdout).unwrap();
    let path = link.lines().next().unwrap().split_once(&address).unwrap().1.to_owned();
    let cookie = get(&address, &path, "");
    let cookie = cookie.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    thread::sleep(Duration::from_secs(12));

    let mut times: Vec<Duration> = (0..30)
        .map(|_| {
            let begin = Instant::now();
            assert!(get(&address, "/", &cookie).contains("2000 players"));
            begin.elapsed()
        })
        .collect();
    times.sort();
    let bytes = get(&address, "/", &cookie).len();
    println!(
        "the page of a session of {PLAYERS}: {} ms in the median, {} at most, {} kB",
        millis(times[15]),
        millis(times[29]),
        bytes / 1000
    );

    let alone = runs(folder, &address, "nobody watches");
    let stop = Arc::new(AtomicBool::new(false));
    let received = Arc::new(AtomicU64::new(0));
    let viewers: Vec<_> = (0..VIEWERS)
        .map(|_| {
            let (address, cookie) = (address.clone(), cookie.clone());
            let (stop, received) = (Arc::clone(&stop), Arc::clone(&received));
            thread::spawn(move || view(&address, &cookie, &stop, &received))
        })
        .collect();
    // The first patch holds the whole page.
    thread::sleep(Duration::from_secs(3));
    let (begin, before) = (Instant::now(), received.load(Ordering::Relaxed));
    let watched = runs(folder, &address, &format!("{VIEWERS} watch"));
    let a_viewer =
        (received.load(Ordering::Relaxed) - before) as f64 / begin.elapsed().as_secs_f64() / VIEWERS as f64;
    println!("each viewer was sent {:.1} kB a second", a_viewer / 1000.0);
    println!("with {VIEWERS} viewers, runs take {:.2} times as long", watched / alone);
    stop.store(true, Ordering::Relaxed);
    for viewer in viewers {
        viewer.join().unwrap();
    }
}

/// Starts runs by webhooks; gives how long they took in the median, in milliseconds.
fn runs(folder: &Path, address: &str, what: &str) -> f64 {
    for message in 0..MESSAGES {
        let body = format!("{{\"player\": \"p{}\"}}", message % PLAYERS + 1);
        let request = format!(
            "POST /hooks/say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-number: {message}-{what}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = send(address, &request);
        thread::sleep(APART);
    }
    thread::sleep(Duration::from_secs(2));
    let most = MESSAGES.to_string();
    let listed = uproctor(folder, &["runs", "say", "--json", "--limit", &most]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut times: Vec<f64> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["outcome"] == "done")
        .filter_map(|run| Some(run["ended"].as_f64()? - run["at"].as_f64()?))
        .collect();
    times.sort_by(f64::total_cmp);
    let (median, late) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "{} runs while {what}: {median} ms in the median, {late} ms at the 99th percentile",
        times.len()
    );
    median.max(1.0)
}

fn view(address: &str, cookie: &str, stop: &AtomicBool, received: &AtomicU64) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    write!(stream, "GET /live?at= HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n").unwrap();
    let mut buffer = [0; 65_536];
    while !stop.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => drop(received.fetch_add(read as u64, Ordering::Relaxed)),
            Err(_) => {}
        }
    }
}

fn get(address: &str, path: &str, cookie: &str) -> String {
    send(
        address,
        &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"),
    )
}

fn send(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}
