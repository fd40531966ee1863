//! Rooms: made, changed, opened and closed, parted from their sessions, deleted.

use serde_json::{Map, Value, json};

use super::{
    Call,
    body::Check,
    is_name,
    reply::{Answered, Refusal, created, ok, refuse},
    sessions::has_twice,
};
use crate::{
    api::Generation,
    sandbox::{Sandbox, session::Room, value::Py},
};

/// The longest a label may be, in characters.
const LONGEST_LABEL: usize = 128;

/// The answer to a change of a room: more than its name, since 0.1.
fn more(detail: Value, key: &str, value: impl Into<Value>) -> Value {
    let mut detail = detail;
    detail[key] = value.into();
    detail
}

impl Sandbox {
    /// By name, in the order of the alphabet.
    pub(super) fn list_rooms(&self) -> Answered {
        ok(&self.plain_rooms())
    }

    pub(super) fn plain_rooms(&self) -> Map<String, Value> {
        let mut names: Vec<&String> = self.rooms.keys().collect();
        names.sort();
        let listed = |name: &String| Some((name.clone(), listed(name, self.rooms.get(name)?)));
        names.into_iter().filter_map(listed).collect()
    }

    pub(super) fn describe_room(&self, call: &Call) -> Answered {
        self.room(call.name())?;
        ok(&self.room_detail(call.name())?)
    }

    pub(super) fn room(&self, name: &str) -> Result<&Room, Refusal> {
        match self.rooms.get(name) {
            Some(room) => Ok(room),
            None if self.generation == Generation::Newest => refuse(404, "Room not found"),
            None => refuse(400, "Invalid room"),
        }
    }

    /// All there is to say about a room. The server fails if its session is none.
    fn room_detail(&self, name: &str) -> Result<Value, Refusal> {
        let room = self.rooms.get(name).ok_or(Refusal::Broken)?;
        let mut detail = listed(name, room);
        if self.generation == Generation::Contract {
            return Ok(detail);
        }
        let template = format!("/room/{name}/?label={{label}}");
        detail["urls"] = json!({"room": format!("/room/{name}/"), "label_template": template});
        if let Some(sname) = &room.session {
            let session = self.sessions.get(sname.as_str()).ok_or(Refusal::Broken)?;
            detail["n_players"] = session.players.len().into();
        }
        Ok(detail)
    }

    /// What is answered when something was done to a room: in 0.0.x only its name.
    fn done(&self, name: &str, what: &str) -> Result<Value, Refusal> {
        match self.generation {
            Generation::Contract => Ok(json!({"name": name, what: true})),
            Generation::Toggling | Generation::Newest => Ok(more(self.room_detail(name)?, what, true)),
        }
    }

    pub(super) fn post_room(&mut self, call: &Call) -> Answered {
        let contract = self.generation == Generation::Contract;
        let mut check = call.body.check()?;
        let name = check.some_text("name");
        let mut room = settings_of(&mut check);
        let said = if contract { Some(check.flag_or_no("open")) } else { check.optional_flag("open") };
        room.session = check.optional_text("sname");
        check.done()?;
        let sname = room.session.clone().filter(|sname| !sname.is_empty());
        room.open = said.unwrap_or(sname.is_some());
        self.check_room_config(&room)?;
        if let Some(sname) = &sname {
            self.check_available(sname, &name)?;
        }
        if self.rooms.contains_key(&name) {
            return refuse(400, "Room name already exists");
        }
        self.check_room(&name, &room)?;
        self.rooms.insert(name.clone(), room);
        if let Some(sname) = &sname {
            self.associate(call.now, sname, Some(&name));
        }
        created(&self.done(&name, "created")?)
    }

    /// 0.0.x sets what is left out back to nothing; later generations keep it.
    pub(super) fn patch_room(&mut self, call: &Call) -> Answered {
        let contract = self.generation == Generation::Contract;
        let mut check = call.body.check()?;
        let mut new = settings_of(&mut check);
        let given = ["config", "labels", "capacity", "open"].map(|key| check.has(key));
        let said = if contract { Some(check.flag_or_no("open")) } else { check.optional_flag("open") };
        let sname = if contract { None } else { check.optional_text("sname") };
        check.done()?;
        let sname = sname.filter(|sname| !sname.is_empty());
        let name = call.name();
        self.room(name)?;
        if contract {
            self.check_room_config(&new)?;
        } else if let Some(sname) = &sname {
            self.check_available(sname, name)?;
        }
        let current = self.room(name)?;
        if current.session.is_some() {
            return refuse(400, "Cannot edit room settings while a session is associated");
        }
        let [config, labels, capacity, open] = given;
        if contract {
            new.open = said.unwrap_or_default();
        } else {
            if open && said.is_none() {
                return refuse(400, "open cannot be null");
            }
            new.config = if config { new.config } else { current.config.clone() };
            new.labels = if labels { new.labels } else { current.labels.clone() };
            new.capacity = if capacity { new.capacity } else { current.capacity };
            new.open = said.unwrap_or(sname.is_some() || current.open);
            new.session.clone_from(&sname);
            self.check_room_config(&new)?;
        }
        self.check_room(name, &new)?;
        if let Some(room) = self.rooms.get_mut(name) {
            new.waiting = std::mem::take(&mut room.waiting);
            *room = new;
        }
        if let Some(sname) = &sname {
            self.associate(call.now, sname, Some(name));
        }
        ok(&self.done(name, "updated")?)
    }

