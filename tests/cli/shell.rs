//! What is said in a shell that lacks variables which the configuration names, and while a server gives no answer.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    chat::Chat,
    daemon::{Daemon, until},
    lab::Lab,
    project::{Project, text},
};

/// Everything that may name a variable does.
const CONFIG: &str = r#"
[uproot]
url = "URL"
token_env = "LACKING_TOKEN"

[daemon]
listen = "127.0.0.1:0"
heartbeat_env = "LACKING_BEAT"

[channel.lab]
kind = "slack"
url_env = "LACKING_CHAT"

[channel.mail]
kind = "email"
smtp = "mail.example.org:587"
from = "lab@example.org"
to = ["ada@example.org"]
user = "lab"
password_env = "LACKING_PASSWORD"

[channel.bot]
kind = "telegram"
token_env = "LACKING_CHAT"
chat = "@lab"

[[notify]]
to = ["lab", "mail", "bot"]

[[automation]]
name = "it"
on = { webhook = "it", scheme = "github", secret_env = "LACKING_HOOK" }
script = "it.rhai"
allow = ["notify.send"]
"#;

const LACKING: [&str; 5] =
    ["LACKING_TOKEN", "LACKING_BEAT", "LACKING_CHAT", "LACKING_PASSWORD", "LACKING_HOOK"];

fn project(url: &str) -> Project {
    let project = Project::with_script("fn run(event) { notify::send(\"lab\", \"hello\"); }");
    project.write("config.toml", &CONFIG.replace("URL", url));
    project
}

#[test]
fn each_variable_that_is_missing_is_one_error_and_nothing_follows_from_it() {
    let project = project("http://127.0.0.1:9/");
    let output = project.run(&["check", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut errors: Vec<&str> =
        said["errors"].as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap()).collect();
    errors.sort_unstable();
    let mut wanted = LACKING.map(|name| format!("the environment variable {name} is not set"));
    wanted.sort_unstable();
    assert_eq!(errors, wanted);
    assert!(
        text(&project.run(&["check"]))
            .contains("set it in the shell, or the service, that starts uproctor: export LACKING")
    );
}

#[test]
fn the_doctor_says_that_this_shell_lacks_a_variable_and_does_not_blame_the_token() {
    let lab = Lab::new(1, "newest", "");
    let project = project(&lab.url);
    let output = project.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for name in LACKING {
        assert_eq!(said.matches(&format!("FAIL  secrets        the environment variable {name} is not set in this shell; a daemon that was started elsewhere may have it")).count(), 1, "{said}");
    }
    assert!(said.contains("answers; more is not known, because no token could be read here"), "{said}");
    assert!(said.contains("ok    configuration") && said.contains("1 automation\n"), "{said}");
    for wrong in ["the token has to be", "nobody is told", "nobody elsewhere", "1 errors", "FAIL  server"] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
}

#[test]
fn a_channel_whose_variable_is_missing_is_not_called_unknown() {
    let chat = Chat::open();
    let project = project("http://127.0.0.1:9/");
    let run = |arguments: &[&str]| {
        let output = project.command().args(arguments).env("LACKING_CHAT", chat.url()).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    let (code, said) = run(&["notify", "test", "mail"]);
    assert!(
        code == 1 && said.contains("mail: not sent: the environment variable LACKING_PASSWORD is not set"),
        "{said}"
    );
    assert!(said.contains("export LACKING_PASSWORD=...") && !said.contains("LACKING_TOKEN"), "{said}");
    // What other things lack does not keep this one from being tried.
    let (code, said) = run(&["notify", "test", "lab"]);
    assert!(code == 0 && said.contains("lab (slack): it has taken the message"), "{said}");
    let (_, said) = run(&["notify"]);
    assert!(
        said.contains("lab (slack): last sent 2") && said.contains("mail: nothing was sent yet"),
        "{said}"
    );
    let (code, said) = run(&["notify", "test", "mial"]);
    assert!(code == 2 && said.contains("did you mean \"mail\"?"), "{said}");
}

#[test]
fn a_message_that_somebody_sends_by_hand_is_in_the_list_of_channels_also_beside_a_daemon() {
    let chat = Chat::open();
    let project = Project::with_script("fn run(event) {}");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let channel = "[channel.lab]\nkind = \"slack\"\nurl_env = \"LAB_CHAT\"\n[channel.two]\nkind = \"discord\"\nurl_env = \"LAB_CHAT\"\n";
    project.write("config.toml", &format!("{config}\n{channel}"));
    let url = chat.url();
    let run =
        |arguments: &[&str]| text(&project.command().args(arguments).env("LAB_CHAT", &url).output().unwrap());
    run(&["notify", "test", "lab"]);
    let said = run(&["notify"]);
    assert!(
        said.contains("lab (slack): last sent 2") && said.contains("two (discord): nothing was sent yet"),
        "{said}"
    );
    assert!(run(&["doctor"]).contains("ok    channels       lab: it works"));
    let daemon = Daemon::start(&project, &[], &[("LAB_CHAT", &url)]);
    run(&["notify", "test", "two"]);
    let said = run(&["notify"]);
    assert!(said.contains("two (discord): last sent 2"), "{said}");
    until("the daemon still has its store", || run(&["doctor", "--quick"]).contains("is well"));
    assert!(daemon.stop().success());
}

#[test]
fn the_doctor_asks_nobody_at_an_address_that_is_none() {
    let project = project("ftp://lab.example.org/");
    let said = text(&project.run(&["doctor"]));
    assert!(
        said.contains("hint  server         it was not asked: `url` in [uproot] is no address"),
        "{said}"
    );
    assert!(!said.contains("127.0.0.1:8000"), "{said}");
}

#[test]
fn the_doctor_says_what_it_has_found_while_it_still_asks() {
    // Takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let project = Project::new(&format!("http://{}/", silent.local_addr().unwrap()), "", "fn run(event) {}");
    let began = Instant::now();
    let mut doctor = project.command().arg("doctor").stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(doctor.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("configuration"), "{first}");
    assert!(began.elapsed() < Duration::from_secs(5) && doctor.try_wait().unwrap().is_none(), "it came late");
    doctor.kill().unwrap();
    doctor.wait().unwrap();
}
