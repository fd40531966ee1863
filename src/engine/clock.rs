//! Clocks: which instants are due, and what becomes of those that were missed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::Command;
use crate::{
    config::{Automation, Clock, Missed, MissedPolicy, Trigger},
    domain::AutomationName,
};

/// The longest default for `deadline`.
const HOUR: Duration = Duration::from_hours(1);
/// After this many missed instants the rest is not counted any more: a second's grid for a day.
const COUNTED: u64 = 100_000;
/// How many missed instants are kept for `{ all = N }`, its largest N.
const KEPT: usize = 1000;

/// The clocks of one automation. An instant that several of them name is one instant.
#[derive(Debug)]
pub(super) struct Clocks {
    clocks: Vec<(Clock, Missed)>,
    /// All instants up to here are dealt with.
    cursor: Timestamp,
    /// The schedule in words, to tell whether it was changed.
    schedule: Arc<str>,
    pub(super) next: Option<Timestamp>,
}

/// A due instant and the index of its clock.
#[derive(Clone, Copy)]
struct Instant {
    at: Timestamp,
    of: usize,
}

/// What one clock missed.
#[derive(Default)]
struct Gone {
    count: u64,
    /// The latest of them.
    last: VecDeque<Timestamp>,
}

impl Clocks {
    /// The clocks of an automation, and the cursor where it starts anew and is to be written.
    pub(super) fn start(
        now: Timestamp,
        automation: &Automation,
        standing: Option<&(Timestamp, String)>,
    ) -> (Self, Option<(Timestamp, Arc<str>)>) {
        let clocks: Vec<(Clock, Missed)> = automation
            .triggers
            .iter()
            .filter_map(|trigger| match trigger {
                Trigger::Clock(clock, missed) => Some((clock.clone(), *missed)),
                _ => None,
            })
            .collect();
        let schedule: Arc<str> =
            clocks.iter().map(|(clock, _)| describe(clock)).collect::<Vec<_>>().join("; ").into();
        let known = standing.filter(|(_, of)| **of == *schedule).map(|(at, _)| *at);
        let fresh = known.is_none() && !clocks.is_empty();
        let mut clocks = Self { clocks, cursor: known.unwrap_or(now), schedule, next: None };
        clocks.next = clocks.after(clocks.cursor).map(|instant| instant.at);
        let cursor = fresh.then(|| (now, Arc::clone(&clocks.schedule)));
        (clocks, cursor)
    }

    fn after(&self, after: Timestamp) -> Option<Instant> {
        self.clocks
            .iter()
            .enumerate()
            .filter_map(|(of, (clock, _))| clock.next_after(after).map(|at| Instant { at, of }))
            .min_by_key(|instant| instant.at)
    }

    /// Deals with everything that is due at `now` and moves the cursor.
    pub(super) fn fire(&mut self, now: Timestamp, automation: &AutomationName, commands: &mut Vec<Command>) {
        let mut missed: Vec<Gone> = self.clocks.iter().map(|_| Gone::default()).collect();
        let mut count = 0;
        let mut in_time: Vec<Instant> = Vec::new();
        let next = loop {
            let instant = self.after(self.cursor);
            let Some(due) = instant.filter(|instant| instant.at <= now) else { break instant };
            self.cursor = due.at;
            if late(now, due.at) <= self.clocks[due.of].1.grace {
                in_time.push(due);
                continue;
            }
            missed[due.of].add(due.at);
            count += 1;
            if count == COUNTED {
                // What can still be made up for is looked at all the same.
                self.cursor = self.cursor.max(self.still_of_use(now));
            }
        };
        self.next = next.map(|instant| instant.at);
        let mut folded: Vec<u64> = missed
            .iter()
            .enumerate()
            .map(|(of, gone)| {
                let in_time = in_time.iter().any(|instant| instant.of == of);
                self.make_up(now, of, gone, in_time, automation, commands)
            })
            .collect();
        for instant in &in_time {
            commands.push(Command::Fire {
                automation: automation.clone(),
                kind: self.clocks[instant.of].0.kind(),
                instant: instant.at,
                missed_count: std::mem::take(&mut folded[instant.of]),
            });
        }
        commands.push(Command::Clock {
            automation: automation.clone(),
            cursor: (self.cursor, Arc::clone(&self.schedule)),
        });
    }

    /// Does what one clock's rule says about what it missed; gives how many of them the first one that comes in time
    /// stands for.
    fn make_up(
        &self,
        now: Timestamp,
        of: usize,
        gone: &Gone,
        in_time: bool,
        automation: &AutomationName,
        commands: &mut Vec<Command>,
    ) -> u64 {
        let Some(&latest) = gone.last.back() else { return 0 };
        let (clock, missed) = &self.clocks[of];
        let fire = |instant, missed_count| Command::Fire {
            automation: automation.clone(),
            kind: clock.kind(),
            instant,
            missed_count,
        };
        let not_made_up =
            |reason, count| Command::Missed { automation: automation.clone(), count, latest, reason };
        let in_deadline = |instant: &&Timestamp| late(now, **instant) <= deadline(clock, missed, **instant);
        match missed.policy {
            MissedPolicy::Skip => commands.push(not_made_up("missed = \"skip\"", gone.count)),
            MissedPolicy::Once if in_time => return gone.count,
            MissedPolicy::Once if in_deadline(&&latest) => commands.push(fire(latest, gone.count)),
            MissedPolicy::Once => commands.push(not_made_up("their deadline has passed", gone.count)),
            MissedPolicy::All(most) => {
                let most = usize::try_from(most).unwrap_or(KEPT);
                let skip = gone.last.len().saturating_sub(most);
                let made_up: Vec<&Timestamp> = gone.last.iter().skip(skip).filter(in_deadline).collect();
                let rest = gone.count.saturating_sub(made_up.len() as u64);
                if rest > 0 {
                    commands.push(not_made_up("more than `all`, or past their deadline", rest));
                }
                commands.extend(made_up.into_iter().map(|instant| fire(*instant, 1)));
            }
        }
        0
    }

    /// The earliest instant that can still fire or be made up for.
    fn still_of_use(&self, now: Timestamp) -> Timestamp {
        let longest = self.clocks.iter().map(|(_, missed)| missed.grace.max(missed.deadline.unwrap_or(HOUR)));
        let longest = SignedDuration::try_from(longest.max().unwrap_or(HOUR)).unwrap_or(SignedDuration::MAX);
        now.saturating_sub(longest).unwrap_or(Timestamp::MIN)
    }
}

impl Gone {
    fn add(&mut self, at: Timestamp) {
        self.count += 1;
        self.last.push_back(at);
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

fn deadline(clock: &Clock, missed: &Missed, instant: Timestamp) -> Duration {
    missed.deadline.unwrap_or_else(|| {
        let period = clock.next_after(instant).map(|next| late(next, instant));
        period.unwrap_or(HOUR).min(HOUR)
    })
}

fn late(now: Timestamp, instant: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(instant)).unwrap_or(Duration::ZERO)
}

fn describe(clock: &Clock) -> String {
    match clock {
        Clock::Cron(cron, zone) => format!("cron {cron} {}", zone.name()),
        Clock::Every(every) => format!("every {}", crate::domain::format_duration(every.period())),
        Clock::At(at) => format!("at {at}"),
    }
}
