//! `players::`

use rhai::{Array, Module, exported_module, plugin::*};

use crate::{
    api::Call,
    script::error::{RhaiResultOf, bad_argument},
};

/// A call that asks for these fields.
fn with_fields(mut call: Call, function: &str, fields: Array) -> RhaiResultOf<Call> {
    for field in fields {
        let field = field
            .into_immutable_string()
            .map_err(|_| bad_argument(function, "fields are an array of texts"))?;
        call = call.query("fields", field.as_str());
    }
    Ok(call)
}

/// The functions of `players::`.
pub(super) fn module() -> Module {
    let mut module = exported_module!(players);
    module.combine(super::arranged::module());
    module
}

#[export_module]
mod players {
    use std::slice::from_ref;

    use rhai::{Array, Map, NativeCallContext};
    use serde_json::json;

    use super::{
        super::{context, options, player, players as names, session},
        with_fields,
    };
    use crate::{
        api::{Call, Endpoint},
        environment::Priority,
        script::{
            error::RhaiResultOf,
            records::{Records, to_dynamic, to_json},
        },
    };

    /// The players of a session, by name: records of `name`, `id`, `page_order`, `show_page` (-1 before the first page,
    /// the number of pages at the end), `started`, `label`. A run may step a player on only from the page that it has
    /// seen here or in `players::online`.
    ///
    /// ```rhai
    /// for p in players::list("monday") { log::info(p.name + " is on page " + p.show_page); }
    /// ```
    #[rhai_fn(name = "list", volatile, return_raw)]
    pub fn list(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Records> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersList).session(&session(session_name)?);
        Ok(Records::of(run.read(&call, Priority::Read)?))
    }

    /// The players of a session with these fields only. A field that the server does not know is `()`.
    ///
    /// ```rhai
    /// let paid = players::list("monday", ["payoff", "label"]);
    /// ```
    #[rhai_fn(name = "list", volatile, return_raw)]
    pub fn list_fields(ctx: NativeCallContext, session_name: &str, fields: Array) -> RhaiResultOf<Records> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersList).session(&session(session_name)?);
        let call = with_fields(call, "players::list", fields)?;
        Ok(Records::of(run.read(&call, Priority::Read)?))
    }

    /// One player: a map of `name`, `id`, `page_order`, `show_page`, `started`, `label`. It counts as seen, as in
    /// `players::list`. Since uproot 0.8 the server is asked for this player only, which in a large session costs it much
    /// less; older ones are asked for all.
    ///
    /// ```rhai
    /// if players::get("monday", "ABC").show_page == 3 { players::advance("monday", "ABC"); }
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get(ctx: NativeCallContext, session_name: &str, player_name: &str) -> RhaiResultOf<Dynamic> {
        get_fields(ctx, session_name, player_name, Array::new())
    }

    /// One player with these fields only. A field that the server does not know is `()`.
    ///
    /// ```rhai
    /// let paid = players::get("monday", "ABC", ["payoff"]).payoff;
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get_fields(
        ctx: NativeCallContext,
        session_name: &str,
        player_name: &str,
        fields: Array,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersGet).session(&session(session_name)?);
        let call = with_fields(call.players(from_ref(&player(player_name)?)), "players::get", fields)?;
        let mut found = run.read_json(&call)?;
        found["name"] = json!(player_name);
        Ok(to_dynamic(&found))
    }

    /// Who is there: `#{info, online}`. `online` has, by name, when each player was last seen (epoch seconds of the
    /// server); a player who is not in it is not known to be there. `info` has, by name, `[id, page_order, show_page]`.
    ///
    /// ```rhai
    /// let here = players::online("monday").online;
    /// if "ABC" in here && now() - here["ABC"] < 30.0 { log::info("ABC is there"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn online(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersOnline).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// Sets fields of players and gives `#{updated, fields}`. Needs `players.fields`.
    ///
    /// ```rhai
    /// players::set_fields("monday", "ABC", #{ auto_filled: true });
    /// ```
    #[rhai_fn(name = "set_fields", volatile, return_raw)]
    pub fn set_fields(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        fields: Map,
    ) -> RhaiResultOf<Dynamic> {
        set_fields_with(ctx, session_name, players, fields, Map::new())
    }

    /// Sets fields of players, with the option `reload` (true: their pages are loaded again). Needs `players.fields`.
    ///
    /// ```rhai
    /// players::set_fields("monday", ["A", "B"], #{ treatment: 2 }, #{ reload: true });
    /// ```
    #[rhai_fn(name = "set_fields", volatile, return_raw)]
    pub fn set_fields_with(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        fields: Map,
        more: Map,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let mut body = options("players::set_fields", &more, &["reload"])?;
        body.insert("fields".to_owned(), to_json(&fields.into())?);
        let call =
            Call::new(Endpoint::PlayersFields).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call.body(body))?))
    }

    /// Steps players on by one page, each only if still on the page that this run has seen. Gives `#{advanced, moved,
    /// refused, dry_run}`: `moved` are those who went on by themselves, `refused` says why for each. One look allows one
    /// step. The page's fields stay unset: write defaults first where the page decides something. Needs
    /// `players.advance`.
    ///
    /// ```rhai
    /// let p = players::list("monday")["ABC"];
    /// if p.show_page == 3 { players::advance("monday", "ABC"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn advance(ctx: NativeCallContext, session_name: &str, players: Dynamic) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call =
            Call::new(Endpoint::PlayersAdvance).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Steps players back by one page, under the same conditions as `players::advance`. Gives `#{reverted, moved,
    /// refused, dry_run}`. Needs `players.revert`.
    ///
    /// ```rhai
    /// players::list("monday");
    /// players::revert("monday", "ABC");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn revert(ctx: NativeCallContext, session_name: &str, players: Dynamic) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call =
            Call::new(Endpoint::PlayersRevert).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Moves players to the end of the experiment, under the same conditions as `players::advance`. Gives `#{ended,
    /// moved, refused, dry_run}`. Needs `players.end`.
    ///
    /// ```rhai
    /// players::list("monday");
    /// players::end("monday", "ABC");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn end(ctx: NativeCallContext, session_name: &str, players: Dynamic) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call =
            Call::new(Endpoint::PlayersEnd).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Loads the pages of players again and gives `#{reloaded}`. Needs `players.reload`.
    ///
    /// ```rhai
    /// players::reload("monday", ["A", "B"]);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn reload(ctx: NativeCallContext, session_name: &str, players: Dynamic) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call =
            Call::new(Endpoint::PlayersReload).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Sends the browsers of players to another address and gives `#{redirected, url}`. Needs `players.redirect`.
    ///
    /// ```rhai
    /// players::redirect("monday", "ABC", "https://example.org/complete");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn redirect(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        url: &str,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersRedirect)
            .session(&session(session_name)?)
            .players(&names(&players)?)
            .body([("url".to_owned(), json!(url))].into_iter().collect());
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Shows players a message and gives `#{messaged}`. Only those who are there see it, and not while their
    /// page is loading: wait a moment after a reload. Needs `players.message`.
    ///
    /// ```rhai
    /// players::message("monday", "ABC", "Please decide: the others are waiting.");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn message(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        text: &str,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersMessage)
            .session(&session(session_name)?)
            .players(&names(&players)?)
            .body([("message".to_owned(), json!(text))].into_iter().collect());
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Marks players as dropped out and gives `#{marked_dropout}`. Since uproot 0.1 the server also lays out their pages
    /// anew: where an app has them in an order drawn at random, who comes back is on another page. Needs
    /// `players.dropout`.
    ///
    /// ```rhai
    /// players::mark_dropout("monday", "ABC");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn mark_dropout(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call =
            Call::new(Endpoint::PlayersDropout).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call)?))
    }
}
