//! A project folder of a user, and the program in it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// The token of these tests; it may stand in no output.
pub(crate) const TOKEN: &str = "token-that-nobody-may-see";

pub(crate) struct Project(pub(crate) TempDir);

impl Project {
    /// A project with one automation, `it`, which runs this script.
    pub(crate) fn with_script(script: &str) -> Self {
        Self::new("http://127.0.0.1:9/", "time_limit = \"3s\"", script)
    }

    pub(crate) fn new(url: &str, more: &str, script: &str) -> Self {
        let project = Self(TempDir::new().unwrap());
        project.write(
            "config.toml",
            &format!(
                "[uproot]\nurl = \"{url}\"\ntoken_env = \"LAB_TOKEN\"\n\n[daemon]\nlisten = \"127.0.0.1:0\"\nmode = \"live\"\n\n\
                 [[automation]]\nname = \"it\"\non = {{ every = \"1h\" }}\nscript = \"it.rhai\"\n{more}\n"
            ),
        );
        project.write("scripts/it.rhai", script);
        project
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uproctor"));
        command.current_dir(self.path()).env("LAB_TOKEN", TOKEN).env_remove("UPROOT_API_KEY");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command().args(arguments).output().unwrap();
        assert!(!text(&output).contains(TOKEN), "the token was shown: {}", text(&output));
        output
    }

    /// Runs the automation once; gives the exit code and the run as JSON.
    pub(crate) fn trigger(&self) -> (i32, Value) {
        let output = self.run(&["trigger", "it", "--json"]);
        let run = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("no run was shown: {}", text(&output)));
        (output.status.code().unwrap(), run)
    }

    /// Runs the automation once; gives why it failed.
    pub(crate) fn failure(&self) -> String {
        let (code, run) = self.trigger();
        assert_eq!((code, &run["outcome"]), (1, &"failed".into()), "{run:#}");
        run["reason"].as_str().unwrap().to_owned()
    }
}

/// Everything that a command printed.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
