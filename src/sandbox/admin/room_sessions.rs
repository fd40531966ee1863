//! Sessions that start in a room.

use serde_json::json;

use super::{
    Call,
    reply::{Answered, Refusal, created, refuse},
    sessions::{NewSession, has_twice},
};
use crate::{
    api::Generation,
    sandbox::{Sandbox, context},
};

impl Sandbox {
    /// Starts a session in a room and opens it. What is checked, and in which order, differs in every generation.
    pub(super) fn start_in_room(&mut self, call: &Call) -> Answered {
        let generation = self.generation;
        let mut check = call.body.check()?;
        let config = match generation {
            Generation::Newest => check.optional_text("config").unwrap_or_default(),
            Generation::Contract | Generation::Toggling => check.text("config"),
        };
        let n_players = check.number("n_players", self.fewest_players());
        let assignees = check.optional_texts("assignees").unwrap_or_default();
        let settings = check.optional_object("settings");
        let (sname, unames) = (check.optional_text("sname"), check.optional_texts("unames"));
        let no_grow = check.flag_or_no("no_grow");
        let simulate = generation != Generation::Contract && check.flag_or_no("simulate");
        check.done()?;

        let name = call.name();
        let mut new =
            NewSession { config, n_players, sname, unames, settings, simulate, room: Some(name.to_owned()) };
        let room = self.room(name)?;
        if generation == Generation::Newest {
            self.check_free(name)?;
            if new.config.is_empty() {
                new.config = room.config.clone().unwrap_or_default();
            }
            if new.config.is_empty() {
                return refuse(400, "No config given and room has no default config");
            }
        }
        self.check_config(&new.config)?;
        self.check_unames(&new)?;
        self.check_assignees(n_players, &assignees)?;
        self.check_free(name)?;

        let sname = self.make_session(call.now, &new)?;
        if let Some(room) = self.rooms.get_mut(name) {
            room.session = Some(sname.to_string());
            room.open = true;
            if no_grow {
                room.capacity = Some(n_players);
            }
        }
        let players = self.make_players(call.now, &sname, n_players, new.unames)?;
        for (uname, label) in players.iter().zip(assignees) {
            self.write(call.now, &sname, uname, "label", label.into(), context::CREATE_PLAYERS);
        }
        if generation == Generation::Contract {
            return created(&json!({"sname": &*sname, "roomname": name, "created": true}));
        }
        let mut detail = self.session_detail(self.session_named(&sname)?);
        detail["roomname"] = name.into();
        detail["created"] = true.into();
        created(&detail)
    }

    fn check_free(&self, room: &str) -> Result<(), Refusal> {
        match &self.room(room)?.session {
            Some(_) => refuse(400, "Room already has an active session"),
            None => Ok(()),
        }
    }

    /// Whether there is a player for each label: 0.0.x leaves out those that are too many.
    fn check_assignees(&self, n_players: u64, assignees: &[String]) -> Result<(), Refusal> {
        if self.generation != Generation::Contract && assignees.len() as u64 > n_players {
            return refuse(400, "Number of assignees cannot exceed n_players");
        }
        if self.generation == Generation::Newest && has_twice(assignees) {
            return refuse(400, "Duplicate assignees");
        }
        Ok(())
    }
}
