//! ntfy: a topic.

use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use super::{
    Failure, Message,
    deliver::post_json,
    text::{shorten, shorten_bytes},
    verdict::bad_secret,
};
use crate::environment::Request;

/// A longer message becomes an attachment (<https://docs.ntfy.sh/publish/#limitations>).
const LONGEST: usize = 4096;
/// The longest title, so that it fits on a phone.
const LONGEST_TITLE: usize = 200;

pub(super) fn request(
    server: &Url,
    topic: &SecretString,
    token: Option<&SecretString>,
    message: &Message,
) -> Result<Request, Failure> {
    // As JSON, to the root of the server, since headers could not hold every character
    // (<https://docs.ntfy.sh/publish/#publish-as-json>).
    let mut body = json!({
        "topic": topic.expose_secret(),
        "title": shorten(&message.title, LONGEST_TITLE),
        "message": shorten_bytes(&message.text, LONGEST),
        // 3 is the usual one, 5 the highest.
        "priority": if message.urgent { 5 } else { 3 },
    });
    if message.text.is_empty() {
        // An empty message would be shown as "triggered".
        body["message"] = json!(message.title);
    }
    if let Some((label, url)) = &message.link {
        body["click"] = json!(url);
        body["actions"] = json!([{ "action": "view", "label": label, "url": url }]);
    }
    let mut request = post_json(&SecretString::from(server.as_str().to_owned()), &body)?;
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
        let mut value = value.map_err(|_| bad_secret("the token"))?;
        value.set_sensitive(true);
        request.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}
