//! `uproctor init`: a project to start from, and recipes of the cookbook for one that is there.

use std::path::{Path, PathBuf};

use super::{exit::Exit, out, problems};
use crate::{
    config,
    cookbook::{self, Addition},
};

/// `uproctor init`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Add these recipes of the cookbook: to the project in the folder, or to a new one without the scripts of the starter project
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    with: Vec<String>,
    /// List the recipes of the cookbook
    #[arg(long, conflicts_with = "with")]
    list: bool,
    /// Write the documentation's pages about the recipes into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["with", "list"], hide = true)]
    markdown: Option<PathBuf>,
}

/// The configuration of a new project. All files are the ones at the top of this program's own source, which its tests use.
const CONFIG: &str = include_str!("../../config.toml");
/// The recipes of a new project.
const STARTER: [&str; 3] = ["step_stalled", "welcome", "returned"];

/// A file that is to be written, from the project's folder.
type File = (PathBuf, String);

/// Writes the files, all or none.
pub(super) fn run(args: &Args) -> Exit {
    let done = if let Some(folder) = &args.markdown {
        pages(folder)
    } else if args.list {
        list()
    } else if args.with.is_empty() {
        starter(&args.folder)
    } else {
        add(&args.folder, &args.with)
    };
    match done {
        Ok(()) => Exit::Done,
        Err(text) => {
            out::error(&text);
            Exit::NotRight
        }
    }
}

fn list() -> Result<(), String> {
    let width = cookbook::names().map(str::len).max().unwrap_or(0);
    for shelf in cookbook::shelves() {
        out::line(shelf.purpose);
        for entry in shelf.entries {
            let recipe = entry.recipe().map_err(|problem| problem.to_string())?;
            out::line(&format!("  {:width$}  {}", entry.name, recipe.summary));
        }
        out::line("");
    }
    out::line("`uproctor init --with NAME,NAME` adds them to the project in this folder, as dry runs.");
    Ok(())
}

fn pages(folder: &Path) -> Result<(), String> {
    let pages = cookbook::pages().map_err(|problem| problem.to_string())?;
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        pages.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
    };
    write().map_err(|error| format!("cannot write to {}: {error}", folder.display()))
}

/// What does not belong into a repository: the store, who may log in, and what scripts have written.
const IGNORED: &str = "*.db*\nusers.toml*\nexports/\n";

fn starter(folder: &Path) -> Result<(), String> {
    let mut files = vec![(PathBuf::from("config.toml"), CONFIG.to_owned())];
    let recipes = STARTER.iter().filter_map(|name| cookbook::find(name));
    for entry in recipes {
        files.push((Path::new("scripts").join(entry.file()), entry.script.to_owned()));
        files.push((Path::new("scripts").join(entry.test_file()), entry.test.to_owned()));
    }
    if !folder.join(".gitignore").exists() {
        files.push((PathBuf::from(".gitignore"), IGNORED.to_owned()));
    }
    write_new(folder, &files)?;
    out::line("");
    out::line("Now, without a server:");
    out::line("  uproctor rehearse      (what these scripts would do to simulated participants)");
    out::line("  uproctor test          (the expectations in scripts/*.test.rhai)");
    out::line("  uproctor init --list   (more scripts that are ready to use)");
    out::line("Next, with one:");
    out::line(
        "  1. set the server's address in config.toml, and export UPROOT_API_KEY=... (a token of its main.py)",
    );
    out::line("  2. uproctor check");
    out::line("  3. uproctor run        (everything is a dry run until `mode = \"live\"`)");
    out::line("  4. uproctor console    (in another terminal: a link to what it does, for your browser)");
    Ok(())
}

/// Adds recipes to the project in the folder, or begins one with them.
fn add(folder: &Path, wanted: &[String]) -> Result<(), String> {
    let additions = Addition::all(wanted.iter().map(String::as_str))?;
    let config = folder.join("config.toml");
    let before = match std::fs::read_to_string(&config) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{} cannot be read: {error}", config.display())),
    };
    let beginning = before.as_deref().unwrap_or_else(|| cookbook::beginning(CONFIG));
    let after =
        cookbook::with_blocks(&config, beginning, &additions).map_err(|found| match found.as_slice() {
            [one] if one.span.is_none() => format!("{}: nothing was written", one.message),
            several => {
                problems::print(several);
                "nothing was written".to_owned()
            }
        })?;
    let scripts = config::parse_for_rehearsal(&config, after.clone()).config.daemon.scripts;
    let mut files = Vec::new();
    for Addition { entry, .. } in &additions {
        for (name, text) in [(entry.file(), entry.script), (entry.test_file(), entry.test)] {
            let path = scripts.join(name);
            // A script of the starter project, as it was.
            if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
                continue;
            }
            files.push((path, text.to_owned()));
        }
    }
    // The configuration last: as long as it does not name them, scripts do nothing.
    match before {
        None => {
            files.push((config.clone(), after));
            write_new(Path::new(""), &files)?;
        }
        Some(_) => {
            write_new(Path::new(""), &files)?;
            if let Err(error) = replace(&config, &after) {
                take_back(&files);
                return Err(format!("cannot write {}: {error}: nothing was written", config.display()));
            }
            out::line(&format!("changed {}", config.display()));
        }
    }
    out::line("");
    out::line("Set what stands in `params` of the new automations, then:");
    for Addition { recipe, .. } in &additions {
        out::line(&format!("  uproctor rehearse {}", recipe.automation_name()));
    }
    out::line("  uproctor test");
    out::line("  uproctor check");
    Ok(())
}

/// Writes files that are not there yet, all or none.
fn write_new(folder: &Path, files: &[File]) -> Result<(), String> {
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.join(name)).collect();
    let there: Vec<String> =
        paths.iter().filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    if !there.is_empty() {
        let verb = if there.len() == 1 { "exists" } else { "exist" };
        return Err(format!("{} {verb} already: nothing was written", there.join(", ")));
    }
    for (written, (path, (_, text))) in paths.iter().zip(files).enumerate() {
        if let Err(error) = write(path, text) {
            for path in &paths[..written] {
                let _ = std::fs::remove_file(path);
            }
            return Err(format!("cannot write {}: {error}: nothing was written", path.display()));
        }
    }
    for path in paths {
        out::line(&format!("wrote {}", path.display()));
    }
    Ok(())
}

fn take_back(files: &[File]) {
    for (path, _) in files {
        let _ = std::fs::remove_file(path);
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Puts a text in the place of a file, whole or not at all: a daemon may be reading it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(path)?.permissions())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
