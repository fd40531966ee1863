//! `notify::`: telling people, through the channels of the configuration.

use std::time::Duration;

use rhai::{Dynamic, Map, Module, exported_module, plugin::*};
use serde_json::Value;

use super::{context, name, options};
use crate::{
    domain::{ChannelName, parse_duration},
    effects::{Telling, Told},
    script::error::{RhaiResultOf, bad_argument, raise_effect},
};

/// Within how long the same key is told once, unless the script says so.
const WITHIN: Duration = Duration::from_hours(1);
/// The longest title and the longest text, in characters: no chat shows more.
const LONGEST_TITLE: usize = 200;
const LONGEST_TEXT: usize = 4000;

/// The functions of `notify::`.
pub(super) fn module() -> Module {
    exported_module!(notify_)
}

fn telling(channel: &str, text: &str, more: &Map) -> RhaiResultOf<Telling> {
    let wrong = |message: &str| bad_argument("notify::send", message);
    let given = options("notify::send", more, &["title", "urgent", "key", "within"])?;
    let text_of = |key: &str| match given.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(&format!("`{key}` is a text in quotes"))),
    };
    let urgent = match given.get("urgent") {
        None => false,
        Some(Value::Bool(urgent)) => *urgent,
        Some(_) => return Err(wrong("`urgent` is true or false")),
    };
    let within = match text_of("within")? {
        None => WITHIN,
        Some(text) => parse_duration(&text).map_err(|error| wrong(&error.to_string()))?,
    };
    let title = text_of("title")?.unwrap_or_default();
    if title.trim().is_empty() && text.trim().is_empty() {
        return Err(wrong("there is nothing to tell: the text is empty"));
    }
    Ok(Telling {
        channel: name(ChannelName::new(channel))?,
        title: title.chars().take(LONGEST_TITLE).collect(),
        text: text.chars().take(LONGEST_TEXT).collect(),
        urgent,
        key: text_of("key")?,
        within: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
    })
}

fn send(ctx: &NativeCallContext, channel: &str, text: &str, more: &Map) -> RhaiResultOf<Map> {
    let context = context(ctx)?;
    context.before_writing("notify::send")?;
    let telling = telling(channel, text, more)?;
    let told = context.tools.door.tell(&context.actor, &telling, &context.tools.channels);
    let told = told.map_err(|error| raise_effect(error, "notify::send"))?;
    let (notice, why) = match told {
        Some(Told::Now(id)) => (Dynamic::from(id), None),
        Some(Told::Before(id)) => (Dynamic::from(id), Some("told_before")),
        None if context.actor.is_live() => (Dynamic::UNIT, Some("made_before")),
        None => (Dynamic::UNIT, Some(context.actor.kept_key())),
    };
    let mut answer = Map::from([("notice".into(), notice)]);
    answer.extend(why.map(|why| (why.into(), true.into())));
    Ok(answer)
}

#[export_module]
mod notify_ {
    use rhai::{Map, NativeCallContext};

    use super::send;
    use crate::script::error::RhaiResultOf;

    /// Tells people something, through `[channel.NAME]` of the configuration. It is kept until it has arrived, and the script
    /// does not wait for that. Gives `#{notice}`, its number, which `uproctor notify --all` shows. Needs `notify.send`.
    ///
    /// ```rhai
    /// notify::send("lab", "the session is full");
    /// ```
    #[rhai_fn(name = "send", volatile, return_raw)]
    pub fn send_text(ctx: NativeCallContext, channel: &str, text: &str) -> RhaiResultOf<Map> {
        send(&ctx, channel, text, &Map::new())
    }

    /// The same with options: `title`, `urgent` (true wakes people up, where the service can), `key` with `within` ("1h"): what
    /// was told with this key within that time is not told again, and the answer has `told_before`.
    ///
    /// ```rhai
    /// notify::send("lab", "p7 waits for p8", #{ title: "Blocked", urgent: true, key: "p7", within: "30m" });
    /// ```
    #[rhai_fn(name = "send", volatile, return_raw)]
    pub fn send_with(ctx: NativeCallContext, channel: &str, text: &str, more: Map) -> RhaiResultOf<Map> {
        send(&ctx, channel, text, &more)
    }
}
