//! Uproctor as a service: what the service manager is told, what it is started with, and the command that looks whether all is well.

use std::{
    os::unix::net::UnixDatagram,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{console, lab::Lab};

const UNIT: &str = include_str!("../../packaging/uproctor.service");

/// A setting of the unit, in seconds.
fn seconds(key: &str) -> u64 {
    let line = UNIT.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap();
    let (number, unit) = line.split_at(line.find(|c: char| c.is_alphabetic()).unwrap());
    let number: u64 = number.parse().unwrap();
    if unit == "min" { number * 60 } else { number }
}

#[test]
fn the_unit_leaves_the_daemon_its_time_and_nothing_else() {
    // Runs get 25 s, and cancelled ones 155 s more; a loop that has not gone round for 150 s is not well.
    assert!(seconds("TimeoutStopSec") > 25 + 155 && seconds("WatchdogSec") > 150);
    for line in [
        "Type=notify",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "User=uproctor",
        "Restart=on-failure",
    ] {
        assert!(UNIT.lines().any(|one| one == line), "{line}");
    }
    let Ok(analyze) = Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status() else {
        return;
    };
    assert!(analyze.success());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/uproctor.service");
    let output =
        Command::new("systemd-analyze").args(["verify", "--recursive-errors=no", file]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // Neither the program nor its manual is installed here.
    let of_here = |line: &&str| !line.contains("not executable") && !line.contains("man uproctor");
    let wrong: Vec<&str> =
        said.lines().filter(|line| line.contains("uproctor.service")).filter(of_here).collect();
    assert_eq!(wrong, Vec::<&str>::new());
}

#[test]
fn the_service_manager_is_told_of_the_start_of_being_well_and_of_the_end() {
    let lab = Lab::new(1, "newest", "");
    let socket = lab.project.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut daemon = lab
        .project
        .command()
        .env("SANDBOX_TOKEN", "T")
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "300000")
        .args(["--log", "off", "run"])
        .spawn()
        .unwrap();
    let told = || {
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let first = told();
    assert!(first.contains("READY=1") && first.contains("STATUS=looks after http://"), "{first}");
    for _ in 0..3 {
        assert!(told().contains("WATCHDOG=1"));
    }
    let signal = |signal: &str| {
        assert!(Command::new("kill").args([signal, &daemon.id().to_string()]).status().unwrap().success());
    };
    let other = || (0..100).map(|_| told()).find(|said| !said.contains("WATCHDOG=1")).unwrap();
    lab.configure("[[automation]]\nname = \"it\"\nscript = \"it.rhai\"\non = []\n");
    signal("-HUP");
    let reloading = other();
    assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    let reloaded = other();
    assert!(reloaded.contains("READY=1") && reloaded.contains("with 1 automation"), "{reloaded}");
    lab.configure("[[automation]]\nname = \"it\"\n");
    signal("-HUP");
    assert!(other().contains("RELOADING=1"));
    let reloaded = other();
    assert!(
        reloaded.contains("READY=1")
            && reloaded.contains("has errors: the configuration from before stays in use"),
        "{reloaded}"
    );
    signal("-TERM");
    let last = (0..100).map(|_| told()).find(|said| !said.contains("WATCHDOG=1")).unwrap();
    assert!(last.contains("STOPPING=1"), "{last}");
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn shells_and_man_are_served() {
    let lab = Lab::new(1, "newest", "");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, text) = lab.run(&["completions", shell]);
        assert!(code == 0 && text.contains("rehearse"), "{shell}");
    }
    assert_eq!(lab.run(&["completions", "dos"]).0, 2);
    let (code, text) = lab.run(&["man"]);
    assert!(code == 0 && text.contains(".TH uproctor"), "{text:.200}");
    assert_eq!(lab.run(&["man", "--dir", "pages"]).0, 0);
    for page in ["uproctor.1", "uproctor-run.1", "uproctor-user-add.1"] {
        assert!(lab.project.path().join("pages").join(page).exists(), "{page}");
    }
}

/// What the doctor finds of something: `STATE what was said`.
fn found(lab: &Lab, what: &str) -> Vec<String> {
    let findings = lab.json(&["doctor", "--json"]);
    let all = findings["findings"].as_array().unwrap();
    let of = all.iter().filter(|one| one["what"] == what);
    of.map(|one| format!("{} {}", one["state"].as_str().unwrap(), one["said"].as_str().unwrap())).collect()
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let mut lab = Lab::new(1, "newest", "");
    let (code, text) = lab.run(&["doctor"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("ok    server") && text.contains("it does not run") && text.contains("uproctor run"),
        "{text}"
    );
    assert_eq!(lab.run(&["doctor", "--quick"]).0, 3);
    let daemon = lab.daemon();
    assert!(found(&lab, "daemon")[0].contains("is well"), "{:?}", found(&lab, "daemon"));
    let (code, text) = lab.run(&["doctor", "--quick"]);
    assert!(code == 0 && text.lines().count() == 1, "{text}");
    daemon.stop();

    lab.project.write("token", "T\n");
    let by_env = std::fs::read_to_string(lab.project.path().join("config.toml")).unwrap();
    let by_file = by_env.replace("token_env = \"SANDBOX_TOKEN\"", "token_file = \"token\"");
    lab.project.write("config.toml", &by_file);
    let mode = |mode| <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode);
    std::fs::set_permissions(lab.project.path().join("token"), mode(0o644)).unwrap();
    assert!(
        found(&lab, "secrets")[0].contains("everybody on this computer may read"),
        "{:?}",
        found(&lab, "secrets")
    );
    std::fs::set_permissions(lab.project.path().join("token"), mode(0o600)).unwrap();
    assert!(found(&lab, "secrets").is_empty(), "{:?}", found(&lab, "secrets"));
    lab.project.write("config.toml", &by_env);
    assert!(found(&lab, "channels")[0].starts_with("hint nobody is told"));

    console::visitor::add_user(&lab, "ada", "admin", "a few plain words");
    assert_eq!(found(&lab, "console"), ["ok 1 user, 0 tokens"]);
    let users = lab.project.path().join("users.toml");
    std::fs::set_permissions(&users, mode(0o644)).unwrap();
    assert!(found(&lab, "console").iter().any(|said| said.contains("everybody on this computer may read")));

    let wrong =
        lab.project.command().env("SANDBOX_TOKEN", "wrong").args(["doctor", "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!((wrong.status.code(), &said["ok"]), (Some(1), &Value::Bool(false)), "{said:#}");
    lab.project.write("scripts/it.rhai", "fn run(event) { players::advanse(\"s\", \"p1\"); }");
    lab.configure("[[automation]]\nname = \"it\"\nscript = \"it.rhai\"\non = []\n");
    let broken = found(&lab, "configuration");
    assert!(broken[0].starts_with("fail") && broken[0].contains("1 error,"), "{broken:?}");
    lab.configure("");
    lab.stop_server();
    let (code, text) = lab.run(&["doctor"]);
    assert!(code == 3 && text.contains("FAIL  server") && text.contains("is it running"), "{text}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = std::fs::read_to_string(lab.project.path().join("config.toml")).unwrap();
    lab.project.write("config.toml", &text.replace("127.0.0.1:0", &taken.local_addr().unwrap().to_string()));
    assert!(found(&lab, "daemon")[0].contains("is not to be had"), "{:?}", found(&lab, "daemon"));
}

#[test]
fn a_backup_is_whole_also_while_the_daemon_writes() {
    let lab = Lab::new(
        1,
        "newest",
        "[[automation]]\nname = \"tick\"\non = { every = \"1s\" }\nscript = \"it.rhai\"\n",
    );
    let daemon = lab.daemon();
    let runs = |lab: &Lab| lab.json(&["runs", "--json"]).as_array().unwrap().len();
    crate::daemon::until("it runs", || runs(&lab) > 1);
    let (code, text) = lab.run(&["backup", "copy.db"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = lab.run(&["backup", "copy.db"]);
    assert!(code == 1 && text.contains("there is such a file already"), "{text}");
    let copy = lab.project.path().join("copy.db");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "it names participants");
    daemon.stop();
    let before = runs(&lab);
    std::fs::rename(&copy, lab.project.path().join("uproctor.db")).unwrap();
    let restored = runs(&lab);
    assert!(restored > 1 && restored <= before, "{restored} of {before}");
    assert_eq!(lab.run(&["audit", "--verify"]).0, 0);
    assert_eq!(lab.run(&["backup", "nowhere/copy.db"]).0, 1);
}
