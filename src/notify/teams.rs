//! Microsoft Teams: a workflow that posts what its webhook brings, as an Adaptive Card.

use secrecy::SecretString;
use serde_json::json;

use super::{Failure, Message, deliver::post_json, text::shorten};
use crate::environment::Request;

/// A message with its card has at most 28 KB
/// (<https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>).
const LONGEST: usize = 4000;
/// Each line is a block of its own, which takes room too.
const LINES: usize = 60;

pub(super) fn request(url: &SecretString, message: &Message) -> Result<Request, Failure> {
    // A `TextBlock` reads Markdown; a `TextRun` shows what it is given
    // (<https://adaptivecards.io/explorer/TextRun.html>).
    let block = |text: &str, style: serde_json::Value| {
        let mut run = json!({ "type": "TextRun", "text": text });
        if let (Some(run), Some(style)) = (run.as_object_mut(), style.as_object()) {
            run.extend(style.clone());
        }
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let mut body = Vec::new();
    if !message.title.is_empty() {
        let colour = if message.urgent { "attention" } else { "default" };
        body.push(block(&message.title, json!({ "weight": "bolder", "size": "medium", "color": colour })));
    }
    for line in shorten(&message.text, LONGEST).lines().take(LINES) {
        body.push(block(line, json!({})));
    }
    let actions: Vec<_> = message
        .link
        .iter()
        .map(|(label, url)| json!({ "type": "Action.OpenUrl", "title": label, "url": url }))
        .collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    });
    let body = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    });
    post_json(url, &body)
}
