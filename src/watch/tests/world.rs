//! A scripted uproot server and a clock that moves when told to.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use http::{HeaderMap, header::DATE};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::environment::{Environment, Request, Response, Scope, Stopped, TransportError, TransportReason};

pub(super) const BEGIN: i64 = 1_800_000_000;
pub(super) const ORDER: [&str; 3] = ["a/One", "a/#Wait", "a/Two"];

/// What one session's server knows: by player, the moves so far and when they were last heard of.
#[derive(Default)]
pub(super) struct Session {
    pub created: f64,
    pub moves: BTreeMap<String, Vec<(f64, i64)>>,
    pub seen: BTreeMap<String, f64>,
    /// What its reads are answered with instead.
    pub broken: Option<u16>,
}

#[derive(Default)]
pub(super) struct State {
    /// Our clock and the server's, in seconds since [`BEGIN`].
    pub ours: f64,
    pub theirs: f64,
    pub down: bool,
    /// Answers take their time, so that others ask meanwhile.
    pub slow: bool,
    pub sessions: BTreeMap<String, Session>,
    /// By room, when who waits there was last heard of.
    pub room: Option<Vec<f64>>,
    pub asked: Vec<String>,
}

/// The world around a watch: its clock moves only when told to.
#[derive(Default)]
pub(super) struct World(pub Mutex<State>);

impl Environment for World {
    fn now(&self) -> Timestamp {
        at(self.0.lock().unwrap().ours)
    }

    fn sleep(&self, duration: Duration, scope: &Scope) -> Result<(), Stopped> {
        // Real threads wait for each other in no time of this world.
        let slow = self.0.lock().unwrap().slow;
        self.pass(if slow { 0.0 } else { duration.as_secs_f64() });
        std::thread::yield_now();
        scope.check(self.now())
    }

    fn random(&self) -> u64 {
        0
    }

    fn execute(&self, request: Request, scope: &Scope) -> Result<Response, TransportError> {
        let stopped = |reason| TransportError { sent: false, reason, message: "away".to_owned() };
        scope.check(self.now()).map_err(|why| stopped(TransportReason::Stopped(why)))?;
        let slow = self.0.lock().unwrap().slow;
        (0..if slow { 1000 } else { 0 }).for_each(|_| std::thread::yield_now());
        let mut state = self.0.lock().unwrap();
        let path = request.url.path().split_once("/admin/api/v1/").unwrap().1.to_owned();
        state.asked.push(format!("{path}{}", request.url.query().map_or(String::new(), |q| format!("?{q}"))));
        if state.down {
            return Err(stopped(TransportReason::Connect));
        }
        let since = request.url.query_pairs().find(|(key, _)| key == "since");
        let since = since.and_then(|(_, since)| since.parse().ok()).unwrap_or(0.0);
        let (status, body) = state.answer(&path, since);
        let mut headers = HeaderMap::new();
        let date = at(state.theirs.floor()).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        headers.insert(DATE, date.parse().unwrap());
        Ok(Response { status, headers, body: body.to_string().into() })
    }
}

impl World {
    pub(super) fn pass(&self, seconds: f64) {
        let mut state = self.0.lock().unwrap();
        state.ours += seconds;
        state.theirs += seconds;
    }
}

impl State {
    fn answer(&self, path: &str, since: f64) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let named = |name: &str| self.sessions.get(name);
        match parts.as_slice() {
            ["status"] => (200, json!({"versions": {"uproot": "0.10.1"}})),
            ["sessions"] => {
                let row = |s: &Session| json!({"created": epoch(s.created), "n_players": s.moves.len()});
                (200, self.sessions.iter().map(|(name, s)| (name.clone(), row(s))).collect())
            }
            ["rooms"] => (200, if self.room.is_some() { json!({"lab": {"sname": null}}) } else { json!({}) }),
            ["rooms", _, "online"] => {
                let people = self.room.iter().flatten().enumerate();
                let online: Value = people.map(|(n, at)| (format!("seat{n}"), json!(epoch(*at)))).collect();
                (200, json!({"info": {}, "online": online}))
            }
            ["sessions", name, what] => match named(name) {
                None => (404, json!({"detail": "Session not found"})),
                Some(Session { broken: Some(status), .. }) => (*status, json!({"detail": "no"})),
                Some(session) => (200, session.answer(what, since)),
            },
            _ => (404, json!({"detail": "Not Found"})),
        }
    }
}

impl Session {
    fn answer(&self, what: &str, since: f64) -> Value {
        let page = |moves: &Vec<(f64, i64)>| moves.last().map_or(-1, |(_, page)| *page);
        match what {
            "players" => self
                .moves
                .iter()
                .map(|(name, moves)| {
                    let row =
                        json!({"show_page": page(moves), "page_order": ORDER, "started": true, "label": ""});
                    (name.clone(), row)
                })
                .collect(),
            "online-players" => {
                let info: Value = self
                    .moves
                    .iter()
                    .map(|(name, moves)| (name.clone(), json!([0, ORDER, page(moves)])))
                    .collect();
                let online: Value =
                    self.seen.iter().map(|(name, at)| (name.clone(), json!(epoch(*at)))).collect();
                json!({"info": info, "online": online})
            }
            _ => {
                let mut data = json!({});
                let mut last = since;
                for (name, moves) in &self.moves {
                    let new: Vec<Value> = moves
                        .iter()
                        .filter(|(at, _)| epoch(*at) > since)
                        .map(|(at, page)| json!([epoch(*at), false, "int", page.to_string(), "show_page"]))
                        .collect();
                    if !new.is_empty() {
                        data[name.as_str()] = json!({"show_page": new});
                        last = moves.iter().map(|(at, _)| epoch(*at)).fold(last, f64::max);
                    }
                }
                json!({"data": data, "last_update": last})
            }
        }
    }
}

pub(super) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_second(BEGIN).unwrap() + SignedDuration::from_secs_f64(seconds)
}

pub(super) fn epoch(seconds: f64) -> f64 {
    BEGIN as f64 + seconds
}
