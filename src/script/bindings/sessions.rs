//! `sessions::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `sessions::`.
pub(super) fn module() -> Module {
    exported_module!(sessions)
}

#[export_module]
mod sessions {
    use rhai::{Map, NativeCallContext};
    use serde_json::json;

    use super::super::{config, context, options, players, session, whole};
    use crate::{
        api::{Call, Endpoint},
        script::{
            error::RhaiResultOf,
            records::{Records, to_dynamic, to_json},
        },
    };

    /// All sessions, by name: records of `sname`, `config`, `active`, `room`, `description`, `n_players`, `n_groups`,
    /// `created` (epoch seconds).
    ///
    /// ```rhai
    /// for s in sessions::list() { log::info(s.sname + " has " + s.n_players + " players"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn list(ctx: NativeCallContext) -> RhaiResultOf<Records> {
        let run = context(&ctx)?;
        Ok(Records::new(run.read_json(&Call::new(Endpoint::SessionsList))?))
    }

    /// One session: `sname`, `config`, `active`, `testing`, `description`, `room`, `settings`, `n_players`, `n_groups`,
    /// `n_models`, `apps`.
    ///
    /// ```rhai
    /// if !sessions::get("monday").active { skip("it is closed"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn get(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsGet).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// Creates a session and gives `#{sname, created}`. Needs `sessions.create`.
    ///
    /// ```rhai
    /// let s = sessions::create("dictator", 4);
    /// ```
    #[rhai_fn(name = "create", volatile, return_raw)]
    pub fn create(ctx: NativeCallContext, config_name: &str, n_players: i64) -> RhaiResultOf<Dynamic> {
        create_with(ctx, config_name, n_players, Map::new())
    }

    /// Creates a session with options: `sname` (a name of its own, so that a repetition is refused instead of making a
    /// second one), `unames` (an array of player names, as many as players), `settings` (a map). Needs `sessions.create`.
    ///
    /// ```rhai
    /// sessions::create("dictator", 4, #{ sname: "evening-1", settings: #{ stake: 10 } });
    /// ```
    #[rhai_fn(name = "create", volatile, return_raw)]
    pub fn create_with(
        ctx: NativeCallContext,
        config_name: &str,
        n_players: i64,
        more: Map,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let mut body = options("sessions::create", &more, &["sname", "unames", "settings"])?;
        body.insert("config".to_owned(), json!(config(config_name)?));
        body.insert("n_players".to_owned(), json!(whole("sessions::create", "n_players", n_players)?));
        let mut call = Call::new(Endpoint::SessionsCreate);
        if body.remove("unames").is_some()
            && let Some(names) = more.get("unames")
        {
            call = call.players(&players(names)?);
        }
        Ok(to_dynamic(&run.write(call.body(body))?))
    }

    /// Sets whether a session is active and gives `#{active}`. Writes nothing where it is so already. Needs
    /// `sessions.active`.
    ///
    /// ```rhai
    /// sessions::set_active("monday", false);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn set_active(ctx: NativeCallContext, session_name: &str, active: bool) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsActive).session(&session(session_name)?);
        Ok(to_dynamic(&run.write(call.body([("active".to_owned(), json!(active))].into_iter().collect()))?))
    }

    /// Flips whether a session is active and gives `#{active}`. `set_active` is the safe one: a second flip undoes the
    /// first. Needs `sessions.active`.
    ///
    /// ```rhai
    /// sessions::toggle_active("monday");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn toggle_active(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsActive).session(&session(session_name)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Sets whether a session is a test and gives `#{testing}`. Writes nothing where it is so already. Needs
    /// `sessions.testing`.
    ///
    /// ```rhai
    /// sessions::set_testing("pilot", true);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn set_testing(ctx: NativeCallContext, session_name: &str, testing: bool) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsTesting).session(&session(session_name)?);
        Ok(to_dynamic(&run.write(call.body([("testing".to_owned(), json!(testing))].into_iter().collect()))?))
    }

    /// Flips whether a session is a test and gives `#{testing}`. `set_testing` is the safe one. Needs
    /// `sessions.testing`.
    ///
    /// ```rhai
    /// sessions::toggle_testing("pilot");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn toggle_testing(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsTesting).session(&session(session_name)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Sets a session's description; an empty text clears it. Gives `#{description}`. Needs `sessions.description`.
    ///
    /// ```rhai
    /// sessions::set_description("monday", "second wave");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn set_description(
        ctx: NativeCallContext,
        session_name: &str,
        description: &str,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsDescription)
            .session(&session(session_name)?)
            .body([("description".to_owned(), json!(description))].into_iter().collect());
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Replaces all settings of a session: what the map does not name is gone. Gives `#{settings}`. Needs
    /// `sessions.settings`.
    ///
    /// ```rhai
    /// let settings = sessions::get("monday").settings;
    /// settings.stake = 20;
    /// sessions::set_settings("monday", settings);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn set_settings(ctx: NativeCallContext, session_name: &str, settings: Map) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let settings = to_json(&settings.into())?;
        let call = Call::new(Endpoint::SessionsSettings)
            .session(&session(session_name)?)
            .body([("settings".to_owned(), settings)].into_iter().collect());
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Runs what the apps do with a new session (`new_session`), which else happens when the first player comes. Gives
    /// `#{initialized}`; a session where it has run is refused. Since uproot 0.1. Needs `sessions.initialize`.
    ///
    /// ```rhai
    /// sessions::initialize("monday");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn initialize(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsInitialize).session(&session(session_name)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// All players with their links, as the admin's view of many screens has them: `#{sname, players}`, each of `id`,
    /// `uname`, `label`, `url` (a path on the server). Since uproot 0.1.
    ///
    /// ```rhai
    /// for p in sessions::multiview("monday").players { log::info(p.uname + ": " + p.url); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn multiview(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::SessionsMultiview).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }
}
