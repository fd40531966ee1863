//! One field of a cron expression: which values it may hold, how they are written, and what is wrong with one that
//! is not. The messages name the field and say what to write instead, since this is where most typing slips end up.

use super::CronError;
use crate::domain::did_you_mean;

/// What a field stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl Kind {
    /// The name of the field in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Second => "second",
            Kind::Minute => "minute",
            Kind::Hour => "hour",
            Kind::Day => "day of month",
            Kind::Month => "month",
            Kind::Weekday => "day of week",
        }
    }

    /// The smallest and the largest value as written. A week runs from 0, Sunday, to 7, Sunday again.
    fn limits(self) -> (u32, u32) {
        match self {
            Kind::Second | Kind::Minute => (0, 59),
            Kind::Hour => (0, 23),
            Kind::Day => (1, 31),
            Kind::Month => (1, 12),
            Kind::Weekday => (0, 7),
        }
    }

    /// The largest value that is not another name of a smaller one.
    fn last(self) -> u32 {
        if self == Kind::Weekday { 6 } else { self.limits().1 }
    }

    /// How many values there are: the length of the cycle that a step should divide.
    pub(super) fn cycle(self) -> u32 {
        self.last() - self.limits().0 + 1
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Kind::Month => &MONTHS,
            Kind::Weekday => &WEEKDAYS,
            _ => &[],
        }
    }

    fn values_in_words(self) -> String {
        let (low, high) = self.limits();
        match self {
            Kind::Month => format!("{low} to {high}, or jan to dec"),
            Kind::Weekday => format!("{low} to {high} (both are Sunday), or sun to sat"),
            _ => format!("{low} to {high}"),
        }
    }
}

/// A step that is to run through the whole field, such as `*/7` or `5/7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// As the user wrote it.
    pub(super) text: String,
    /// How far apart its values are.
    pub(super) width: u32,
}

/// One field, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) kind: Kind,
    /// Bit n is set where the value n matches.
    values: u64,
    /// Written as `*` and nothing else.
    pub(super) is_star: bool,
    /// Holds a `*` or a step, which makes it a cadence and not a list of times.
    pub(super) is_pattern: bool,
    /// The steps that run through the whole field.
    pub(super) steps: Vec<Step>,
}

impl Field {
    /// Reads a field that stands at byte `at` of the expression.
    pub(super) fn parse(kind: Kind, text: &str, at: usize) -> Result<Field, CronError> {
        let mut field = Field { kind, values: 0, is_star: text == "*", is_pattern: false, steps: Vec::new() };
        let mut item_at = at;
        for item in text.split(',') {
            Item { kind, text: item, at: item_at }.add_to(&mut field)?;
            item_at += item.len() + 1;
        }
        Ok(field)
    }

    /// The values that match, in ascending order.
    pub(super) fn values(&self) -> impl Iterator<Item = u32> + '_ {
        (0..64).filter(|value| self.values >> value & 1 == 1)
    }

    /// Whether every value matches, however that was written.
    pub(super) fn is_all(&self) -> bool {
        self.values.count_ones() == self.kind.cycle()
    }
}

/// One item of the comma-separated list, and where it stands.
#[derive(Clone, Copy)]
struct Item<'a> {
    kind: Kind,
    text: &'a str,
    at: usize,
}

