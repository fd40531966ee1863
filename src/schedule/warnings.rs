//! What a valid cron expression may do that its author did not expect.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use super::{
    Zone,
    expression::Expression,
    field::{Field, Kind},
    walk::Walk,
    zone::Segment,
};

const YEAR: i64 = 366 * 86_400;

pub(super) fn warnings(expression: &Expression, walk: &Walk, from: Timestamp, zone: &Zone) -> Vec<String> {
    let mut warnings = Vec::new();
    if expression.has_two_day_fields() {
        warnings.push(
            "both day fields are set, and cron fires where either of them matches: leave one of them \"*\", and \
             let the script check the other if both must hold"
                .to_owned(),
        );
    }
    warnings.extend(expression.fields().into_iter().flat_map(uneven_steps));
    if walk.next_after(from.as_second()).is_none() {
        warnings.push("it never fires: there is no such day in the months that it names".to_owned());
        return warnings;
    }
    let from = from.as_second();
    for change in zone.segments().windows(2) {
        if let [before, after] = change
            && after.start > from
            && after.start <= from + YEAR
        {
            warnings.extend(clock_change(expression, walk, zone, *before, *after));
        }
    }
    warnings
}

/// Steps after which the last one of a cycle is shorter than the others.
fn uneven_steps(field: &Field) -> impl Iterator<Item = String> + '_ {
    let (kind, cycle) = (field.kind, field.kind.cycle());
    // Months differ in length, so that no step but 1 goes on evenly from one to the next.
    let uneven = move |width: u32| width > cycle || (kind == Kind::Day && width > 1) || cycle % width != 0;
    field.steps.iter().filter(move |step| uneven(step.width)).map(move |step| {
        let name = kind.name();
        let text = &step.text;
        if step.width >= cycle {
            return format!(
                "the {name} \"{text}\" matches one value only: its step is longer than the field"
            );
        }
        let restarts = match kind {
            Kind::Second => "each minute",
            Kind::Minute => "each hour",
            Kind::Hour => "each day",
            Kind::Day => "each month",
            Kind::Month => "each year",
            Kind::Weekday => "each week",
        };
        let instead = match kind {
            Kind::Second => format!("; for every {} seconds write every = \"{0}s\"", step.width),
            Kind::Minute => format!("; for every {} minutes write every = \"{0}m\"", step.width),
            Kind::Hour => format!("; for every {} hours write every = \"{0}h\"", step.width),
            Kind::Day => format!("; for every {} days write every = \"{0}d\"", step.width),
            Kind::Month | Kind::Weekday => String::new(),
        };
        format!("the {name} step \"{text}\" starts again {restarts}, and the last one is cut short{instead}")
    })
}

/// What happens to its times in one change of the clocks, where there is something to say.
fn clock_change(
    expression: &Expression,
    walk: &Walk,
    zone: &Zone,
    before: Segment,
    after: Segment,
) -> Option<String> {
    let shift = after.offset - before.offset;
    // Through an hour more or less, something that goes on every hour of the day just goes on.
    if expression.hour.is_all() && !expression.is_fixed() && shift % 3600 == 0 {
        return None;
    }
    let (old, new) = (after.start + before.offset, after.start + after.offset);
    let wall = walk.next_after(old.min(new) - 1).filter(|wall| *wall < old.max(new))?;
    let (wall, old, new) = (civil(wall)?, civil(old)?, civil(new)?);
    let (date, time) = (wall.date(), clock(wall));
    let change = if shift > 0 {
        format!(
            "{time} does not exist on {date} in {zone} (the clocks go from {} to {})",
            clock(old),
            clock(new)
        )
    } else {
        format!(
            "{time} comes twice on {date} in {zone} (the clocks go back from {} to {})",
            clock(old),
            clock(new)
        )
    };
    let effect = match (shift > 0, expression.is_fixed()) {
        (true, true) => format!("it fires once, at {}", clock(new)),
        (true, false) => "what falls into the gap is left out".to_owned(),
        (false, true) => "it fires the first time only".to_owned(),
        (false, false) => "it fires both times".to_owned(),
    };
    Some(format!("{change}: {effect}"))
}

