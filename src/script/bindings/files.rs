//! `files::`: inside one folder, and never out of it.

use std::{io::Write, path::Path};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use rhai::{Module, exported_module, plugin::*};

use crate::{
    domain::counted,
    script::{
        context::RunContext,
        error::{RhaiResultOf, bad_argument, refuse},
    },
};

/// The functions of `files::`.
pub(super) fn module() -> Module {
    exported_module!(files)
}

/// The largest file that is read into a script.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The export folder, opened so that no name can lead out of it.
fn folder(context: &RunContext, function: &str) -> RhaiResultOf<Dir> {
    let path = &context.tools.exports;
    std::fs::create_dir_all(path).and_then(|()| Dir::open_ambient_dir(path, ambient_authority())).map_err(
        |error| {
            bad_argument(function, &format!("the export folder {} cannot be used: {error}", path.display()))
        },
    )
}

fn failed(function: &str, name: &str, error: &std::io::Error) -> Box<rhai::EvalAltResult> {
    bad_argument(function, &format!("{name}: {error}"))
}

/// Writes a file whole or not at all; an existing one is replaced. Into a private one only the daemon's own user sees.
pub(super) fn put(
    context: &RunContext,
    function: &str,
    file: &str,
    bytes: &[u8],
    is_private: bool,
) -> RhaiResultOf<()> {
    let wrong = |error: std::io::Error| failed(function, file, &error);
    let folder = folder(context, function)?;
    make_parent(&folder, file).map_err(wrong)?;
    // First beside it, then in its place: nobody ever sees half of it.
    let beside = format!("{file}.{}.part", context.actor.run);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        cap_std::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let written = folder.open_with(&beside, &options).and_then(|mut opened| opened.write_all(bytes));
    written.and_then(|()| folder.rename(&beside, &folder, file)).map_err(|error| {
        let _ = folder.remove_file(&beside);
        wrong(error)
    })
}

/// Makes the folder that a file is to be in.
fn make_parent(folder: &Dir, file: &str) -> std::io::Result<()> {
    match Path::new(file).parent() {
        Some(parent) if !parent.as_os_str().is_empty() => folder.create_dir_all(parent),
        _ => Ok(()),
    }
}

/// Writing needs a capability, and does nothing in a dry run: `false` then.
fn may_write(context: &RunContext, function: &str, name: &str, bytes: usize) -> RhaiResultOf<bool> {
    context.before_writing(function)?;
    if let Some(capability) = crate::domain::Capability::named("files.write") {
        context.actor.require(capability).map_err(|error| refuse(error.to_string()))?;
    }
    let dry = context.actor.is_dry();
    let verb = if dry { "would write" } else { "writes" };
    context.note(
        crate::domain::TraceKind::Info,
        format!("{function}: {verb} {} to {name}", counted(bytes, "byte", "bytes")),
        None,
    );
    Ok(!dry)
}

#[export_module]
mod files {
    use std::io::{Read, Write};

    use rhai::{Array, NativeCallContext};

    use super::{LARGEST, failed, folder, make_parent, may_write, put};
    use crate::script::{
        bindings::context,
        error::{RhaiResultOf, bad_argument},
    };

    /// Writes a text to a file in the export folder, whole or not at all; an existing one is replaced. Needs
    /// `files.write`.
    ///
    /// ```rhai
    /// files::write("bonus/monday.csv", csv::encode(rows));
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn write(ctx: NativeCallContext, file: &str, text: &str) -> RhaiResultOf<()> {
        let context = context(&ctx)?;
        if !may_write(&context, "files::write", file, text.len())? {
            return Ok(());
        }
        put(&context, "files::write", file, text.as_bytes(), false)
    }

    /// Adds a text to the end of a file in the export folder. Needs `files.write`.
    ///
    /// ```rhai
    /// files::append("log.txt", "opened monday\n");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn append(ctx: NativeCallContext, file: &str, text: &str) -> RhaiResultOf<()> {
        let context = context(&ctx)?;
        if !may_write(&context, "files::append", file, text.len())? {
            return Ok(());
        }
        let wrong = |error: std::io::Error| failed("files::append", file, &error);
        let mut options = cap_std::fs::OpenOptions::new();
        options.append(true).create(true);
        let folder = folder(&context, "files::append")?;
        make_parent(&folder, file).map_err(wrong)?;
        let mut opened = folder.open_with(file, &options).map_err(wrong)?;
        opened.write_all(text.as_bytes()).map_err(wrong)
    }

    /// Reads a text file in the export folder, at most 8 MiB.
    ///
    /// ```rhai
    /// let labels = files::read("labels.txt");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn read(ctx: NativeCallContext, file: &str) -> RhaiResultOf<String> {
        let context = context(&ctx)?;
        let wrong = |error: std::io::Error| failed("files::read", file, &error);
        let opened = folder(&context, "files::read")?.open(file).map_err(wrong)?;
        let mut text = String::new();
        opened.take(LARGEST + 1).read_to_string(&mut text).map_err(wrong)?;
        if text.len() as u64 > LARGEST {
            return Err(bad_argument("files::read", &format!("{file} is larger than 8 MiB")));
        }
        Ok(text)
    }

    /// Whether a file is in the export folder.
    ///
    /// ```rhai
    /// if files::exists("bonus/monday.csv") { skip("done already"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn exists(ctx: NativeCallContext, file: &str) -> RhaiResultOf<bool> {
        Ok(folder(&*context(&ctx)?, "files::exists")?.exists(file))
    }

    /// The names of the files in the export folder, sorted; folders end in a slash.
    ///
    /// ```rhai
    /// for name in files::list() { log::info(name); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        let wrong = |error: std::io::Error| failed("files::list", ".", &error);
        let mut names = Vec::new();
        for entry in folder(&*context(&ctx)?, "files::list")?.entries().map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let slash = if entry.file_type().is_ok_and(|kind| kind.is_dir()) { "/" } else { "" };
            names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
        }
        names.sort();
        Ok(names.into_iter().map(Dynamic::from).collect())
    }
}
