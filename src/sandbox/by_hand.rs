//! What an admin does by hand: calls from outside of any script, and sessions with their participants.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Link, Profile, World, draw::hash};
use crate::{api::Generation, domain::ServerUrl, environment::Request};

/// Who is in a session without participants: a session needs one player.
const NOBODY: &str = "nobody";

impl World {
    /// Calls the Admin API at a time up to which everything was done. `path` is below the API's root and the one of the
    /// newest servers; older ones are asked as they want to be. The error is what the server said.
    pub fn ask(
        &mut self,
        now: f64,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let path = match self.sandbox().generation() {
            Generation::Contract if path != "sessions/" => path.replacen("sessions/", "session/", 1),
            Generation::Contract | Generation::Toggling | Generation::Newest => path.to_owned(),
        };
        let url = ServerUrl::default().api(&path).ok_or_else(|| format!("there is no path {path:?}"))?;
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", self.sandbox().token.expose_secret());
        let bearer = HeaderValue::from_str(&bearer).map_err(|error| error.to_string())?;
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = Request {
            method,
            url,
            headers,
            body: body.map(|body| Bytes::from(body.to_string())),
            lane: None,
            timeout: Duration::from_secs(60),
            sees_it_through: false,
            fresh_until: None,
            max_answer: usize::MAX,
        };
        let response = self.sandbox().answer(now, &request);
        self.pushed(now);
        if response.status >= 400 {
            let said = String::from_utf8_lossy(&response.body);
            return Err(format!("{path}: {} {said}", response.status));
        }
        serde_json::from_slice(&response.body).map_err(|error| format!("{path}: {error}"))
    }

    /// Lets people come to a room now, each with a label, by which they are known. They wait there, and take part once there is a
    /// session. The error says which room or label does not do.
    pub fn wait_in_room(&mut self, now: f64, room: &str, labels: &[String]) -> Result<(), String> {
        let Some(found) = self.sandbox().room_named(room) else {
            return Err(format!("there is no room {room:?}"));
        };
        if let Some(label) = labels.iter().find(|label| !found.takes(label)) {
            return Err(format!("the room {room:?} takes nobody with the label {label:?}"));
        }
        self.advance(now);
        for label in labels {
            if self.knows(label) {
                return Err(format!("somebody is called {label:?} already"));
            }
            let link = Link::Room { room: room.into(), label: label.as_str().into() };
            self.add(Profile::plain(label, hash(label)), link);
        }
        Ok(())
    }

    /// Makes a session and expects its participants, each at the link of a player who is called as they are. Where there
    /// are none, the session has one player, whom nobody is.
    pub fn begin_session(
        &mut self,
        now: f64,
        session: &str,
        config: &str,
        participants: Vec<Profile>,
    ) -> Result<(), String> {
        let mut names: Vec<&str> = participants.iter().map(|profile| &*profile.name).collect();
        if names.is_empty() {
            names.push(NOBODY);
        }
        let body = json!({"config": config, "n_players": names.len(), "sname": session, "unames": names});
        self.ask(now, Method::POST, "sessions/", Some(&body))?;
        let sname: Arc<str> = session.into();
        for profile in participants {
            let link = Link::Player { sname: Arc::clone(&sname), uname: Arc::clone(&profile.name) };
            self.add(profile, link);
        }
        Ok(())
    }
}
