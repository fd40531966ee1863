//! The commands, a file each.

mod api;
mod check;
mod exit;
mod functions;
mod init;
mod out;
mod problems;
mod run;
mod runs;
mod show;
mod trigger;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Looks after uproot experiments while nobody watches.
#[derive(Parser)]
#[command(name = "uproctor", version, about, max_term_width = 100)]
struct Cli {
    /// The configuration
    #[arg(long, global = true, default_value = "config.toml", value_name = "PATH")]
    config: PathBuf,
    /// How much to log: error, warn, info, debug or trace
    #[arg(long, global = true, default_value = "info", value_name = "LEVEL")]
    log: tracing::level_filters::LevelFilter,
    /// Log as JSON, a line each
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a project to start from: config.toml and scripts/
    Init(init::Args),
    /// Find every mistake in the configuration and the scripts, and show what fires when
    Check(check::Args),
    /// Look after the server, until Ctrl-C
    Run,
    /// Run an automation once, now
    Trigger(trigger::Args),
    /// List what ran, and what did not and why
    Runs(runs::Args),
    /// Show all about one run
    Show(show::Args),
    /// List the functions that scripts can call
    Functions(functions::Args),
    /// Make one call of the Admin API by hand
    Api(api::Args),
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::default()
        .add_directive(tracing::level_filters::LevelFilter::WARN.into())
        .add_directive(match format!("uproctor={}", cli.log).parse() {
            Ok(directive) => directive,
            Err(_) => tracing::level_filters::LevelFilter::INFO.into(),
        });
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let plain = (!cli.log_json)
        .then(|| fmt::layer().with_ansi(colour).with_writer(std::io::stderr).with_target(false));
    let json = cli.log_json.then(|| fmt::layer().json().with_writer(std::io::stderr).with_target(false));
    tracing_subscriber::registry().with(filter).with(plain).with(json).init();
    let config = &cli.config;
    let exit = match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args, config),
        Command::Run => run::run(config),
        Command::Trigger(args) => trigger::run(&args, config),
        Command::Runs(args) => runs::run(&args, config),
        Command::Show(args) => show::run(&args, config),
        Command::Functions(args) => functions::run(&args),
        Command::Api(args) => api::run(args, config),
    };
    exit.into()
}
