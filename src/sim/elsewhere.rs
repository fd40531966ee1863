//! Other servers than uproot's: what a test lets them answer, and what was sent to them. Nothing leaves a rehearsal.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::stage::Micros;
use crate::{
    config,
    environment::{Request, Response},
};

/// See the module.
#[derive(Default)]
pub(super) struct Elsewhere {
    answers: Vec<Answer>,
    requests: Vec<(Micros, Value)>,
}

/// What a server answers.
struct Answer {
    /// To which method; to any where none is named.
    method: Option<Method>,
    /// To addresses that begin so.
    address: String,
    status: u16,
    body: String,
}

impl Elsewhere {
    /// From now on this is answered to an address, `https://HOST/...`, or one that begins so; `POST https://...` is about one
    /// method. The answer is JSON, a text, or `#{status, body}`. The error says what is wrong with it.
    pub(super) fn set(&mut self, address: &str, answer: &Value) -> Result<(), String> {
        let (method, plain) = method_and_address(address);
        host_of(address)?;
        let (status, body) = match (answer["status"].as_u64(), answer.as_object()) {
            (Some(status), Some(map)) if map.keys().all(|key| key == "status" || key == "body") => {
                let valid = u16::try_from(status).ok().filter(|status| (200..600).contains(status));
                let status = valid.ok_or_else(|| format!("{status} is no status of an answer"))?;
                (status, map.get("body").cloned().unwrap_or_else(|| json!({})))
            }
            _ => (200, answer.clone()),
        };
        let body = match body {
            Value::String(text) => text,
            body => body.to_string(),
        };
        self.answers.retain(|known| known.method != method || known.address != plain);
        self.answers.push(Answer { method, address: plain.to_owned(), status, body });
        Ok(())
    }

    /// Notes a request and answers it: as was said for the longest beginning of its address, else with an empty object. Gives
    /// what to say of it in the journal too.
    pub(super) fn answer(&mut self, at: Micros, request: &Request) -> (Response, String) {
        let (method, url) = (&request.method, request.url.as_str());
        let fits = |answer: &&Answer| {
            url.starts_with(&answer.address) && answer.method.as_ref().is_none_or(|wanted| wanted == method)
        };
        let found = self.answers.iter().filter(fits).max_by_key(|a| (a.address.len(), a.method.is_some()));
        let (status, body) = found.map_or((200, "{}"), |answer| (answer.status, answer.body.as_str()));
        let told = match found {
            Some(_) => format!("not sent in a rehearsal; answered with {status}"),
            None => "not sent in a rehearsal; answered with {}".to_owned(),
        };
        let sent = request.body.as_ref().map(|body| {
            serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)))
        });
        let noted = json!({"method": method.as_str(), "url": url, "body": sent, "status": status});
        let response = Response { status, headers: HeaderMap::new(), body: body.to_owned().into() };
        self.requests.push((at, noted));
        (response, told)
    }

    /// What was sent, oldest first, with `at` in seconds since `start`.
    pub(super) fn requests(&self, start: Micros) -> Vec<Value> {
        let told = |(at, request): &(Micros, Value)| {
            let mut request = request.clone();
            request["at"] = json!((at - start) as f64 / 1e6);
            request
        };
        self.requests.iter().map(told).collect()
    }
}

fn method_and_address(address: &str) -> (Option<Method>, &str) {
    match address.split_once(' ') {
        Some((method, rest)) => (Method::from_bytes(method.as_bytes()).ok(), rest.trim()),
        None => (None, address),
    }
}

/// The host of an address as `[http."HOST"]` names it.
pub(super) fn host_of(address: &str) -> Result<String, String> {
    let (_, plain) = method_and_address(address);
    let url = url::Url::parse(plain).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    url.as_ref().and_then(config::host_of).ok_or_else(|| {
        format!("{address:?} is no address: write it like \"https://api.example.org/things/\"")
    })
}
