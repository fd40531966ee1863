//! Properties, and agreement with croner, which was written apart from the crate that walks here.
//!
//! croner is asked about plain wall times only. Its own rules for the nights in which clocks change differ from ours
//! (it takes a list of times for a cadence), and so do its years (to 5000, ours end with 2100) and its steps (`5/15`
//! is an error to it). Around a change the oracle is therefore built from its wall times and the zone database.

use chrono::{DateTime, NaiveDateTime};
use jiff::{ToSpan, civil};
use proptest::{prelude::*, sample::select};

use super::*;

const ZONES: [&str; 7] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Santiago",
    "Asia/Kolkata",
    "UTC",
];

/// A field that both implementations read alike.
fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
    let item = prop_oneof![
        (low..=high).prop_map(|value| value.to_string()),
        (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (low..=high, low..=high, 1..=high).prop_map(|(a, b, step)| format!(
            "{}-{}/{step}",
            a.min(b),
            a.max(b)
        )),
        (1..=high).prop_map(|step| format!("*/{step}")),
    ];
    prop_oneof![1 => Just("*".to_owned()), 2 => prop::collection::vec(item, 1..3).prop_map(|items| items.join(","))]
}

fn weekday() -> impl Strategy<Value = String> {
    const NAMES: [&str; 8] = ["mon-fri", "SAT,sun", "tue", "fri-sat/1", "0", "7", "5-7", "*/2"];
    prop_oneof![2 => Just("*".to_owned()), 1 => select(&NAMES[..]).prop_map(str::to_owned), 1 => field(0, 6)]
}

/// Day, month and weekday, mostly open: a schedule that is due once in a decade tells little.
fn days() -> impl Strategy<Value = String> {
    let star = || Just("*".to_owned());
    (prop_oneof![2 => star(), 1 => field(1, 31)], prop_oneof![3 => star(), 1 => field(1, 12)], weekday())
        .prop_map(|(day, month, weekday)| format!("{day} {month} {weekday}"))
}

fn expression() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        3 => (field(0, 59), field(0, 23)).prop_map(|(minute, hour)| format!("{minute} {hour}")),
        1 => (field(0, 59), field(0, 59), field(0, 23)).prop_map(|(s, m, h)| format!("{s} {m} {h}")),
    ];
    (time, days()).prop_map(|(time, days)| format!("{time} {days}"))
}

/// An instant between 2001 and 2060.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    (1_000_000_000i64..2_840_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// The next change of a zone's clocks, or the last one where they are to change no more.
fn change(zone: &Zone, from: Timestamp) -> Timestamp {
    let zone = zone.time_zone();
    zone.following(from).next().or_else(|| zone.preceding(from).next()).unwrap().timestamp()
}

/// A zone, and an instant within three days of a change of its clocks.
fn near_a_change() -> impl Strategy<Value = (Zone, Timestamp)> {
    (select(&ZONES[..5]), any_instant(), -3 * 86_400i64..86_400).prop_map(|(name, from, shift)| {
        let zone = zone(name);
        let near = change(&zone, from).checked_add(shift.seconds()).unwrap();
        (zone, near)
    })
}

fn wall(zone: &Zone, instant: Timestamp) -> NaiveDateTime {
    let offset = i64::from(zone.time_zone().to_offset(instant).seconds());
    DateTime::from_timestamp(instant.as_second() + offset, 0).unwrap().naive_utc()
}

