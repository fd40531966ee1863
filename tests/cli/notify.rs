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
    assert!(texts.len() <= 3 && texts.iter().any(|text| text.contains("it: 2 runs failed")), "{texts:?}");
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

/// A project whose automation is started by hand and tells the lab something.
fn by_hand(mode: &str) -> Project {
    let script = "fn run(event) {\n    let told = notify::send(\"lab\", \"p7 waits\", #{ title: \"Held up\", key: \"p7\" });\n    log::info(told);\n}";
    let project = lab(script, "\"notify.send\"", "");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let config = config.replace("every = \"2s\"", "every = \"1h\"");
    project.write("config.toml", &config.replace("mode = \"live\"", &format!("mode = \"{mode}\"")));
    project
}

/// What the command says, with the chat's address in its variable.
fn said(project: &Project, chat: &Chat, arguments: &[&str]) -> (i32, String) {
    let output = project.command().args(arguments).env("LAB_CHAT", chat.url()).output().unwrap();
    let said = text(&output);
    assert!(!said.contains("in-secret"), "the address was shown: {said}");
    (output.status.code().unwrap(), said)
}

#[test]
fn what_a_script_tells_is_kept_and_goes_out_once_the_daemon_runs() {
    let chat = Chat::open();
    let project = by_hand("live");
    let (code, said_first) = said(&project, &chat, &["trigger", "it"]);
    assert_eq!(code, 0, "{said_first}");
    assert!(said_first.contains("notify.send lab") && said_first.contains("done"), "{said_first}");
    // Once more within the hour: the key keeps it from being told again.
    let (_, again) = said(&project, &chat, &["trigger", "it"]);
    assert!(again.contains("told_before"), "{again}");
    assert_eq!(chat.messages().len(), 0, "nobody sends yet");
    let (_, list) = said(&project, &chat, &["notify"]);
    assert!(list.contains("lab (slack): nothing was sent yet, 1 notice waits"), "{list}");
    let url = chat.url();
    let daemon = Daemon::start(&project, &[], &[("LAB_CHAT", &url)]);
    until("it arrives", || !chat.messages().is_empty());
    assert!(daemon.stop().success());
    assert_eq!(chat.texts(), ["*Held up*\np7 waits"]);
    let (_, all) = said(&project, &chat, &["notify", "--all", "--json"]);
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert_eq!(
        (&all[0]["state"], &all[0]["channel"], all.as_array().map(Vec::len)),
        (&"sent".into(), &"lab".into(), Some(1))
    );
}

#[test]
fn a_dry_run_tells_nobody_and_a_plan_tells_once_it_is_approved() {
    let chat = Chat::open();
    let project = by_hand("dry-run");
    let (code, dry) = said(&project, &chat, &["trigger", "it"]);
    assert!(code == 0 && dry.contains("dry_run") && dry.contains("WOULD"), "{dry}");
    let project = by_hand("approve");
    let (_, planned) = said(&project, &chat, &["trigger", "it"]);
    assert!(planned.contains("planned"), "{planned}");
    let (_, none) = said(&project, &chat, &["notify", "--all"]);
    assert!(none.contains("nobody was told anything yet"), "{none}");
    let (code, approved) = said(&project, &chat, &["approve", "1"]);
    assert_eq!(code, 0, "{approved}");
    let (_, all) = said(&project, &chat, &["notify", "--all"]);
    assert!(all.contains("notice 1 to lab") && all.contains("waiting: Held up: p7 waits"), "{all}");
}

#[test]
fn a_plan_is_told_with_the_link_to_approve_it() {
    let chat = Chat::open();
    let project = by_hand("approve");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    let console = "[console]\nurl = \"https://lab.example.org/uproctor\"\n\n[[automation]]";
    project.write("config.toml", &format!("{}\n{EVERYTHING}\n", config.replace("[[automation]]", console)));
    let url = chat.url();
    let daemon = Daemon::start(&project, &[], &[("LAB_CHAT", &url)]);
    said(&project, &chat, &["trigger", "it"]);
    until("it is told", || !chat.messages().is_empty());
    let told = chat.texts().remove(0);
    assert!(
        told.starts_with("*it waits for approval*\nPlan 1, until ") && told.contains("- notify.send lab"),
        "{told}"
    );
    assert!(told.ends_with("<https://lab.example.org/uproctor/plans/1|Look and approve>"), "{told}");
    assert!(daemon.stop().success());
}

