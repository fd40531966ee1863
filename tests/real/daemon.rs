//! The main job: the daemon, as a user starts it, looks after a real server.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PATIENCE, Participant, Server, Version, on_every_version, wait_for, wait_until};

on_every_version!(
    a_cron_script_steps_a_stalled_player_on_by_one_page,
    a_signed_webhook_marks_a_dropout_once,
    a_poll_messages_each_newcomer_once_also_across_a_restart,
    a_wrong_token_is_said_once_and_clearly,
    a_step_is_only_made_from_the_page_that_the_run_saw,
);

const HOOK_SECRET: &str = "hook-secret-that-nobody-may-see";

/// A project folder of a user, and the daemon in it.
pub(crate) struct Lab {
    folder: TempDir,
    token: String,
    daemon: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl Lab {
    pub(crate) fn new(server: &Server, automations: &str, scripts: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let config = format!(
            "[uproot]\nurl = \"{}\"\ntoken_env = \"LAB_TOKEN\"\n\n[daemon]\nlisten = \"127.0.0.1:0\"\n\
             timezone = \"Europe/Berlin\"\nmode = \"live\"\n\n{automations}",
            server.url()
        );
        fs::write(folder.path().join("config.toml"), config).unwrap();
        fs::create_dir(folder.path().join("scripts")).unwrap();
        for (name, text) in scripts {
            fs::write(folder.path().join("scripts").join(name), text).unwrap();
        }
        Self { folder, token: server.token().to_owned(), daemon: None, log: Arc::default() }
    }

    /// A file in its export folder.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join("exports").join(name)).ok()
    }

    /// The names of the files in a folder of the export folder, sorted.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join("exports").join(folder)).into_iter().flatten();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Starts an automation by hand.
    pub(crate) fn trigger(&self, arguments: &[&str]) {
        let output = self.command().arg("trigger").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uproctor"));
        command.current_dir(self.folder.path()).env("LAB_TOKEN", &self.token).env("HOOK_SECRET", HOOK_SECRET);
        command
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("uproctor.db.control")
    }

    pub(crate) fn start(&mut self) {
        let mut daemon =
            self.command().arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::clone(&self.log);
        let lines = BufReader::new(daemon.stderr.take().unwrap());
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        self.daemon = Some(daemon);
        wait_until("the daemon listens", PATIENCE, || {
            self.control().exists() && self.log().contains("looks after the server")
        });
    }

