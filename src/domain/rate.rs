//! Rates as users write them: `5 per 1m`.

use std::{fmt, time::Duration};

use super::{format_duration, parse_duration};

/// So many in so long, in any stretch of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many, at least one.
    pub most: usize,
    /// In how long.
    pub per: Duration,
}

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a rate: write how many in how long, such as \"5 per 1m\" or \"100 per 1h\"")]
pub struct RateError {
    /// The text, as it was given.
    pub text: String,
}

/// Reads a rate: a whole number from 1 to 100,000, the word `per`, and a duration.
pub fn parse_rate(text: &str) -> Result<Rate, RateError> {
    let error = || RateError { text: text.to_owned() };
    let (most, per) = text.split_once(" per ").ok_or_else(error)?;
    let most = most.trim().parse().ok().filter(|most| (1..=100_000).contains(most)).ok_or_else(error)?;
    let per = parse_duration(per).ok().filter(|per| !per.is_zero()).ok_or_else(error)?;
    Ok(Rate { most, per })
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.most, format_duration(self.per))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_and_write() {
        for (text, most, seconds) in [("5 per 1m", 5, 60), ("1 per 1h 30m", 1, 5400), (" 10  per 2s", 10, 2)]
        {
            let rate = parse_rate(text).unwrap();
            assert_eq!(rate, Rate { most, per: Duration::from_secs(seconds) }, "{text}");
            assert_eq!(parse_rate(&rate.to_string()).unwrap(), rate);
        }
        for bad in ["", "5", "5 per", "per 1m", "0 per 1m", "5 per 0s", "-1 per 1m", "5/1m", "5 per minute"] {
            assert!(parse_rate(bad).is_err(), "{bad:?} was taken");
        }
    }
}
