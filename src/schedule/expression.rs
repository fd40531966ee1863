//! A cron expression as a whole: its fields in their order, and the names that stand for common ones.

use super::field::{Field, Kind};
use crate::domain::did_you_mean;

/// Why a text is not a cron expression. Nobody acts on what kind of mistake it was, so this is one sentence for the
/// person who made it, and the place to point at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronError {
    /// The byte of the expression where the mistake begins; its length where something is missing at the end.
    pub at: usize,
    /// Which field, what is wrong with it, and what to write instead.
    pub message: String,
}

/// The names that stand for an expression, and what they stand for.
const NAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The fields of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) second: Field,
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day: Field,
    pub(super) month: Field,
    pub(super) weekday: Field,
}

impl Expression {
    /// Reads five fields, or six of which the first is the second, or one of the names.
    pub(super) fn parse(text: &str) -> Result<Expression, CronError> {
        let words = words(text);
        if let [(at, name)] = words[..]
            && name.starts_with('@')
        {
            return named(name, at);
        }
        let (second, minute, hour, day, month, weekday) = match words[..] {
            [minute, hour, day, month, weekday] => ((0, "0"), minute, hour, day, month, weekday),
            [second, minute, hour, day, month, weekday] => (second, minute, hour, day, month, weekday),
            _ => return Err(wrong_count(text, &words)),
        };
        let field = |kind, (at, text): (usize, &str)| Field::parse(kind, text, at);
        Ok(Expression {
            second: field(Kind::Second, second)?,
            minute: field(Kind::Minute, minute)?,
            hour: field(Kind::Hour, hour)?,
            day: field(Kind::Day, day)?,
            month: field(Kind::Month, month)?,
            weekday: field(Kind::Weekday, weekday)?,
        })
    }

    /// Whether it names times of day, as against a cadence: neither minute nor hour holds a `*` or a step.
    pub(super) fn is_fixed(&self) -> bool {
        !self.minute.is_pattern && !self.hour.is_pattern
    }

    /// Whether both day fields restrict the days; a day then matches by either.
    pub(super) fn has_two_day_fields(&self) -> bool {
        !self.day.is_star && !self.weekday.is_star
    }

    /// The fields in the order in which they are written.
    pub(super) fn fields(&self) -> [&Field; 6] {
        [&self.second, &self.minute, &self.hour, &self.day, &self.month, &self.weekday]
    }
}

/// The words of a text, each with the byte where it begins.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for piece in text.split(char::is_whitespace) {
        if !piece.is_empty() {
            words.push((at, piece));
        }
        // The separator is one character, of one byte or more.
        let end = at + piece.len();
        at = end + text[end..].chars().next().map_or(0, char::len_utf8);
    }
    words
}

fn named(name: &str, at: usize) -> Result<Expression, CronError> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, meaning)) = NAMES.iter().find(|(known, _)| *known == lower) {
        return Expression::parse(meaning);
    }
    let message = if lower == "@reboot" {
        "\"@reboot\" is no time: write the trigger { daemon = \"started\" } instead".to_owned()
    } else if let Some(meant) = did_you_mean(&lower, NAMES.iter().map(|(known, _)| *known)) {
        format!("\"{name}\" is not known: did you mean \"{meant}\"?")
    } else {
        let known: Vec<&str> = NAMES.iter().map(|(known, _)| *known).collect();
        format!("\"{name}\" is not known: write one of {}, or five fields", known.join(", "))
    };
    Err(CronError { at, message })
}

const ORDER: &str = "minute, hour, day of month, month, day of week";

