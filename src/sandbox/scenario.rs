//! An experiment and the people who take part in it: what one small TOML file describes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{Experiment, reader};
use crate::domain::{Problem, did_you_mean};

/// The experiments that are built in, by name.
const BUILT_IN: [(&str, &str); 3] = [
    ("dilemma", include_str!("experiments/dilemma.toml")),
    ("survey", include_str!("experiments/survey.toml")),
    ("market", include_str!("experiments/market.toml")),
];

/// An experiment and its participants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// What the server offers.
    pub experiment: Arc<Experiment>,
    /// Who takes part.
    pub participants: Participants,
}

/// `[participants]` and `[[participant]]`: who takes part. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Participants {
    /// `config`: which configuration they take part in. Default: the room's, else the first of the file.
    pub config: String,
    /// `room`: the room that they come through. Without one each has a link of their own.
    pub room: Option<String>,
    /// `players`: how many there are. Default 12.
    pub players: u64,
    /// `arrive`: all have come within this time, but for those who are late. Default 2 minutes.
    pub arrive: Duration,
    /// `spread`: how much they differ in thinking, as the sigma of a lognormal. Default 0.5.
    pub spread: f64,
    /// `stalls`: the share of those who stop on a page with the tab open.
    pub stalls: f64,
    /// `absent`: the share of those who close the tab and come back.
    pub absent: f64,
    /// `dropouts`: the share of those who close the tab for good.
    pub dropouts: f64,
    /// `late`: the share of those who come after everybody else.
    pub late: f64,
    /// `two_tabs`: the share of those who have a second tab open for a while.
    pub two_tabs: f64,
    /// `throttled`: the share of those with the tab hidden, which speaks once a minute only.
    pub throttled: f64,
    /// `racers`: the share of those who submit at the very moment at which an admin looks or steps.
    pub racers: f64,
    /// `heed`: the share of messages after which somebody who stalled goes on. Default 70%.
    pub heed: f64,
    /// Those of whom the file says exactly what they do.
    pub named: Vec<Named>,
}

impl Default for Participants {
    fn default() -> Self {
        Self {
            config: String::new(),
            room: None,
            players: 12,
            arrive: Duration::from_secs(120),
            spread: 0.5,
            stalls: 0.0,
            absent: 0.0,
            dropouts: 0.0,
            late: 0.0,
            two_tabs: 0.0,
            throttled: 0.0,
            racers: 0.0,
            heed: 0.7,
            named: Vec::new(),
        }
    }
}

/// `[[participant]]`: somebody who does exactly this, whatever the shares say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// `name`: one of `p1`, `p2`, ..., or somebody who comes in addition to those.
    pub name: String,
    /// `arrives`: how long after the beginning. Default: drawn like everybody's.
    pub arrives: Option<Duration>,
    /// `stalls_on`: the page on which they stop with the tab open.
    pub stalls_on: Option<String>,
    /// `leaves_on`: the page on which they close the tab.
    pub leaves_on: Option<String>,
    /// `returns_after`: how long until they open it again; never, where it is not written.
    pub returns_after: Option<Duration>,
    /// `heeds`: whether they go on after a message. Default: drawn like everybody's.
    pub heeds: Option<bool>,
    /// `two_tabs`: whether they have a second tab open for a while.
    pub two_tabs: bool,
    /// `throttled`: whether their tab is hidden.
    pub throttled: bool,
    /// `races`: whether they submit at the very moment at which an admin looks or steps.
    pub races: bool,
}

/// A scenario as far as it could be read. [`Loaded::accept`] is the only way to one that may be played.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file, or the name of a built-in experiment.
    pub file: PathBuf,
    /// Its text, to show problems in it.
    pub text: String,
    /// What could be read; what could not be is at its default or left out.
    pub scenario: Scenario,
    /// Everything that is wrong with it, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Loaded {
    /// The scenario, if nothing is wrong with it.
    pub fn accept(self) -> Result<Scenario, Vec<Problem>> {
        if self.problems.iter().any(Problem::is_error) { Err(self.problems) } else { Ok(self.scenario) }
    }
}

impl Scenario {
    /// The names of the built-in experiments; the first is the default.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in experiment by its name, or one from a file.
    pub fn load(which: &str) -> Loaded {
        let file = PathBuf::from(which);
        let text = match BUILT_IN.iter().find(|(name, _)| *name == which) {
            Some((_, text)) => Ok((*text).to_owned()),
            None => std::fs::read_to_string(&file),
        };
        match text {
            Ok(text) => {
                let (scenario, problems) = Experiment::parse(&file, &text);
                Loaded { file, text, scenario, problems }
            }
            Err(error) => {
                let message =
                    format!("{which} is no built-in experiment, and as a file it cannot be read: {error}");
                let names: Vec<&str> = Self::built_in().collect();
                let help = match did_you_mean(which, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the built-in experiments are: {}", names.join(", ")),
                };
                let problems = vec![Problem::whole_file(&file, message).help(help)];
                Loaded { file, text: String::new(), scenario: Self::default(), problems }
            }
        }
    }
}

impl Experiment {
    /// Reads an experiment and its participants from the text of a file, with everything that is wrong with it in the
    /// order of the file.
    pub fn parse(file: &Path, text: &str) -> (Scenario, Vec<Problem>) {
        reader::read(file, text)
    }
}

/// Why a text is not a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a share: write a percentage from \"0%\" to \"100%\", such as \"10%\"")]
pub struct ShareError {
    /// The text, as it was given.
    pub text: String,
}

/// Reads a share: `10%` is 0.1.
pub fn parse_share(text: &str) -> Result<f64, ShareError> {
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    text.trim()
        .strip_suffix('%')
        .map(str::trim_end)
        .filter(|number| number.chars().all(plain))
        .and_then(|number| number.parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| ShareError { text: text.to_owned() })
}
