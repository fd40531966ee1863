//! Clocks: which instants are due, and what becomes of those that were missed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Command, jitter::jittered};
use crate::{
    config::{Automation, Clock, MissedPolicy, Timing, Trigger},
    domain::{AutomationName, Detail, Event, format_duration},
};

/// The longest default for `deadline`, and the largest step back of the system's clock that a schedule sits out.
const HOUR: Duration = Duration::from_hours(1);
/// The resolution of the store: the instant before another one.
const MOMENT: SignedDuration = SignedDuration::from_millis(1);
/// After this many missed instants the rest is not counted any more: a second's grid for a day.
const COUNTED: u64 = 100_000;
/// How many missed instants are kept for `{ all = N }`, its largest N.
const KEPT: usize = 1000;

/// The clocks of one automation. An instant that several of them name is one instant, that of the first.
#[derive(Debug)]
pub(super) struct Clocks {
    automation: AutomationName,
    clocks: Vec<Ticker>,
    /// All instants up to here are dealt with.
    cursor: Timestamp,
    /// The schedule in words, to tell whether it was changed.
    schedule: Arc<str>,
}

#[derive(Debug)]
struct Ticker {
    clock: Clock,
    timing: Timing,
    next: Option<Due>,
}

/// An instant, and when it fires: later by the jitter.
#[derive(Clone, Copy, Debug)]
struct Due {
    instant: Timestamp,
    at: Timestamp,
}

/// What one clock missed.
#[derive(Default)]
struct Gone {
    count: u64,
    /// The latest of them.
    last: VecDeque<Due>,
}

impl Clocks {
    /// The clocks of an automation; the cursor is to be written where it starts anew.
    pub(super) fn start(
        now: Timestamp,
        automation: &Automation,
        standing: Option<&(Timestamp, String)>,
        commands: &mut Vec<Command>,
    ) -> Self {
        let clocks: Vec<Ticker> = automation
            .triggers
            .iter()
            .filter_map(|trigger| match trigger {
                Trigger::Clock(clock, timing) => {
                    Some(Ticker { clock: clock.clone(), timing: *timing, next: None })
                }
                _ => None,
            })
            .collect();
        let schedule: Arc<str> =
            clocks.iter().map(|ticker| ticker.clock.to_string()).collect::<Vec<_>>().join("; ").into();
        let known = standing.filter(|(_, of)| **of == *schedule).map(|(at, _)| *at);
        let cursor = known.unwrap_or(now);
        let mut clocks = Self { automation: automation.name.clone(), clocks, cursor, schedule };
        clocks.go_on_after(cursor);
        if known.is_none() && !clocks.clocks.is_empty() {
            commands.push(clocks.write());
        }
        clocks.set_back(now, commands);
        clocks
    }

    /// No clocks.
    pub(super) fn none(now: Timestamp, automation: AutomationName) -> Self {
        Self { automation, clocks: Vec::new(), cursor: now, schedule: "".into() }
    }

    /// The clocks that take the place of these: the same schedule goes on where it is, another one starts now.
    pub(super) fn change(&mut self, now: Timestamp, automation: &Automation, commands: &mut Vec<Command>) {
        let standing = (self.cursor, self.schedule.to_string());
        *self = Self::start(now, automation, Some(&standing), commands);
    }

