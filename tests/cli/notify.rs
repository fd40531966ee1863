//! Who is told of what, as a lab sees it in its chat.

use std::fs;

use crate::{
    chat::Chat,
    daemon::{Daemon, until},
    project::{Project, text},
};

/// A project with a channel to this chat, whose automation runs every other second.
fn lab(script: &str, allow: &str, rules: &str) -> Project {
    let project = Project::with_script(script);
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("every = \"1h\"", "every = \"2s\"");
    let channel = "[channel.lab]\nkind = \"slack\"\nurl_env = \"LAB_CHAT\"\n";
    project.write("config.toml", &format!("{config}allow = [{allow}]\n\n{channel}\n{rules}\n"));
    project
}

const EVERYTHING: &str = "[[notify]]\nto = \"lab\"";

#[test]
fn the_lab_is_told_once_that_runs_fail_and_once_that_they_work_again() {
    let chat = Chat::open();
    let script = "fn run(event) { if kv::add(\"n\", 1) < 4 { fail(\"no <!channel> & no room\"); } }";
    let project = lab(script, "", EVERYTHING);
    let daemon = Daemon::start(&project, &[], &[("LAB_CHAT", &chat.url())]);
    until("it works again", || chat.texts().iter().any(|text| text.contains("it works again")));
    let texts = chat.texts();
    assert!(
        texts[0].starts_with("*it: run 1 failed*\nit.rhai:1:42: no &lt;!channel&gt; &amp; no room\n"),
        "{texts:?}"
    );
    assert!(texts[0].contains("uproctor show 1"), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| text.contains("works again")).count(), 1, "{texts:?}");
    // The other failures were gathered, and go out with the good news.
    assert!(
        texts.len() <= 3 && texts.iter().any(|text| text.contains("it: 2 runs failed, the last: ")),
        "{texts:?}"
    );
    assert_eq!(daemon.said("in-secret"), 0, "{}", daemon.log());
    assert!(daemon.stop().success());
}

#[test]
fn a_channel_that_is_not_there_is_found_by_check() {
    let project = lab("fn run(event) {}", "", "[[notify]]\non = [\"failled\"]\nto = \"lap\"");
    let output =
        project.command().arg("check").env("LAB_CHAT", "https://hooks.example.org/x").output().unwrap();
    let said = text(&output);
    assert!(said.contains("there is no channel \"lap\"") && said.contains("did you mean \"lab\"?"), "{said}");
    assert!(said.contains("did you mean \"failed\"?"), "{said}");
}

#[test]
fn what_the_chat_does_not_take_waits_in_the_store_also_when_the_daemon_is_killed() {
    let chat = Chat::open();
    chat.will_answer("503 Away", "try later", 1);
    let project = lab("fn run(event) { if kv::add(\"n\", 1) == 1 { fail(\"no room\"); } }", "", EVERYTHING);
    let variables = [("LAB_CHAT", &*chat.url())];
    let daemon = Daemon::start(&project, &[], &variables);
    until("it is refused", || daemon.said("a notice is not taken") == 1);
    daemon.kill();
    let daemon = Daemon::start(&project, &[], &variables);
    until("it arrives", || chat.texts().iter().filter(|text| text.contains("run 1 failed")).count() == 2);
    until("it is said", || daemon.said("notices reach this channel again") == 1);
    assert!(daemon.stop().success());
    let failed = chat.texts().iter().filter(|text| text.contains("run 1 failed")).count();
    assert_eq!(failed, 2, "{:?}", chat.texts());
}
