//! A program of the user's own: one request with JSON.

use http::{HeaderValue, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Failure, Message, deliver::post_json, verdict::bad_secret};
use crate::environment::Request;

pub(super) fn request(
    url: &SecretString,
    authorization: Option<&SecretString>,
    message: &Message,
) -> Result<Request, Failure> {
    let id = format!("uproctor-{}", message.id);
    let body = json!({
        "id": id,
        "channel": message.channel,
        "kind": message.kind,
        "title": message.title,
        "text": message.text,
        "urgent": message.urgent,
        "link": message.link.as_ref().map(|(_, url)| url),
        "at": Timestamp::from_millisecond(message.at).unwrap_or_default().to_string(),
    });
    let mut request = post_json(url, &body)?;
    // A notice may come twice; the receiver knows it by its id, where Standard Webhooks look for it.
    if let Ok(id) = HeaderValue::try_from(id) {
        request.headers.insert("webhook-id", id);
    }
    if let Some(authorization) = authorization {
        let value = HeaderValue::try_from(authorization.expose_secret());
        let mut value = value.map_err(|_| bad_secret("the authorization"))?;
        value.set_sensitive(true);
        request.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}
