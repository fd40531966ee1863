//! The commands, a file each.

mod api;
mod audit;
mod backup;
mod check;
mod completions;
mod console;
mod control;
mod dead;
mod demo;
mod doctor;
mod exit;
mod functions;
mod init;
mod log;
mod notify;
mod out;
mod pause;
mod plans;
mod population;
mod problems;
mod rehearse;
mod run;
mod runs;
mod sandbox;
mod server;
mod show;
mod test;
mod trigger;
mod user;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing::level_filters::LevelFilter;

/// Looks after uproot experiments while nobody watches.
#[derive(Parser)]
#[command(name = "uproctor", version, about, max_term_width = 100)]
struct Cli {
    /// The configuration
    #[arg(long, global = true, default_value = "config.toml", value_name = "PATH")]
    config: PathBuf,
    /// How much to log: off, error, warn, info, debug or trace [default: info; off where a command simulates]
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<LevelFilter>,
    /// Log as JSON, a line each
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See it at work: a simulated server, participants and the daemon, with nothing to set up
    Demo(demo::Args),
    /// Write a project to start from: config.toml and scripts/
    Init(init::Args),
    /// Find every mistake in the configuration and the scripts, and show what fires when
    Check(check::Args),
    /// See what the automations would do, in virtual time, to simulated participants
    Rehearse(rehearse::Args),
    /// Run the expectations beside the scripts: scripts/*.test.rhai
    Test(test::Args),
    /// Look after the server, until Ctrl-C. A change of config.toml or of a script takes effect at once if nothing is wrong
    /// with it; SIGHUP has them read again
    Run(run::Args),
    /// Run an automation once, now
    Trigger(trigger::Args),
    /// List what ran, and what did not and why
    Runs(runs::Args),
    /// Show all about one run
    Show(show::Args),
    /// Pause an automation, a session, a player, or everything: the red button
    Pause(pause::Pause),
    /// Let go on what was paused
    Resume(pause::Resume),
    /// List what waits for a person's approval
    Plans(plans::Args),
    /// Carry out a plan
    Approve(plans::Approve),
    /// Drop a plan
    Reject(plans::Reject),
    /// List the runs that need a person; retry, resume or discard one
    Dead(dead::Args),
    /// List the channels that notices go to, and how they do; try them
    Notify(notify::Args),
    /// Print the log of interventions, or verify that nobody changed it
    Audit(audit::Args),
    /// Copy the store into a file, also while the daemon runs
    Backup(backup::Args),
    /// Print a link that logs in to the console of the running daemon
    Console,
    /// Make users of the console and tokens for programs, and remove them
    User(user::Args),
    /// Look at everything on which a night may fail: configuration, server, clocks, store, disk, daemon
    Doctor(doctor::Args),
    /// List the functions that scripts can call
    Functions(functions::Args),
    /// Serve a simulated uproot server
    Sandbox(sandbox::Args),
    /// Make one call of the Admin API by hand
    Api(api::Args),
    /// Print what the shell needs to complete commands
    Completions(completions::Completions),
    /// Print the manual page, or write those of all commands
    Man(completions::Man),
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let simulates = matches!(
        cli.command,
        Command::Demo(_) | Command::Sandbox(_) | Command::Rehearse(_) | Command::Test(_)
    );
    let usual = if simulates { LevelFilter::OFF } else { LevelFilter::INFO };
    log::begin(cli.log.unwrap_or(usual), cli.log_json);
    let config = &cli.config;
    let exit = match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args, config),
        Command::Rehearse(args) => rehearse::run(&args, config),
        Command::Test(args) => test::run(&args, config),
        Command::Run(args) => run::run(&args, config),
        Command::Trigger(args) => trigger::run(&args, config),
        Command::Runs(args) => runs::run(&args, config),
        Command::Show(args) => show::run(&args, config),
        Command::Pause(args) => pause::pause(&args, config),
        Command::Resume(args) => pause::resume(&args, config),
        Command::Plans(args) => plans::run(&args, config),
        Command::Approve(args) => plans::approve(&args, config),
        Command::Reject(args) => plans::reject(&args, config),
        Command::Dead(args) => dead::run(&args, config),
        Command::Notify(args) => notify::run(&args, config),
        Command::Audit(args) => audit::run(&args, config),
        Command::Backup(args) => backup::run(&args, config),
        Command::Console => console::run(config),
        Command::User(args) => user::run(&args, config),
        Command::Doctor(args) => doctor::run(&args, config),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args),
        Command::Functions(args) => functions::run(&args),
        Command::Api(args) => api::run(args, config),
    };
    exit.into()
}
