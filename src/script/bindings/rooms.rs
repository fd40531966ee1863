//! `rooms::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `rooms::`.
pub(super) fn module() -> Module {
    exported_module!(rooms)
}

#[export_module]
mod rooms {
    use rhai::{Map, NativeCallContext};
    use serde_json::json;

    use super::super::{config, context, options, players, room, whole};
    use crate::{
        api::{Call, Endpoint},
        script::{
            error::{RhaiResultOf, bad_argument},
            records::{Records, to_dynamic},
        },
    };

    /// All rooms, by name: records of `name`, `config`, `labels`, `capacity`, `open`, `sname`.
    ///
    /// ```rhai
    /// for r in rooms::list() { if r.sname == () { log::info(r.name + " is free"); } }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn list(ctx: NativeCallContext) -> RhaiResultOf<Records> {
        let run = context(&ctx)?;
        Ok(Records::new(run.read_json(&Call::new(Endpoint::RoomsList))?))
    }

    /// Creates a room and gives `#{name, created}`. Options: `config`, `labels` (an array), `capacity`, `open` (default
    /// false), `sname`. Needs `rooms.create`.
    ///
    /// ```rhai
    /// rooms::create("lab", #{ config: "dictator", capacity: 24 });
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn create(ctx: NativeCallContext, room_name: &str, more: Map) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let mut body = options("rooms::create", &more, &["config", "labels", "capacity", "open", "sname"])?;
        body.insert("name".to_owned(), json!(room(room_name)?));
        Ok(to_dynamic(&run.write(Call::new(Endpoint::RoomsCreate).body(body))?))
    }

    /// One room: `name`, `config`, `labels`, `capacity`, `open`, `sname`.
    ///
    /// ```rhai
    /// let session = rooms::get("lab").sname;
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn get(ctx: NativeCallContext, room_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::RoomsGet).room(&room(room_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// Changes a room without a session: `config`, `labels`, `capacity`, `open`. What is not named stays as it is, also
    /// on servers that would reset it. Gives `#{name, updated}`. Needs `rooms.update`.
    ///
    /// ```rhai
    /// rooms::update("lab", #{ open: true });
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn update(ctx: NativeCallContext, room_name: &str, changes: Map) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let body = options("rooms::update", &changes, &["config", "labels", "capacity", "open"])?;
        let call = Call::new(Endpoint::RoomsUpdate).room(&room(room_name)?).body(body);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Deletes a room without a session and gives `#{name, deleted}`. Needs `rooms.delete`.
    ///
    /// ```rhai
    /// rooms::delete("old-lab");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn delete(ctx: NativeCallContext, room_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.write(Call::new(Endpoint::RoomsDelete).room(&room(room_name)?))?))
    }

    /// Takes a room's session away from it and gives `#{name, disassociated}`. The room stays open. Needs
    /// `rooms.disassociate`.
    ///
    /// ```rhai
    /// rooms::disassociate("lab");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn disassociate(ctx: NativeCallContext, room_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.write(Call::new(Endpoint::RoomsDisassociate).room(&room(room_name)?))?))
    }

    /// Creates a session in a room and gives `#{sname, roomname, created}`. Needs `rooms.create_session`.
    ///
    /// ```rhai
    /// rooms::create_session("lab", "dictator", 24);
    /// ```
    #[rhai_fn(name = "create_session", volatile, return_raw)]
    pub fn create_session(
        ctx: NativeCallContext,
        room_name: &str,
        config_name: &str,
        n_players: i64,
    ) -> RhaiResultOf<Dynamic> {
        create_session_with(ctx, room_name, config_name, n_players, Map::new())
    }

    /// Creates a session in a room, with options: `sname`, `unames`, `assignees` (labels), `settings`, `no_grow`. Needs
    /// `rooms.create_session`.
    ///
    /// ```rhai
    /// rooms::create_session("lab", "dictator", 24, #{ sname: "evening-1", no_grow: true });
    /// ```
    #[rhai_fn(name = "create_session", volatile, return_raw)]
    pub fn create_session_with(
        ctx: NativeCallContext,
        room_name: &str,
        config_name: &str,
        n_players: i64,
        more: Map,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let known = ["sname", "unames", "assignees", "settings", "no_grow"];
        let mut body = options("rooms::create_session", &more, &known)?;
        body.insert("config".to_owned(), json!(config(config_name)?));
        body.insert("n_players".to_owned(), json!(whole("rooms::create_session", "n_players", n_players)?));
        let mut call = Call::new(Endpoint::RoomsCreateSession).room(&room(room_name)?);
        if body.remove("unames").is_some()
            && let Some(names) = more.get("unames")
        {
            call = call.players(&players(names)?);
        }
        Ok(to_dynamic(&run.write(call.body(body))?))
    }

    /// Who waits in a room: `#{info, online}`; `online` has, by label, when each was last seen (epoch seconds).
    ///
    /// ```rhai
    /// let waiting = rooms::online("lab").online.len();
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn online(ctx: NativeCallContext, room_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::RoomsOnline).room(&room(room_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// Opens a room: who comes is let in, into its session or into one of its configuration. Gives its settings. Needs
    /// `rooms.open`.
    ///
    /// ```rhai
    /// rooms::open("lab");
    /// ```
    #[rhai_fn(name = "open", volatile, return_raw)]
    pub fn open(ctx: NativeCallContext, room_name: &str) -> RhaiResultOf<Dynamic> {
        set_open(ctx, room_name, true)
    }

    /// Sets whether a room lets people in, and leaves its session with it: with false, who comes waits. Gives its settings.
    /// Needs `rooms.open`.
    ///
    /// ```rhai
    /// rooms::open("lab", false);
    /// ```
    #[rhai_fn(name = "open", volatile, return_raw)]
    pub fn set_open(ctx: NativeCallContext, room_name: &str, open: bool) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let body = [("open".to_owned(), json!(open))].into_iter().collect();
        Ok(to_dynamic(&run.write(Call::new(Endpoint::RoomsOpen).room(&room(room_name)?).body(body))?))
    }

    /// Closes a room without a session and gives `#{name, closed, disassociated}`. Needs `rooms.close`.
    ///
    /// ```rhai
    /// rooms::close("lab");
    /// ```
    #[rhai_fn(name = "close", volatile, return_raw)]
    pub fn close(ctx: NativeCallContext, room_name: &str) -> RhaiResultOf<Dynamic> {
        close_with(ctx, room_name, Map::new())
    }

    /// Closes a room, with the option `disassociate` (true: it is parted from its session first; without that, a room with
    /// a session is refused). Gives `#{name, closed, disassociated}`. Needs `rooms.close`.
    ///
    /// ```rhai
    /// rooms::close("lab", #{ disassociate: true });
    /// ```
    #[rhai_fn(name = "close", volatile, return_raw)]
    pub fn close_with(ctx: NativeCallContext, room_name: &str, more: Map) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let body = options("rooms::close", &more, &["disassociate"])?;
        Ok(to_dynamic(&run.write(Call::new(Endpoint::RoomsClose).room(&room(room_name)?).body(body))?))
    }

    /// Sets how many a room takes, also while it has a session; `()` is for any number. Gives its settings. Since uproot
    /// 0.1. Needs `rooms.capacity`.
    ///
    /// ```rhai
    /// rooms::capacity("lab", 24);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn capacity(ctx: NativeCallContext, room_name: &str, capacity: Dynamic) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let wrong = || bad_argument("rooms::capacity", "it is a number from 1 on, or () for any number");
        let most = match (capacity.is_unit(), capacity.as_int()) {
            (true, _) => None,
            (false, Ok(most)) if most >= 1 => Some(most),
            _ => return Err(wrong()),
        };
        let body = [("capacity".to_owned(), json!(most))].into_iter().collect();
        Ok(to_dynamic(&run.write(Call::new(Endpoint::RoomsCapacity).room(&room(room_name)?).body(body))?))
    }
}
