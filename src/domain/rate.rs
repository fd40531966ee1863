//! Rates as users write them: `30 per 10m`.

use std::{fmt, str::FromStr, time::Duration};

use super::{format_duration, parse_duration};

/// So many within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many, at least 1.
    pub count: u32,
    /// Within how long, at least a second.
    pub per: Duration,
}

/// A text that is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rate: write a number and a duration, such as \"5 per 1m\" or \"30 per 10m\"")]
pub struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError(text.to_owned());
        let (count, per) = text.split_once(" per ").ok_or_else(error)?;
        let count = count.trim().parse().map_err(|_| error())?;
        let per = parse_duration(per).map_err(|_| error())?;
        if count == 0 || per < Duration::from_secs(1) { Err(error()) } else { Ok(Self { count, per }) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.count, format_duration(self.per))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_duration() {
        let rate = |count, secs| Ok(Rate { count, per: Duration::from_secs(secs) });
        assert_eq!("30 per 10m".parse(), rate(30, 600));
        assert_eq!(" 1 per 1h 30m".parse(), rate(1, 5400));
        for wrong in ["", "5", "5/1m", "0 per 1m", "5 per 10ms", "-1 per 1m", "5 per", "x per 1m"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
