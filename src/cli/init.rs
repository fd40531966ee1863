//! `uproctor init`: a project to start from.

use std::path::{Path, PathBuf};

use super::{exit::Exit, out};

/// `uproctor init`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// The files of a new project. They are the ones at the top of this program's own source, which its tests use.
const FILES: [(&str, &str); 7] = [
    ("config.toml", include_str!("../../config.toml")),
    ("scripts/step_stalled.rhai", include_str!("../../scripts/step_stalled.rhai")),
    ("scripts/welcome.rhai", include_str!("../../scripts/welcome.rhai")),
    ("scripts/returned.rhai", include_str!("../../scripts/returned.rhai")),
    ("scripts/step_stalled.test.rhai", include_str!("../../scripts/step_stalled.test.rhai")),
    ("scripts/welcome.test.rhai", include_str!("../../scripts/welcome.test.rhai")),
    ("scripts/returned.test.rhai", include_str!("../../scripts/returned.test.rhai")),
];

/// Writes the files, all or none.
pub(super) fn run(args: &Args) -> Exit {
    let there: Vec<&str> =
        FILES.iter().map(|(name, _)| *name).filter(|name| args.folder.join(name).exists()).collect();
    if !there.is_empty() {
        out::error(&format!("{} exists already: nothing was written", there.join(", ")));
        return Exit::NotRight;
    }
    for (name, text) in FILES {
        if let Err(error) = write(&args.folder.join(name), text) {
            out::error(&format!("cannot write {}: {error}", args.folder.join(name).display()));
            return Exit::NotRight;
        }
        out::line(&format!("wrote {}", args.folder.join(name).display()));
    }
    out::line("");
    out::line("Now, without a server:");
    out::line("  uproctor rehearse      (what these scripts would do to simulated participants)");
    out::line("  uproctor test          (the expectations in scripts/*.test.rhai)");
    out::line("Next, with one:");
    out::line(
        "  1. set the server's address in config.toml, and export UPROOT_API_KEY=... (a token of its main.py)",
    );
    out::line("  2. uproctor check");
    out::line("  3. uproctor run        (everything is a dry run until `mode = \"live\"`)");
    Exit::Done
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}