fn croner(text: &str) -> croner::Cron {
    text.parse().unwrap_or_else(|error| panic!("croner does not read {text:?}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn away_from_changes_croner_agrees(text in expression(), name in select(&ZONES[..]), from in any_instant()) {
        let zone = zone(name);
        let mut after = from;
        for due in upcoming(&text, &zone, from).take(3) {
            if zone.segment_of(after.as_second()) == zone.segment_of(due.as_second()) {
                let expected = croner(&text).find_next_occurrence(&wall(&zone, after), false).unwrap();
                prop_assert_eq!(wall(&zone, due), expected, "{} in {} after {}", text, name, after);
            }
            after = due;
        }
    }

    #[test]
    fn instants_only_go_forward_and_none_is_passed_over(
        text in expression(),
        (zone, from) in near_a_change(),
        share in 0.0..1.0,
    ) {
        let cron = Cron::parse(&text).unwrap();
        let mut after = from;
        for due in upcoming(&text, &zone, from).take(10) {
            prop_assert!(due > after, "{} in {}: {} after {}", text, zone, due, after);
            // Whenever it is asked on the way there, the answer is the same.
            let between = after + (due.duration_since(after)).mul_f64(share);
            if between < due {
                prop_assert_eq!(cron.next_after(between, &zone), Some(due), "{} in {} after {}", text, zone, between);
            }
            after = due;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// A time of day that is fixed happens at its first valid instant, once, on each local day that matches.
    #[test]
    fn fixed_fires_once_a_day_through_every_change(
        minutes in prop::collection::btree_set(0u32..60, 1..4),
        hours in prop::collection::btree_set(0u32..24, 1..4),
        days in days(),
        (zone, from) in near_a_change(),
    ) {
        let list = |values: &std::collections::BTreeSet<u32>| {
            values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
        };
        let text = format!("{} {} {days}", list(&minutes), list(&hours));
        let until = from + jiff::SignedDuration::from_hours(6 * 24);
        let mut expected = Vec::new();
        let first: civil::Date = zone.time_zone().to_datetime(from).date();
        for ahead in -1..8 {
            let date = first + ahead.days();
            for (hour, minute) in hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (hour, minute))) {
                let civil = date.at(*hour as i8, *minute as i8, 0, 0);
                let naive: NaiveDateTime = civil.to_string().parse().unwrap();
                if croner(&text).is_time_matching(&naive).unwrap() {
                    expected.extend(zone.instant_of(civil));
                }
            }
        }
        expected.retain(|instant| *instant > from && *instant <= until);
        expected.dedup();
        let due: Vec<Timestamp> = upcoming(&text, &zone, from).take_while(|due| *due <= until).collect();
        prop_assert_eq!(due, expected, "{} in {} after {}", text, zone, from);
    }

    /// A cadence is due at exactly those instants at which the clocks on the wall show a time that matches.
    #[test]
    fn a_cadence_is_due_whenever_the_clocks_show_its_time(
        (minute, hour) in (field(0, 59), field(0, 23))
            .prop_filter("is a cadence", |(minute, hour)| [minute, hour].iter().any(|f| f.contains(['*', '/']))),
        days in days(),
        (zone, near) in near_a_change(),
    ) {
        let text = format!("{minute} {hour} {days}");
        let from = change(&zone, near) - jiff::SignedDuration::from_hours(3);
        let oracle = croner(&text);
        let expected: Vec<Timestamp> = (1..=360)
            .map(|minute| from + jiff::SignedDuration::from_mins(minute))
            .filter(|instant| oracle.is_time_matching(&wall(&zone, *instant)).unwrap())
            .collect();
        let until = from + jiff::SignedDuration::from_hours(6);
        let due: Vec<Timestamp> = upcoming(&text, &zone, from).take_while(|due| *due <= until).collect();
        prop_assert_eq!(due, expected, "{} in {} after {}", text, zone, from);
    }

    /// Where the clocks move by whole hours, an hourly cadence has no dark hour and no double one.
    #[test]
    fn an_hourly_cadence_has_no_dark_hour(
        minute in 0..60,
        name in select(vec!["Europe/Berlin", "America/New_York", "Africa/Casablanca", "America/Santiago"]),
        year in 2020..2050,
    ) {
        let text = format!("{minute} * * * *");
        let from = instant(&format!("{year}-01-01T00:00:00Z"));
        let mut last = None;
        for due in upcoming(&text, &zone(name), from).take(9_000) {
            if let Some(last) = last {
                prop_assert_eq!(due.duration_since(last), jiff::SignedDuration::from_hours(1), "{} in {}", due, name);
            }
            last = Some(due);
        }
    }
}
