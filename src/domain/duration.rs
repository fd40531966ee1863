//! Durations as users write them: `90s`, `1m 30s`, `2h`, `1d`.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a duration: write a number and a unit, such as \"30s\", \"5m\", \"1h 30m\" or \"250ms\""
)]
pub struct DurationError {
    /// The text, as it was given.
    pub text: String,
}

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a duration: one or more whole numbers, each with one of the units `d`, `h`, `m`, `s` and `ms`, added up.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError { text: text.to_owned() };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(error());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let number: u64 = rest[..digits].parse().map_err(|_| error())?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..letters]).ok_or_else(error)?;
        let part = number.checked_mul(*unit).ok_or_else(error)?;
        total = total.checked_add(part).ok_or_else(error)?;
        rest = rest[letters..].trim_start();
    }
    // A century is far past any use and keeps every later sum of instants in range.
    if total > 100 * 366 * 86_400_000 {
        return Err(error());
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration as [`parse_duration`] reads it, in whole milliseconds: `1m 30s`.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (name, unit) in UNITS {
        let number = rest / unit;
        rest %= unit;
        if number > 0 {
            parts.push(format!("{number}{name}"));
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write() {
        for (text, ms) in [
            ("90s", 90_000),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            ("250ms", 250),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration, Duration::from_millis(ms), "{text}");
            assert_eq!(parse_duration(&format_duration(duration)).unwrap(), duration);
        }
        for bad in
            ["", "5", "m", "1.5h", "-3s", "3 parsecs", "99999999999999999999s", "99999999999d", "1m -3s"]
        {
            assert!(parse_duration(bad).is_err(), "{bad:?} was taken");
        }
    }
}
