//! Players: their fields, read and set, and who is where and online.

use serde_json::{Value, json};

use super::{
    Call, no_player,
    reply::{Answered, Refusal, ok, refuse, written},
    writer::Writer,
};
use crate::{
    api::Generation,
    sandbox::{Push, Sandbox, context, player::Player, session::Session, value::Py},
};

/// The fields that one gets without asking for any.
const DEFAULT: [&str; 5] = ["id", "page_order", "show_page", "started", "label"];

/// What a field that was asked for comes to.
enum Field<'a> {
    Value(Option<&'a Py>),
    /// The player's own name, which older forms give as a field.
    Name,
}

impl Sandbox {
    pub(super) fn list_players_of(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let fields = fields_of(call);
        let mut writer = Writer::with_capacity(128 * session.players.len());
        writer.open(b'{');
        for player in session.players.values() {
            writer.key(&player.name);
            self.write_fields(&mut writer, player, &fields)?;
        }
        writer.close(b'}');
        written(writer.finish())
    }

    pub(super) fn describe_player(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let uname = call.names.get(1).map_or("", String::as_str);
        let Some(player) = session.players.get(uname) else { return no_player(uname, &session.name) };
        let mut writer = Writer::default();
        self.write_fields(&mut writer, player, &fields_of(call))?;
        written(writer.finish())
    }

    fn write_fields(&self, writer: &mut Writer, player: &Player, fields: &[&str]) -> Result<(), Refusal> {
        writer.open(b'{');
        for field in fields {
            writer.key(field);
            match self.field_of(player, field)? {
                Field::Value(value) => writer.field(value),
                Field::Name => writer.value(&*player.name),
            }
        }
        writer.close(b'}');
        Ok(())
    }

    /// A field of a player. Some names are no fields but parts of the server's own object: they cannot be answered, or,
    /// in older forms, are answered for what they are.
    fn field_of<'a>(&self, player: &'a Player, field: &str) -> Result<Field<'a>, Refusal> {
        let newest = self.generation == Generation::Newest;
        match field {
            "session" | "others_in_group" | "other_in_group" => Err(Refusal::Broken),
            "group" if player.group.is_some() => Err(Refusal::Broken),
            "get" | "flush" | "refresh" if !newest => Err(Refusal::Broken),
            "name" if !newest => Ok(Field::Name),
            _ if self.generation == Generation::Contract && !is_identifier(field) => Err(Refusal::Broken),
            _ => Ok(Field::Value(player.storage.get(field))),
        }
    }

    pub(super) fn list_online(&self, call: &Call) -> Answered {
        self.places(call.name(), call.now)
    }

    /// Where all players of a session are: the answer to what was done to some.
    pub(super) fn places(&self, sname: &str, now: f64) -> Answered {
        let session = self.session_named(sname)?;
        let mut writer = Writer::with_capacity(64 * session.players.len());
        writer.open(b'{');
        write_online(&mut writer, session, now);
        writer.close(b'}');
        written(writer.finish())
    }

    pub(super) fn set_fields(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, fields) = (check.unames(), check.object("fields"));
        let reload = check.flag_or_no("reload");
        check.done()?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        if self.generation == Generation::Newest
            && let Some(field) = fields.keys().find(|field| !is_identifier(field))
        {
            let field = crate::sandbox::value::repr(&Value::String(field.clone()));
            return refuse(400, format!("Field name {field} is not a valid identifier"));
        }
        for uname in &unames {
            for (field, value) in &fields {
                // These are there, and cannot be set.
                if matches!(field.as_str(), "session" | "name" | "group") || !is_identifier(field) {
                    return Err(Refusal::Broken);
                }
                self.set_field(call.now, &sname, uname, field, value.clone().into());
            }
            if reload {
                self.push(call.now, &sname, uname, Push::Reload);
            }
        }
        ok(&json!({"updated": unames, "fields": fields.keys().collect::<Vec<_>>()}))
    }

    /// Sets a field of a player, or of a name that is nobody's: it then shows in the data, and not among the players.
    fn set_field(&mut self, now: f64, sname: &str, uname: &str, field: &str, value: Py) {
        if self.player(sname, uname).is_some() {
            self.write(now, sname, uname, field, value, context::FIELDS);
            return;
        }
        let at = self.stamp(now);
        if let Some(session) = self.sessions.get_mut(sname) {
            let phantom = session.phantoms.entry(uname.to_owned()).or_default();
            phantom.set(at, field, value, context::FIELDS);
        }
    }
}

/// Two keys: where everybody is (number, page order, page) and when those who are online were last seen.
pub(super) fn write_online(writer: &mut Writer, session: &Session, now: f64) {
    writer.key("info");
    writer.open(b'{');
    for player in session.players.values() {
        writer.key(&player.name);
        writer.open(b'[');
        writer.value(&player.id);
        writer.field(player.storage.get("page_order"));
        writer.field(player.storage.get("show_page"));
        writer.close(b']');
    }
    writer.close(b'}');
    writer.key("online");
    writer.open(b'{');
    for player in session.players.values() {
        if let Some(seen) = player.presence.last_seen(now) {
            writer.key(&player.name);
            writer.value(&seen);
        }
    }
    writer.close(b'}');
}

/// The fields that are asked for, each once.
fn fields_of(call: &Call) -> Vec<&str> {
    let mut fields: Vec<&str> = Vec::new();
    for field in call.query.all("fields") {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    if fields.is_empty() { DEFAULT.to_vec() } else { fields }
}

/// Whether Python would take it as the name of an attribute.
fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}
