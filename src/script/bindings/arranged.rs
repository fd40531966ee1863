//! What `players::` has for an admin who arranges things: deadlines, groups, first pages.

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

/// The functions, to be added to those of `players::`.
pub(super) fn module() -> Module {
    exported_module!(arranged)
}

#[export_module]
mod arranged {
    use rhai::{Map, NativeCallContext};
    use serde_json::json;

    use super::{
        super::{context, options, players as names, session},
        seconds,
    };
    use crate::{
        api::{Call, Endpoint},
        script::{
            error::{RhaiResultOf, bad_argument},
            records::to_dynamic,
        },
    };

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
