//! A small experiment, and an admin who asks.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use url::Url;

use super::super::{
    App, Config, Experiment, Field, FieldKind, OnDropout, Page, PageKind, Sandbox, Step, View,
};
use crate::{
    api::Generation,
    environment::{Request, Response},
};

/// When everything happens, if nothing else is said.
pub(super) const NOW: f64 = 1_800_000_000.0;

/// A server and somebody who knows its token.
pub(super) struct Admin {
    pub(super) server: Sandbox,
    pub(super) now: f64,
    generation: Generation,
}

impl Admin {
    /// A server without sessions.
    pub(super) fn of(generation: Generation) -> Self {
        let server = Sandbox::new(Arc::new(experiment()), generation, "T".into(), 1);
        Self { server, now: NOW, generation }
    }

    /// A server with the session `s` and players of these names, of which nobody has joined.
    pub(super) fn with(generation: Generation, config: &str, unames: &[&str]) -> Self {
        let mut admin = Self::of(generation);
        let body = json!({"config": config, "n_players": unames.len(), "sname": "s", "unames": unames});
        assert_eq!(admin.ask("POST", "sessions/", Some(body)).0, 201);
        admin
    }

    /// The same, and everybody has joined.
    pub(super) fn with_joined(generation: Generation, config: &str, unames: &[&str]) -> Self {
        let mut admin = Self::with(generation, config, unames);
        for uname in unames {
            admin.join(uname);
        }
        admin
    }

    pub(super) fn join(&mut self, uname: &str) -> View {
        self.server.submit(self.now, "s", uname, -1, &serde_json::Map::new()).unwrap().unwrap()
    }

    /// What is answered below `admin/api/v1/`.
    pub(super) fn answer(&mut self, method: &str, path: &str, body: Option<Value>) -> Response {
        let url = format!("http://127.0.0.1:8000/admin/api/v1/{path}");
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer T"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = request(method, &url, headers, body.map(|body| Bytes::from(body.to_string())));
        self.server.answer(self.now, &request)
    }

    pub(super) fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.answer(method, path, body);
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    pub(super) fn get(&mut self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, None);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A path in the session `s`.
    pub(super) fn in_session(&self, rest: &str) -> String {
        let word = if self.generation == Generation::Contract { "session" } else { "sessions" };
        format!("{word}/s/{rest}")
    }

    /// One of the actions on players of the session `s`.
    pub(super) fn act(&mut self, action: &str, unames: &[&str]) -> (u16, Value) {
        let path = self.in_session(&format!("players/{action}/"));
        self.ask("POST", &path, Some(json!({"unames": unames})))
    }

    /// Sets fields of players of the session `s`.
    #[expect(clippy::needless_pass_by_value, reason = "it reads better with the fields written in place")]
    pub(super) fn set(&mut self, unames: &[&str], fields: Value) -> (u16, Value) {
        let path = self.in_session("players/fields/");
        self.ask("PATCH", &path, Some(json!({"unames": unames, "fields": fields})))
    }

    /// A field of a player of the session `s`.
    pub(super) fn field(&mut self, uname: &str, field: &str) -> Value {
        let path = self.in_session(&format!("players/?fields={field}"));
        self.get(&path)[uname][field].clone()
    }

    /// The page of a player of the session `s`.
    pub(super) fn at(&mut self, uname: &str) -> i64 {
        self.field(uname, "show_page").as_i64().unwrap()
    }

    /// Who is online in the session `s`.
    pub(super) fn online(&mut self) -> Vec<String> {
        let rest = if self.generation == Generation::Newest { "online-players/" } else { "players/online/" };
        let path = self.in_session(rest);
        self.get(&path)["online"].as_object().unwrap().keys().cloned().collect()
    }
}

/// A request as a client sends it.
pub(super) fn request(method: &str, url: &str, headers: HeaderMap, body: Option<Bytes>) -> Request {
    Request {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        url: Url::parse(url).unwrap(),
        headers,
        body,
        lane: None,
        timeout: Duration::from_secs(1),
        sees_it_through: false,
        fresh_until: None,
        max_answer: usize::MAX,
    }
}

/// `survey` has three pages; in `pair` two meet, decide and wait for each other; `rounds` has two rounds and an app that
/// moves dropouts to the end; `timed` has a page of ten seconds.
pub(super) fn experiment() -> Experiment {
    let mut experiment = Experiment::default();
    let text = Field { name: "nickname".to_owned(), kind: FieldKind::Text };
    let number = |name: &str| Field { name: name.to_owned(), kind: FieldKind::Number(0, 10) };
    let survey = vec![
        step("Intro", PageKind::Ordinary, vec![text]),
        step("Decision", PageKind::Ordinary, vec![number("offer")]),
        step("Thanks", PageKind::Ordinary, vec![]),
    ];
    let pair = vec![
        step("Meet", PageKind::Group { size: 2 }, vec![]),
        step("Decide", PageKind::Ordinary, vec![number("give")]),
        step("Together", PageKind::Sync { reads: vec!["give".to_owned()] }, vec![]),
        step("Result", PageKind::Ordinary, vec![]),
    ];
    let rounds = vec![Step::Rounds { n: 2, steps: vec![step("Play", PageKind::Ordinary, vec![])] }];
    let timed = vec![
        Step::Page(Arc::new(Page {
            timeout: Some(Duration::from_secs(10)),
            ..page("Quick", PageKind::Ordinary)
        })),
        step("Slow", PageKind::Ordinary, vec![]),
    ];
    let watched = vec![step("Watched", PageKind::Ordinary, vec![])];
    for (name, steps) in
        [("survey", survey), ("pair", pair), ("rounds", rounds), ("timed", timed), ("watched", watched)]
    {
        let mut app = App { multiple: 1, steps, ..App::default() };
        if name == "watched" {
            app.watch = Some(Duration::from_secs(15));
            app.on_dropout = OnDropout::End;
        }
        experiment.apps.insert(name.to_owned(), app);
        experiment
            .configs
            .insert(name.to_owned(), Config { apps: vec![name.to_owned()], ..Config::default() });
    }
    experiment
}

fn page(name: &str, kind: PageKind) -> Page {
    let (name, otherwise) = (name.to_owned(), serde_json::Map::new());
    Page { name, kind, think: Duration::ZERO, timeout: None, fields: Vec::new(), otherwise }
}

fn step(name: &str, kind: PageKind, fields: Vec<Field>) -> Step {
    Step::Page(Arc::new(Page { fields, ..page(name, kind) }))
}