fn civil(wall: i64) -> Option<DateTime> {
    Timestamp::from_second(wall).ok().map(|wall| Offset::UTC.to_datetime(wall))
}

fn clock(wall: DateTime) -> String {
    wall.strftime(if wall.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}

#[cfg(test)]
mod tests {
    use crate::schedule::{Cron, Zone};

    fn warnings(text: &str, zone: &str) -> Vec<String> {
        let from = "2026-01-15T12:00:00Z".parse().unwrap();
        Cron::parse(text).unwrap().warnings(from, &Zone::get(zone).unwrap())
    }

    #[test]
    fn what_is_plain_gets_no_warning() {
        for text in
            ["0 18 * * mon-fri", "*/15 * * * *", "* * * * * *", "0 0 1 * *", "1-59/7 3-22 * * *", "@daily"]
        {
            assert_eq!(warnings(text, "Europe/Berlin"), [""; 0], "{text}");
        }
        assert_eq!(warnings("*/5 2 * * *", "UTC"), [""; 0]);
    }

    #[test]
    fn both_day_fields_are_pointed_out() {
        assert!(warnings("0 0 13 * fri", "UTC")[0].contains("either of them"));
    }

    #[test]
    fn steps_that_do_not_divide_are_pointed_out() {
        for (text, says) in [
            ("*/7 * * * *", "every = \"7m\""),
            ("*/50 * * * * *", "every = \"50s\""),
            ("0 */5 * * *", "starts again each day"),
            ("0 0 */2 * *", "starts again each month"),
            ("0 0 1 */5 *", "starts again each year"),
            ("0 0 * * */2", "starts again each week"),
            ("*/90 * * * *", "one value only"),
        ] {
            let warnings = warnings(text, "UTC");
            assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
            assert!(warnings[0].contains(says), "{text}: {warnings:?}");
        }
    }

    #[test]
    fn what_never_fires_is_pointed_out() {
        for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30-31 feb *"] {
            assert!(warnings(text, "Europe/Berlin")[0].contains("never fires"), "{text}");
        }
        assert_eq!(warnings("0 12 29 2 *", "Europe/Berlin"), [""; 0]);
        assert!(!warnings("0 0 30 2 mon", "UTC").iter().any(|warning| warning.contains("never")));
    }

    #[test]
    fn times_in_a_gap_or_a_fold_are_pointed_out_with_the_date() {
        assert_eq!(
            warnings("30 2 * * *", "Europe/Berlin"),
            [
                "02:30 does not exist on 2026-03-29 in Europe/Berlin (the clocks go from 02:00 to 03:00): it fires \
                 once, at 03:00",
                "02:30 comes twice on 2026-10-25 in Europe/Berlin (the clocks go back from 03:00 to 02:00): it fires \
                 the first time only",
            ]
        );
        assert_eq!(
            warnings("*/10 2 * * sun", "Europe/Berlin"),
            [
                "02:00 does not exist on 2026-03-29 in Europe/Berlin (the clocks go from 02:00 to 03:00): what falls \
                 into the gap is left out",
                "02:00 comes twice on 2026-10-25 in Europe/Berlin (the clocks go back from 03:00 to 02:00): it fires \
                 both times",
            ]
        );
        assert!(
            warnings("0 0 * * *", "America/Santiago")[0].starts_with("00:00 does not exist on 2026-09-06")
        );
        // Half an hour is no whole number of hours: here even an hourly cadence changes.
        assert_eq!(warnings("0 * * * *", "Australia/Lord_Howe").len(), 1);
        assert_eq!(warnings("30 2 * * mon", "Europe/Berlin"), [""; 0]);
    }
}
