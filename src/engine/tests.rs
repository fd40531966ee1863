//! A whole evening of the engine in virtual time: what its tests share.

mod clock_set;
mod clocks;
mod holds;
mod jitter;
mod overlap;
mod pace;
mod polls;
mod reload;

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    config,
    domain::{Detail, EventId, HookName, PastRun, Raw},
};

/// An engine and the time that it believes to be.
struct World {
    engine: Engine,
    now: Timestamp,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn name(text: &str) -> AutomationName {
    AutomationName::new(text).unwrap()
}

/// The automation `a` with these lines in its table, as the configuration is read.
fn automation(lines: &str) -> Arc<Automation> {
    let text = format!(
        "[uproot]\ntoken_env = \"T\"\n[daemon]\ntimezone = \"UTC\"\n[[automation]]\nname = \"a\"\nscript = \"a.rhai\"\n{lines}"
    );
    let draft = config::parse("config.toml".as_ref(), text, &|_| Some("secret".to_owned()));
    Arc::new(draft.accept().unwrap().automations.remove(0))
}

/// Starts with one automation at an instant, its clock last looked at at `cursor`.
fn start(lines: &str, now: &str, cursor: Option<&str>) -> (World, Vec<Command>) {
    let automation = automation(lines);
    let now = at(now);
    let clock = cursor.map(|cursor| {
        let (_, first) = Engine::start(now, &[(Arc::clone(&automation), Standing::default())], 16);
        let Some(Command::Clock { cursor: (_, schedule), .. }) = first.first() else { panic!("a clock") };
        (at(cursor), schedule.to_string())
    });
    let standing = Standing { clock, ..Standing::default() };
    let (engine, commands) = Engine::start(now, &[(automation, standing)], 16);
    (World { engine, now }, commands)
}

/// An engine with a number of workers and one automation that a webhook starts.
fn hook(lines: &str, workers: usize) -> World {
    hook_after(lines, workers, "2026-06-01T18:00:00Z", Standing::default())
}

/// The same after a restart.
fn hook_after(lines: &str, workers: usize, now: &str, standing: Standing) -> World {
    let on = "on = { webhook = \"h\", scheme = \"bearer\", secret_env = \"S\" }\n";
    let now = at(now);
    let automations = [(automation(&format!("{on}{lines}")), standing)];
    World { engine: Engine::start(now, &automations, workers).0, now }
}

fn event(id: i64, player: &str) -> Arc<Event> {
    event_at(id, player, "2026-06-01T18:00:00Z")
}

fn event_at(id: i64, player: &str, taken_in: &str) -> Arc<Event> {
    Arc::new(Event {
        id: EventId(id),
        automation: name("a"),
        kind: EventKind::Webhook,
        at: at(taken_in),
        count: 1,
        detail: Detail::Webhook {
            hook: HookName::new("h").unwrap(),
            payload: Raw::of(&json!({ "who": { "player": player } })),
            headers: Raw::default(),
        },
    })
}

/// A run of the past for the event with this number, taken in and started at the same time.
fn past(id: i64, player: &str, started: &str, ended: Option<(&str, Outcome)>) -> PastRun {
    PastRun {
        event: Event::clone(&event_at(id, player, started)),
        started: at(started),
        ended: ended.map(|(ended, outcome)| (at(ended), outcome)),
    }
}

/// Commands in short words, the cursor's left out: it is in every answer of a clock.
fn words(commands: &[Command]) -> Vec<String> {
    let word = |command: &Command| match command {
        Command::Fire { kind, instant, missed_count, .. } => {
            Some(format!("{kind} {instant} +{missed_count}"))
        }
        Command::Clock { .. } => None,
        Command::NotRun { count, instant, reason, .. } => {
            Some(format!("missed {count} to {instant}: {}", reason.rsplit(": ").next().unwrap()))
        }
        Command::Gathered { event } => Some(format!("{} stands for {}", event.id, event.count)),
        Command::Cancel { event } => Some(format!("cancel {event}")),
        Command::Hold(hold) => Some(format!("hold {}: {}", hold.held, hold.reason)),
        Command::Start { event } => Some(format!("start {}", event.id)),
        Command::Drop { event, reason, .. } => Some(format!("drop {event}: {reason}")),
        Command::Poll { automation } => Some(format!("poll {automation}")),
        Command::Look => Some("look".to_owned()),
    };
    commands.iter().filter_map(word).collect()
}

fn cursors(commands: &[Command]) -> Vec<String> {
    let cursor = |command: &Command| match command {
        Command::Clock { cursor: (at, schedule), .. } => Some(format!("{at} {schedule}")),
        _ => None,
    };
    commands.iter().filter_map(cursor).collect()
}

impl World {
    fn tell(&mut self, input: Input) -> Vec<String> {
        words(&self.engine.handle(self.now, input))
    }

    /// At this time of the evening.
    fn at(&mut self, time: &str) -> &mut Self {
        self.now = at(&format!("2026-06-01T{time}Z"));
        self
    }

    /// What is done when the daemon wakes at this instant.
    fn tick(&mut self, now: &str) -> Vec<String> {
        self.now = at(now);
        self.tell(Input::Tick)
    }

    fn next(&self) -> Option<String> {
        self.engine.next_wake().map(|next| next.to_string())
    }

    fn accept(&mut self, id: i64, player: &str) -> Vec<String> {
        let taken_in = self.now.to_string();
        self.tell(Input::Accepted(event_at(id, player, &taken_in)))
    }

    fn finish(&mut self, id: i64, player: &str) -> Vec<String> {
        self.ends(id, player, Outcome::Done)
    }

    fn ends(&mut self, id: i64, player: &str, outcome: Outcome) -> Vec<String> {
        self.tell(Input::RunFinished { event: event(id, player), outcome })
    }

    fn poll_ends(&mut self, result: PollResult) -> Vec<String> {
        self.tell(Input::PollFinished { automation: name("a"), result })
    }
}
