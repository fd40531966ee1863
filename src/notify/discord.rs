//! Discord: a webhook.

use secrecy::SecretString;
use serde_json::json;

use super::{
    Failure, Message,
    deliver::post_json,
    text::{escape, shorten},
};
use crate::environment::Request;

/// The longest `content` (<https://discord.com/developers/docs/resources/webhook#execute-webhook>).
const LONGEST: usize = 2000;
/// Links are not unfolded into previews (`SUPPRESS_EMBEDS`, same place).
const NO_PREVIEWS: u32 = 1 << 2;

/// What Markdown reads, and `<`, with which mentions and emoji begin.
const SPECIAL: [char; 13] = ['\\', '`', '*', '_', '[', ']', '(', ')', '<', '>', '#', '~', '|'];

pub(super) fn request(url: &SecretString, message: &Message) -> Result<Request, Failure> {
    let shown = |text: &str| escape(text, &SPECIAL);
    let title = match shorten(&message.title, 200) {
        title if title.is_empty() => title,
        title => format!("**{}**\n", shown(&title)),
    };
    let link = message.link.as_ref().map(|(label, url)| format!("\n[{label}]({url})")).unwrap_or_default();
    let left = LONGEST.saturating_sub(title.chars().count() + link.chars().count());
    // Escaping makes it longer: what is cut is cut before, so that no backslash stands alone.
    let mut length = left;
    let mut text = shown(&shorten(&message.text, length));
    while text.chars().count() > left && length > 0 {
        length -= (text.chars().count() - left).min(length);
        text = shown(&shorten(&message.text, length));
    }
    let body = json!({
        "content": format!("{title}{text}{link}"),
        // Nobody is called, whatever the text says: not even by `@everyone` in a player's name.
        "allowed_mentions": { "parse": [] },
        "flags": NO_PREVIEWS,
    });
    post_json(url, &body)
}
