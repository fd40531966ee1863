//! The page that Prometheus collects: read as strictly as Prometheus does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::http::Client;
use crate::{
    daemon::{Daemon, until},
    lab::Lab,
    post::{SECRET, post},
    project::Project,
};

/// A page that was read: the kind of each family, and each value by its name and labels.
#[derive(Debug, Default)]
struct Page {
    kinds: BTreeMap<String, String>,
    values: BTreeMap<String, f64>,
}

impl Page {
    /// Reads a page by the rules of the text format.
    fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let mut page = Self::default();
        let mut helped = BTreeSet::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, about) = help.split_once(' ').unwrap();
                assert!(helped.insert(name.to_owned()), "{name} comes twice");
                assert!(about.ends_with('.'), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(helped.contains(name) && matches!(kind, "gauge" | "counter" | "histogram"), "{line}");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                current = name.to_owned();
                page.kinds.insert(current.clone(), kind.to_owned());
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                let of_histogram = ["_bucket", "_sum", "_count"].map(|end| format!("{current}{end}"));
                assert!(
                    name == current || of_histogram.contains(&name.to_owned()),
                    "{line} is not in its family"
                );
                labels_of(labels.strip_suffix('}').unwrap());
                let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
                assert!(page.values.insert(series.to_owned(), value).is_none(), "{series} comes twice");
            }
        }
        page
    }

    fn value(&self, series: &str) -> f64 {
        *self.values.get(series).unwrap_or_else(|| panic!("no {series} among {:#?}", self.values))
    }
}

/// Reads what stands between the braces; gives the names and texts.
fn labels_of(mut rest: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{rest}");
        let mut text = String::new();
        let mut letters = value.char_indices();
        let end = loop {
            match letters.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => text.push(match letters.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    other => panic!("\\{other} in {rest}"),
                }),
                (_, c) => text.push(c),
            }
        };
        labels.push((name.to_owned(), text));
        rest = &value[end + 1..];
        if let Some(more) = rest.strip_prefix(',') {
            assert!(!more.is_empty());
            rest = more;
        } else {
            assert!(rest.is_empty(), "{rest}");
        }
    }
    labels
}

const CONFIG: &str = r#"
[[automation]]
name = "step"
on = { player = "stalled", for = "1h" }
script = "step.rhai"
allow = ["players.advance"]

[[automation]]
name = "told"
on = { webhook = "told", scheme = "standard", secret_env = "HOOK" }
script = "told.rhai"
mode = "approve"
allow = ["players.advance"]
"#;

