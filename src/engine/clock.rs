//! Clocks: which instants are due, and what becomes of those that were missed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Command;
use crate::{
    config::{Automation, Clock, Missed, MissedPolicy, Trigger},
    domain::{AutomationName, EventKind},
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

#[derive(Clone, Copy)]
struct Instant {
    at: Timestamp,
    kind: EventKind,
    missed: Missed,
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
            .filter_map(|(clock, missed)| {
                clock.next_after(after).map(|at| Instant { at, kind: clock.kind(), missed: *missed })
            })
            .min_by_key(|instant| instant.at)
    }

    /// Deals with everything that is due at `now` and moves the cursor.
    pub(super) fn fire(&mut self, now: Timestamp, automation: &AutomationName, commands: &mut Vec<Command>) {
        let mut missed: VecDeque<Instant> = VecDeque::new();
        let mut count = 0_u64;
        let mut in_time: Vec<Instant> = Vec::new();
        let next = loop {
            let instant = self.after(self.cursor);
            let Some(due) = instant.filter(|instant| instant.at <= now) else { break instant };
            self.cursor = due.at;
            if late(now, due.at) <= due.missed.grace {
                in_time.push(due);
                continue;
            }
            count += 1;
            missed.push_back(due);
            if missed.len() > KEPT {
                missed.pop_front();
            }
            if count == COUNTED {
                self.cursor = now;
                break self.after(now);
            }
        };
        self.next = next.map(|instant| instant.at);
        let fire = |instant: &Instant, missed_count| Command::Fire {
            automation: automation.clone(),
            kind: instant.kind,
            instant: instant.at,
            missed_count,
        };
        let mut folded = 0;
        if let Some(latest) = missed.back() {
            let not_made_up = |reason, count| Command::Missed {
                automation: automation.clone(),
                count,
                latest: latest.at,
                reason,
            };
            let in_deadline = |instant: &&Instant| late(now, instant.at) <= self.deadline(instant);
            match latest.missed.policy {
                MissedPolicy::Skip => commands.push(not_made_up("missed = \"skip\"", count)),
                // The one that comes in time stands for the missed ones too.
                MissedPolicy::Once if !in_time.is_empty() => folded = count,
                MissedPolicy::Once if in_deadline(&latest) => commands.push(fire(latest, count)),
                MissedPolicy::Once => commands.push(not_made_up("their deadline has passed", count)),
                MissedPolicy::All(most) => {
                    let most = usize::try_from(most).unwrap_or(KEPT);
                    let skip = missed.len().saturating_sub(most);
                    let made_up: Vec<&Instant> = missed.iter().skip(skip).filter(in_deadline).collect();
                    let rest = count.saturating_sub(made_up.len() as u64);
                    if rest > 0 {
                        commands.push(not_made_up("more than `all`, or past their deadline", rest));
                    }
                    commands.extend(made_up.into_iter().map(|instant| fire(instant, 1)));
                }
            }
        }
        for instant in &in_time {
            commands.push(fire(instant, std::mem::take(&mut folded)));
        }
        commands.push(Command::Clock {
            automation: automation.clone(),
            cursor: (self.cursor, Arc::clone(&self.schedule)),
        });
    }

    fn deadline(&self, instant: &Instant) -> Duration {
        instant.missed.deadline.unwrap_or_else(|| {
            let period = self.after(instant.at).map(|next| late(next.at, instant.at));
            period.unwrap_or(HOUR).min(HOUR)
        })
    }
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
