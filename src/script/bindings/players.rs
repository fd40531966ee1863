//! `players::`

use rhai::{Module, exported_module, plugin::*};

use crate::{
    domain::parse_duration,
    script::error::{RhaiResultOf, bad_argument},
};

/// A number of seconds, or a duration such as "2m" or "-30s".
fn seconds(value: &Dynamic) -> RhaiResultOf<f64> {
    let function = "players::timeout";
    if let Ok(whole) = value.as_int() {
        return Ok(whole as f64);
    }
    if let Some(number) = value.as_float().ok().filter(|number| number.is_finite()) {
        return Ok(number);
    }
    let wrong = || bad_argument(function, "give a number of seconds, or a text such as \"2m\" or \"-30s\"");
    let text = value.clone().into_immutable_string().map_err(|_| wrong())?;
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text.as_str()), |text| (-1.0, text));
    let duration = parse_duration(text).map_err(|error| bad_argument(function, &error.to_string()))?;
    Ok(sign * duration.as_secs_f64())
}

/// The functions of `players::`.
pub(super) fn module() -> Module {
    exported_module!(players)
}

#[export_module]
mod players {
    use rhai::{Array, Map, NativeCallContext};
    use serde_json::json;

    use super::{
        super::{context, options, players as names, session},
        seconds,
    };
    use crate::{
        api::{Call, Endpoint},
        script::{
            error::{RhaiResultOf, bad_argument},
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
        Ok(Records::new(run.read_json(&call)?))
    }

    /// The players of a session with these fields only. A field that the server does not know is `()`.
    ///
    /// ```rhai
    /// let paid = players::list("monday", ["payoff", "label"]);
    /// ```
    #[rhai_fn(name = "list", volatile, return_raw)]
    pub fn list_fields(ctx: NativeCallContext, session_name: &str, fields: Array) -> RhaiResultOf<Records> {
        let run = context(&ctx)?;
        let mut call = Call::new(Endpoint::PlayersList).session(&session(session_name)?);
        for field in fields {
            let field = field
                .into_immutable_string()
                .map_err(|_| bad_argument("players::list", "fields are an array of texts"))?;
            call = call.query("fields", field.as_str());
        }
        Ok(Records::new(run.read_json(&call)?))
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

    /// Moves the deadline of the page that players are on, and gives `#{adjusted, delta, refused}`. `more_time` is a number
    /// of seconds, or a text such as "2m"; less than zero takes time away. It counts from the present deadline; a page
    /// without one gets one, that long from now. Each player only if still on the page that this run has seen; `refused`
    /// says why for those who are not. Since uproot 0.1. Needs `players.timeout`.
    ///
    /// ```rhai
    /// players::list("monday");
    /// players::timeout("monday", "ABC", "2m");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn timeout(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        more_time: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersTimeout)
            .session(&session(session_name)?)
            .players(&names(&players)?)
            .body([("delta".to_owned(), json!(seconds(&more_time)?))].into_iter().collect());
        Ok(to_dynamic(&run.write(call)?))
    }

    /// Groups players: "same_group" makes one new group of them, "reset" takes them out of theirs. Gives `#{action,
    /// players}` with `group_name` or `players_reset`. Whoever waits to be grouped goes on at once. Whoever comes to a
    /// page that makes groups loses the one they had, and an old group still counts those who were taken out of it: group
    /// those who wait, or where the app makes no groups itself. Since uproot 0.1. Needs `players.group`.
    ///
    /// ```rhai
    /// players::group("monday", ["A", "B"], "same_group");
    /// ```
    #[rhai_fn(name = "group", volatile, return_raw)]
    pub fn group(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        action: &str,
    ) -> RhaiResultOf<Dynamic> {
        group_with(ctx, session_name, players, action, Map::new())
    }

    /// Groups players, with options: `group_size` (for the action "by_size": new groups of so many, in the order of the
    /// names; it has to divide their number), `shuffle` (true: in an order drawn at random), `reload` (true: their pages
    /// are loaded again). Gives `group_names` too. Since uproot 0.1. Needs `players.group`.
    ///
    /// ```rhai
    /// players::group("monday", ["A", "B", "C", "D"], "by_size", #{ group_size: 2, shuffle: true });
    /// ```
    #[rhai_fn(name = "group", volatile, return_raw)]
    pub fn group_with(
        ctx: NativeCallContext,
        session_name: &str,
        players: Dynamic,
        action: &str,
        more: Map,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let mut body = options("players::group", &more, &["group_size", "shuffle", "reload"])?;
        let wrong = |message: &str| Err(bad_argument("players::group", message));
        if !["same_group", "reset", "by_size"].contains(&action) {
            return wrong(&format!("{action:?} is none of \"same_group\", \"reset\", \"by_size\""));
        }
        if (action == "by_size") != body.contains_key("group_size") {
            return wrong("`group_size` goes with \"by_size\", and with nothing else");
        }
        body.insert("action".to_owned(), json!(action));
        let call =
            Call::new(Endpoint::PlayersGroup).session(&session(session_name)?).players(&names(&players)?);
        Ok(to_dynamic(&run.write(call.body(body))?))
    }

    /// Does for players who have not come yet what the server does at their first visit: their apps' `new_player` runs,
    /// their pages are laid out. Gives `#{initialized, refused}`; whoever has pages already is refused, since the server
    /// would lay them out anew. Since uproot 0.1. Needs `players.initialize`.
    ///
    /// ```rhai
    /// players::initialize("monday", ["A", "B"]);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn initialize(ctx: NativeCallContext, session_name: &str, players: Dynamic) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PlayersInitialize)
            .session(&session(session_name)?)
            .players(&names(&players)?);
        Ok(to_dynamic(&run.write(call)?))
    }
}
