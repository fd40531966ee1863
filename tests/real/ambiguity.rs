//! Lost answers and lost requests: a proxy loses every n-th of either. Each step still moves a player by exactly one page, or
//! is reported as uncertain with the player named.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Participant, Server, Version};

/// How many players there are, each stepped once in each round.
const PLAYERS: usize = 8;
const ROUNDS: usize = 2;

/// What the proxy does with every n-th call that writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loses {
    /// It is passed on, and its answer is not.
    Answers,
    /// It is not passed on.
    Requests,
    /// By turns.
    Both,
}

/// Listens in front of a server and loses what it is told to. Gives its address and how many it has lost.
pub(crate) fn proxy(server: &str, loses: Loses, every: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let lost = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lost);
    thread::spawn(move || {
        let mut calls = 0;
        for mut client in listener.incoming().map_while(Result::ok).take(5000) {
            let Some(request) = read_message(&mut client) else { continue };
            calls += usize::from(request.starts_with(b"POST"));
            let loses_this = request.starts_with(b"POST") && calls % every == 0;
            let before = match loses {
                Loses::Answers => false,
                Loses::Requests => true,
                Loses::Both => (calls / every).is_multiple_of(2),
            };
            if loses_this {
                count.fetch_add(1, Ordering::SeqCst);
            }
            if loses_this && before {
                continue;
            }
            let Ok(mut upstream) = TcpStream::connect(&server) else { continue };
            // One request a connection, so that the end of the answer is the end of the stream.
            let text = String::from_utf8_lossy(&request).replacen("\r\n", "\r\nconnection: close\r\n", 1);
            let _ = upstream.write_all(text.as_bytes());
            let mut answer = Vec::new();
            let _ = upstream.read_to_end(&mut answer);
            if !loses_this {
                let _ = client.write_all(&answer);
            }
        }
    });
    (address, lost)
}

/// One request with its body.
fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut message = Vec::new();
    let mut piece = [0_u8; 4096];
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        message.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&message);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(message);
        }
    }
}

/// How many steps by an admin the server's history shows for each player.
fn made(history: &Value) -> Vec<(String, usize)> {
    let players = history["data"].as_object().unwrap();
    let steps = |fields: &Value| {
        let changes = fields["show_page"].as_array().cloned().unwrap_or_default();
        changes.iter().filter(|change| change[4].as_str().unwrap().contains("advance_by_one")).count()
    };
    players.iter().map(|(player, fields)| (player.clone(), steps(fields))).collect()
}

/// Steps all players through a proxy in some runs, and compares what the ledger says with what the server did.
fn hold(server: &str, token: &str, session: &str, loses: Loses, history: impl Fn() -> Value) {
    let (address, lost) = proxy(server, loses, 3);
    let folder = TempDir::new().unwrap();
    let config = format!(
        "[uproot]\nurl = \"{address}\"\ntoken_env = \"LAB_TOKEN\"\n[daemon]\nmode = \"live\"\n\
         [guard]\nmax_players_per_run = 100\nmax_actions = \"1000 per 10m\"\n\
         [[automation]]\nname = \"step\"\non = {{ every = \"1h\" }}\nscript = \"step.rhai\"\nallow = [\"players.advance\"]\n"
    );
    let script = format!(
        "fn run(event) {{\n    for p in players::list(\"{session}\") {{\n        \
         try {{ players::advance(\"{session}\", p.name); }} catch (e) {{ log::warn(e.message); }}\n    }}\n}}"
    );
    fs::create_dir(folder.path().join("scripts")).unwrap();
    fs::write(folder.path().join("config.toml"), config).unwrap();
    fs::write(folder.path().join("scripts/step.rhai"), script).unwrap();

    let before = made(&history());
    let mut effects = Vec::new();
    for _ in 0..ROUNDS {
        let output = Command::new(env!("CARGO_BIN_EXE_uproctor"))
            .args(["trigger", "step", "--json"])
            .current_dir(folder.path())
            .env("LAB_TOKEN", token)
            .output()
            .unwrap();
        let run: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(run["outcome"], "done", "{run:#}");
        effects.extend(run["effects"].as_array().unwrap().clone());
    }
    assert!(lost.load(Ordering::SeqCst) >= 4, "the proxy lost nothing");
    assert_eq!(effects.len(), PLAYERS * ROUNDS);
    let after = made(&history());
    assert_eq!(before.len(), PLAYERS);
    for (player, steps) in after {
        let earlier = before.iter().find(|(name, _)| *name == player).map_or(0, |(_, steps)| *steps);
        let count = |state: &str| {
            effects.iter().filter(|effect| effect["player"] == *player && effect["state"] == state).count()
        };
        let (done, uncertain) = (count("done"), count("uncertain"));
        let steps = steps - earlier;
        assert!(
            (done..=done + uncertain).contains(&steps),
            "{loses:?}, {player}: {steps} steps, {effects:#?}"
        );
    }
    // The history tells here, so that nothing needs to stay in doubt.
    let settled = effects.iter().filter(|effect| effect["state"] == "done").count();
    assert_eq!(settled, PLAYERS * ROUNDS, "{loses:?}: {effects:#?}");
}

