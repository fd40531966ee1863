//! Disks that fail: a full one, and one that changes what was written.

use std::{
    fs,
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    daemon::{Daemon, log, until},
    post::{SECRET, post},
    project::{Project, text},
    wellbeing::every_second,
};

/// Overwrites every page of the store but the first, where it lies.
fn damage(store: &Path) {
    let file = fs::File::options().write(true).open(store).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    for page in 1..pages {
        file.write_all_at(&[0x5a; 512], page * 4096).unwrap();
    }
}

#[test]
fn a_damaged_store_is_said_in_one_sentence_while_running_and_at_the_start() {
    let project = every_second("");
    let store = project.path().join("uproctor.db");
    let daemon = Daemon::start(&project, &[], &[]);
    until("it runs", || daemon.runs().len() >= 2);
    // What was written lately is in the log beside it; after this it has to be read from the file.
    let other = rusqlite::Connection::open(&store).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
    damage(&store);
    drop(other);
    assert_eq!(daemon.end().code(), Some(1));
    let said = log(&project);
    assert!(said.contains("the daemon cannot go on: the store") && said.contains("is damaged"), "{said}");
    assert!(!said.contains("panicked"), "{said}");

    let output = project.run(&["run"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is damaged") && said.contains("docs/errors.md"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// A daemon whose store is on a file system of two megabytes, which only it has.
struct Small(Child, PathBuf);

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Small {
    /// `None` where the system lets nobody mount anything.
    fn start(project: &Project) -> Option<Self> {
        let folder = project.path().join("small");
        fs::create_dir(&folder).unwrap();
        let mount = "mount -t tmpfs -o size=2m none small";
        let mut may = Command::new("unshare");
        may.args(["-rm", "sh", "-c", mount]).current_dir(project.path());
        if !may.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return None;
        }
        let log = fs::File::create(project.path().join("daemon.log")).unwrap();
        let script = format!("{mount} && exec \"$0\" run");
        let child = Command::new("unshare")
            .args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_uproctor")])
            .current_dir(project.path())
            .envs([("LAB_TOKEN", "T"), ("HOOK_SECRET", SECRET)])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        // The folder as the daemon sees it.
        let root = PathBuf::from(format!("/proc/{}/root", child.id()));
        let small = Self(child, root.join(folder.strip_prefix("/").unwrap()));
        until("the daemon listens", || small.address().is_some());
        Some(small)
    }

    fn address(&self) -> Option<String> {
        let control = fs::read_to_string(self.1.join("uproctor.db.control")).ok()?;
        Some(serde_json::from_str::<Value>(&control).ok()?["address"].as_str()?.to_owned())
    }

    /// Sends a message; gives the status.
    fn post(&self, number: u32) -> u16 {
        let body = json!({ "number": number, "text": "x".repeat(2000) });
        post(&self.address().unwrap(), "h", &format!("m{number}"), &body).unwrap().0
    }

    fn fill(&self) {
        let mut file = fs::File::create(self.1.join("filler")).unwrap();
        for _ in 0..2048 {
            if file.write_all(&[0; 1024]).is_err() {
                return;
            }
        }
        panic!("the file system is larger than it should be");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that could not be made is no success")]
fn a_full_disk_stops_nothing_for_good_and_nothing_is_pretended() {
    let project = Project::with_script("fn run(event) { log::info(`ran ${event.payload.number}.`); }");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let hook = "webhook = \"h\", scheme = \"standard\", secret_env = \"HOOK_SECRET\"";
    let config = config
        .replace("every = \"1h\"", hook)
        .replace("[daemon]\n", "[daemon]\nstore = \"small/uproctor.db\"\n");
    project.write("config.toml", &config);
    let Some(mut daemon) = Small::start(&project) else {
        eprintln!("not tested: this system lets nobody mount a small file system");
        return;
    };
    assert_eq!(daemon.post(0), 202);
    daemon.fill();
    let mut taken = vec![0];
    let refused = (1..200).find(|number| {
        let status = daemon.post(*number);
        if status == 202 {
            taken.push(*number);
        }
        status == 503
    });
    let refused = refused.expect("a message was refused");
    until("it is said", || log(&project).contains("is full"));
    assert!(daemon.0.try_wait().unwrap().is_none(), "{}", log(&project));
    fs::remove_file(daemon.1.join("filler")).unwrap();
    until("the same message is taken", || daemon.post(refused) != 503);
    taken.push(refused);
    for number in &taken {
        until("it has run", || log(&project).contains(&format!("ran {number}.")));
        assert_eq!(log(&project).matches(&format!("ran {number}.")).count(), 1);
    }
    assert!(Command::new("kill").arg(daemon.0.id().to_string()).status().unwrap().success());
    assert!(daemon.0.wait().unwrap().success(), "{}", log(&project));
}
