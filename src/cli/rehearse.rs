//! `uproctor rehearse`: an evening in virtual time, before a single participant is paid.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::{control, exit::Exit, out, population::Population, problems, test};
use crate::{
    api::Generation,
    config::{self, Config, Draft},
    domain::{AutomationName, Problem, format_duration, parse_duration},
    script::{self, Library},
    sim::{Approval, Faults, Rehearsal, Report, Setup, generation_named, name_of},
};

/// Decides everything that is left to chance where no seed is given.
const SEED: u64 = 1;
/// How long a rehearsal lasts at most where nothing is said.
const LENGTH: Duration = Duration::from_hours(2);
/// In such steps it is looked at whether everybody is done.
const STEP: Duration = Duration::from_mins(1);
/// How long it goes on after the last participant is done.
const AFTER: Duration = Duration::from_mins(5);

/// `uproctor rehearse`
#[derive(clap::Args)]
pub(super) struct Args {
    /// The automations; all of them where none is named
    names: Vec<AutomationName>,
    /// For how long, in virtual time; without it until everybody is done, at most 2 hours
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    length: Option<Duration>,
    /// When it begins (RFC 3339), for schedules that are due at a time of day
    #[arg(long, value_name = "INSTANT")]
    start: Option<Timestamp>,
    /// A bad evening: lost requests and answers, errors, restarts of the server, crashes of the daemon, a clock that jumps
    #[arg(long)]
    faults: bool,
    /// Automations in mode approve: how long after a plan came somebody looks and approves what waits; or `never`
    #[arg(long, value_name = "AFTER", default_value_t)]
    approve: Approval,
    /// Which form of the API the simulated server speaks: contract, toggling or newest
    #[arg(long, default_value = "newest", value_parser = generation_named)]
    generation: Generation,
    /// Writes everything that happened, in order, into this file
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Writes the report as one web page into this file, to be looked at and to be sent to others
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    population: Population,
}

impl Args {
    /// What to type so that the same comes again. Files for the results are left out.
    fn again(&self, config: &Path) -> String {
        let mut words = vec!["uproctor".to_owned(), "rehearse".to_owned()];
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if config != Path::new("config.toml") {
            option("--config", config.to_string_lossy().into_owned());
        }
        for (name, value) in self.population.given() {
            option(name, value);
        }
        option("--seed", self.population.given_seed().unwrap_or(SEED).to_string());
        if let Some(length) = self.length {
            option("--for", format_duration(length));
        }
        if let Some(start) = self.start {
            option("--start", start.to_string());
        }
        if self.generation != Generation::Newest {
            option("--generation", name_of(self.generation).to_owned());
        }
        if self.approve != Approval::default() {
            option("--approve", self.approve.to_string());
        }
        if self.faults {
            words.push("--faults".to_owned());
        }
        words.extend(self.names.iter().map(ToString::to_string));
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// As a shell reads it as one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./%:+=@,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Rehearses and reports. A failed run is exit code 1.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    match rehearse(args, path) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn rehearse(args: &Args, path: &Path) -> Result<Exit, Exit> {
    let (mut config, library) = accept(config::load_for_rehearsal(path))?;
    for name in &args.names {
        control::known(&config, name)?;
    }
    if !args.names.is_empty() {
        config.automations.retain(|automation| args.names.contains(&automation.name));
    }
    let (scenario, mix) = args.population.scenario()?;
    let setup = Setup {
        config,
        library,
        scenario,
        mix,
        generation: args.generation,
        faults: if args.faults { Faults::BAD_EVENING } else { Faults::NONE },
        approval: args.approve,
        seed: args.population.given_seed().unwrap_or(SEED),
        start: args.start.unwrap_or_else(test::start),
    };
    let failed = |error: crate::sim::Failure| {
        out::error(&error.to_string());
        Exit::NotRight
    };
    let mut rehearsal = Rehearsal::prepare(setup.clone()).map_err(failed)?;
    match args.length {
        Some(length) => rehearsal.run_for(length).map_err(failed)?,
        None => {
            let mut left = LENGTH;
            while !left.is_zero() && !rehearsal.is_over() {
                rehearsal.run_for(STEP.min(left)).map_err(failed)?;
                left = left.saturating_sub(STEP);
            }
            rehearsal.run_for(AFTER.min(left)).map_err(failed)?;
        }
    }
    let report = Report::of(&mut rehearsal, &setup).map_err(failed)?;
    if let Some(file) = &args.journal
        && let Err(error) = std::fs::write(file, rehearsal.journal())
    {
        out::error(&format!("the journal cannot be written to {}: {error}", file.display()));
        return Err(Exit::NotRight);
    }
    if let Some(file) = &args.html
        && let Err(error) = std::fs::write(file, report.html(&args.again(path)))
    {
        out::error(&format!("the page cannot be written to {}: {error}", file.display()));
        return Err(Exit::NotRight);
    }
    if args.json {
        out::json(&report.json());
    } else {
        for line in report.text().lines() {
            out::line(line);
        }
    }
    Ok(if report.failed() { Exit::NotRight } else { Exit::Done })
}

/// A configuration and its scripts without errors; problems are printed.
pub(super) fn accept(draft: Draft) -> Result<(Config, Library), Exit> {
    let (library, found) = Library::load(&draft.config);
    let mut all = draft.problems;
    all.extend(found);
    all.extend(script::check(&draft.config, &library));
    if all.iter().any(Problem::is_error) {
        problems::print(&all);
        return Err(Exit::NotRight);
    }
    Ok((draft.config, library))
}