fn on_a_real_server(version: Version, loses: Loses) {
    let server = Server::shared(version);
    let session = server.create_session("survey", PLAYERS);
    for player in server.players(&session) {
        Participant::of(&server, &session, &player).open();
    }
    let history = || server.get(&format!("sessions/{session}/data/"));
    hold(&server.url(), server.token(), &session, loses, history);
}

#[test]
fn a_step_is_made_once_though_answers_are_lost_on_0_10_1() {
    on_a_real_server(Version::Newest, Loses::Answers);
    on_a_real_server(Version::Newest, Loses::Both);
}

#[test]
fn a_step_is_made_once_though_requests_are_lost_on_0_10_1() {
    on_a_real_server(Version::Newest, Loses::Requests);
}

#[test]
fn a_step_is_made_once_whatever_is_lost_on_0_1_0() {
    on_a_real_server(Version::Older, Loses::Both);
}

/// The sandbox as a process of its own.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const EXPERIMENT: &str = r#"
[config.slow]
apps = ["slow"]
[app.slow]
pages = [{ page = "One", think = "1h" }, { page = "Two", think = "1h" }, { page = "Three", think = "1h" }, { page = "Four", think = "1h" }]
[participants]
config = "slow"
arrive = "0s"
"#;

#[test]
fn a_step_is_made_once_whatever_is_lost_in_the_contracts_own_form() {
    for loses in [Loses::Answers, Loses::Requests, Loses::Both] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("slow.toml"), EXPERIMENT).unwrap();
        let mut sandbox = Command::new(env!("CARGO_BIN_EXE_uproctor"))
            .args(["sandbox", "--listen", "127.0.0.1:0", "--token", "T", "--session", "s"])
            .args([
                "--generation",
                "contract",
                "--experiment",
                "slow.toml",
                "--players",
                &PLAYERS.to_string(),
            ])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(sandbox.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let _sandbox = Sandbox(sandbox);
        let url = first.trim().rsplit(' ').next().unwrap().to_owned();
        let get = |path: &str| -> Value {
            let client = crate::support::http();
            let request = client.get(format!("{url}admin/api/v1/session/s/{path}")).bearer_auth("T");
            let body =
                crate::support::run(async move { request.send().await.unwrap().bytes().await.unwrap() });
            serde_json::from_slice(&body).unwrap()
        };
        crate::support::wait_until("the participants are there", Duration::from_secs(20), || {
            let players = get("players/");
            players.as_object().unwrap().values().filter(|player| player["show_page"] == 1).count() == PLAYERS
        });
        hold(&url, "T", "s", loses, || get("data/"));
    }
}
