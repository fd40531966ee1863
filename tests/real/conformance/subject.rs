//! The server that is asked.

use uproctor::api::Generation;

use super::answer::Answer;
use super::forms::Names;
use super::request::Request;
use super::sandbox;
use crate::support::{Habits, Participant, Server, Version, http, run};

/// Something that answers as an uproot server of some generation would.
pub(super) struct Subject {
    pub(super) generation: Generation,
    /// With a slash at the end.
    url: String,
    token: String,
    /// Whether it is a real server: there, people who wait in a room are seen through their page's websocket, and not as soon as
    /// they load the page.
    is_real: bool,
}

impl Subject {
    pub(super) fn real(server: &Server) -> Subject {
        let generation = match server.version() {
            Version::Older => Generation::Toggling,
            Version::Newest => Generation::Newest,
        };
        Subject { generation, url: server.url(), token: server.token().to_owned(), is_real: true }
    }

    pub(super) fn sandbox(generation: Generation) -> Subject {
        let (url, token) = (sandbox::url(generation).to_owned(), sandbox::TOKEN.to_owned());
        Subject { generation, url, token, is_real: false }
    }

    pub(super) fn ask(&self, request: &Request, names: &Names) -> Answer {
        let url = format!("{}admin/api/v1/{}", self.url, names.fill(request.path));
        let method = request.method.parse().expect("a method");
        let mut call = http().request(method, url);
        if request.is_signed {
            call = call.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in &request.headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = &request.body {
            // Names stand in texts only, so what is no text stays as it is.
            let body = match std::str::from_utf8(body) {
                Ok(text) => names.fill(text).into_bytes(),
                Err(_) => body.clone(),
            };
            call = call.body(body);
        }
        // A busy real server now and then breaks off a large file, or answers 500 where the store of 0.1.0 commits in two threads at
        // once ("cannot commit - no transaction is active"): what only reads is asked for once more. The sandbox does neither.
        let again = if self.is_real && request.method == "GET" { call.try_clone() } else { None };
        let once = |call: reqwest::RequestBuilder| async move {
            let response = call.send().await?;
            let status = response.status().as_u16();
            let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or("?").to_owned();
            let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
            let headers = headers.collect();
            Ok::<_, reqwest::Error>(Answer { status, headers, body: response.bytes().await?.to_vec() })
        };
        let answer = run(async move {
            match (once(call).await, again) {
                (Err(error), Some(again)) if error.is_decode() || error.is_body() => once(again).await,
                (Ok(answer), Some(again)) if answer.status == 500 => once(again).await,
                (answer, _) => answer,
            }
        });
        match answer {
            Ok(answer) => answer,
            Err(error) => panic!("{} {} got no answer: {error}", request.method, request.path),
        }
    }

    /// Somebody with a player's link, who loads pages and sends forms, and opens no websocket: with one, players are
    /// offline for moments between pages.
    pub(super) fn player(&self, session: &str, player: &str) -> Participant {
        let habits = Habits { listens: false, ..Habits::default() };
        Participant::of_url(&self.url, session, player, habits)
    }

    /// Somebody with a room's link.
    pub(super) fn guest(&self, room: &str, label: &str) -> Participant {
        let habits = Habits { listens: self.is_real, ..Habits::default() };
        Participant::in_room_of_url(&self.url, room, label, habits)
    }
}
