//! What is true on a server, asked directly: the tests compare with it what Uproctor says and does.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::Server;
use super::background::{http, run};

impl Server {
    /// One call to the Admin API. `path` is what follows `admin/api/v1/`. An answer that is not JSON comes as text.
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        match self.try_admin(method, path, body) {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {path} got no answer: {error}"),
        }
    }

    pub(super) fn try_admin(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), reqwest::Error> {
        let method: Method = method.parse().expect("an HTTP method");
        let mut request = http()
            .request(method, format!("{}admin/api/v1/{path}", self.url()))
            .header("authorization", format!("Bearer {}", self.token()));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        run(async move {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let text = response.text().await?;
            Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
        })
    }

    /// A call that has to succeed.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.admin(method, path, body);
        assert!((200..300).contains(&status), "{method} {path} answered {status}: {answer}");
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, None)
    }

    /// A new session with so many players, under a name the server chooses.
    pub(crate) fn create_session(&self, config: &str, n_players: usize) -> String {
        let answer = self.ask("POST", "sessions/", Some(json!({"config": config, "n_players": n_players})));
        text(&answer["sname"])
    }

    /// A room that is open, for a configuration; with labels only those who bring one are let in.
    pub(crate) fn create_room(&self, room: &str, config: &str, labels: Option<&[&str]>) {
        let body = json!({"name": room, "config": config, "labels": labels, "open": false});
        self.ask("POST", "rooms/", Some(body));
    }

    /// Starts a session in a room and answers its name.
    pub(crate) fn create_session_in_room(&self, room: &str, config: &str, n_players: usize) -> String {
        let body = json!({"config": config, "n_players": n_players});
        text(&self.ask("POST", &format!("rooms/{room}/sessions/"), Some(body))["sname"])
    }

    /// The labels of those who wait in a room.
    pub(crate) fn waiting_in_room(&self, room: &str) -> Vec<String> {
        keys(&self.get(&format!("rooms/{room}/online/"))["online"])
    }

    /// The names of a session's players, in the order they were made.
    pub(crate) fn players(&self, session: &str) -> Vec<String> {
        let players = self.get(&format!("sessions/{session}/players/?fields=id"));
        let mut names = keys(&players);
        names.sort_by_key(|name| players[name]["id"].as_i64());
        names
    }

    /// One field of one player, as the server has it.
    pub(crate) fn field(&self, session: &str, player: &str, field: &str) -> Value {
        self.get(&format!("sessions/{session}/players/?fields={field}"))[player][field].clone()
    }

    /// The index into the page order; -1 before the start.
    pub(crate) fn show_page(&self, session: &str, player: &str) -> i64 {
        self.field(session, player, "show_page").as_i64().expect("show_page is a number")
    }

    /// The page a player is on by the server's account, as [`super::Page::path`] spells it.
    pub(crate) fn page_of(&self, session: &str, player: &str) -> String {
        let order = self.field(session, player, "page_order");
        match usize::try_from(self.show_page(session, player)) {
            Err(_) => "Initialize".to_owned(),
            Ok(index) => order[index].as_str().unwrap_or("End").to_owned(),
        }
    }

    /// Who is online, and when each was last heard of (seconds since 1970).
    pub(crate) fn online(&self, session: &str) -> BTreeMap<String, f64> {
        let online = self.get(&self.version().online_path(session))["online"].clone();
        serde_json::from_value(online).expect("times by name")
    }

    /// One of the actions on players: `advance`, `revert`, `end`, `reload`, `dropout`.
    pub(crate) fn act(&self, action: &str, session: &str, players: &[&str]) -> Value {
        let path = format!("sessions/{session}/players/{action}/");
        self.ask("POST", &path, Some(json!({"unames": players})))
    }

    pub(crate) fn message(&self, session: &str, players: &[&str], message: &str) {
        let path = format!("sessions/{session}/players/message/");
        self.ask("POST", &path, Some(json!({"unames": players, "message": message})));
    }

    pub(crate) fn redirect(&self, session: &str, players: &[&str], url: &str) {
        let path = format!("sessions/{session}/players/redirect/");
        self.ask("POST", &path, Some(json!({"unames": players, "url": url})));
    }
}

fn keys(object: &Value) -> Vec<String> {
    object.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a name").to_owned()
}

/// A POST to any address on this machine, as a sender of webhooks makes it.
pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let mut request = http().post(url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = run(async move {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok::<_, reqwest::Error>((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    });
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("POST {url} got no answer: {error}"),
    }
}
