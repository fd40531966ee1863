//! `uproctor completions` and `uproctor man`: for the shell, and for `man uproctor`.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, exit::Exit, out};

/// `uproctor completions`
#[derive(clap::Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// `uproctor man`
#[derive(clap::Args)]
pub(super) struct Man {
    /// Write the page of every command into this folder, instead of printing the first one
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints what the shell reads.
pub(super) fn completions(args: &Completions) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "uproctor", &mut text);
    out::bytes(&text);
    Exit::Done
}

/// Prints or writes the manual.
pub(super) fn man(args: &Man) -> Exit {
    let command = Cli::command();
    let done = match &args.dir {
        Some(folder) => write(folder, command),
        None => page(command).map(|text| out::bytes(&text)),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            out::error(&format!("the manual cannot be written: {error}"));
            Exit::NotRight
        }
    }
}

fn page(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(text)
}

fn write(folder: &Path, mut command: clap::Command) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    command.build();
    clap_mangen::generate_to(command, folder)
}
