//! Every route of the document answers as the document says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{check::check, http::Client};
use crate::{daemon::until, lab::Lab};

/// A program that knows nothing but the document.
struct Program {
    client: Client,
    document: Value,
    called: BTreeSet<String>,
}

impl Program {
    fn new(client: Client) -> Self {
        let document = client.read("/api/v1/openapi.json");
        Self { client, document, called: BTreeSet::new() }
    }

    /// Every operation: its id, its path, its method and itself.
    fn operations(&self) -> impl Iterator<Item = (&str, &str, &str, &Value)> {
        self.document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| {
                (operation["operationId"].as_str().unwrap(), path.as_str(), method.as_str(), operation)
            })
        })
    }

    /// Makes a call and holds its answer against the document. Gives the status and the answer.
    fn try_call(&self, id: &str, names: &[&str], query: &str, body: &Value) -> (u16, Value) {
        let (_, path, method, operation) = self.operations().find(|(one, ..)| *one == id).unwrap();
        let mut names = names.iter();
        let parts =
            path.split('/').map(|part| if part.starts_with('{') { names.next().unwrap() } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
            check(&self.document, schema, body, "body").unwrap_or_else(|why| panic!("{id}: {why}"));
        }
        let answer = if method == "get" {
            self.client.get(&format!("{path}{query}"))
        } else {
            self.client.ask(
                "POST",
                &path,
                &[],
                &if body.is_null() { String::new() } else { body.to_string() },
            )
        };
        let described = &operation["responses"][answer.status.to_string()];
        let described = match described["$ref"].as_str() {
            Some(name) => self.document.pointer(name.strip_prefix('#').unwrap()).unwrap(),
            None => described,
        };
        assert!(
            described.is_object(),
            "{id} does not say that it answers {}: {}",
            answer.status,
            answer.body
        );
        let schema = &described["content"]["application/json"]["schema"];
        let value = answer.json();
        check(&self.document, schema, &value, id).unwrap_or_else(|why| panic!("{why}\n{value:#}"));
        (answer.status, value)
    }

    /// The same for a call that goes well.
    fn call(&mut self, id: &str, names: &[&str], query: &str, body: &Value) -> Value {
        self.called.insert(id.to_owned());
        let (status, value) = self.try_call(id, names, query, body);
        assert!(status < 300, "{id}: {value:#}");
        value
    }

    fn read(&mut self, id: &str, names: &[&str], query: &str) -> Value {
        self.call(id, names, query, &Value::Null)
    }

    /// Waits until an event has come to its end.
    fn end_of(&mut self, event: &Value) -> Value {
        let number = event["event"].to_string();
        let mut found = Value::Null;
        until("the event's run ends", || {
            found = self.read("event", &[&number], "");
            !matches!(found["outcome"].as_str(), Some("accepted" | "running"))
        });
        found
    }
}

const CONFIG: &str = r#"
[[automation]]
name = "step"
on = { player = "stalled", for = "1h" }
script = "step.rhai"
allow = ["players.advance"]
mode = "approve"

[[automation]]
name = "boom"
on = [{ daemon = "started" }, { every = "1h" }]
script = "boom.rhai"
params = { n = 1 }
"#;