    /// When something fires next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.clocks.iter().filter_map(|ticker| ticker.next).map(|due| due.at).min()
    }

    /// Deals with everything that is due at `now` and moves the cursor.
    pub(super) fn fire(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        let mut in_time: Vec<(Timestamp, usize)> = Vec::new();
        let mut folded = Vec::with_capacity(self.clocks.len());
        for of in 0..self.clocks.len() {
            let before = in_time.len();
            let mut gone = Gone::default();
            while let Some(due) = self.clocks[of].next
                && due.at <= now
            {
                self.cursor = self.cursor.max(due.instant);
                let mut from = due.instant;
                if self.named_before(of, due.instant) {
                    // Another clock fires it.
                } else if late(now, due.at) <= self.clocks[of].timing.in_time() {
                    in_time.push((due.instant, of));
                } else {
                    gone.add(due);
                    if gone.count == COUNTED {
                        // What can still be made up for is looked at all the same.
                        from = from.max(self.clocks[of].timing.still_of_use(now));
                    }
                }
                self.clocks[of].next = self.due_after(of, from);
            }
            folded.push(self.make_up(now, of, &gone, in_time.len() > before, commands));
        }
        in_time.sort_unstable();
        for (instant, of) in in_time {
            let missed_count = std::mem::take(&mut folded[of]);
            commands.push(self.fires(of, instant, missed_count));
        }
        // What one clock still holds back for its jitter is not dealt with, even where another is further.
        for due in self.clocks.iter().filter_map(|ticker| ticker.next) {
            self.cursor = self.cursor.min(due.instant.saturating_sub(MOMENT).unwrap_or(Timestamp::MIN));
        }
        commands.push(self.write());
    }

    /// The system's clock was set back, perhaps. As long as that was by little, nothing is due until the cursor is
    /// reached: all instants up to it have fired. After more the schedule goes on from now; an instant that has fired
    /// has a row in the store and does not fire again.
    pub(super) fn set_back(&mut self, now: Timestamp, commands: &mut Vec<Command>) {
        let ahead = late(self.cursor, now);
        if ahead <= HOUR || self.clocks.is_empty() {
            return;
        }
        let instant = self.cursor;
        self.cursor = now;
        self.go_on_after(now);
        commands.push(Command::NotRun {
            automation: self.automation.clone(),
            kind: self.clocks[0].clock.kind(),
            instant,
            count: 0,
            reason: format!(
                "the system's clock was set back by {} or more: the schedule goes on from {now}",
                format_duration(ahead)
            ),
        });
        commands.push(self.write());
    }

    /// Why an event of a clock that had to wait is too late to run, if it is.
    pub(super) fn too_late(&self, now: Timestamp, event: &Event) -> Option<String> {
        let Detail::Scheduled { scheduled_at, .. } = event.detail else { return None };
        let strictest = self.clocks.iter().map(|ticker| ticker.timing.latest()).min()?;
        if late(now, scheduled_at) <= strictest {
            return None;
        }
        let of = (0..self.clocks.len()).find(|of| self.names(*of, scheduled_at))?;
        let timing = &self.clocks[of].timing;
        let due = jittered(&self.automation, scheduled_at, timing.jitter);
        (late(now, due) > timing.latest()).then(|| {
            let latest = format_duration(timing.latest());
            format!("it waited until {latest} after {due}, its deadline, had passed")
        })
    }

    fn write(&self) -> Command {
        let cursor = (self.cursor, Arc::clone(&self.schedule));
        Command::Clock { automation: self.automation.clone(), cursor }
    }

    fn fires(&self, of: usize, instant: Timestamp, missed_count: u64) -> Command {
        let kind = self.clocks[of].clock.kind();
        Command::Fire { automation: self.automation.clone(), kind, instant, missed_count }
    }

    fn go_on_after(&mut self, after: Timestamp) {
        for of in 0..self.clocks.len() {
            self.clocks[of].next = self.due_after(of, after);
        }
    }

    fn due_after(&self, of: usize, after: Timestamp) -> Option<Due> {
        let ticker = &self.clocks[of];
        let instant = ticker.clock.next_after(after)?;
        Some(Due { instant, at: jittered(&self.automation, instant, ticker.timing.jitter) })
    }

    fn names(&self, of: usize, instant: Timestamp) -> bool {
        let before = instant.saturating_sub(MOMENT).unwrap_or(Timestamp::MIN);
        self.clocks[of].clock.next_after(before) == Some(instant)
    }

    fn named_before(&self, of: usize, instant: Timestamp) -> bool {
        (0..of).any(|earlier| self.names(earlier, instant))
    }

    /// Does what one clock's rule says about what it missed; gives how many of them the first one that comes in time
    /// stands for.
    fn make_up(
        &self,
        now: Timestamp,
        of: usize,
        gone: &Gone,
        in_time: bool,
        commands: &mut Vec<Command>,
    ) -> u64 {
        let Some(&latest) = gone.last.back() else { return 0 };
        let Ticker { clock, timing, .. } = &self.clocks[of];
        let not_made_up = |why, count| Command::NotRun {
            automation: self.automation.clone(),
            kind: clock.kind(),
            instant: latest.instant,
            count,
            reason: match count {
                1 => format!("it was missed, and is not made up for: {why}"),
                _ => format!("{count} instants were missed, and are not made up for: {why}"),
            },
        };
        let in_deadline = |due: &&Due| late(now, due.at) <= deadline(clock, timing, due.instant);
        match timing.missed {
            MissedPolicy::Skip => commands.push(not_made_up("missed = \"skip\"", gone.count)),
            MissedPolicy::Once if in_time => return gone.count,
            MissedPolicy::Once if in_deadline(&&latest) => {
                commands.push(self.fires(of, latest.instant, gone.count));
            }
            MissedPolicy::Once => commands.push(not_made_up("their deadline has passed", gone.count)),
            MissedPolicy::All(most) => {
                let most = usize::try_from(most).unwrap_or(KEPT);
                let skip = gone.last.len().saturating_sub(most);
                let made_up: Vec<&Due> = gone.last.iter().skip(skip).filter(in_deadline).collect();
                let rest = gone.count.saturating_sub(made_up.len() as u64);
                if rest > 0 {
                    commands.push(not_made_up("more than `all`, or past their deadline", rest));
                }
                commands.extend(made_up.into_iter().map(|due| self.fires(of, due.instant, 1)));
            }
        }
        0
    }
}

impl Timing {
    /// Up to how late an instant simply fires.
    fn in_time(&self) -> Duration {
        self.deadline.map_or(self.grace, |deadline| deadline.min(self.grace))
    }

    /// How late an event that had to wait may still start.
    fn latest(&self) -> Duration {
        self.deadline.unwrap_or(HOUR.max(self.grace))
    }

    /// The earliest instant that can still fire or be made up for.
    fn still_of_use(&self, now: Timestamp) -> Timestamp {
        let longest = self.grace.max(self.deadline.unwrap_or(HOUR)) + self.jitter;
        let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
        now.saturating_sub(longest).unwrap_or(Timestamp::MIN)
    }
}

impl Gone {
    fn add(&mut self, due: Due) {
        self.count += 1;
        self.last.push_back(due);
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

fn deadline(clock: &Clock, timing: &Timing, instant: Timestamp) -> Duration {
    timing.deadline.unwrap_or_else(|| {
        let period = clock.next_after(instant).map(|next| late(next, instant));
        period.unwrap_or(HOUR).min(HOUR)
    })
}

fn late(now: Timestamp, instant: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(instant)).unwrap_or(Duration::ZERO)
}