#[test]
fn what_happens_shows_in_the_metrics_and_in_their_documentation() {
    let lab = Lab::new(3, "newest", CONFIG);
    let step = "fn run(event) {\n    players::list(\"s\");\n    players::advance(\"s\", \"p1\");\n}";
    lab.project.write("scripts/step.rhai", step);
    lab.project.write("scripts/told.rhai", &format!("{step}\n// And then nothing."));
    let daemon = Daemon::start(&lab.project, &[], &[("SANDBOX_TOKEN", "T"), ("HOOK", SECRET)]);
    let client = Client::owner(&lab.project);
    let page = || {
        let answer = client.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
        Page::read(&answer.body)
    };
    let before = page();
    assert_eq!(before.values.keys().filter(|series| series.starts_with("uproctor_runs_total")).count(), 0);

    let address = crate::daemon::address(&lab.project).unwrap();
    for id in ["one", "one", "two"] {
        assert!(post(&address, "told", id, &json!({})).unwrap().0 < 300);
    }
    assert_eq!(client.ask("POST", "/hooks/told", &[], "{}").status, 401);
    let runs = r#"uproctor_runs_total{automation="told",mode="approve",outcome="done"}"#;
    until("the runs have ended", || page().values.get(runs) == Some(&2.0));
    assert_eq!(client.post("/api/v1/automations/step/trigger", &json!({})).status, 202);
    let run = r#"uproctor_runs_total{automation="step",mode="live",outcome="done"}"#;
    until("the step is made", || page().values.get(run) == Some(&1.0));
    until("the session was looked at", || {
        page().values.get(r#"uproctor_players{session="s",class="thinking"}"#) == Some(&3.0)
    });
    client.post("/api/v1/pause", &json!({ "held": { "session": "s" }, "reason": "a test" }));
    let page = page();
    for (series, value) in [
        (r#"uproctor_events_total{kind="manual",outcome="done"}"#, 1.0),
        (r#"uproctor_events_total{kind="webhook",outcome="done"}"#, 2.0),
        (r#"uproctor_runs_total{automation="step",mode="live",outcome="done"}"#, 1.0),
        (r#"uproctor_run_duration_seconds_count{automation="told"}"#, 2.0),
        (r#"uproctor_run_duration_seconds_bucket{automation="told",le="+Inf"}"#, 2.0),
        (r#"uproctor_effects_total{action="players.advance",state="done"}"#, 1.0),
        (r#"uproctor_effects_total{action="players.advance",state="planned"}"#, 2.0),
        (r#"uproctor_webhook_messages_total{hook="told",outcome="taken"}"#, 2.0),
        (r#"uproctor_webhook_messages_total{hook="told",outcome="again"}"#, 1.0),
        (r#"uproctor_webhook_messages_total{hook="told",outcome="refused"}"#, 1.0),
        ("uproctor_plans_waiting", 1.0),
        (r#"uproctor_plan_decisions_total{decision="replaced"}"#, 1.0),
        (r#"uproctor_holds{held="session"}"#, 1.0),
        (r#"uproctor_automations{mode="live"}"#, 1.0),
        ("uproctor_server_up", 1.0),
        ("uproctor_ready", 1.0),
        ("uproctor_sessions_observed", 1.0),
        ("uproctor_dead_letters_open", 0.0),
    ] {
        assert_eq!(page.value(series), value, "{series}");
    }
    for (series, before) in &before.values {
        let family = series.split('{').next().unwrap();
        let counts = page.kinds.get(family).is_none_or(|kind| kind != "gauge");
        assert!(!counts || page.value(series) >= *before, "{series} went down");
    }
    let buckets = page.values.iter().filter(|(series, _)| series.contains("_bucket{automation=\"told\""));
    assert_eq!(buckets.clone().count(), 10);
    assert!(buckets.clone().all(|(_, count)| *count <= 2.0));

    drop(daemon);
    // The page about them.
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let rows = docs.lines().filter_map(|line| line.strip_prefix("| `uproctor_")?.split(['`', '{']).next());
    let told: BTreeSet<String> = rows.map(|name| format!("uproctor_{name}")).collect();
    assert_eq!(told, page.kinds.keys().cloned().collect(), "the table of docs/metrics.md");
    let rules: Vec<&str> = docs.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(rules.len() >= 3, "{rules:?}");
    for rule in rules {
        let names = rule.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
        let mut names = names.filter(|name| name.starts_with("uproctor_")).peekable();
        assert!(names.peek().is_some(), "{rule}");
        for name in names {
            assert!(told.contains(name), "{rule} is about {name}, which there is not");
        }
    }
}

#[test]
fn metrics_need_a_token_unless_they_are_open_to_this_computer() {
    let project = Project::with_script("fn run(event) { }");
    let daemon = Daemon::start(&project, &[], &[]);
    let (owner, nobody) = (Client::owner(&project), Client::with(&project, ""));
    assert_eq!((owner.get("/metrics").status, nobody.get("/metrics").status), (200, 401));
    assert_eq!(nobody.ask("POST", "/metrics", &[], "").status, 405);
    assert!(daemon.stop().success());

    let config = std::fs::read_to_string(project.path().join("config.toml")).unwrap();
    project.write("config.toml", &config.replace("[[auto", "[console]\nmetrics = \"open\"\n\n[[auto"));
    let daemon = Daemon::start(&project, &[], &[]);
    let nobody = Client::with(&project, "");
    let first = nobody.get("/metrics");
    assert_eq!(first.status, 200);
    Page::read(&first.body);
    for host in ["localhost:8707", "[::1]:8707", "127.0.0.2"] {
        assert_eq!(nobody.ask("GET", "/metrics", &[("host", host)], "").status, 200, "{host}");
    }
    for headers in [
        [("host", "evil.example.org")],
        [("host", "10.0.0.7:8707")],
        [("host", "localhost.example.org")],
        [("x-forwarded-for", "10.0.0.7")],
        [("forwarded", "for=10.0.0.7")],
    ] {
        assert_eq!(nobody.ask("GET", "/metrics", &headers, "").status, 401, "{headers:?}");
    }
    assert_eq!(nobody.get("/api/v1/status").status, 401, "only the metrics are open");
    assert!(daemon.stop().success());

    project
        .write("users.toml", &format!("[user.anna]\nrole = \"viewer\"\npassword = \"$argon2id${}\"\n", "x"));
    let open = config.replace("[[auto", "[console]\nmetrics = \"open\"\n\n[[auto");
    project.write("config.toml", &open.replace("127.0.0.1:0", "0.0.0.0:0"));
    let said = crate::project::text(&project.run(&["check"]));
    assert!(said.contains("`metrics` is open, and other machines can reach 0.0.0.0:0"), "{said}");
}