    /// As a service manager stops it.
    pub(crate) fn stop(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        Command::new("kill").arg(daemon.id().to_string()).status().unwrap();
        let status = wait_for("the daemon stops", PATIENCE, || daemon.try_wait().unwrap());
        assert!(status.success(), "the daemon ended with {status}\n{}", self.log());
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn address(&self) -> String {
        let control: Value = serde_json::from_str(&fs::read_to_string(self.control()).unwrap()).unwrap();
        control["address"].as_str().unwrap().to_owned()
    }

    pub(crate) fn runs(&self) -> Vec<Value> {
        let output = self.command().args(["runs", "--json", "--limit", "500"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What an automation's scripts have logged, run by run.
    pub(crate) fn lines(&self, automation: &str) -> Vec<String> {
        let mut runs: Vec<i64> = self
            .runs()
            .iter()
            .filter(|run| run["automation"] == automation)
            .filter_map(|run| run["run"].as_i64())
            .collect();
        runs.sort_unstable();
        let shown = runs.into_iter().map(|run| self.show(run));
        shown
            .flat_map(|run| run["trace"].as_array().cloned().unwrap_or_default())
            .filter_map(|line| Some(line["text"].as_str()?.to_owned()))
            .collect()
    }

    fn show(&self, run: i64) -> Value {
        let output = self.command().args(["show", &run.to_string(), "--json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Neither the token nor a webhook's secret stands anywhere that this program writes.
    pub(crate) fn assert_no_secret_anywhere(&self) {
        let mut texts = vec![("the log".to_owned(), self.log().into_bytes())];
        for command in
            [vec!["runs"], vec!["runs", "--json"], vec!["show", "1", "--json"], vec!["check", "--json"]]
        {
            let output = self.command().args(&command).output().unwrap();
            texts.push((format!("{command:?}"), [output.stdout, output.stderr].concat()));
        }
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                texts.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
        for (what, text) in texts {
            for secret in [self.token.as_bytes(), HOOK_SECRET.as_bytes()] {
                let found = text.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "a secret stands in {what}");
            }
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        if thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log());
        }
    }
}

fn a_cron_script_steps_a_stalled_player_on_by_one_page(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 2);
    let players = server.players(&session);
    let stalled = Participant::of(&server, &session, &players[0]);
    stalled.open();
    assert_eq!(stalled.submit(&[("nickname", "Ada")]).path, "survey/Decision");
    let before = server.show_page(&session, &players[0]);

    let automation = format!(
        "[[automation]]\nname = \"step\"\non = {{ cron = \"* * * * * *\" }}\nscript = \"step_stalled.rhai\"\n\
         params = {{ session = \"{session}\", patience = \"4s\" }}\nallow = [\"players.advance\"]\n"
    );
    // The very script that `uproctor init` writes.
    let script = include_str!("../../scripts/step_stalled.rhai");
    let mut lab = Lab::new(&server, &automation, &[("step_stalled.rhai", script)]);
    lab.start();
    stalled.wait_for_page("survey/Thanks");
    assert_eq!(server.show_page(&session, &players[0]), before + 1);
    // The next seconds' runs see a player who has only just come to the page.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(server.show_page(&session, &players[0]), before + 1, "stepped twice");
    stalled.submit(&[("remark", "")]);
    lab.stop();

    let runs = lab.runs();
    let done: Vec<&Value> = runs.iter().filter(|run| run["outcome"] == "done").collect();
    assert_eq!(done.len(), 1, "{runs:#?}");
    assert!(runs.iter().all(|run| run["outcome"] == "done" || run["outcome"] == "skipped"), "{runs:#?}");
    let detail = lab.show(done[0]["run"].as_i64().unwrap());
    assert_eq!(detail["effects"][0]["state"], "done");
    assert_eq!(detail["effects"][0]["player"], players[0]);
    assert_eq!(detail["effects"][0]["note"], "survey/Decision -> survey/Thanks");
    lab.assert_no_secret_anywhere();
}

fn a_signed_webhook_marks_a_dropout_once(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 1);
    let player = server.players(&session)[0].clone();
    let participant = Participant::of(&server, &session, &player);
    participant.open();
    let (status, _) = server.admin(
        "PATCH",
        &format!("sessions/{session}/players/fields/"),
        Some(json!({"unames": [player], "fields": {"label": "pid1.sub1"}})),
    );
    assert_eq!(status, 200);

    let automation = format!(
        "[[automation]]\nname = \"returned\"\non = {{ webhook = \"prolific\", scheme = \"prolific\", \
         secret_env = \"HOOK_SECRET\" }}\nscript = \"returned.rhai\"\nparams = {{ session = \"{session}\" }}\n\
         allow = [\"players.dropout\"]\n"
    );
    let script = include_str!("../../scripts/returned.rhai");
    let mut lab = Lab::new(&server, &automation, &[("returned.rhai", script)]);
    lab.start();
    let body = r#"{"event_type":"submission.status.change","status":"TIMED-OUT","participant_id":"pid1"}"#;

    let (status, _) = post(&lab, body, "forged");
    assert_eq!(status, 401);
    let signature = sign(body);
    let (status, first) = post(&lab, body, &signature);
    assert_eq!(status, 202, "{first}");
    wait_until("the player is marked", PATIENCE, || {
        server.field(&session, &player, "_uproot_dropout") == json!(true)
    });
    let (status, again) = post(&lab, body, &signature);
    assert_eq!((status, &again["event"]), (200, &first["event"]), "{again}");
    wait_until("the run ends", PATIENCE, || lab.runs().iter().all(|run| run["outcome"] == "done"));
    assert_eq!(lab.runs().len(), 1, "the forged and the repeated message started nothing");
    lab.stop();
    lab.assert_no_secret_anywhere();
}

fn a_poll_messages_each_newcomer_once_also_across_a_restart(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 3);
    let automation = format!(
        "[[automation]]\nname = \"welcome\"\non = {{ poll = \"1s\" }}\nscript = \"welcome.rhai\"\n\
         params = {{ session = \"{session}\", text = \"Welcome!\" }}\nallow = [\"players.message\"]\n"
    );
    let script = include_str!("../../scripts/welcome.rhai");
    let mut lab = Lab::new(&server, &automation, &[("welcome.rhai", script)]);
    lab.start();
    thread::sleep(Duration::from_secs(2));
    let players = server.players(&session);
    let first = Participant::of(&server, &session, &players[0]);
    first.open();
    first.wait_for_message("Welcome!");
    lab.stop();
    let second = Participant::of(&server, &session, &players[1]);
    second.open();
    lab.start();
    second.wait_for_message("Welcome!");
    thread::sleep(Duration::from_secs(3));
    assert_eq!(first.messages(), ["Welcome!"]);
    assert_eq!(second.messages(), ["Welcome!"]);
    lab.stop();
    assert_eq!(lab.runs().iter().filter(|run| run["outcome"] == "done").count(), 2);
}

fn a_step_is_only_made_from_the_page_that_the_run_saw(version: Version) {
    let server = Server::shared(version);
    let session = server.create_session("survey", 2);
    let players = server.players(&session);
    let two: Vec<Participant> =
        players.iter().map(|player| Participant::of(&server, &session, player)).collect();
    two.iter().for_each(|participant| assert_eq!(participant.open().path, "survey/Intro"));

    let automation = "[[automation]]\nname = \"step\"\non = { every = \"1h\" }\nscript = \"step.rhai\"\n\
                      allow = [\"players.advance\"]\n";
    let script = format!(
        "fn kind_of(name) {{ try {{ players::advance(\"{session}\", name); }} catch (e) {{ return e.kind; }} \"none\" }}\n\
         fn run(event) {{\n\
         log::info(kind_of(\"{0}\"));\n\
         players::list(\"{session}\");\n\
         log::info(kind_of(\"nobody\"));\n\
         wait_for(\"3s\");\n\
         let result = players::advance(\"{session}\", [\"{0}\", \"{1}\"]);\n\
         log::info(`${{result.advanced}} ${{result.moved}}`);\n\
         log::info(kind_of(\"{1}\"));\n\
         }}",
        players[0], players[1]
    );
    let lab = Lab::new(&server, automation, &[("step.rhai", &script)]);
    let (moves, stays) = (server.show_page(&session, &players[0]), server.show_page(&session, &players[1]));
    let run = lab
        .command()
        .args(["trigger", "step", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(two[0].submit(&[("nickname", "Ada")]).path, "survey/Decision");
    let output = run.unwrap().wait_with_output().unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said: Vec<&str> = run["trace"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["kind"] == "info")
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    let result = format!("[\"{}\"] [\"{}\"]", players[1], players[0]);
    assert_eq!(said, ["not_seen", "not_seen", &result, "not_seen"], "{run:#}");
    assert_eq!(
        server.show_page(&session, &players[0]),
        moves + 1,
        "stepped on top of the participant's own step"
    );
    assert_eq!(server.show_page(&session, &players[1]), stays + 1, "one look allowed two steps");
}

fn a_wrong_token_is_said_once_and_clearly(version: Version) {
    let server = Server::shared(version);
    let automation = "[[automation]]\nname = \"look\"\non = { poll = \"1s\" }\nscript = \"look.rhai\"\n";
    let script = "fn poll() { players::list(\"none\"); [] }\nfn run(event) { }";
    let mut lab = Lab::new(&server, automation, &[("look.rhai", script)]);
    lab.token = "not-the-token".to_owned();
    lab.start();
    wait_until("the failure is written down", PATIENCE, || !lab.runs().is_empty());
    thread::sleep(Duration::from_secs(3));
    let runs = lab.runs();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    assert!(runs[0]["reason"].as_str().unwrap().contains("token"), "{runs:#?}");
    lab.stop();
}

fn sign(body: &str) -> String {
    use base64::Engine;
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(HOOK_SECRET.as_bytes()).unwrap();
    mac.update(b"1700000000");
    mac.update(body.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

fn post(lab: &Lab, body: &str, signature: &str) -> (u16, Value) {
    let url = format!("http://{}/hooks/prolific", lab.address());
    crate::support::post(
        &url,
        &[
            ("content-type", "application/json"),
            ("x-prolific-request-timestamp", "1700000000"),
            ("x-prolific-request-signature", signature),
        ],
        body,
    )
}
