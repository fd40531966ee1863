//! One instant, as a user writes it: with its offset, or as a wall time in the configured zone.

use jiff::{Timestamp, civil::DateTime};

use super::Zone;

/// Why a text is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtError {
    /// A date without a time of day. Midnight would be a guess.
    #[error("{text:?} has no time of day: write it out, such as \"{text} 18:00\"")]
    NoTime {
        /// The text, as it was given.
        text: String,
    },
    /// A zone in brackets. It could contradict the configured one.
    #[error(
        "{text:?} names a time zone of its own: leave out the brackets, and write the offset (\"+01:00\") \
         or set timezone"
    )]
    NamedZone {
        /// The text, as it was given.
        text: String,
    },
    /// Not of the form of a date and a time, or not a date that exists.
    #[error(
        "{text:?} is not a time: write \"2026-12-01 18:00\" or, with an offset, \"2026-12-01T18:00:00+01:00\""
    )]
    Malformed {
        /// The text, as it was given.
        text: String,
    },
}

/// Reads an instant: RFC 3339 with an offset (`2026-12-01T18:00:00+01:00`, `...Z`), or a date and a time of day
/// (`2026-12-01 18:00`, `2026-12-01T18:00:30`) on the clocks of `zone`. A time that these clocks skip is the first
/// instant after the gap; of one that they show twice it is the first.
pub fn parse_at(text: &str, zone: &Zone) -> Result<Timestamp, AtError> {
    let text = text.trim();
    let malformed = || AtError::Malformed { text: text.to_owned() };
    if text.contains('[') {
        return Err(AtError::NamedZone { text: text.to_owned() });
    }
    match shape(text) {
        Shape::Date if text.parse::<jiff::civil::Date>().is_ok() => {
            Err(AtError::NoTime { text: text.to_owned() })
        }
        Shape::Instant => text.parse().map_err(|_| malformed()),
        Shape::Wall => {
            let wall: DateTime = text.parse().map_err(|_| malformed())?;
            zone.instant_of(wall).ok_or_else(malformed)
        }
        Shape::Date | Shape::Other => Err(malformed()),
    }
}

enum Shape {
    /// `2026-12-01`
    Date,
    /// `2026-12-01 18:00` and more, without an offset.
    Wall,
    /// The same with an offset.
    Instant,
    Other,
}

/// Tells by its shape what a text claims to be. The parser below reads many more forms than these, and skips an
/// offset where it wants none, so that a mistyped one would be taken for a wall time.
fn shape(text: &str) -> Shape {
    match text.split_at_checked(16) {
        _ if follows(text, "0000-00-00") => Shape::Date,
        Some((start, rest)) if follows(start, "0000-00-00T00:00") => match rest.find(['Z', 'z', '+', '-']) {
            None => Shape::Wall,
            Some(at) if is_offset(&rest[at..]) => Shape::Instant,
            Some(_) => Shape::Other,
        },
        _ => Shape::Other,
    }
}

/// An offset as RFC 3339 has it: under a day, in hours and minutes.
fn is_offset(text: &str) -> bool {
    let hours = |text: &str| text.get(1..3).is_some_and(|hours| hours < "24");
    matches!(text, "Z" | "z") || (follows(&text.replace('-', "+"), "+00:00") && hours(text))
}

/// Whether a text follows a pattern in which `0` is any digit and `T` is what may stand between date and time.
fn follows(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            _ => byte == form,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: &str) -> String {
        parse_at(text, &Zone::get(zone).unwrap()).unwrap().to_string()
    }

    #[test]
    fn an_offset_counts_and_else_the_zone_does() {
        let berlin = "Europe/Berlin";
        for (text, instant) in [
            ("2026-12-01T18:00:00+01:00", "2026-12-01T17:00:00Z"),
            ("2026-12-01T18:00:00Z", "2026-12-01T18:00:00Z"),
            ("2026-12-01 18:00:00-05:00", "2026-12-01T23:00:00Z"),
            ("2026-12-01 18:00", "2026-12-01T17:00:00Z"),
            ("2026-12-01T18:00:30", "2026-12-01T17:00:30Z"),
            (" 2026-07-01 18:00 ", "2026-07-01T16:00:00Z"),
            ("2026-07-01 18:00:00.25", "2026-07-01T16:00:00.25Z"),
        ] {
            assert_eq!(at(text, berlin), instant, "{text}");
        }
    }

    #[test]
    fn a_skipped_time_is_the_end_of_the_gap_and_a_repeated_one_its_first_showing() {
        for (text, zone, instant) in [
            ("2026-03-29 02:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
            ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"),
            ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30T10:00:00Z"),
            ("2200-03-30 02:30", "Europe/Berlin", "2200-03-30T01:00:00Z"),
        ] {
            assert_eq!(at(text, zone), instant, "{text} in {zone}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused_with_what_to_write() {
        let refuse = |text| parse_at(text, &Zone::utc()).unwrap_err();
        assert!(matches!(refuse("2026-12-01"), AtError::NoTime { .. }));
        assert!(matches!(refuse("2026-12-01T18:00[Europe/Paris]"), AtError::NamedZone { .. }));
        for bad in [
            "",
            "tomorrow",
            "18:00",
            "2026-02-30",
            "2026-02-30 18:00",
            "2026-12-01 25:00",
            "2026-12-01 18:00 CET",
            "2026-12-01T18:00:00+25:00",
            "2026-12-01T18:00:00+1",
            "20261201T1800",
            "1.12.2026 18:00",
            "2026-12-0é 18:00",
        ] {
            assert!(matches!(refuse(bad), AtError::Malformed { .. }), "{bad:?}: {:?}", refuse(bad));
        }
    }
}
