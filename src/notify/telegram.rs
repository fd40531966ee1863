//! Telegram: a bot.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::{Failure, Message, deliver::post_json, text::without_calls};
use crate::environment::Request;

/// The longest text (<https://core.telegram.org/bots/api#sendmessage>).
const LONGEST: usize = 4096;

pub(super) fn request(
    server: &Url,
    token: &SecretString,
    chat: &str,
    message: &Message,
) -> Result<Request, Failure> {
    let address =
        format!("{}/bot{}/sendMessage", server.as_str().trim_end_matches('/'), token.expose_secret());
    // The text is not parsed; what is bold is said beside it, in units of UTF-16
    // (<https://core.telegram.org/bots/api#messageentity>).
    let message = Message {
        title: without_calls(&message.title),
        text: without_calls(&message.text),
        ..message.clone()
    };
    let units = message.title.encode_utf16().count();
    let mut text = message.plain(LONGEST);
    // Characters beyond the first plane are two units each.
    let mut longest = LONGEST;
    while text.encode_utf16().count() > LONGEST && longest > 0 {
        longest -= (text.encode_utf16().count() - LONGEST).min(longest);
        text = message.plain(longest);
    }
    let mut body = json!({
        "chat_id": chat,
        "text": text,
        "disable_notification": false,
        "link_preview_options": { "is_disabled": true },
    });
    if units > 0 {
        body["entities"] = json!([{ "type": "bold", "offset": 0, "length": units }]);
    }
    post_json(&SecretString::from(address), &body)
}

/// What the Bot API says went wrong, and for how long it wants to be left alone
/// (<https://core.telegram.org/bots/api#making-requests>, <https://core.telegram.org/bots/api#responseparameters>).
pub(super) fn told(body: &Value) -> Option<(String, Option<f64>)> {
    let description = body["description"].as_str()?;
    Some((description.to_owned(), body["parameters"]["retry_after"].as_f64()))
}