#[test]
fn every_route_answers_as_the_document_says() {
    let lab = Lab::new(2, "newest", CONFIG);
    let step = "fn run(event) {\n    players::list(\"s\");\n    players::advance(\"s\", \"p1\");\n}";
    lab.project.write("scripts/step.rhai", step);
    lab.project.write("scripts/boom.rhai", "fn run(event) { log::info(\"going\"); fail(\"boom\"); }");
    let _daemon = lab.daemon();
    let mut program = Program::new(Client::owner(&lab.project));

    // What is observed.
    until("the session is seen", || {
        let sessions = program.read("sessions", &[], "");
        sessions["sessions"].as_array().is_some_and(|all| all.len() == 1 && !all[0]["looked"].is_null())
    });
    let session = program.read("session", &["s"], "");
    assert_eq!((&session["size"], session["players"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(session["counts"]["thinking"], 2, "{session:#}");
    assert!(session["players"][0]["since"].as_i64().unwrap() > 1_600_000_000_000, "{session:#}");

    // A failure of the start, tried again and again, and then given up.
    until("the run of the start has failed", || program.read("dead", &[], "")["dead"][0].is_object());
    let letter = program.read("dead", &[], "?limit=1");
    let (run, next) = (letter["dead"][0]["run"].to_string(), &letter["next"]);
    assert_eq!(next.to_string(), run, "a full page goes on");
    assert_eq!(program.read("run", &[&run], "")["trace"][0]["text"], "going");
    let again = program.call("retry", &[&run], "", &Value::Null);
    let run = program.end_of(&again)["run"].to_string();
    let again = program.call("resume_run", &[&run], "", &Value::Null);
    let run = program.end_of(&again)["run"].to_string();
    program.call("discard", &[&run], "", &json!({ "reason": "of no use" }));
    assert_eq!(program.read("dead", &[], "")["dead"], json!([]));
    assert_eq!(program.read("dead", &[], "?all=true")["dead"][0]["note"], "of no use");
    assert_eq!(program.try_call("retry", &[&run], "", &Value::Null).0, 409);

    // Plans.
    let plan = |program: &mut Program| {
        let event = program.call("trigger", &["step"], "", &json!({ "payload": { "why": "a test" } }));
        program.end_of(&event)["run"].to_string()
    };
    let first = plan(&mut program);
    assert_eq!(program.read("plans", &[], "")["plans"][0]["run"].to_string(), first);
    assert_eq!(program.read("plan", &[&first], "")["effects"][0]["player"], "p1");
    let event = program.call("approve", &[&first], "", &json!({}));
    assert_eq!(program.end_of(&event)["outcome"], "done");
    let second = plan(&mut program);
    assert_eq!(
        program.call("reject", &[&second], "", &json!({ "reason": "not now" })),
        json!({ "event": null })
    );
    let plans = program.read("plans", &[], "?all=true&limit=100");
    assert_eq!((plans["plans"].as_array().unwrap().len(), &plans["next"]), (2, &Value::Null));
    assert_eq!(program.try_call("approve", &[&second], "", &json!({})).0, 409);
    assert_eq!(program.try_call("approve", &["999"], "", &json!({})).0, 409);

    // What was done.
    let log = program.read("interventions", &[], "?session=s&player=p1");
    assert_eq!(log["interventions"][0]["entry"]["decision"], "done", "{log:#}");
    let events = program.read("events", &[], "?automation=boom&outcome=failed&kind=daemon");
    assert_eq!(events["events"].as_array().unwrap().len(), 3, "the first, and twice again: {events:#}");

    // Pausing.
    for held in [json!("everything"), json!({ "automation": "boom" }), json!({ "session": "s" })] {
        let held = json!({ "held": held, "reason": "a test", "for": "1h 30m" });
        let paused = program.call("pause", &[], "", &held);
        let hold = &paused["hold"];
        // From when it was asked for, which is a moment before it is written down.
        let length = hold["until"].as_i64().unwrap() - hold["since"].as_i64().unwrap();
        assert!((5_395_000..=5_400_000).contains(&length), "{length}");
    }
    let player = json!({ "player": ["s", "p2"] });
    assert_eq!(
        program.call("pause", &[], "", &json!({ "held": player, "reason": "a test" }))["hold"]["held"],
        player
    );
    assert_eq!(program.read("holds", &[], "")["holds"].as_array().unwrap().len(), 4);
    // A name that is not there holds as well, and it is said.
    for (held, note) in [
        (json!({ "session": "s" }), Value::Null),
        (json!({ "session": "ss" }), json!("the server has no session ss: did you mean s?")),
        (json!({ "player": ["s", "p22"] }), json!("the session s has no player p22: did you mean p2?")),
        (json!({ "player": ["else", "p2"] }), json!("the server has no session else")),
    ] {
        let paused = program.call("pause", &[], "", &json!({ "held": held, "reason": "a test" }));
        assert_eq!((&paused["hold"]["held"], &paused["note"]), (&held, &note));
        program.call("resume", &[], "", &json!({ "held": held }));
    }
    let (code, said) = lab.run(&["pause", "--session", "ss"]);
    assert!(code == 0 && said.contains("\nnote: the server has no session ss: did you mean s?"), "{said}");
    assert_eq!(lab.run(&["resume", "--session", "ss"]).0, 0);
    assert_eq!(program.read("status", &[], "")["paused"]["reason"], "a test");
    assert_eq!(program.read("automation", &["boom"], "")["paused"]["held"], json!({ "automation": "boom" }));
    assert_eq!(program.call("resume", &[], "", &json!({ "held": player })), json!({ "was_held": true }));
    assert_eq!(program.call("resume", &[], "", &json!({ "held": player })), json!({ "was_held": false }));
    let unknown = json!({ "held": { "automation": "bomo" }, "reason": "a test" });
    assert_eq!(program.try_call("pause", &[], "", &unknown).0, 404);

    // The rest.
    let automations = program.read("automations", &[], "");
    assert_eq!(automations["automations"][1]["triggers"][1], json!({ "kind": "every", "text": "every 1h" }));
    assert_eq!(automations["automations"][1]["last_run"]["outcome"], "failed");
    assert_eq!(program.read("scripts", &[], "")["scripts"][1]["automations"], json!(["step"]));
    let versions = program.read("versions", &["step.rhai"], "");
    let hash = versions["versions"][0]["hash"].as_str().unwrap().to_owned();
    assert_eq!(program.read("version", &["step.rhai", &hash], "")["source"], step);
    assert!(program.call("link", &[], "", &Value::Null)["key"].as_str().unwrap().len() > 30);
    program.read("openapi", &[], "");
    for (id, names) in [
        ("automation", &["none"][..]),
        ("event", &["999"]),
        ("run", &["999"]),
        ("plan", &["999"]),
        ("session", &["none"]),
        ("versions", &["none"]),
        ("version", &["step.rhai", "none"]),
        ("trigger", &["none"]),
    ] {
        assert_eq!(program.try_call(id, names, "", &json!({})).0, 404, "{id}");
    }
    let all: BTreeSet<String> = program.operations().map(|(id, ..)| id.to_owned()).collect();
    assert_eq!(program.called, all, "a route that this test does not call");
}

/// A change of the API is seen as a change of this file, by whoever reviews it.
#[test]
fn the_document_is_as_reviewed() {
    let project = crate::project::Project::with_script("fn run(event) { }");
    let daemon = crate::daemon::Daemon::start(&project, &[], &[]);
    let answer = Client::with(&project, "").get("/api/v1/openapi.json");
    assert!(daemon.stop().success());
    let made = format!("{:#}\n", answer.json());
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    if std::env::var_os("UPROCTOR_WRITE").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        reviewed == made,
        "docs/openapi.json is not the API's: UPROCTOR_WRITE=1 cargo test --test cli reviewed"
    );
}
