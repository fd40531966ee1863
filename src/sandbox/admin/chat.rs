//! The admin chat: one with each player, which stays.

use serde_json::{Map, Value, json};

use super::{
    Call,
    body::Check,
    no_player,
    reply::{Answered, Refusal, ok, refuse},
};
use crate::{
    api::Generation,
    sandbox::{
        Push, Sandbox, context,
        session::{Chat, Message, Session},
    },
};

/// How much of the last message the overview shows, in characters.
const START: usize = 80;

impl Sandbox {
    pub(super) fn list_chats(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let chats = session.players.keys().map(|uname| (uname.to_string(), summary(session, uname)));
        ok(&chats.collect::<Map<_, _>>())
    }

    /// Before 0.8 there is a chat with anybody, player or not.
    pub(super) fn read_chat(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        self.check_one(session, call.second())?;
        ok(&thread(session, call.second()))
    }

    pub(super) fn write_chat(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let said = Said::of(&mut check);
        check.done()?;
        let uname = call.second();
        self.check_one(self.session_named(call.name())?, uname)?;
        self.say(call.now, call.name(), uname, &said)?;
        ok(&thread(self.session_named(call.name())?, uname))
    }

    pub(super) fn broadcast(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, said) = (check.unames(), Said::of(&mut check));
        check.done()?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        let mut threads = Vec::new();
        for uname in &unames {
            self.say(call.now, &sname, uname, &said)?;
            threads.push(thread(self.session_named(&sname)?, uname));
        }
        ok(&json!({"sent_count": threads.len(), "players": threads}))
    }

    pub(super) fn set_replies(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let enabled = check.flag("enabled");
        check.done()?;
        self.check_one(self.session_named(call.name())?, call.second())?;
        ok(&self.allow(call.now, call.name(), call.second(), enabled)?)
    }

    pub(super) fn set_replies_of_all(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, enabled) = (check.unames(), check.flag("enabled"));
        check.done()?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        let mut players = Vec::new();
        for uname in &unames {
            players.push(self.allow(call.now, &sname, uname, enabled)?);
        }
        ok(&json!({"enabled": enabled, "players": players}))
    }

    fn check_one(&self, session: &Session, uname: &str) -> Result<(), Refusal> {
        if self.generation == Generation::Newest && !session.players.contains_key(uname) {
            return no_player(uname, &session.name);
        }
        Ok(())
    }

    /// Nothing but spaces is refused, before 0.8 with a failure when the chat is there already.
    fn say(&mut self, now: f64, sname: &str, uname: &str, said: &Said) -> Result<(), Refusal> {
        let text = said.message.trim().to_owned();
        if text.is_empty() && self.generation == Generation::Newest {
            return refuse(400, "Admin chat message cannot be empty");
        }
        self.open_chat(now, sname, uname);
        if text.is_empty() {
            return Err(Refusal::Broken);
        }
        if let Some(enabled) = said.enable_replies {
            self.let_answer(now, sname, uname, enabled);
        }
        let id = self.uuid();
        if let Some(chat) = self.sessions.get_mut(sname).and_then(|session| session.chats.get_mut(uname)) {
            chat.messages.push(Message { id, time: now, text: text.clone() });
        }
        self.push(now, sname, uname, Push::Message(text));
        Ok(())
    }

    /// To forbid answers where there is no chat makes none.
    fn allow(&mut self, now: f64, sname: &str, uname: &str, enabled: bool) -> Result<Value, Refusal> {
        if enabled || self.session_named(sname)?.chats.contains_key(uname) {
            self.open_chat(now, sname, uname);
            self.let_answer(now, sname, uname, enabled);
        }
        let mut thread = thread(self.session_named(sname)?, uname);
        thread["kind"] = json!("state");
        Ok(thread)
    }

    fn let_answer(&mut self, now: f64, sname: &str, uname: &str, enabled: bool) {
        if let Some(chat) = self.sessions.get_mut(sname).and_then(|session| session.chats.get_mut(uname)) {
            chat.enabled = enabled;
        }
        self.write(now, sname, uname, "_uproot_adminchat_replies", enabled.into(), context::CHAT);
    }

    fn open_chat(&mut self, now: f64, sname: &str, uname: &str) {
        let taken = |sandbox: &Self, id: &str| {
            sandbox.sessions.get(sname).is_some_and(|s| s.chats.values().any(|chat| chat.id == id))
        };
        if self.sessions.get(sname).is_none_or(|session| session.chats.contains_key(uname)) {
            return;
        }
        let id = self.token(5, &taken);
        self.write(
            now,
            sname,
            uname,
            "_uproot_adminchat",
            json!({"sname": sname, "mname": id}).into(),
            context::CHAT,
        );
        if let Some(session) = self.sessions.get_mut(sname) {
            session.chats.insert(uname.to_owned(), Chat { id, enabled: false, messages: Vec::new() });
        }
    }
}

/// What the admin says.
struct Said {
    message: String,
    enable_replies: Option<bool>,
}

impl Said {
    fn of(check: &mut Check<'_>) -> Self {
        Self { message: check.text("message"), enable_replies: check.optional_flag("enable_replies") }
    }
}

fn summary(session: &Session, uname: &str) -> Value {
    let chat = session.chats.get(uname);
    let last = chat.and_then(|chat| chat.messages.last());
    let start = last.map(|message| match message.text.char_indices().nth(START) {
        Some((end, _)) => format!("{}…", &message.text[..end]),
        None => message.text.clone(),
    });
    json!({
        "chat_id": chat.map(|chat| &chat.id), "enabled": chat.is_some_and(|chat| chat.enabled),
        "has_messages": last.is_some(), "message_count": chat.map_or(0, |chat| chat.messages.len()),
        "last_message_at": last.map(|message| message.time), "last_sender": last.map(|_| "admin"),
        "last_message_text": start,
    })
}

fn thread(session: &Session, uname: &str) -> Value {
    let player = session.players.get(uname);
    let chat = session.chats.get(uname);
    let messages = chat.into_iter().flat_map(|chat| {
        chat.messages.iter().map(|message| {
            json!({
                "cname": chat.id, "id": message.id, "sender": ["admin", ""], "time": message.time,
                "text": message.text, "can_reply": null,
            })
        })
    });
    json!({
        "player": {
            "uname": uname, "id": player.map(|player| player.id),
            "label": player.map_or("", |player| &*player.label),
            "show_page": player.map_or(-1, |player| player.show_page),
            "page_order": player.map(|player| player.page_order.to_vec()).unwrap_or_default(),
        },
        "chat": summary(session, uname),
        "messages": messages.collect::<Vec<_>>(),
    })
}
