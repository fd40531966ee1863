//! A simulated server with participants who sit on their first page, as a process of its own.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::project::{Project, text};

/// They come at once and think for an hour.
const EXPERIMENT: &str = r#"
[config.slow]
apps = ["slow"]

[app.slow]
pages = [{ page = "One", think = "1h" }, { page = "Two", think = "1h" }, { page = "Three", think = "1h" }]

[participants]
config = "slow"
arrive = "0s"
"#;

pub(crate) struct Lab {
    server: Child,
    pub(crate) project: Project,
    pub(crate) url: String,
    /// The path of the session, below the API.
    pub(crate) session: &'static str,
}

impl Lab {
    /// A session `s` with so many players, and a project with these automations.
    pub(crate) fn new(players: usize, generation: &str, config: &str) -> Self {
        Self::with_experiment(EXPERIMENT, players, generation, config)
    }

    /// The same with another experiment.
    pub(crate) fn with_experiment(experiment: &str, players: usize, generation: &str, config: &str) -> Self {
        let project = Project::with_script("fn run(event) {}");
        project.write("slow.toml", experiment);
        let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--token", "T", "--session", "s"];
        let mut server = project
            .command()
            .args(arguments)
            .args(["--experiment", "slow.toml", "--generation", generation])
            .args(["--players", &players.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.trim().rsplit(' ').next().unwrap().to_owned();
        let session = if generation == "contract" { "session/s" } else { "sessions/s" };
        let lab = Self { server, project, url, session };
        lab.configure(config);
        for _ in 0..200 {
            if lab.pages() == vec![1; players] {
                return lab;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the participants are not there: {:?}", lab.pages());
    }

    /// Writes the configuration: these lines after those for this server.
    pub(crate) fn configure(&self, lines: &str) {
        let text = format!(
            "[uproot]\nurl = \"{}\"\ntoken_env = \"SANDBOX_TOKEN\"\n\n[daemon]\nlisten = \"127.0.0.1:0\"\nmode = \"live\"\n\n{lines}",
            self.url
        );
        self.project.write("config.toml", &text);
    }

    /// Runs a command; gives its exit code and what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.project.command().env("SANDBOX_TOKEN", "T").args(arguments).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    }

    /// Runs a command that answers with JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.project.command().env("SANDBOX_TOKEN", "T").args(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}", text(&output)))
    }

    /// A person moves players on, by hand.
    pub(crate) fn advance(&self, players: &[&str]) {
        self.ask(
            "POST",
            &format!("{}/players/advance", self.session),
            &serde_json::json!({ "unames": players }),
        );
    }

    /// A person sets fields of players, by hand.
    pub(crate) fn set_fields(&self, players: &[&str], fields: &Value) {
        let body = serde_json::json!({ "unames": players, "fields": fields });
        self.ask("PATCH", &format!("{}/players/fields", self.session), &body);
    }

    fn ask(&self, method: &str, path: &str, body: &Value) {
        let body = body.to_string();
        let (code, said) = self.run(&["api", "-u", &self.url, "-a", "T", "-X", method, path, "-d", &body]);
        assert_eq!(code, 0, "{said}");
    }

    /// Where the players are, by their names.
    pub(crate) fn pages(&self) -> Vec<i64> {
        let path = format!("{}/players?fields=show_page", self.session);
        let players = self.json(&["api", "-u", &self.url, "-a", "T", &path]);
        let players = players.as_object().cloned().unwrap_or_default();
        players.values().filter_map(|player| player["show_page"].as_i64()).collect()
    }
}

impl Lab {
    /// The server is gone, with everything it knew.
    pub(crate) fn stop_server(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }

    /// Another one, without participants, at the same address.
    pub(crate) fn start_server(&mut self) {
        let address = self.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let arguments = ["sandbox", "--listen", &address, "--token", "T", "--session", "s"];
        let mut server = self
            .project
            .command()
            .args(arguments)
            .args(["--experiment", "slow.toml", "--players", "1"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        self.server = server;
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if matches!(self.server.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = Command::new("kill").args(["-TERM", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// A daemon that looks after the lab.
pub(crate) struct Daemon(Child);

impl Lab {
    pub(crate) fn daemon(&self) -> Daemon {
        let daemon = Daemon(
            self.project
                .command()
                .env("SANDBOX_TOKEN", "T")
                .args(["--log", "off", "run"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let control = self.project.path().join("uproctor.db.control");
        for _ in 0..400 {
            if std::fs::read_to_string(&control).is_ok_and(|text| text.contains("token")) {
                return daemon;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("the daemon does not listen");
    }
}

impl Daemon {
    /// As a service manager stops it.
    pub(crate) fn stop(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
