//! Mattermost: an incoming webhook.

use secrecy::SecretString;
use serde_json::json;

use super::{
    Failure, Message,
    deliver::post_json,
    text::{escape, shorten, without_calls},
};
use crate::environment::Request;

/// A post of Mattermost has at most 16,383 characters, and those of webhooks are split beyond
/// (<https://developers.mattermost.com/integrate/webhooks/incoming/>).
const LONGEST: usize = 4000;

/// What Markdown reads (<https://docs.mattermost.com/collaborate/format-messages.html>).
const SPECIAL: [char; 15] = ['\\', '&', '`', '*', '_', '{', '}', '[', ']', '<', '>', '#', '~', '|', '!'];

pub(super) fn request(url: &SecretString, message: &Message) -> Result<Request, Failure> {
    let mut parts = Vec::new();
    // Nothing in a request turns off `@channel`, `@all` and `@here`, so that the text must not hold them.
    let shown = |text: &str| without_calls(&escape(text, &SPECIAL));
    if !message.title.is_empty() {
        parts.push(format!("**{}**", shown(&message.title)));
    }
    if !message.text.is_empty() {
        parts.push(shown(&shorten(&message.text, LONGEST)));
    }
    if let Some((label, url)) = &message.link {
        parts.push(format!("[{label}]({url})"));
    }
    post_json(url, &json!({ "text": parts.join("\n") }))
}
