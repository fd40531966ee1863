//! Sessions: listed, described, made, set.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Call, is_name,
    reply::{Answered, Refusal, created, ok, refuse},
};
use crate::{
    api::Generation,
    sandbox::{Sandbox, context, moves::Plan, session::Session, value::Py},
};

/// What a new session is to be, from a body that was checked.
pub(super) struct NewSession {
    pub(super) config: String,
    pub(super) n_players: u64,
    pub(super) sname: Option<String>,
    pub(super) unames: Option<Vec<String>>,
    pub(super) settings: Option<Map<String, Value>>,
    pub(super) simulate: bool,
    pub(super) room: Option<String>,
}

impl Sandbox {
    pub(super) fn list_sessions(&self) -> Answered {
        ok(&self.sessions_where(|_| true))
    }

    /// Those for which `is_meant` holds, by name.
    pub(super) fn sessions_where(&self, is_meant: impl Fn(&Session) -> bool) -> Map<String, Value> {
        let listed = |session: &Session| {
            json!({
                "sname": &*session.name, "created": session.created, "active": session.active,
                "config": session.config, "room": session.room, "description": session.description,
                "n_players": session.players.len(), "n_groups": session.groups.len(),
            })
        };
        let meant = self.sessions.values().filter(|session| is_meant(session));
        meant.map(|session| (session.name.to_string(), listed(session))).collect()
    }

    pub(super) fn multiview(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let players = session.players.values().map(|player| {
            let url = format!("/p/{}/{}/", session.name, player.name);
            json!({"id": player.id, "uname": &*player.name, "label": &*player.label, "url": url})
        });
        ok(&json!({"sname": &*session.name, "players": players.collect::<Vec<_>>()}))
    }

    pub(super) fn describe_session(&self, call: &Call) -> Answered {
        ok(&self.session_detail(self.session_named(call.name())?))
    }

    /// All there is to say about a session: more since 0.1 than before.
    pub(super) fn session_detail(&self, session: &Session) -> Value {
        if self.generation == Generation::Contract {
            return json!({
                "sname": &*session.name, "config": session.config, "active": session.active,
                "testing": session.testing, "description": session.description, "room": session.room,
                "settings": session.settings, "n_players": session.players.len(),
                "n_groups": session.groups.len(), "n_models": 0, "apps": session.apps,
            });
        }
        let names: Vec<&str> = session.players.keys().map(|name| &**name).collect();
        let chats: Vec<&str> = session.chats.values().map(|chat| chat.id.as_str()).collect();
        let groups: Vec<&str> = session.groups.keys().map(|name| &**name).collect();
        json!({
            "sname": &*session.name, "config": session.config, "active": session.active,
            "testing": session.testing, "initialized": session.initialized, "simulate": session.simulate,
            "description": session.description, "room": session.room, "settings": session.settings,
            "secret": session.secret, "n_players": names.len(), "n_groups": groups.len(), "n_models": chats.len(),
            "players": names, "groups": groups, "models": chats, "apps": session.apps,
            "urls": {
                "session": format!("/s/{}/{}/", session.name, session.secret),
                "player_template": format!("/p/{}/{{uname}}/", session.name),
            },
        })
    }

    pub(super) fn post_session(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let new = NewSession {
            config: check.text("config"),
            n_players: check.number("n_players", self.fewest_players()),
            sname: check.optional_text("sname"),
            unames: check.optional_texts("unames"),
            settings: check.optional_object("settings"),
            simulate: self.generation != Generation::Contract && check.flag_or_no("simulate"),
            room: None,
        };
        check.done()?;
        self.check_config(&new.config)?;
        self.check_unames(&new)?;
        if new.sname.as_ref().is_some_and(|sname| self.sessions.contains_key(sname.as_str())) {
            return refuse(400, "Session name already exists");
        }
        let sname = self.make_session(call.now, &new)?;
        self.make_players(call.now, &sname, new.n_players, new.unames)?;
        created(&json!({"sname": &*sname, "created": true}))
    }

    /// How few players a new session may have.
    pub(super) fn fewest_players(&self) -> u32 {
        u32::from(self.generation == Generation::Contract)
    }

    /// In a body an unknown configuration is a bad request.
    pub(super) fn check_config(&self, config: &str) -> Result<(), Refusal> {
        match self.experiment.apps_of(config) {
            Some(_) => Ok(()),
            None => refuse(400, "Invalid configuration"),
        }
    }

    /// Whether names are given for as many players as there are to be: 0.0.x does not look, and only since 0.8 is a name
    /// given twice noticed before anything is made.
    pub(super) fn check_unames(&self, new: &NewSession) -> Result<(), Refusal> {
        let Some(unames) = new.unames.as_ref().filter(|_| self.generation != Generation::Contract) else {
            return Ok(());
        };
        if unames.len() as u64 != new.n_players {
            return refuse(400, "Number of player names must match n_players");
        }
        if self.generation == Generation::Newest && has_twice(unames) {
            return refuse(400, "Duplicate player names");
        }
        Ok(())
    }

