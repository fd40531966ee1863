//! The options that say which experiment is simulated, and who takes part.

use std::path::Path;

use super::{exit::Exit, problems};
use crate::{
    environment::Environment,
    sandbox::{Experiment, Loaded, Mix, Scenario, parse_share},
};

/// `--experiment`, `--players` and their like.
#[derive(Clone, clap::Args)]
pub(super) struct Population {
    /// The experiment: dilemma, survey, market, or a file that describes one
    #[arg(long, value_name = "NAME|FILE")]
    experiment: Option<String>,
    /// How many participants
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5000))]
    players: Option<u32>,
    /// The share of them who drop out
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    dropouts: Option<f64>,
    /// The share of them who stop on a page, with the tab open
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    stalls: Option<f64>,
    /// The share of them who close the tab for a while
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    absent: Option<f64>,
    /// Decides everything that is left to chance
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Population {
    /// The experiment and what is said otherwise about its participants; problems are printed.
    pub(super) fn scenario(&self) -> Result<(Scenario, Mix), Exit> {
        let default = Scenario::built_in().next().unwrap_or_default();
        let loaded = Scenario::load(self.experiment.as_deref().unwrap_or(default));
        Ok((accept(loaded)?, self.mix()))
    }

    /// The same with another experiment where none is named.
    pub(super) fn scenario_or(&self, file: &str, text: &str) -> Result<(Scenario, Mix), Exit> {
        if self.experiment.is_some() {
            return self.scenario();
        }
        let (scenario, found) = Experiment::parse(Path::new(file), text);
        if found.is_empty() {
            return Ok((scenario, self.mix()));
        }
        problems::print(&found);
        Err(Exit::NotRight)
    }

    fn mix(&self) -> Mix {
        Mix {
            players: self.players.map(u64::from),
            dropouts: self.dropouts,
            stalls: self.stalls,
            absent: self.absent,
            ..Mix::default()
        }
    }

    /// The options that were given, as they are typed; the seed is not among them.
    pub(super) fn given(&self) -> Vec<(&'static str, String)> {
        // A share is a percentage divided by 100: times 100 it is that percentage again, but for the last digits.
        let share = |share: f64| format!("{}%", (share * 1e10).round() / 1e8);
        [
            ("--experiment", self.experiment.clone()),
            ("--players", self.players.map(|players| players.to_string())),
            ("--dropouts", self.dropouts.map(share)),
            ("--stalls", self.stalls.map(share)),
            ("--absent", self.absent.map(share)),
        ]
        .into_iter()
        .filter_map(|(option, value)| Some((option, value?)))
        .collect()
    }

    /// The options about participants that were given.
    pub(super) fn people_given(&self) -> Vec<&'static str> {
        let options = self.given().into_iter().map(|(option, _)| option);
        options.filter(|option| *option != "--experiment").collect()
    }

    /// The seed, where one is given.
    pub(super) fn given_seed(&self) -> Option<u64> {
        self.seed
    }

    /// The seed, drawn where none is given. Small enough to be typed again.
    pub(super) fn seed(&self, env: &dyn Environment) -> u64 {
        self.seed.unwrap_or_else(|| env.random() % 1_000_000)
    }
}

fn accept(loaded: Loaded) -> Result<Scenario, Exit> {
    loaded.accept().map_err(|found| {
        problems::print(&found);
        Exit::NotRight
    })
}
