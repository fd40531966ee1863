//! A real uproot server as a child process.
//!
//! None is left behind: a server ends when it is dropped, and it also watches its standard input, whose other end
//! closes with the test process however that ends.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::ops::Deref;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use tempfile::TempDir;

use super::wait::{PATIENCE, wait_for, wait_until};
use super::{Experiment, Version};

/// A running (or stopped) server with its own project, database and port.
pub(crate) struct Server {
    version: Version,
    experiment: Experiment,
    folder: TempDir,
    token: String,
    port: u16,
    process: Option<Process>,
}

struct Process {
    child: Child,
    /// The server ends when this closes.
    _lifeline: ChildStdin,
}

/// How a start went.
enum Start {
    Ready,
    /// The process ended by itself.
    Ended,
}

impl Server {
    /// Starts a server and waits until its Admin API answers.
    pub(crate) fn start(version: Version, experiment: &Experiment) -> Server {
        let prefix = format!("uproot-{}-", version.number());
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder");
        experiment.write(folder.path()).expect("the project is copied");
        let token = format!("token-of-{}", folder.path().file_name().unwrap_or_default().to_string_lossy());
        let mut server =
            Server { version, experiment: experiment.clone(), folder, token, port: 0, process: None };
        // Between finding a free port and using it somebody else may take it.
        for _ in 0..5 {
            server.port = free_port();
            if let Start::Ready = server.launch() {
                return server;
            }
            if !server.log().contains("address already in use") {
                break;
            }
        }
        panic!("uproot {} did not start. It said:\n{}", version.number(), server.log());
    }

    /// The standard experiment on a server that all tests of a version share. Use sessions of your own on it.
    pub(crate) fn shared(version: Version) -> Shared {
        static OLDER: OnceLock<Server> = OnceLock::new();
        static NEWEST: OnceLock<Server> = OnceLock::new();
        let server = match version {
            Version::Older => &OLDER,
            Version::Newest => &NEWEST,
        };
        Shared(server.get_or_init(|| Server::start(version, &Experiment::standard())))
    }

    /// The address of the server, with a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.experiment.root())
    }

    /// The token of the Admin API.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Ends the server in an orderly way. Data stay.
    pub(crate) fn stop(&mut self) {
        self.end("TERM");
    }

    /// Ends the server as a crash would.
    pub(crate) fn crash(&mut self) {
        self.end("KILL");
    }

    /// Starts a stopped server again, at the same address and with the same data.
    pub(crate) fn resume(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        assert!(matches!(self.launch(), Start::Ready), "the server did not come back:\n{}", self.log());
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.resume();
    }

    /// What the server has printed so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn launch(&mut self) -> Start {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log file");
        let mut child = Command::new(self.version.command())
            .args(["run", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PYTHONUTF8", "1")
            .env("PYTHONUNBUFFERED", "1")
            .envs(self.experiment.environment(&self.token))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle to the log"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("the uproot command starts");
        let lifeline = child.stdin.take().expect("a pipe was asked for");
        self.process = Some(Process { child, _lifeline: lifeline });

        let what = format!("uproot {} answers at {}", self.version.number(), self.url());
        let start = wait_for(&what, PATIENCE, || {
            let ended =
                self.process.as_mut().is_none_or(|process| !matches!(process.child.try_wait(), Ok(None)));
            if ended {
                return Some(Start::Ended);
            }
            // The token is this server's own, so that nobody else's server is taken for it.
            self.try_admin("GET", "configs/", None)
                .is_ok_and(|(status, _)| status == 200)
                .then_some(Start::Ready)
        });
        if let Start::Ended = start {
            self.process = None;
        }
        start
    }

    fn end(&mut self, signal: &str) {
        let Some(mut process) = self.process.take() else { return };
        signal_group(signal, process.child.id());
        wait_until("the server ends", PATIENCE, || !matches!(process.child.try_wait(), Ok(None)));
    }

    fn tell_what_happened(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(60)..].join("\n");
        eprintln!(
            "--- the end of the log of uproot {} at {}:\n{last}\n---",
            self.version.number(),
            self.url()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            self.tell_what_happened();
        }
        if let Some(mut process) = self.process.take() {
            signal_group("KILL", process.child.id());
            let _ = process.child.wait();
        }
    }
}

/// The server of a version that several tests use at once. Nobody can stop it.
pub(crate) struct Shared(&'static Server);

impl Deref for Shared {
    type Target = Server;

    fn deref(&self) -> &Server {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.tell_what_happened();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// The server leads a process group of its own, so this reaches whatever it may have started.
fn signal_group(signal: &str, leader: u32) {
    let _ = Command::new("kill").args([&format!("-{signal}"), "--", &format!("-{leader}")]).status();
}
