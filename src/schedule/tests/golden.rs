//! What comes out in the nights in which clocks change: Berlin and New York by an hour, Lord Howe by half an hour,
//! Casablanca around Ramadan, Santiago at midnight, UTC never.

use super::*;

/// Zone, expression, an instant, and all that is due from there on for as long as the row goes.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

fn check(rows: &[Row]) {
    for (name, text, from, expected) in rows {
        let due = upcoming(text, &zone(name), instant(from)).take(expected.len());
        let due: Vec<String> = due.map(|due| due.to_string()).collect();
        let expected: Vec<String> = expected.iter().map(|text| instant(text).to_string()).collect();
        assert_eq!(due, expected, "{text:?} in {name} after {from}");
    }
}

#[test]
fn a_fixed_time_in_the_gap_fires_once_after_it() {
    check(&[
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-28T00:00:00+01:00",
            &["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        // Several skipped times are made up for by one, and 03:00 itself is that one.
        (
            "Europe/Berlin",
            "0,20,40 2,3 * * *",
            "2026-03-28T23:00:00+01:00",
            &["2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00"],
        ),
        // Seconds do not make a cadence: the minute that is skipped is still one time of day.
        (
            "Europe/Berlin",
            "*/20 30 2 * * *",
            "2026-03-29T01:00:00+01:00",
            &["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00", "2026-03-30T02:30:20+02:00"],
        ),
        (
            "America/New_York",
            "15 2 8 3 *",
            "2026-01-01T00:00:00Z",
            &["2026-03-08T03:00:00-04:00", "2027-03-08T02:15:00-05:00"],
        ),
        (
            "Australia/Lord_Howe",
            "10 2 * * *",
            "2026-10-03T12:00:00+10:30",
            &["2026-10-04T02:30:00+11:00", "2026-10-05T02:10:00+11:00"],
        ),
        (
            "Africa/Casablanca",
            "30 2 * * *",
            "2025-04-05T12:00:00+00:00",
            &["2025-04-06T03:00:00+01:00", "2025-04-07T02:30:00+01:00"],
        ),
        (
            "America/Santiago",
            "@daily",
            "2026-09-04T12:00:00-04:00",
            &["2026-09-05T00:00:00-04:00", "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"],
        ),
        // 2011 had no 30 December in Samoa: the day's run happens as the next one begins.
        (
            "Pacific/Apia",
            "0 12 * * *",
            "2011-12-29T00:00:00-10:00",
            &["2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"],
        ),
    ]);
}

#[test]
fn a_fixed_time_in_the_fold_fires_at_its_first_showing_only() {
    check(&[
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-24T12:00:00+02:00",
            &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        // Asked in the middle of the second showing, the first is not made up for.
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T02:10:00+01:00", &["2026-10-26T02:30:00+01:00"]),
        ("Europe/Berlin", "0,30 2,3 * * *", "2026-10-25T02:40:00+02:00", &["2026-10-25T03:00:00+01:00"]),
        (
            "America/New_York",
            "0 1 * * *",
            "2026-10-31T12:00:00-04:00",
            &["2026-11-01T01:00:00-04:00", "2026-11-02T01:00:00-05:00"],
        ),
        (
            "Australia/Lord_Howe",
            "45 1 * * *",
            "2026-04-04T12:00:00+11:00",
            &["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
        ),
        (
            "Africa/Casablanca",
            "30 2 * * *",
            "2025-02-22T12:00:00+01:00",
            &["2025-02-23T02:30:00+01:00", "2025-02-24T02:30:00+00:00"],
        ),
        // A database older than 2026 does not know that Morocco put its clocks back for good here.
        (
            "Africa/Casablanca",
            "30 1 * * *",
            "2026-09-19T12:00:00+01:00",
            &["2026-09-20T01:30:00+01:00", "2026-09-21T01:30:00+00:00"],
        ),
        (
            "America/Santiago",
            "30 23 * * *",
            "2026-04-04T12:00:00-03:00",
            &["2026-04-04T23:30:00-03:00", "2026-04-05T23:30:00-04:00"],
        ),
        ("America/Santiago", "@daily", "2026-04-04T12:00:00-03:00", &["2026-04-05T00:00:00-04:00"]),
    ]);
}

#[test]
fn a_cadence_goes_by_real_time_through_the_gap() {
    check(&[
        (
            "Europe/Berlin",
            "*/30 * * * *",
            "2026-03-29T01:10:00+01:00",
            &["2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"],
        ),
        // A cadence within one hour of the day has none left when that hour is skipped.
        ("Europe/Berlin", "*/20 2 * * *", "2026-03-28T12:00:00+01:00", &["2026-03-30T02:00:00+02:00"]),
        (
            "America/New_York",
            "0 */2 * * *",
            "2026-03-08T00:00:00-05:00",
            &["2026-03-08T04:00:00-04:00", "2026-03-08T06:00:00-04:00"],
        ),
        (
            "Australia/Lord_Howe",
            "*/15 * * * *",
            "2026-10-04T01:30:00+10:30",
            &["2026-10-04T01:45:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00"],
        ),
        (
            "America/Santiago",
            "15 * * * *",
            "2026-09-05T23:00:00-04:00",
            &["2026-09-05T23:15:00-04:00", "2026-09-06T01:15:00-03:00"],
        ),
    ]);
}

#[test]
fn a_cadence_goes_by_real_time_through_the_fold() {
    check(&[
        (
            "Europe/Berlin",
            "*/30 * * * *",
            "2026-10-25T01:40:00+02:00",
            &[
                "2026-10-25T02:00:00+02:00",
                "2026-10-25T02:30:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T02:30:00+01:00",
                "2026-10-25T03:00:00+01:00",
            ],
        ),
        (
            "America/New_York",
            "30 * * * *",
            "2026-11-01T00:00:00-04:00",
            &[
                "2026-11-01T00:30:00-04:00",
                "2026-11-01T01:30:00-04:00",
                "2026-11-01T01:30:00-05:00",
                "2026-11-01T02:30:00-05:00",
            ],
        ),
        (
            "Australia/Lord_Howe",
            "*/20 * * * *",
            "2026-04-05T01:30:00+11:00",
            &[
                "2026-04-05T01:40:00+11:00",
                "2026-04-05T01:40:00+10:30",
                "2026-04-05T02:00:00+10:30",
                "2026-04-05T02:20:00+10:30",
            ],
        ),
        (
            "America/Santiago",
            "0 */1 * * *",
            "2026-04-04T22:30:00-03:00",
            &["2026-04-04T23:00:00-03:00", "2026-04-04T23:00:00-04:00", "2026-04-05T00:00:00-04:00"],
        ),
    ]);
}

#[test]
fn utc_has_neither_gap_nor_fold() {
    check(&[
        ("UTC", "30 2 * * *", "2026-03-29T00:00:00Z", &["2026-03-29T02:30:00Z", "2026-03-30T02:30:00Z"]),
        ("UTC", "*/30 2 25 10 *", "2026-10-25T01:00:00Z", &["2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z"]),
    ]);
}

#[test]
fn days_match_by_either_field_where_both_are_set() {
    check(&[
        (
            "UTC",
            "0 0 13 * fri",
            "2026-02-28T00:00:00Z",
            &["2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z", "2026-03-27T00:00:00Z"],
        ),
        // The date never comes, the weekday does.
        ("UTC", "0 0 30 2 sun", "2026-01-31T00:00:00Z", &["2026-02-01T00:00:00Z", "2026-02-08T00:00:00Z"]),
        ("UTC", "0 18 * * 1-5", "2026-06-05T18:00:00Z", &["2026-06-08T18:00:00Z", "2026-06-09T18:00:00Z"]),
        ("UTC", "0 0 29 2 *", "2096-03-01T00:00:00Z", &[]),
        ("UTC", "0 0 29 2 *", "2024-03-01T00:00:00Z", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
    ]);
}

#[test]
fn parts_of_a_second_do_not_bring_the_same_instant_back() {
    check(&[
        ("UTC", "* * * * * *", "2026-01-01T00:00:00.999999999Z", &["2026-01-01T00:00:01Z"]),
        ("UTC", "0 0 * * *", "2026-01-01T00:00:00.5Z", &["2026-01-02T00:00:00Z"]),
        ("UTC", "0 0 * * *", "1969-12-31T23:59:59.5Z", &["1970-01-01T00:00:00Z"]),
        ("UTC", "0 0 * * *", "1960-06-01T12:00:00Z", &["1970-01-01T00:00:00Z"]),
    ]);
}

#[test]
fn what_never_comes_is_none_and_is_so_at_once() {
    for text in ["0 0 30 2 *", "* * * 31 4,6 *", "*/5 * 30 feb *"] {
        let cron = Cron::parse(text).unwrap();
        for _ in 0..1_000 {
            assert_eq!(cron.next_after(instant("2026-01-01T00:00:00Z"), &zone("Europe/Berlin")), None);
        }
    }
    let daily = Cron::parse("@daily").unwrap();
    assert_eq!(daily.next_after(instant("2100-12-31T12:00:00Z"), &Zone::utc()), None);
    assert_eq!(daily.next_after(Timestamp::MAX, &Zone::utc()), None);
    assert_eq!(
        daily.next_after(Timestamp::MIN, &zone("America/Santiago")),
        Some(instant("1970-01-01T00:00:00-03:00"))
    );
}

#[test]
fn the_period_is_the_distance_of_the_next_two() {
    let period = |text: &str, from: &str| {
        Cron::parse(text)
            .unwrap()
            .period(instant(from), &zone("Europe/Berlin"))
            .map(|period| period.as_secs())
    };
    assert_eq!(period("*/5 * * * *", "2026-06-01T00:00:00Z"), Some(300));
    assert_eq!(period("@daily", "2026-06-01T00:00:00Z"), Some(86_400));
    assert_eq!(period("@daily", "2026-03-28T12:00:00+01:00"), Some(82_800));
    assert_eq!(period("0 0 30 2 *", "2026-06-01T00:00:00Z"), None);
}

#[test]
fn an_expression_shows_itself_as_it_was_written() {
    let cron = Cron::parse(" 0 18  * * mon-fri").unwrap();
    assert_eq!(cron.to_string(), " 0 18  * * mon-fri");
    assert_eq!(format!("{cron:?}"), "Cron(\" 0 18  * * mon-fri\")");
}