fn wrong_count(text: &str, words: &[(usize, &str)]) -> CronError {
    if let Some((at, name)) = words.iter().find(|(_, word)| word.starts_with('@')) {
        return CronError { at: *at, message: format!("\"{name}\" stands alone: remove the other fields") };
    }
    let at = words.get(6).map_or(text.len(), |(at, _)| *at);
    let message = match words.len() {
        0 => format!("the expression is empty: write five fields ({ORDER}), such as \"0 18 * * mon-fri\""),
        7 => format!(
            "7 fields are one too many: there is no field for the year; write {ORDER}, with seconds first"
        ),
        1 => format!("1 field is not enough: write five ({ORDER}), or six with seconds first"),
        count => format!(
            "{count} fields are {}: write five ({ORDER}), or six with seconds first",
            if count < 5 { "not enough" } else { "too many" }
        ),
    };
    CronError { at, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> [Vec<u32>; 6] {
        let expression = Expression::parse(text).unwrap();
        expression.fields().map(|field| field.values().collect())
    }

    #[test]
    fn fields_names_ranges_and_steps_are_read() {
        let all = |low: u32, high: u32| (low..=high).collect::<Vec<_>>();
        assert_eq!(values("* * * * *"), [vec![0], all(0, 59), all(0, 23), all(1, 31), all(1, 12), all(0, 6)]);
        assert_eq!(values("30 0 18 * * mon-fri")[0], [30]);
        for (text, days) in [
            ("0", vec![0]),
            ("7", vec![0]),
            ("0-7", all(0, 6)),
            ("1-5", all(1, 5)),
            ("5-7", vec![0, 5, 6]),
            ("sat-sun", vec![0, 6]),
            ("SUN,Wednesday", vec![0, 3]),
            ("*/2", vec![0, 2, 4, 6]),
            ("mon/2", vec![1, 3, 5]),
            ("7/2", vec![0]),
            ("7-2", vec![0, 1, 2]),
            ("sun-sat", all(0, 6)),
        ] {
            assert_eq!(values(&format!("0 0 * * {text}"))[5], days, "{text}");
        }
        assert_eq!(values("0 0 * jan,Dec,mar-apr *")[4], [1, 3, 4, 12]);
        assert_eq!(values("5/15,7,0-6/3 * * * *")[1], [0, 3, 5, 6, 7, 20, 35, 50]);
        assert_eq!(values("*/70 * * * *")[1], [0]);
        assert_eq!(values(" 0\t0   1 1 * "), values("@yearly"));
    }

    #[test]
    fn each_name_is_what_it_says() {
        for (name, meaning) in NAMES {
            assert_eq!(Expression::parse(&name.to_uppercase()), Expression::parse(meaning));
        }
    }

    #[test]
    fn only_a_star_or_a_step_makes_a_cadence() {
        for (text, fixed) in [
            ("0 18 * * *", true),
            ("0,30 2-4 * * *", true),
            ("*/5 0 2 * * *", true),
            ("*/5 2 * * *", false),
            ("0 * * * *", false),
            ("0 0-12/6 * * *", false),
        ] {
            assert_eq!(Expression::parse(text).unwrap().is_fixed(), fixed, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_placed_and_answered_with_what_to_write() {
        for (text, at, says) in [
            ("61 * * * *", 0, "minute: 61 is out of range: write 0 to 59"),
            ("0 24 * * *", 2, "hour: 24 is out of range: write 0 to 23"),
            ("0 0 0 * *", 4, "day of month: 0 is out of range"),
            ("0 0 * 13 *", 6, "month: 13 is out of range: write 1 to 12, or jan to dec"),
            ("0 0 * * 8", 8, "day of week: 8 is out of range: write 0 to 7"),
            ("0 0 * * mon,tus", 12, "\"tus\" is not a day of week: did you mean \"tue\"?"),
            ("0 0 * juli *", 6, "did you mean \"jul\"?"),
            ("0 0 * * mondy", 8, "did you mean \"monday\"?"),
            ("0 0 * * lundi", 8, "write 0 to 7 (both are Sunday), or sun to sat"),
            ("0 22-2 * * *", 2, "runs backwards: write \"22-23,0-2\""),
            ("0 23-0 * * *", 2, "write \"23,0\""),
            ("0 0 * * fri-mon", 8, "write \"fri-sun,mon\""),
            ("0 0 * * fri-tue", 8, "write \"fri-sun,mon-tue\""),
            ("*/0 * * * *", 0, "write a step of at least 1"),
            ("*/x * * * *", 0, "\"x\" is not a step"),
            ("*/ * * * *", 0, "is not a step"),
            ("*/+2 * * * *", 0, "is not a step"),
            ("1,,2 * * * *", 2, "minute: an item of the list is empty"),
            ("1- * * * *", 0, "a value is missing in \"1-\""),
            ("-5 * * * *", 0, "a value is missing in \"-5\""),
            ("*5 * * * *", 0, "\"*\" alone"),
            ("0 0 ? * mon", 4, "write \"*\""),
            ("0 0 L * *", 4, "\"L\" is not known here"),
            ("0 0 * * 5#2", 8, "\"5#2\" is not known here"),
            ("0 0 99999999999999999999 * *", 4, "out of range"),
            ("", 0, "the expression is empty"),
            ("5m", 2, "1 field is not enough: write five"),
            ("0 18 * *", 8, "4 fields are not enough"),
            ("0 0 18 * * mon 2026", 15, "there is no field for the year"),
            ("0 0 0 0 0 0 0 0", 12, "8 fields are too many"),
            ("@dayly", 0, "did you mean \"@daily\"?"),
            (" @reboot", 1, "daemon = \"started\""),
            ("@fortnightly", 0, "write one of @hourly"),
            ("0 @daily", 2, "stands alone"),
            ("0 18 * * mön", 9, "did you mean \"mon\"?"),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.message.contains(says), "{text:?}: {error}");
            assert_eq!(error.at, at, "{text:?}: {error}");
        }
    }
}
