//! uproot's own command, `uproot api`, against the sandbox: every example of the contract's chapter "CLI access", with the
//! contract's paths. Only the address is another.

use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use uproctor::api::Generation;

use crate::conformance::sandbox::{TOKEN, start};
use crate::support::Version;

/// The command with the options that are given before or after the endpoint.
struct Cli {
    url: String,
    folder: TempDir,
}

impl Cli {
    /// Against a sandbox of its own, in a subdirectory if one is given.
    fn new(subdirectory: Option<&'static str>) -> Cli {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        Cli { url: start(Generation::Contract, subdirectory), folder }
    }

    fn run(&self, key: Option<&str>, arguments: &[&str]) -> Output {
        Command::new(Version::Newest.command())
            .args(["api", "-u", &self.url])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PYTHONUTF8", "1")
            .envs(key.map(|key| ("UPROOT_API_KEY", key)))
            .output()
            .expect("the uproot command starts")
    }

    /// What an example prints, which has to be JSON.
    fn prints(&self, arguments: &[&str]) -> Value {
        let output = self.run(Some(TOKEN), arguments);
        let (printed, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "uproot api {arguments:?}:\n{printed}\n{said}");
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{arguments:?} printed {printed}"))
    }
}

#[test]
fn the_contracts_examples_of_the_command_line_work() {
    let cli = Cli::new(None);
    assert_eq!(cli.prints(&["sessions"]), json!({}));
    let named = r#"{"config": "myconfig", "n_players": 1, "sname": "mysession", "unames": ["ABC"]}"#;
    cli.prints(&["-X", "POST", "sessions", "-d", named]);

    let drawn = cli.prints(&["-X", "POST", "sessions", "-d", r#"{"config": "myconfig", "n_players": 4}"#]);
    assert_eq!(drawn["created"], true);
    assert_eq!(cli.prints(&["sessions"]).as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(cli.prints(&["session/mysession"])["n_players"], 1);
    assert_eq!(cli.prints(&["rooms"]), json!({}));
    assert_eq!(cli.prints(&["session/mysession/players"])["ABC"]["show_page"], -1);
    assert_eq!(cli.prints(&["session/mysession/players/online"])["online"], json!({}));
    assert_eq!(cli.prints(&["-X", "PATCH", "session/mysession/active"]), json!({"active": false}));
    let advanced =
        cli.prints(&["-X", "POST", "session/mysession/players/advance", "-d", r#"{"unames": ["ABC"]}"#]);
    assert_eq!(advanced["info"]["ABC"], json!([0, [], -1]));
}

#[test]
fn the_command_line_reaches_a_server_in_a_subdirectory_and_takes_the_token_as_an_option() {
    let cli = Cli::new(Some("mysubdir"));
    let output = cli.run(None, &["-a", TOKEN, "sessions"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "{}");

    let output = cli.run(Some("wrong"), &["sessions"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("Unauthorized"));

    let above = Cli { url: cli.url.replace("mysubdir/", ""), folder: cli.folder };
    assert_eq!(above.run(Some(TOKEN), &["sessions"]).status.code(), Some(1));
}