impl Item<'_> {
    fn add_to(self, field: &mut Field) -> Result<(), CronError> {
        if self.text.is_empty() {
            return Err(self.error("an item of the list is empty: remove the comma or write a value"));
        }
        let (range, step) = match self.text.split_once('/') {
            None => (self.text, None),
            Some((range, step)) => (range, Some(self.step(step)?)),
        };
        let (low, high, is_open) = self.range(range, step)?;
        if step.is_some() || range == "*" {
            field.is_pattern = true;
        }
        if let Some(width) = step
            && is_open
        {
            field.steps.push(Step { text: self.text.to_owned(), width });
        }
        for value in (low..=high).step_by(step.unwrap_or(1) as usize) {
            field.values |= 1 << if self.kind == Kind::Weekday { value % 7 } else { value };
        }
        Ok(())
    }

    fn step(self, text: &str) -> Result<u32, CronError> {
        match text.parse::<u32>() {
            Ok(0) => Err(self.error("a step of 0 goes nowhere: write a step of at least 1")),
            // Longer than the field is pointless but clear; `warnings` speaks of it.
            Ok(width) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(width),
            _ => {
                let example = format!("\"*/{}\"", if self.kind == Kind::Hour { 6 } else { 2 });
                Err(self.error(format!(
                    "{text:?} is not a step: write a whole number after the \"/\", as {example}"
                )))
            }
        }
    }

    /// The first and the last value, and whether the end was left to us.
    fn range(self, text: &str, step: Option<u32>) -> Result<(u32, u32, bool), CronError> {
        let (lowest, highest) = self.kind.limits();
        if text == "*" {
            return Ok((lowest, self.kind.last(), true));
        }
        let Some((first, last)) = text.split_once('-') else {
            let value = self.value(text)?;
            // `5/15` has no end of its own: it runs from 5 to the end of the field.
            return Ok(if step.is_some() {
                (value, self.kind.last().max(value), true)
            } else {
                (value, value, false)
            });
        };
        let (mut low, mut high) = (self.value(first)?, self.value(last)?);
        // Sunday begins the week in `sun-tue` and ends it in `sat-sun`, whichever of its numbers was written.
        match (self.kind, low, high) {
            (Kind::Weekday, 1.., 0) => high = 7,
            (Kind::Weekday, 7, ..7) => low = 0,
            _ => {}
        }
        if low > high {
            // Two ranges say the same without a guess at which way round was meant.
            let instead = match self.kind {
                Kind::Weekday => format!("{first}-sun,{}", span("mon", last, high == 1)),
                _ => format!("{},{}", span(first, &highest.to_string(), low == highest), {
                    span(&lowest.to_string(), last, high == lowest)
                }),
            };
            return Err(self.error(format!("the range \"{text}\" runs backwards: write \"{instead}\"")));
        }
        Ok((low, high, false))
    }

    fn value(self, text: &str) -> Result<u32, CronError> {
        let kind = self.kind;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let (low, high) = kind.limits();
            return match text.parse() {
                Ok(value) if (low..=high).contains(&value) => Ok(value),
                _ => Err(self.error(format!("{text} is out of range: write {}", kind.values_in_words()))),
            };
        }
        let lower = text.to_lowercase();
        // A name may be written out or cut to three letters.
        if let Some(index) = kind.names().iter().position(|name| *name == lower || name[..3] == lower) {
            let index = u32::try_from(index).unwrap_or_default();
            return Ok(index + kind.limits().0);
        }
        Err(self.error(self.not_a_value(text, &lower)))
    }

    fn not_a_value(self, text: &str, lower: &str) -> String {
        let values = self.kind.values_in_words();
        if text.is_empty() {
            return format!("a value is missing in \"{}\": write {values}", self.text);
        }
        if text.starts_with('*') || text.ends_with('*') {
            return format!(
                "\"*\" cannot be part of \"{text}\": write \"*\" alone, or a step such as \"*/2\""
            );
        }
        if text == "?" {
            return "\"?\" is not known here: write \"*\"".to_owned();
        }
        // Other schedulers' marks for the last day, the nearest workday and the nth weekday of a month.
        let is_mark = |c: char| matches!(c, 'l' | 'w' | '#');
        if matches!(self.kind, Kind::Day | Kind::Weekday)
            && lower.contains(is_mark)
            && lower.chars().all(|c| is_mark(c) || c.is_ascii_digit())
        {
            return format!(
                "\"{text}\" is not known here: write the days that it may be, and let the script check"
            );
        }
        let short = self.kind.names().iter().map(|name| &name[..3]);
        let near =
            did_you_mean(lower, short).or_else(|| did_you_mean(lower, self.kind.names().iter().copied()));
        match near {
            Some(name) => format!("\"{text}\" is not a {}: did you mean \"{name}\"?", self.kind.name()),
            None => format!("\"{text}\" is not a {}: write {values}", self.kind.name()),
        }
    }

    fn error(self, message: impl Into<String>) -> CronError {
        CronError { at: self.at, message: format!("{}: {}", self.kind.name(), message.into()) }
    }
}

/// A range, or its one value where it has only one.
fn span(first: &str, last: &str, single: bool) -> String {
    if single { last.to_owned() } else { format!("{first}-{last}") }
}
