//! The daemon as a process, with its log.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::project::Project;

pub(crate) struct Daemon<'a> {
    project: &'a Project,
    child: Child,
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> Daemon<'a> {
    /// Starts one and waits until it listens.
    pub(crate) fn start(project: &'a Project, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let _ = fs::remove_file(control(project));
        let mut daemon = Self::begin(project, arguments, variables);
        until("the daemon listens", || {
            assert!(daemon.child.try_wait().unwrap().is_none(), "it has ended: {}", daemon.log());
            address(project).is_some()
        });
        daemon
    }

    /// Starts one and does not wait. What it logs is added to a file.
    pub(crate) fn begin(project: &'a Project, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let log = fs::File::options().create(true).append(true).open(log_file(project)).unwrap();
        let child = project
            .command()
            .arg("run")
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { project, child }
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    /// As a loss of power does it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop and waits for its end.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal("-TERM");
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> ExitStatus {
        until("the daemon ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap()
    }

    pub(crate) fn runs(&self) -> Vec<Value> {
        let output = self.project.run(&["runs", "--json", "--limit", "500"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        log(self.project)
    }

    /// How often the log says something.
    pub(crate) fn said(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }
}

fn control(project: &Project) -> PathBuf {
    project.path().join("uproctor.db.control")
}

fn log_file(project: &Project) -> PathBuf {
    project.path().join("daemon.log")
}

/// What all daemons of a project have logged.
pub(crate) fn log(project: &Project) -> String {
    fs::read_to_string(log_file(project)).unwrap_or_default()
}

/// Where the daemon listens, as it tells the commands.
pub(crate) fn address(project: &Project) -> Option<String> {
    let control: Value = serde_json::from_str(&fs::read_to_string(control(project)).ok()?).ok()?;
    Some(control["address"].as_str()?.to_owned())
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(30), "waited for too long: {what}");
        thread::sleep(Duration::from_millis(25));
    }
}
