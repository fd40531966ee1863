//! Requests to other servers than uproot's, as far as the configuration lists them.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use super::{Actor, Door, EffectError, claim::Way, resume::same, step::not_sent_text};
use crate::{
    config::{HttpSection, host_of},
    domain::{Capability, Effect, EffectState},
    environment::{Request, Response, TransportError},
};

/// The longest an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer.
const LARGEST: usize = 8 * 1024 * 1024;

/// A request, without the secrets that the configuration adds; as JSON a plan keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    /// The address.
    pub url: String,
    /// What the script gives as headers.
    pub headers: BTreeMap<String, String>,
    /// The body; `None` to only read.
    pub body: Option<String>,
    /// How a body is sent.
    #[serde(default)]
    pub verb: Verb,
}

/// How a body is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// As something new.
    #[default]
    Post,
    /// As a change of what is there.
    Patch,
}

impl Verb {
    fn method(self) -> Method {
        match self {
            Self::Post => Method::POST,
            Self::Patch => Method::PATCH,
        }
    }

    fn capability(self) -> &'static str {
        match self {
            Self::Post => "http.post",
            Self::Patch => "http.patch",
        }
    }
}

impl Outgoing {
    /// What the ledger says of it: neither the query nor the body, which may hold what is nobody's business; but whether it is the same.
    fn shown(&self, url: &Url) -> serde_json::Value {
        let body = self.body.as_deref().unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [&self.url, body] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let hash = hex::encode(&hash.finalize()[..8]);
        json!({ "url": url.as_str(), "bytes": body.len(), "hash": hash })
    }

    /// The request as it leaves: to a host of the list, with the authorization that is configured for it.
    pub fn request(&self, hosts: &HttpSection) -> Result<Request, EffectError> {
        let bad = |message: String| EffectError::Bad(message);
        let url =
            Url::parse(&self.url).map_err(|error| bad(format!("{:?} is no address: {error}", self.url)))?;
        let host = host_of(&url).unwrap_or_default();
        let Some(settings) = hosts.get(&host) else {
            return Err(EffectError::Refused(format!(
                "http:: may not reach {host}: add [http.\"{host}\"] to the configuration if it is meant to"
            )));
        };
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            let scheme = url.scheme();
            return Err(EffectError::Refused(format!(
                "http:: speaks https, and http only to this machine: {scheme}"
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let why = "an address of http:: holds no user name and no password";
            return Err(EffectError::Refused(why.to_owned()));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
            let (name, value) = parsed.ok_or_else(|| bad(format!("the header {name:?} is not valid")))?;
            headers.insert(name, value);
        }
        if let Some(authorization) = &settings.authorization {
            let mut value = HeaderValue::try_from(authorization.expose_secret()).map_err(|_| {
                EffectError::Refused(format!(
                    "the authorization for {host} has characters that no header may hold"
                ))
            })?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        if self.body.is_some() {
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        Ok(Request {
            method: if self.body.is_some() { self.verb.method() } else { Method::GET },
            url,
            headers,
            body: self.body.clone().map(Bytes::from),
            lane: None,
            timeout: TIMEOUT,
            sees_it_through: self.body.is_some(),
            fresh_until: None,
            max_answer: LARGEST,
        })
    }
}

/// What became of a request to another server.
#[derive(Debug)]
pub enum Posted {
    /// It was sent.
    Now(Result<Response, TransportError>),
    /// It was not sent: in a dry run, or since it waits for a person.
    Kept,
    /// It was sent by the run in whose place this one goes on, or may have been.
    Before,
}

impl Door {
    /// Sends one request to another server, once: not again where the run goes on in the place of one that has sent it, or may have.
    pub fn post(
        &self,
        actor: &Actor,
        outgoing: &Outgoing,
        hosts: &HttpSection,
    ) -> Result<Posted, EffectError> {
        let name = outgoing.verb.capability();
        let Some(capability) = Capability::named(name) else {
            return Err(EffectError::Bad(format!("{name} is not known")));
        };
        actor.require(capability)?;
        actor.scope.check(self.env.now())?;
        let request = outgoing.request(hosts)?;
        self.admit_elsewhere(actor)?;
        let ordinal = actor.next_ordinal();
        let mut shown = request.url.clone();
        shown.set_query(None);
        let effect = Effect {
            ordinal,
            action: capability.to_string(),
            target: request.url.host_str().map(str::to_owned),
            player: None,
            arguments: outgoing.shown(&shown),
            precondition: None,
            irreversible: false,
            state: EffectState::Claimed,
            note: None,
        };
        if actor.before().take(|before| same(before, &effect)) {
            return Ok(Posted::Before);
        }
        if self.claim(actor, outgoing, vec![effect], None)? == Way::Keep {
            return Ok(Posted::Kept);
        }
        let answer = self.env.execute(request, &self.last_scope(actor));
        let (state, note) = match &answer {
            Ok(answer) if answer.status < 400 => (EffectState::Done, json!(answer.status).to_string()),
            Ok(answer) if answer.status < 500 => {
                (EffectState::Failed, format!("the server answered {}", answer.status))
            }
            Ok(answer) => (EffectState::Uncertain, format!("the server answered {}", answer.status)),
            Err(error) if error.sent => (EffectState::Uncertain, error.message.clone()),
            Err(error) => (EffectState::Failed, not_sent_text(&error.message)),
        };
        self.settle(actor.run, ordinal, None, state, Some(note))?;
        Ok(Posted::Now(answer))
    }
}
