//! A configuration and its scripts, with everything that is wrong with them.

use super::{Library, check, placeholders};
use crate::{
    config::{Config, Draft},
    domain::Problem,
};

/// Compiles and checks the scripts of a configuration that is for a real server. The problems are those of the configuration first; with an error
/// among them, nothing of it may be run.
pub fn prepare(draft: Draft) -> (Config, Library, Vec<Problem>) {
    let Draft { config, mut problems } = draft;
    let (library, found) = Library::load(&config);
    problems.extend(found);
    problems.extend(check(&config, &library));
    problems.extend(placeholders::check(&config, &library));
    (config, library, problems)
}
