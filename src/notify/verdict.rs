//! What an answer of a service means: it has the message, it may take it later, or somebody has to do something.

use std::time::Duration;

use http::{HeaderMap, header};
use serde_json::Value;

use super::{
    telegram,
    text::{one_line, shorten},
};
use crate::{
    config::Service,
    environment::{Response, TransportError, TransportReason},
};

/// The longest that a service's wish to be left alone is kept to.
const LONGEST_WAIT: Duration = Duration::from_hours(6);
/// How much of what a service says is told.
const SAID: usize = 200;

/// A message that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where the reason lies.
    pub whose: Whose,
    /// What happened, in a sentence.
    pub why: String,
    /// What a person can do about it.
    pub help: Option<String>,
    /// How long the service wants to be left alone.
    pub after: Option<Duration>,
}

/// Where the reason for a failure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// With the network or the service: it may work later, by itself.
    Service,
    /// With the channel: its token, its address, its chat. A person has to mend it.
    Channel,
    /// With this very message: it would never be taken.
    Message,
}

impl Failure {
    pub(super) fn new(whose: Whose, why: impl Into<String>) -> Self {
        Self { whose, why: why.into(), help: None, after: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Both sentences.
    pub fn told(&self) -> String {
        match &self.help {
            Some(help) => format!("{}: {help}", self.why),
            None => self.why.clone(),
        }
    }
}

/// A secret that cannot be used.
pub(super) fn bad_secret(what: &str) -> Failure {
    Failure::new(Whose::Channel, format!("{what} has characters that no header may hold"))
        .help("copy it once more, all of it and nothing else")
}

/// What became of a request to a service.
pub(super) fn read(service: &Service, answer: Result<Response, TransportError>) -> Result<(), Failure> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let failure = Failure::new(Whose::Service, error.message.clone());
            return Err(match error.reason {
                TransportReason::Connect => failure.help("is the address right, and is the network there?"),
                _ => failure,
            });
        }
    };
    if answer.status < 300 {
        return Ok(());
    }
    Err(refused(service, &answer))
}

fn refused(service: &Service, answer: &Response) -> Failure {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let (said, after) = said(service, &body, &answer.body);
    let kind = service.kind();
    let why = match said.as_str() {
        "" => format!("{kind} answered {}", answer.status),
        said => format!("{kind} answered {} ({said})", answer.status),
    };
    let whose = match answer.status {
        400 if said.contains("chat not found") || said.contains("chat_id is empty") => Whose::Channel,
        400 | 413 | 422 => Whose::Message,
        401 | 403 | 404 | 405 | 410 => Whose::Channel,
        // Redirects are not followed: what they lead to need not be whom the message is for.
        300..=399 => Whose::Channel,
        _ => Whose::Service,
    };
    let mut failure = Failure::new(whose, why);
    failure.help = help(service, answer.status, &said).map(str::to_owned);
    let after = after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    failure.after = after.or_else(|| retry_after(&answer.headers)).map(|after| after.min(LONGEST_WAIT));
    failure
}

/// What a service says in the body of its refusal, and how many seconds it wants to be left alone.
fn said(service: &Service, body: &Value, bytes: &[u8]) -> (String, Option<f64>) {
    let told = match service {
        Service::Telegram { .. } => telegram::told(body),
        // Seconds with a fraction, while the header has them rounded up
        // (<https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>).
        Service::Discord { .. } => {
            body["message"].as_str().map(|said| (said.to_owned(), body["retry_after"].as_f64()))
        }
        Service::Ntfy { .. } => body["error"].as_str().map(|said| (said.to_owned(), None)),
        Service::Mattermost { .. } => body["message"].as_str().map(|said| (said.to_owned(), None)),
        Service::Teams { .. } => body["error"]["message"].as_str().map(|said| (said.to_owned(), None)),
        Service::Slack { .. } | Service::Email(_) | Service::Webhook { .. } => None,
    };
    let (said, after) = told.unwrap_or_else(|| (String::from_utf8_lossy(bytes).into_owned(), None));
    // A whole page says nothing in a line.
    let said = if said.trim_start().starts_with('<') { String::new() } else { said };
    (shorten(&one_line(&said), SAID), after)
}

/// Seconds; a date is rare enough to be passed over (<https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn help(service: &Service, status: u16, said: &str) -> Option<&'static str> {
    let renew = "make a new webhook there, and put its address in the place of the old one";
    Some(match (service, status) {
        (_, 429) => return None,
        (Service::Slack { .. }, 410) => "the channel was archived: make a webhook for another one",
        (Service::Slack { .. } | Service::Mattermost { .. } | Service::Discord { .. }, 400..=404 | 410)
            if status != 400 =>
        {
            renew
        }
        (Service::Teams { .. }, 400..=404 | 410) => {
            "is the workflow there, and turned on? make a new one, and put its address in the place of the old one"
        }
        (Service::Telegram { .. }, 401 | 404) => "the token is wrong: ask @BotFather for it with /mybots",
        (Service::Telegram { .. }, 400) if said.contains("chat") => {
            "`chat` is wrong, or nobody has written to the bot there yet"
        }
        (Service::Telegram { .. }, 403) => "the bot may not write there: add it to the chat again",
        (Service::Ntfy { .. }, 401) => "the token is wrong, or the server wants one: `token_env`",
        (Service::Ntfy { .. }, 403) => {
            "the token may not write to this topic, or the topic wants one: `token_env`"
        }
        (Service::Webhook { .. }, 401 | 403) => "is `authorization_env` right?",
        (Service::Webhook { .. }, 404 | 405) => "is the address right?",
        (_, 300..=399) => "the service has moved: put its new address in the place of the old one",
        _ => return None,
    })
}
