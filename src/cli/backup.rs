//! `uproctor backup`: a copy of the store, also while the daemon runs.

use std::path::{Path, PathBuf};

use super::{exit::Exit, out};
use crate::{config, store};

/// `uproctor backup`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Where to; a file that is there already is left alone
    file: PathBuf,
}

/// Copies the store. The copy is there whole or not at all, and only for its owner.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let from = config::load(path).config.daemon.store;
    match copy(&from, &args.file) {
        Ok(()) => {
            out::line(&format!(
                "{} is copied to {}: config.toml, scripts/ and users.toml are files of their own",
                from.display(),
                args.file.display()
            ));
            Exit::Done
        }
        Err(why) => {
            out::error(&why);
            Exit::NotRight
        }
    }
}

fn copy(from: &Path, file: &Path) -> Result<(), String> {
    let said = |error: &dyn std::fmt::Display| format!("{} was not written: {error}", file.display());
    if file.exists() {
        return Err(said(&"there is such a file already"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let new = tempfile::NamedTempFile::new_in(folder).map_err(|error| said(&error))?;
    store::copy(from, new.path()).map_err(|error| error.to_string())?;
    new.as_file().sync_all().map_err(|error| said(&error))?;
    new.persist_noclobber(file).map_err(|error| said(&error.error))?;
    Ok(())
}
