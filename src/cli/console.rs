//! `uproctor console`: a link that logs in to the console of the running daemon.

use std::path::Path;

use serde_json::json;

use super::{
    control::{self, Asked},
    exit::Exit,
    out, run,
};
use crate::config;

/// Prints the link.
pub(super) fn run(path: &Path) -> Exit {
    let config = config::load(path).config;
    let store = &config.daemon.store;
    match control::ask(store, "link", &json!({})) {
        Asked::Answer(answer) => {
            let key = answer["key"].as_str().unwrap_or_default();
            let Some(base) =
                config.console.page("").or_else(|| run::address(store).map(|at| format!("http://{at}/")))
            else {
                out::error("the daemon has ended meanwhile");
                return Exit::Unreachable;
            };
            out::line(&format!("{base}login?key={key}"));
            out::line("Open it within ten minutes; it works once, and whoever opens it may do everything.");
            Exit::Done
        }
        Asked::Failed(exit) => exit,
        Asked::NoDaemon => {
            out::error(&format!(
                "no daemon runs on {}: `uproctor run` starts one, and the console with it",
                store.display()
            ));
            Exit::Unreachable
        }
    }
}
