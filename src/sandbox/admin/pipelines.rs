//! Code of the experiment that an admin runs: digests and pipelines. The sandbox has none, so it does what little they all
//! could do.

use serde_json::{Value, json};

use super::{
    Call,
    reply::{Answered, download, ok, refuse, text},
};
use crate::{
    api::Generation,
    sandbox::{App, Sandbox, session::Session},
};

impl Sandbox {
    /// Which apps have a digest for the admin; since 0.1 also what it says.
    pub(super) fn list_digests(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let apps = self.apps_that(session, |app| app.digest);
        if self.generation == Generation::Contract {
            return ok(&json!({"apps": apps}));
        }
        let digests = apps.iter().map(|app| ((*app).clone(), digest(session)));
        ok(&json!({"apps": apps, "digests": digests.collect::<serde_json::Map<_, _>>()}))
    }

    pub(super) fn show_digest(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        if !self.apps_that(session, |app| app.digest).iter().any(|app| *app == call.second()) {
            return refuse(404, "Digest not found");
        }
        ok(&json!({"app": call.second(), "digest": digest(session)}))
    }

    pub(super) fn list_pipelines(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        ok(&json!({"apps": self.apps_that(session, |app| app.pipeline)}))
    }

    /// Gives a row a player, with the data; or the data, where it is a text or an object.
    pub(super) fn run_pipeline(&self, call: &Call) -> Answered {
        let session = self.session_named(call.name())?;
        let app = call.second();
        if !self.apps_that(session, |app| app.pipeline).iter().any(|known| *known == app) {
            return refuse(404, "Pipeline not found");
        }
        let filetype = call.query.last("filetype").unwrap_or("csv");
        let known = matches!(filetype, "csv" | "jsonl");
        if !known && self.generation == Generation::Newest {
            return refuse(400, "Invalid filetype. Use: csv or jsonl");
        }
        let raw = call.raw.trim_ascii();
        let data = match serde_json::from_slice(raw) {
            Ok(data) => data,
            Err(_) if raw.is_empty() => Value::Null,
            Err(_) => return refuse(400, "Pipeline data must be valid JSON"),
        };
        match &data {
            Value::String(said) => return text(said),
            Value::Object(_) => return text(&data.to_string()),
            _ => {}
        }
        if !known {
            return refuse(400, "Invalid filetype");
        }
        let name = format!("{}-{app}.{filetype}", session.name);
        let rows = session.players.keys().map(|player| match filetype {
            "csv" => {
                format!("{},{player}\r\n", if data.is_null() { String::new() } else { data.to_string() })
            }
            _ => format!("{}\n", json!({"data": data, "player": &**player})),
        });
        let rows: String = rows.collect();
        match filetype {
            "csv" => {
                download("text/csv; charset=utf-8", &name, format!("data,player\r\n{rows}").into_bytes())
            }
            _ => download("application/jsonl", &name, rows.into_bytes()),
        }
    }

    fn apps_that<'a>(&self, session: &'a Session, has: impl Fn(&App) -> bool) -> Vec<&'a String> {
        session.apps.iter().filter(|app| self.experiment.apps.get(*app).is_some_and(&has)).collect()
    }
}

fn digest(session: &Session) -> Value {
    let at_end = session.players.values().filter(|player| player.end() == player.show_page);
    json!({"players": session.players.len(), "at_end": at_end.count()})
}
