//! Slack: an incoming webhook.

use secrecy::SecretString;
use serde_json::json;

use super::{Failure, Message, deliver::post_json, text::shorten};
use crate::environment::Request;

/// Slack cuts a message after 40,000 characters; a chat wants far less
/// (<https://docs.slack.dev/changelog/2018-truncating-really-long-messages/>).
const LONGEST: usize = 4000;

pub(super) fn request(url: &SecretString, message: &Message) -> Result<Request, Failure> {
    let mut parts = Vec::new();
    if !message.title.is_empty() {
        parts.push(format!("*{}*", escape(&message.title)));
    }
    if !message.text.is_empty() {
        parts.push(escape(&shorten(&message.text, LONGEST)));
    }
    if let Some((label, url)) = &message.link {
        parts.push(format!("<{}|{}>", escape(url), escape(label)));
    }
    post_json(url, &json!({ "text": parts.join("\n") }))
}

/// `&`, `<` and `>` are the three characters that Slack reads in a text: links, and calls such as `<!channel>`
/// (<https://docs.slack.dev/messaging/formatting-message-text/#escaping>).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
