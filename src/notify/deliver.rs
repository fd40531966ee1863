//! Handing one message over to a service, and hearing what it says.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    Failure, Message, Whose, discord, email, mattermost, ntfy, slack, teams, telegram, verdict, webhook,
};
use crate::{
    config::{Channel, Service},
    domain::ChannelName,
    environment::{Environment, Request, Scope},
};

/// How long a service may take to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const LARGEST: usize = 4 * 1024 * 1024;

/// Hands a message over, once. What was sent is not taken back when the scope ends.
pub fn deliver(
    env: &dyn Environment,
    channel: &Channel,
    message: &Message,
    scope: &Scope,
) -> Result<(), Failure> {
    let request = match &channel.service {
        Service::Slack { url } => slack::request(url, message),
        Service::Mattermost { url } => mattermost::request(url, message),
        Service::Discord { url } => discord::request(url, message),
        Service::Teams { url } => teams::request(url, message),
        Service::Telegram { server, token, chat } => telegram::request(server, token, chat, message),
        Service::Ntfy { server, topic, token } => ntfy::request(server, topic, token.as_ref(), message),
        Service::Webhook { url, authorization } => webhook::request(url, authorization.as_ref(), message),
        Service::Email(settings) => return email::send(settings, message),
    };
    verdict::read(&channel.service, env.execute(request?, scope))
}

/// A message to try a channel with.
pub fn sample(channel: &ChannelName, at: Timestamp) -> Message {
    Message {
        // Each try is a message of its own; the numbers of notices are much smaller.
        id: at.as_millisecond(),
        title: "Uproctor".to_owned(),
        text: format!("This is a test of the channel \"{channel}\": it works."),
        link: None,
        urgent: false,
        channel: channel.clone(),
        at: at.as_millisecond(),
        kind: "test",
    }
}

/// A request with a body of JSON, to an address that is a secret.
pub(super) fn post_json(url: &SecretString, body: &Value) -> Result<Request, Failure> {
    // The configuration has looked at it; what a rehearsal has in its place is none.
    let url = Url::parse(url.expose_secret())
        .map_err(|_| Failure::new(Whose::Channel, "the address of this channel is none"))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Request {
        method: Method::POST,
        url,
        headers,
        body: Some(Bytes::from(body.to_string())),
        lane: None,
        timeout: TIMEOUT,
        sees_it_through: true,
        fresh_until: None,
        max_answer: LARGEST,
    })
}
