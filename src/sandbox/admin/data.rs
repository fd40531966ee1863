//! Every change to players since an instant, and the data as files.

use super::{
    Call,
    reply::{Answered, Refusal, download, refuse, written},
    writer::Writer,
};
use crate::sandbox::{
    Sandbox,
    export::{self, Filetype, Format, Options},
    storage::Storage,
};

impl Sandbox {
    /// What was written to players later than `since`, and when the newest of it was. A name that is nobody's shows here.
    pub(super) fn list_changes(&self, call: &Call) -> Answered {
        let since = call.query.number("since", 0.0)?;
        let session = self.session_named(call.name())?;
        let players = session.players.values().map(|player| (&*player.name, &player.storage));
        let phantoms = session.phantoms.iter().map(|(name, storage)| (name.as_str(), storage));
        let mut writer = Writer::with_capacity(1024);
        let mut last = since;
        writer.open(b'{');
        writer.key("data");
        writer.open(b'{');
        for (name, storage) in players.chain(phantoms).filter(|(_, storage)| storage.changed() > since) {
            writer.key(name);
            write_changes(&mut writer, storage, since);
            last = last.max(storage.changed());
        }
        writer.close(b'}');
        writer.key("last_update");
        // What is no number is null in JSON.
        writer.value(&last);
        writer.close(b'}');
        written(writer.finish())
    }

    pub(super) fn export_csv(&self, call: &Call) -> Answered {
        let (options, format) = options_of(call, false)?;
        let session = self.session_named(call.name())?;
        let format = format?;
        let body = export::csv_of(session, self.generation, format, &options).map_err(failed)?;
        download("text/csv; charset=utf-8", &format!("{}.csv", session.name), body)
    }

    pub(super) fn export_json(&self, call: &Call) -> Answered {
        let (options, format) = options_of(call, false)?;
        let session = self.session_named(call.name())?;
        let format = format?;
        let body = export::json_of(session, self.generation, format, &options).map_err(failed)?;
        download("application/json", &format!("{}.json", session.name), body)
    }

    pub(super) fn export_lines(&self, call: &Call) -> Answered {
        let (options, format) = options_of(call, false)?;
        let session = self.session_named(call.name())?;
        let format = format?;
        let body = export::lines_of(session, self.generation, format, &options).map_err(failed)?;
        download("application/jsonl", &format!("{}.jsonl", session.name), body)
    }

    /// All formats at once, with filters unless they are refused; which format is asked for makes no difference.
    pub(super) fn export_archive(&self, call: &Call) -> Answered {
        let (options, _) = options_of(call, true)?;
        let session = self.session_named(call.name())?;
        let filetype = match call.query.last("filetype").unwrap_or("csv") {
            "csv" => Filetype::Csv,
            "jsonl" => Filetype::Lines,
            _ => return refuse(400, "Invalid filetype. Use: csv or jsonl"),
        };
        let made = export::Made { now: call.now, version: self.version() };
        let archive = export::archive_of(session, self.generation, filetype, &options, made);
        let body = archive.map_err(failed)?;
        download("application/zip", &format!("{}.zip", session.name), body)
    }

    pub(super) fn export_page_times(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let body = export::page_times_of(session, self.generation).map_err(failed)?;
        download("text/csv; charset=utf-8", &format!("{}-page-times.csv", session.name), body)
    }
}

fn failed(_: std::io::Error) -> Refusal {
    Refusal::Broken
}

/// What the query says about an export. A format that there is not is only noticed after the session.
fn options_of(call: &Call, filters: bool) -> Result<(Options, Result<Format, Refusal>), Refusal> {
    let gvar = call.query.all("gvar").into_iter().filter(|field| !field.is_empty()).map(str::to_owned);
    let options = Options { gvar: gvar.collect(), filters: call.query.flag("filters", filters)? };
    let format = match call.query.last("format").unwrap_or("ultralong") {
        "ultralong" => Ok(Format::Ultralong),
        "sparse" => Ok(Format::Sparse),
        "latest" => Ok(Format::Latest),
        _ => refuse(400, "Invalid format. Use: ultralong, sparse, or latest"),
    };
    Ok((options, format))
}

/// Each change as `[time, unavailable, type, text, context]`.
fn write_changes(writer: &mut Writer, storage: &Storage, since: f64) {
    writer.open(b'{');
    for (field, changes) in storage.history() {
        let first = changes.partition_point(|change| change.time <= since);
        if first == changes.len() {
            continue;
        }
        writer.key(field);
        writer.open(b'[');
        for change in &changes[first..] {
            let (kind, text) = (change.value.type_name(), change.value.text());
            writer.value(&(change.time, false, kind, text, change.context));
        }
        writer.close(b']');
    }
    writer.close(b'}');
}