    /// Makes a session without players. A name that is bad or taken makes older servers fail.
    pub(super) fn make_session(&mut self, now: f64, new: &NewSession) -> Result<Arc<str>, Refusal> {
        if let Some(sname) = &new.sname {
            let why = if self.sessions.contains_key(sname.as_str()) {
                "Constraint violation: Session name already exists".to_owned()
            } else if is_name(sname) {
                String::new()
            } else {
                let namespace = Py::from(json!(["session", sname])).text();
                let inside = namespace.trim_start_matches('[').trim_end_matches(']').to_owned();
                format!("Constraint violation: ({inside}) is an invalid namespace")
            };
            match self.generation {
                _ if why.is_empty() => {}
                Generation::Newest => return refuse(400, why),
                Generation::Contract | Generation::Toggling => return Err(Refusal::Broken),
            }
        }
        let of_config = || {
            let config = self.experiment.configs.get(&new.config);
            config.map(|config| config.settings.clone()).unwrap_or_default()
        };
        let plan = Plan {
            apps: self.experiment.apps_of(&new.config).unwrap_or_default(),
            config: new.config.clone(),
            sname: new.sname.clone(),
            settings: new.settings.clone().unwrap_or_else(of_config),
            simulate: new.simulate,
            room: new.room.clone(),
        };
        Ok(self.create_session(now, plan))
    }

    /// Makes the players of a new session. Names that are bad or there twice make the server fail, and the session stays
    /// behind without any.
    pub(super) fn make_players(
        &mut self,
        now: f64,
        sname: &str,
        number: u64,
        unames: Option<Vec<String>>,
    ) -> Result<Vec<Arc<str>>, Refusal> {
        let bad = |names: &Vec<String>| has_twice(names) || names.iter().any(|name| !is_name(name));
        if unames.as_ref().is_some_and(bad) {
            return Err(Refusal::Broken);
        }
        Ok(self.create_players(now, sname, number, unames))
    }

    pub(super) fn set_active(&mut self, call: &Call) -> Answered {
        let said = self.said_flag(call, "active")?;
        let sname = self.session_name(call)?;
        let active = said.unwrap_or_else(|| self.session_flag(&sname, |session| !session.active));
        self.set_session(call.now, &sname, "active", active.into(), |session| session.active = active);
        ok(&json!({"active": active}))
    }

    pub(super) fn set_testing(&mut self, call: &Call) -> Answered {
        let said = self.said_flag(call, "testing")?;
        let sname = self.session_name(call)?;
        let testing = said.unwrap_or_else(|| self.session_flag(&sname, |session| !session.testing));
        self.set_session(call.now, &sname, "_uproot_testing", testing.into(), |session| {
            session.testing = testing;
        });
        ok(&json!({"testing": testing}))
    }

    /// What the body says, where the server looks at it; before 0.8 the flag is turned over whatever is said.
    fn said_flag(&self, call: &Call, key: &str) -> Result<Option<bool>, Refusal> {
        if self.generation.toggles() {
            return Ok(None);
        }
        let mut check = call.body.check()?;
        let flag = check.flag(key);
        check.done()?;
        Ok(Some(flag))
    }

    fn session_flag(&self, sname: &str, read: impl Fn(&Session) -> bool) -> bool {
        self.sessions.get(sname).is_some_and(read)
    }

    /// Changes a session, and writes the change down.
    pub(super) fn set_session(
        &mut self,
        now: f64,
        sname: &str,
        field: &str,
        value: Py,
        change: impl FnOnce(&mut Session),
    ) {
        let at = self.stamp(now);
        if let Some(session) = self.sessions.get_mut(sname) {
            change(session);
            session.storage.set(at, field, value, context::SESSION);
        }
    }

    pub(super) fn set_description(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let description = check.text_or_empty("description");
        check.done()?;
        let sname = self.session_name(call)?;
        let description = Some(description).filter(|text| !text.is_empty());
        let written = description.clone().map_or(Py::NONE, Py::from);
        self.set_session(call.now, &sname, "description", written, |session| {
            session.description.clone_from(&description);
        });
        ok(&json!({"description": description}))
    }

    /// Settings are replaced as a whole. Before 0.8 they are passed on as named arguments, beside the session's name.
    pub(super) fn set_settings(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let settings = check.object("settings");
        check.done()?;
        let sname = self.session_name(call)?;
        if self.generation != Generation::Newest && settings.contains_key("sname") {
            return Err(Refusal::Broken);
        }
        let written = Value::Object(settings.clone()).into();
        self.set_session(call.now, &sname, "_uproot_settings", written, |session| {
            session.settings.clone_from(&settings);
        });
        ok(&json!({"settings": settings}))
    }
}

pub(super) fn has_twice(names: &[String]) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(names.len());
    !names.iter().all(|name| seen.insert(name))
}