    fn check_room_config(&self, room: &Room) -> Result<(), Refusal> {
        match room.config.as_deref().filter(|config| !config.is_empty()) {
            Some(config) => self.check_config(config),
            None => Ok(()),
        }
    }

    /// Whether there is such a session, and since 0.1 whether it is in no other room.
    fn check_available(&self, sname: &str, name: &str) -> Result<(), Refusal> {
        let session = self.session_named(sname)?;
        if self.generation == Generation::Contract {
            return Ok(());
        }
        let elsewhere =
            self.rooms.iter().any(|(other, room)| other != name && room.session.as_deref() == Some(sname));
        if elsewhere || session.room.as_ref().is_some_and(|room| room != name) {
            return refuse(400, "Session is already associated with another room");
        }
        Ok(())
    }

    /// Whether name and labels are fit. 0.0.x fails where later generations say why, and fewer things are looked at.
    fn check_room(&self, name: &str, room: &Room) -> Result<(), Refusal> {
        let newest = self.generation == Generation::Newest;
        let mut why = (!is_name(name)).then_some("Room name is invalid");
        for label in room.labels.iter().flatten() {
            let of_label = if newest && label.is_empty() {
                Some("Room labels must not be empty")
            } else if label.chars().count() > LONGEST_LABEL {
                Some("Room labels must be no longer than 128 characters")
            } else if newest && !is_name(label) {
                Some("Room labels contain invalid characters")
            } else {
                None
            };
            why = why.or(of_label);
        }
        if newest && has_twice(room.labels.as_deref().unwrap_or_default()) {
            why = why.or(Some("Room labels must be unique"));
        }
        match why {
            None => Ok(()),
            Some(_) if self.generation == Generation::Contract => Err(Refusal::Broken),
            Some(why) => refuse(400, why),
        }
    }

    /// Writes into a session which room it is in.
    pub(super) fn associate(&mut self, now: f64, sname: &str, room: Option<&str>) {
        let room = room.map(str::to_owned);
        let written = room.clone().map_or(Py::NONE, Py::from);
        self.set_session(now, sname, "room", written, |session| session.room = room);
    }

    pub(super) fn delete_room(&mut self, call: &Call) -> Answered {
        let name = call.name();
        if self.room(name)?.session.is_some() {
            return refuse(400, "Cannot delete room while a session is associated");
        }
        self.rooms.shift_remove(name);
        ok(&json!({"name": name, "deleted": true}))
    }

    /// Parts a room from its session. It stays open.
    pub(super) fn disassociate(&mut self, call: &Call) -> Answered {
        let name = call.name();
        if self.room(name)?.session.is_none() {
            return refuse(400, "Room has no associated session");
        }
        self.part(call.now, name);
        ok(&self.done(name, "disassociated")?)
    }

    fn part(&mut self, now: f64, name: &str) {
        let sname = self.rooms.get_mut(name).and_then(|room| room.session.take());
        if let Some(sname) = sname {
            self.associate(now, &sname, None);
        }
    }

    pub(super) fn open_room(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let open = check.flag("open");
        check.done()?;
        let name = call.name();
        let room = self.room(name)?;
        if open && room.session.is_none() && room.config.is_none() {
            return refuse(400, "Cannot open a room that has no associated session or config");
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.open = open;
        }
        ok(&more(self.room_detail(name)?, "open", open))
    }

    pub(super) fn set_room_capacity(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let capacity = check.number_or_null("capacity", 1);
        check.done()?;
        self.room(call.name())?;
        if let Some(room) = self.rooms.get_mut(call.name()) {
            room.capacity = capacity;
        }
        ok(&self.room_detail(call.name())?)
    }

    pub(super) fn close_room(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let parts = check.flag_or_no("disassociate");
        check.done()?;
        let name = call.name();
        if self.room(name)?.session.is_some() {
            if !parts {
                return refuse(
                    400,
                    "Cannot close room while a session is associated; pass disassociate=true to disassociate first",
                );
            }
            self.part(call.now, name);
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.open = false;
        }
        ok(&more(self.done(name, "closed")?, "disassociated", parts))
    }

    /// Who waits in a room, by label, and when each was last seen.
    pub(super) fn list_waiting(&self, call: &Call) -> Answered {
        let room = self.room(call.name())?;
        let seen = room
            .waiting
            .iter()
            .filter_map(|(label, presence)| Some((label.clone(), presence.last_seen(call.now)?.into())));
        ok(&json!({"info": {}, "online": seen.collect::<Map<String, Value>>()}))
    }
}

/// What a body says about a room, apart from its name, whether it is open, and its session.
fn settings_of(check: &mut Check<'_>) -> Room {
    Room {
        config: check.optional_text("config"),
        labels: check.optional_texts("labels"),
        capacity: check.optional_number("capacity", 1),
        ..Room::default()
    }
}

fn listed(name: &str, room: &Room) -> Value {
    json!({
        "name": name, "config": room.config, "labels": room.labels, "capacity": room.capacity,
        "open": room.open, "sname": room.session,
    })
}
