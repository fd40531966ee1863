//! Whole configurations: what is read, and everything that is said about what cannot be.

mod heartbeat;
mod notify;
mod pace;

use secrecy::ExposeSecret;

use super::*;

fn variable(name: &str) -> Option<String> {
    match name {
        "UPROOT_API_KEY" => Some("hunter2-token".to_owned()),
        "HOOK_SECRET" => Some("hunter2-hook".to_owned()),
        "EMPTY" => Some(" \n".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Draft {
    parse(Path::new("lab/config.toml"), text.to_owned(), &variable)
}

fn show(problems: &[Problem]) -> Vec<String> {
    let line =
        |p: &Problem| format!("{}:{} {} | {}", p.line, p.column, p.message, p.help.as_deref().unwrap_or(""));
    problems.iter().map(line).collect()
}

/// Line, column, a part of the message and a part of the help of every problem.
type Row = (usize, usize, &'static str, &'static str);

fn check(text: &str, rows: &[Row]) {
    let draft = read(text);
    let shown = show(&draft.problems);
    assert_eq!(shown.len(), rows.len(), "{shown:#?}");
    for ((problem, shown), (line, column, message, help)) in draft.problems.iter().zip(&shown).zip(rows) {
        assert_eq!((problem.line, problem.column), (*line, *column), "{shown}");
        assert!(problem.message.contains(message), "{shown} has not {message:?}");
        assert!(problem.help.as_deref().unwrap_or("").contains(help), "{shown} has not {help:?}");
        assert!(problem.is_error());
    }
    assert!(draft.accept().is_err());
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check(
        r#"[uproot]
url = "127.0.0.1:8000"
token_env = "NOT_SET"

[daemon]
listen = "0.0.0.0:8707"
timezone = "Europe/Berln"
mode = "alive"
workers = 0
colour = "red"

[[automation]]
name = "first"
script = "../first.rhai"
on = { cron = "0 25 * * *" }
allow = ["players.advnce", "sessions.active"]

[[automation]]
name = "first one"
script = "second.rhai"
on = { every = "5" }
time_limt = "5m"

[[automation]]
name = "third"
script = "third.rhai"
on = [{ webhook = "h", scheme = "standart" }, { evry = "1m" }, { player = "stuck" }]
overlap = "queue"
max = "many"

[[automation]]
on = { poll = "10ms" }
"#,
        &[
            (2, 7, "http://", ""),
            (3, 13, "NOT_SET is not set", "export NOT_SET="),
            (6, 10, "other machines can reach", "127.0.0.1"),
            (7, 12, "no time zone \"Europe/Berln\": did you mean \"Europe/Berlin\"?", ""),
            (
                8,
                8,
                "`mode` cannot be \"alive\": it is one of dry-run, approve, live",
                "did you mean \"live\"?",
            ),
            (9, 11, "`workers` is 0, but must be from 1 to 1000", ""),
            (10, 1, "unknown key `colour` in [daemon]", "the keys here are: listen, store"),
            (14, 10, "a file in the scripts folder", ""),
            (15, 18, "25", ""),
            (16, 10, "unknown capability \"players.advnce\"", "did you mean \"players.advance\"?"),
            (19, 8, "\"first one\" is not valid", ""),
            (21, 16, "\"5\" is not a duration: write a number and a unit", ""),
            (22, 1, "unknown key `time_limt`", "did you mean `time_limit`?"),
            (27, 33, "there is no webhook scheme \"standart\": did you mean \"standard\"?", ""),
            (27, 47, "`on` names no trigger", "did you mean `every`?"),
            (27, 75, "`player` cannot be \"stuck\": it is one of joined", ""),
            (28, 11, "`overlap` cannot be \"queue\"", "did you mean \"queued\"?"),
            (29, 7, "`max` in [[automation]] is a text, but must be a whole number", ""),
            (31, 1, "has no name", "name = "),
            (31, 1, "no script", "script = \"NAME.rhai\""),
            (32, 15, "`poll` is too short", ""),
        ],
    );
}

/// A correct `[uproot]` and `[daemon]`, six lines, and what follows.
fn with(rest: &str) -> String {
    format!("[uproot]\ntoken_env = \"UPROOT_API_KEY\"\n\n[daemon]\ntimezone = \"UTC\"\n\n{rest}")
}

fn automation(name: &str, lines: &str) -> String {
    format!("[[automation]]\nname = \"{name}\"\nscript = \"a.rhai\"\n{lines}\n")
}

#[test]
fn triggers_say_what_they_lack() {
    let on = |on: &str| with(&automation("a", &format!("on = {on}")));
    for (text, row) in [
        (
            on("{ webhook = \"h\", secret_env = \"HOOK_SECRET\" }"),
            (10, 6, "needs `scheme`", "standard, github"),
        ),
        (on("{ webhook = \"h\", scheme = \"github\" }"), (10, 6, "`github` needs a secret", "secret_env")),
        (
            on("{ webhook = \"h\", scheme = \"none\", secret_env = \"HOOK_SECRET\" }"),
            (10, 32, "checks no secret", ""),
        ),
        (
            on("{ webhook = \"h\", scheme = \"github\", secret_env = \"EMPTY\" }"),
            (10, 55, "EMPTY is empty", ""),
        ),
        (on("{ every = \"1m\", cron = \"@daily\" }"), (10, 6, "2 triggers in one table", "write a list")),
        (on("[{ poll = \"1m\" }, { poll = \"2m\" }]"), (10, 24, "two poll triggers", "")),
        (on("{ every = \"1m\", missed = \"onse\" }"), (10, 31, "`missed` is", "\"once\"")),
        (on("{ every = \"1m\", missed = { all = 0 } }"), (10, 31, "N from 1 to 1000", "")),
        (on("{ every = \"1ms\" }"), (10, 16, "at least 1s", "")),
        (on("{ at = \"tomorrow\" }"), (10, 13, "tomorrow", "")),
        (with(&automation("a", "")), (7, 1, "\"a\" has no trigger", "on = { every")),
        (
            with(
                &[automation("a", "on = { every = \"1m\" }"), automation("a", "on = { every = \"2m\" }")]
                    .concat(),
            ),
            (12, 8, "two automations are called \"a\"", ""),
        ),
        (
            with(
                &["a", "b"]
                    .map(|name| automation(name, "on = { webhook = \"h\", scheme = \"none\" }"))
                    .concat(),
            ),
            (11, 1, "the webhook \"h\" is taken by the automation \"a\"", "of its own"),
        ),
        (
            with(&automation("a", "on = { cron = \"@daily\" }")).replace("timezone = \"UTC\"", ""),
            (10, 15, "needs to know the time zone", "timezone = "),
        ),
    ] {
        check(&text, &[row]);
    }
}

#[test]
fn an_empty_file_and_a_broken_one() {
    check("", &[(1, 1, "no [uproot] section", "token_env")]);
    check("[uproot]\n", &[(1, 1, "where the API token is kept", "token_env")]);
    check(&with("[[automation]]\nname = = \"a\"\n"), &[(8, 8, "this is not TOML", "")]);
    check("[uproot\nurl = 1\n", &[(1, 8, "this is not TOML", "")]);
    let draft = load(Path::new("/nowhere/config.toml"));
    assert!(draft.problems[0].message.contains("cannot be read"), "{draft:?}");
}

/// Everything that a person could be shown of a problem: its words, and the lines that it points at.
fn visible(draft: &Draft) -> String {
    let mut seen = format!("{draft:?}");
    for problem in &draft.problems {
        if let Some(span) = &problem.span {
            let text = &draft.config.text;
            let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
            let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
            seen.push_str(&text[start..end]);
        }
    }
    seen
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let on = |on: &str| with(&automation("a", &format!("on = {on}")));
    for (text, line, message) in [
        ("[uproot]\ntoken = \"hunter2\"\n".to_owned(), 2, "unknown key `token`"),
        (
            "[uproot]\nToken = \"hunter2\"\ntoken_env = \"UPROOT_API_KEY\"\n".to_owned(),
            2,
            "unknown key `Token`",
        ),
        ("uproot = { token = \"hunter2\", ulr = \"x\" }\n".to_owned(), 1, "unknown key `ulr`"),
        ("[uproot]\ntoken = \"hunter2\n".to_owned(), 2, "not TOML"),
        ("[uproot]\ntoken_env = \"upk_hunter2\"\n".to_owned(), 2, "that `token_env` names is not set"),
        (
            "[uproot]\nurl = \"http://me:hunter2@localhost/\"\ntoken_env = \"UPROOT_API_KEY\"\n".to_owned(),
            2,
            "no user name or password",
        ),
        (on("{ webhook = \"h\", secret = \"hunter2\" }"), 10, "needs `scheme`"),
        (on("{ webhook = \"h\", scheme = \"github\", secret = \"hunter2\" }"), 10, "unknown key `secret`"),
        (
            with("[http.\"api.example.org\"]\nauthorization = \"Token hunter2\"\n"),
            8,
            "unknown key `authorization`",
        ),
    ] {
        let draft = read(&text);
        let shown = show(&draft.problems);
        assert!(
            draft.problems.iter().any(|p| p.line == line && p.message.contains(message)),
            "{message:?} at {line} is not in {shown:#?}"
        );
        assert!(!visible(&draft).contains("hunter2"), "{shown:#?}");
        assert!(draft.accept().is_err());
    }
}

#[test]
fn a_right_configuration_holds_its_secrets_and_shows_none() {
    let text = with(
        &[
            "[http.\"API.example.org\"]\nauthorization_env = \"HOOK_SECRET\"\n",
            &automation("a", "on = { webhook = \"h\", scheme = \"github\", secret_env = [\"HOOK_SECRET\", \"UPROOT_API_KEY\"] }"),
        ]
        .concat(),
    );
    let draft = read(&text);
    assert!(!visible(&draft).contains("hunter2"));
    let config = draft.accept().unwrap();
    assert!(!format!("{config:?} {config:#?}").contains("hunter2"));
    assert_eq!(config.uproot.token.expose_secret(), "hunter2-token");
    let host = &config.http["api.example.org"];
    assert_eq!(host.authorization.as_ref().unwrap().expose_secret(), "hunter2-hook");
    let Trigger::Webhook(webhook) = &config.automations[0].triggers[0] else { panic!("a webhook") };
    assert_eq!(webhook.secrets.len(), 2);
}

#[test]
fn secrets_are_read_from_files_without_their_line_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "hunter2\r\n").unwrap();
    let file = folder.path().join("config.toml");
    let read = |text: &str| parse(&file, text.to_owned(), &variable);
    let config = read("[uproot]\ntoken_file = \"token\"\n").accept().unwrap();
    assert_eq!(config.uproot.token.expose_secret(), "hunter2");
    std::fs::write(folder.path().join("marked"), "\u{feff}hunter2\n").unwrap();
    let config = read("[uproot]\ntoken_file = \"marked\"\n").accept().unwrap();
    assert_eq!(config.uproot.token.expose_secret(), "hunter2");
    std::fs::write(folder.path().join("two"), "hunter2\nhunter3\n").unwrap();
    let draft = read("[uproot]\ntoken_file = \"two\"\n");
    assert!(draft.problems[0].message.contains("no HTTP header can carry"), "{draft:?}");
    let draft = read("[uproot]\ntoken_file = \"tokn\"\n");
    assert!(draft.problems[0].message.contains("the file tokn cannot be read"), "{draft:?}");
    let draft = read("[uproot]\ntoken_file = \"token\"\ntoken_env = \"UPROOT_API_KEY\"\n");
    assert!(draft.problems[0].message.contains("one token is enough"), "{draft:?}");
}

#[test]
fn what_is_not_written_is_at_its_default() {
    use std::time::Duration;
    let config = read(&with(
        &[
            "every = \"5m\"",
            "cron = \"@daily\"",
            "at = \"2026-12-01T18:00:00\"",
            "poll = \"30s\"",
            "webhook = \"h\", scheme = \"none\"",
        ]
        .iter()
        .zip(["a", "b", "c", "d", "e"])
        .map(|(on, name)| automation(name, &format!("on = {{ {on} }}")))
        .collect::<String>(),
    ))
    .accept()
    .unwrap();
    assert_eq!(config.uproot.url.to_string(), "http://127.0.0.1:8000/");
    let daemon = &config.daemon;
    assert_eq!(daemon.listen.to_string(), "127.0.0.1:8707");
    assert_eq!((daemon.mode, daemon.workers), (Mode::DryRun, 16));
    assert_eq!(daemon.store, Path::new("lab/uproctor.db"));
    assert_eq!(daemon.scripts, Path::new("lab/scripts"));
    assert_eq!(daemon.exports, Path::new("lab/exports"));
    let missed: Vec<Option<Timing>> = config
        .automations
        .iter()
        .map(|automation| match &automation.triggers[0] {
            Trigger::Clock(_, timing) => Some(*timing),
            _ => None,
        })
        .collect();
    let clock = |missed| {
        let (jitter, grace) = (Duration::ZERO, Duration::from_secs(60));
        Some(Timing { jitter, grace, missed, deadline: None })
    };
    let (skip, once) = (clock(MissedPolicy::Skip), clock(MissedPolicy::Once));
    assert_eq!(missed, [skip, once, once, None, None]);
    for automation in &config.automations {
        let from_outside = matches!(automation.triggers[0], Trigger::Webhook(_) | Trigger::Poll(_));
        let (policy, max) =
            if from_outside { (OverlapPolicy::Queued, 1000) } else { (OverlapPolicy::Single, 10) };
        let on_full = OnFull::DropNewest;
        assert_eq!(automation.overlap, Overlap { policy, key: KeyRule::Automation, max, on_full });
        assert_eq!(automation.pace, Pace::default());
        assert_eq!(automation.mode, Mode::DryRun);
        assert_eq!(automation.time_limit, Duration::from_secs(600));
        assert!(automation.allow.is_empty() && automation.params.is_empty());
    }
    let Trigger::Poll(poll) = &config.automations[3].triggers[0] else { panic!("a poll") };
    assert!(!poll.backfill);
    let Trigger::Webhook(webhook) = &config.automations[4].triggers[0] else { panic!("a webhook") };
    assert_eq!(webhook.per_minute, 600);
}

#[test]
fn an_automation_can_say_otherwise_than_the_daemon() {
    let lines = "on = { every = \"5m\" }\nmode = \"dry-run\"\nkey = \"data.id\"\nallow = \"players.*\"\nparams = { n = 1_0, x = [1.5, true] }";
    let text =
        with(&automation("a", lines)).replace("[daemon]", "[daemon]\nmode = \"live\"\nlisten = \"[::1]:0\"");
    let config = read(&text).accept().unwrap();
    assert_eq!(config.daemon.mode, Mode::Live);
    let automation = &config.automations[0];
    assert_eq!(automation.mode, Mode::DryRun);
    assert_eq!(automation.overlap.key, KeyRule::Field("data.id".to_owned()));
    assert!(automation.allow.iter().any(|capability| capability.as_str() == "players.advance"));
    assert!(automation.allow.iter().all(|capability| capability.as_str().starts_with("players.")));
    assert_eq!(
        serde_json::Value::from(automation.params.clone()),
        serde_json::json!({ "n": 10, "x": [1.5, true] })
    );
}

#[test]
fn two_of_one_name_are_found_also_where_one_lacks_the_rest() {
    let text = with(&format!(
        "[[automation]]\nname = \"a\"\non = {{ every = \"1m\" }}\n\n{}\n[[automation]]\nname = \"a\"\nscript = \"a.rhai\"\n",
        automation("a", "on = { every = \"1m\" }")
    ));
    check(
        &text,
        &[
            (7, 1, "\"a\" has no script", ""),
            (12, 8, "two automations are called \"a\"", "the first is in line 8"),
            (16, 1, "\"a\" has no trigger", ""),
            (17, 8, "two automations are called \"a\"", "the first is in line 8"),
        ],
    );
}

#[test]
fn what_lasts_is_only_trusted_where_nothing_is_lost_by_it() {
    let read = |trigger: &str, allow: &str| {
        let text = format!(
            "[uproot]\ntoken_env = \"T\"\n[[automation]]\nname = \"a\"\nscript = \"a.rhai\"\non = {{ {trigger} }}\nallow = [{allow}]\n"
        );
        let draft = parse(Path::new("config.toml"), text, &|_| Some("token".to_owned()));
        draft.problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(read("poll = \"15s\", for = \"3m\"", "\"players.advance\""), "");
    assert_eq!(read("poll = \"15s\", for = \"3m\", gap = \"trust\"", "\"players.message\""), "");
    let steps = read("poll = \"15s\", for = \"3m\", gap = \"trust\"", "\"players.advance\"");
    assert!(steps.contains("players.advance cannot be taken back"), "{steps}");
    assert!(read("poll = \"15s\", gap = \"pause\"", "").contains("without `for`"));
    assert!(
        read("poll = \"15s\", for = \"3m\", backfill = \"all\"", "").contains("`backfill` has no meaning")
    );
}
