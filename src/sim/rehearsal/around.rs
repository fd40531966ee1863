//! What is around the participants: the server and the daemon as programs, rooms, other servers, logs and files.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use super::{Failure, Rehearsal};
use crate::{
    domain::RunId,
    sim::{
        journal::{Fault, What},
        messages::Sent,
        stage::{Micros, seconds},
    },
};

impl Rehearsal {
    /// Stops the server, which starts again after so long.
    pub fn stop_server(&mut self, away: Duration) {
        let micros = Micros::try_from(away.as_micros()).unwrap_or(Micros::MAX / 4);
        let mut state = self.stage.lock();
        let now = state.now;
        state.server_down_until = state.server_down_until.max(now + micros);
        state.world.restart_server(seconds(now), away.as_secs_f64());
        state.journal.add(now, What::Fault(Fault::ServerRestart(micros)));
    }

    /// Lets the daemon crash at its next step, and start again half a minute later.
    pub fn restart_daemon(&mut self) {
        self.director.crash();
    }

    /// Starts an automation by hand, as `uproctor trigger` does.
    pub fn trigger(&mut self, automation: &str, payload: Value) -> Result<(), Failure> {
        let mut automations = self.director.config().automations.iter();
        let found = automations.find(|found| found.name.as_str() == automation);
        let Some(name) = found.map(|found| found.name.clone()) else {
            return Err(Failure::NoAutomation(automation.to_owned()));
        };
        self.director.trigger(name, payload);
        Ok(())
    }

    /// Lets people come to a room now, each with a label of their own, by which they are known.
    pub fn wait_in_room(&mut self, room: &str, labels: &[String]) -> Result<(), String> {
        let mut state = self.stage.lock();
        let now = seconds(state.now);
        state.world.wait_in_room(now, room, labels)
    }

    /// From now on another server answers this.
    pub fn answer(&mut self, address: &str, answer: &Value) -> Result<(), String> {
        self.stage.lock().elsewhere.set(address, answer)
    }

    /// What was sent to other servers, oldest first.
    pub fn requests(&self) -> Vec<Value> {
        self.stage.lock().elsewhere.requests(self.start)
    }

    /// What scripts told people, oldest first: `at`, `channel`, `title`, `text`, `urgent`, `key`,
    /// `automation` and `run`. Nothing of it leaves the rehearsal.
    pub fn notices(&self) -> Result<Vec<Value>, Failure> {
        let times = self.times(&self.runs()?);
        let rows = self.director.history(|history| history.notices_after(0))?;
        Ok(rows.iter().filter(|row| row.kind.is_none()).map(|row| times.notice(row)).collect())
    }

    /// The messages that would have gone out, of what scripts tell and of what the rules of the configuration are about,
    /// oldest first.
    pub fn messages(&self) -> Vec<Sent> {
        let state = self.stage.lock();
        let messages = state.journal.messages().iter();
        messages.map(|(at, message)| Sent { at: at - self.start, message: message.clone() }).collect()
    }

    /// What runs have written into their logs, oldest first: `automation`, `run`, `kind` and `text`.
    pub fn log(&self) -> Result<Vec<Value>, Failure> {
        let mut lines = Vec::new();
        for row in self.runs()?.into_iter().rev() {
            let Some(run) = row.run else { continue };
            let detail = self.director.history(|history| history.run(RunId(run)))?;
            for line in detail.map(|detail| detail.trace).unwrap_or_default() {
                let kind = line["kind"].as_str().unwrap_or_default();
                if matches!(kind, "debug" | "info" | "warn" | "error") {
                    let (automation, text) = (&row.automation, &line["text"]);
                    lines.push(json!({"automation": automation, "run": run, "kind": kind, "text": text}));
                }
            }
        }
        Ok(lines)
    }

    /// The names of the files in the export folder, sorted, those in folders as `FOLDER/NAME`.
    pub fn files(&self) -> Vec<String> {
        fn list(folder: &Path, before: &str, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = format!("{before}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    list(&entry.path(), &format!("{name}/"), names);
                } else {
                    names.push(name);
                }
            }
        }
        let mut names = Vec::new();
        list(&self.director.exports(), "", &mut names);
        names.sort();
        names
    }

    /// A file in the export folder.
    pub fn file(&self, name: &str) -> Option<String> {
        let known = self.files().iter().any(|known| known == name);
        known.then(|| std::fs::read_to_string(self.director.exports().join(name)).ok())?
    }
}