#[test]
fn a_channel_is_tried_by_hand_and_what_came_back_is_said() {
    let chat = Chat::open();
    let project = by_hand("live");
    let (code, good) = said(&project, &chat, &["notify", "test", "lab"]);
    assert!(code == 0 && good.contains("lab (slack): it has taken the message"), "{good}");
    assert!(chat.texts()[0].contains("This is a test of the channel \"lab\""), "{:?}", chat.texts());
    chat.will_answer("403 Forbidden", "invalid_token", 2);
    let (code, bad) = said(&project, &chat, &["notify", "test"]);
    assert!(code == 1 && bad.contains("slack answered 403 (invalid_token)"), "{bad}");
    assert!(bad.contains("make a new webhook there"), "{bad}");
    let (_, bad) = said(&project, &chat, &["notify", "test", "--json"]);
    let bad: serde_json::Value = serde_json::from_str(&bad).unwrap();
    assert_eq!((&bad[0]["sent"], &bad[0]["channel"]), (&false.into(), &"lab".into()), "{bad}");
    let (code, unknown) = said(&project, &chat, &["notify", "test", "lap"]);
    assert!(code == 2 && unknown.contains("did you mean \"lab\"?"), "{unknown}");
    let nobody =
        project.command().args(["notify", "test"]).env("LAB_CHAT", "http://127.0.0.1:9/in-secret").output();
    let nobody = nobody.unwrap();
    assert_eq!(nobody.status.code(), Some(3), "{}", text(&nobody));
    assert!(
        text(&nobody).contains("cannot be reached") && !text(&nobody).contains("in-secret"),
        "{}",
        text(&nobody)
    );
}

#[test]
fn a_script_that_names_a_channel_that_is_not_there_is_found_by_check_with_its_place() {
    let project = lab("fn run(event) {\n    notify::send(\"lap\", \"hello\");\n}", "\"notify.send\"", "");
    let output =
        project.command().arg("check").env("LAB_CHAT", "https://hooks.example.org/x").output().unwrap();
    let said = text(&output);
    assert!(said.contains("there is no channel \"lap\"") && said.contains("it.rhai:2:"), "{said}");
    assert!(said.contains("did you mean \"lab\"?"), "{said}");
    let project = lab("fn run(event) { notify::send(\"lab\", \"hello\"); }", "\"notify\"", "");
    let output =
        project.command().arg("check").env("LAB_CHAT", "https://hooks.example.org/x").output().unwrap();
    assert!(text(&output).contains("did you mean \"notify.send\"?"), "{}", text(&output));
}

#[test]
fn a_run_that_goes_on_in_the_place_of_another_does_not_tell_again() {
    let chat = Chat::open();
    let script = "fn run(event) { log::info(notify::send(\"lab\", \"one\")); if kv::add(\"n\", 1) == 1 { fail(\"no room\"); } }";
    let project = lab(script, "\"notify.send\"", "");
    let config = fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("every = \"2s\"", "daemon = \"started\""));
    let url = chat.url();
    let daemon = Daemon::start(&project, &[], &[("LAB_CHAT", &url)]);
    until("it has failed", || daemon.runs().iter().any(|run| run["outcome"] == "failed"));
    until("it is told", || !chat.messages().is_empty());
    let (code, resumed) = said(&project, &chat, &["dead", "resume", "1"]);
    assert!(code == 0 && resumed.contains("made_before"), "{resumed}");
    let (_, all) = said(&project, &chat, &["notify", "--all"]);
    assert_eq!(all.matches("notice ").count(), 1, "{all}");
    assert!(daemon.stop().success());
    assert_eq!(chat.texts(), ["one"]);
}
