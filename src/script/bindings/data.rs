//! `data::`

use rhai::{Array, Map, Module, exported_module, plugin::*};

use super::{options, session};
use crate::{
    api::{Call, Endpoint},
    script::error::{RhaiResultOf, bad_argument},
};

/// The functions of `data::`.
pub(super) fn module() -> Module {
    exported_module!(data)
}

fn export(endpoint: Endpoint, function: &str, session_name: &str, more: &Map) -> RhaiResultOf<Call> {
    options(function, more, &["format", "gvar", "filters"])?;
    let wrong = |what: &str| bad_argument(function, what);
    let mut call = Call::new(endpoint).session(&session(session_name)?);
    if let Some(format) = more.get("format") {
        let format = format.clone().into_immutable_string().map_err(|_| wrong("format is a text"))?;
        call = call.query("format", format.as_str());
    }
    if let Some(gvar) = more.get("gvar") {
        let fields = gvar.read_lock::<Array>().ok_or_else(|| wrong("gvar is an array of texts"))?;
        for field in fields.iter() {
            let field =
                field.clone().into_immutable_string().map_err(|_| wrong("gvar is an array of texts"))?;
            call = call.query("gvar", field.as_str());
        }
    }
    if let Some(filters) = more.get("filters") {
        let filters = filters.as_bool().map_err(|_| wrong("filters is true or false"))?;
        call = call.query("filters", filters.to_string());
    }
    Ok(call)
}

#[export_module]
mod data {
    use rhai::{Map, NativeCallContext};

    use super::{
        super::{context, session},
        export,
    };
    use crate::{
        api::{Answer, Call, Endpoint},
        environment::Priority,
        script::{
            error::RhaiResultOf,
            records::{Records, Rows, to_dynamic},
        },
    };

    /// What players wrote since an instant (epoch seconds of the server; 0 for all): `#{data, last_update}`. `data` has,
    /// by player, for each field an array of `[time, unavailable, type, text, context]`, oldest first. Ask again with
    /// `last_update - 2` and pass over what you have seen: the server can leave out what is written at that very moment.
    ///
    /// ```rhai
    /// let changes = data::since("monday", 0.0);
    /// for p in changes.data { log::info(p.name); }
    /// ```
    #[rhai_fn(name = "since", volatile, return_raw)]
    pub fn since(ctx: NativeCallContext, session_name: &str, since: f64) -> RhaiResultOf<Map> {
        let run = context(&ctx)?;
        let call =
            Call::new(Endpoint::DataSince).session(&session(session_name)?).query("since", since.to_string());
        let mut answer = run.read_json(&call)?;
        let mut map = Map::new();
        map.insert("last_update".into(), to_dynamic(&answer["last_update"]));
        map.insert("data".into(), Dynamic::from(Records::new(answer["data"].take())));
        Ok(map)
    }

    /// The same, for an instant in whole seconds.
    ///
    /// ```rhai
    /// let all = data::since("monday", 0);
    /// ```
    #[rhai_fn(name = "since", volatile, return_raw)]
    pub fn since_whole(ctx: NativeCallContext, session_name: &str, since_: i64) -> RhaiResultOf<Map> {
        since(ctx, session_name, since_ as f64)
    }

    /// The session's data as rows of texts, one row a change. Exports hold the server up: not often.
    ///
    /// ```rhai
    /// files::write("monday.csv", csv::encode(data::csv("monday")));
    /// ```
    #[rhai_fn(name = "csv", volatile, return_raw)]
    pub fn csv(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Rows> {
        csv_with(ctx, session_name, Map::new())
    }

    /// The session's data as rows of texts, with options: `format` ("ultralong": a row a change, "sparse", or "latest": a
    /// row a player), `gvar` (an array of fields to group by), `filters` (true: leave out what is rarely wanted).
    ///
    /// ```rhai
    /// let rows = data::csv("monday", #{ format: "latest" });
    /// ```
    #[rhai_fn(name = "csv", volatile, return_raw)]
    pub fn csv_with(ctx: NativeCallContext, session_name: &str, more: Map) -> RhaiResultOf<Rows> {
        let run = context(&ctx)?;
        let call = export(Endpoint::DataCsv, "data::csv", session_name, &more)?;
        let table = run.read(&call, Priority::Export)?.table().unwrap_or_default();
        Ok(Rows::of_table(table))
    }

    /// The session's data as rows with numbers, truth values and lists as such.
    ///
    /// ```rhai
    /// for row in data::json("monday") { log::info(row["!field"]); }
    /// ```
    #[rhai_fn(name = "json", volatile, return_raw)]
    pub fn json(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Rows> {
        json_with(ctx, session_name, Map::new())
    }

    /// The session's data as rows with numbers, with the options of `data::csv`.
    ///
    /// ```rhai
    /// let rows = data::json("monday", #{ format: "latest", filters: true });
    /// ```
    #[rhai_fn(name = "json", volatile, return_raw)]
    pub fn json_with(ctx: NativeCallContext, session_name: &str, more: Map) -> RhaiResultOf<Rows> {
        let run = context(&ctx)?;
        let call = export(Endpoint::DataJson, "data::json", session_name, &more)?;
        match run.read(&call, Priority::Export)? {
            Answer::Rows(rows) => Ok(Rows::new(rows)),
            _ => Ok(Rows::new(Vec::new())),
        }
    }

    /// When each player entered and left each page: rows of texts with `sname`, `uname`, `show_page`, `page_name`,
    /// `entered`, `left` (epoch seconds; empty for the page they are on), `context`.
    ///
    /// ```rhai
    /// for visit in data::page_times("monday") { log::info(visit.uname + " " + visit.page_name); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn page_times(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Rows> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PageTimes).session(&session(session_name)?);
        let table = run.read(&call, Priority::Export)?.table().unwrap_or_default();
        Ok(Rows::of_table(table))
    }
}
