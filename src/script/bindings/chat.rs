//! `chat::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `chat::`.
pub(super) fn module() -> Module {
    exported_module!(chat)
}

#[export_module]
mod chat {
    use std::slice::from_ref;

    use rhai::{Map, NativeCallContext};
    use serde_json::json;

    use super::super::{context, options, player, players as names, session};
    use crate::{
        api::{Call, Endpoint},
        script::{
            error::RhaiResultOf,
            records::{Records, to_dynamic},
        },
    };

    /// How the admin chat with each player stands, by name: records of `chat_id`, `enabled` (whether the player may
    /// answer), `has_messages`, `message_count`, `last_message_at` (epoch seconds), `last_sender` ("admin" or "player"),
    /// `last_message_text` (its first 80 characters). Since uproot 0.1.
    ///
    /// ```rhai
    /// for c in chat::overview("monday") { if c.last_sender == "player" { log::info(c.name + " waits for an answer"); } }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn overview(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Records> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::ChatOverview).session(&session(session_name)?);
        Ok(Records::new(run.read_json(&call)?))
    }

    /// The admin chat with one player: `#{player, chat, messages}`. Each message has `text`, `time` (epoch seconds), `id`
    /// and `sender`: `["admin", ""]`, or `["other", NAME]` where the player wrote it. Since uproot 0.1.
    ///
    /// ```rhai
    /// for m in chat::read("monday", "ABC").messages { log::info(m.sender[0] + ": " + m.text); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn read(ctx: NativeCallContext, session_name: &str, player_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::ChatRead).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call.players(from_ref(&player(player_name)?)))?))
    }

    /// Writes to a player in the admin chat and gives what `chat::read` gives. Unlike `players::message` it stays, and a
    /// player who comes later finds it. Since uproot 0.1. Needs `chat.send`.
    ///
    /// ```rhai
    /// chat::send("monday", "ABC", "Are you still there?");
    /// ```
    #[rhai_fn(name = "send", volatile, return_raw)]
    pub fn send(
        ctx: NativeCallContext,
        session_name: &str,
        player_name: &str,
        text: &str,
    ) -> RhaiResultOf<Dynamic> {
        send_with(ctx, session_name, player_name, text, Map::new())
    }

    /// The same with the option `enable_replies`: whether the player may answer from now on. Since uproot 0.1. Needs
    /// `chat.send`.
    ///
    /// ```rhai
    /// chat::send("monday", "ABC", "Is anything unclear?", #{ enable_replies: true });
    /// ```
    #[rhai_fn(name = "send", volatile, return_raw)]
    pub fn send_with(
        ctx: NativeCallContext,
        session_name: &str,
        player_name: &str,
        text: &str,
        more: Map,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let mut body = options("chat::send", &more, &["enable_replies"])?;
        body.insert("message".to_owned(), json!(text));
        let call = Call::new(Endpoint::ChatSend).session(&session(session_name)?);
        Ok(to_dynamic(&run.write(call.players(from_ref(&player(player_name)?)).body(body))?))
    }

    /// Writes the same to several players, each in a chat of their own, and gives `#{sent_count, players}`. Since uproot
    /// 0.1. Needs `chat.broadcast`.
    ///
    /// ```rhai
    /// chat::broadcast("monday", ["A", "B"], "We go on in five minutes.");
    /// ```
    #[rhai_fn(name = "broadcast", volatile, return_raw)]
    pub fn broadcast(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        text: &str,
    ) -> RhaiResultOf<Dynamic> {
        broadcast_with(ctx, session_name, players, text, Map::new())
    }

    /// The same with the option `enable_replies`: whether they may answer from now on. Since uproot 0.1. Needs
    /// `chat.broadcast`.
    ///
    /// ```rhai
    /// chat::broadcast("monday", ["A", "B"], "Any questions?", #{ enable_replies: true });
    /// ```
    #[rhai_fn(name = "broadcast", volatile, return_raw)]
    pub fn broadcast_with(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        text: &str,
        more: Map,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let mut body = options("chat::broadcast", &more, &["enable_replies"])?;
        body.insert("message".to_owned(), json!(text));
        let call =
            Call::new(Endpoint::ChatBroadcast).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call.body(body))?))
    }

    /// Sets whether players may answer in the admin chat and gives `#{enabled, players}`. Since uproot 0.1. Needs
    /// `chat.replies`.
    ///
    /// ```rhai
    /// chat::replies("monday", ["A", "B"], false);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn replies(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        enabled: bool,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::ChatReplies)
            .session(&session(session_name)?)
            .players(&names(&players)?)
            .body([("enabled".to_owned(), json!(enabled))].into_iter().collect());
        Ok(to_dynamic(&run.write(call)?))
    }
}
