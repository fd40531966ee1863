//! `cargo bench --bench engine`: how many events a second the engine decides about on one core, with ten thousand
//! automations, beside the least that any such program does: look the automation up and put the event into a queue.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints"
)]

use std::{
    collections::{HashMap, VecDeque},
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uproctor::{
    config::{self, Automation},
    domain::{AutomationName, Detail, Event, EventId, EventKind, Outcome, Raw},
    engine::{Command, Engine, Input, Standing},
};

const AUTOMATIONS: usize = 10_000;
const EVENTS: usize = 500_000;
const GOAL: f64 = 100_000.0;

fn main() {
    for (title, lines) in [
        ("as they come", ""),
        (
            "with key, parallel, throttle and rate limit",
            "key = \"who\"\noverlap = \"parallel\"\nthrottle = \"1000 per 1s\"\nrate_limit = \"10000 per 10s\"",
        ),
        ("with debounce", "debounce = { quiet = \"10ms\" }"),
    ] {
        let automations = automations(lines);
        let events = events(&automations);
        let bare = bare(&automations, &events);
        let (engine, started, dropped) = decide(&automations, &events);
        let rate = |took: Duration| EVENTS as f64 / took.as_secs_f64();
        println!(
            "{title}: {:.0} events/s (goal: at least {GOAL:.0}), {started} started, {dropped} dropped; bare lookup and push: \
             {:.0} events/s, {:.1} times as fast",
            rate(engine),
            rate(bare),
            engine.as_secs_f64() / bare.as_secs_f64(),
        );
    }
}

fn automations(lines: &str) -> Vec<Arc<Automation>> {
    let text = format!(
        "[uproot]\ntoken_env = \"T\"\n[[automation]]\nname = \"it\"\nscript = \"it.rhai\"\n\
         on = [{{ webhook = \"h\", scheme = \"none\" }}, {{ every = \"1h\" }}]\n{lines}\n"
    );
    let draft = config::parse(Path::new("config.toml"), text, &|_| Some("token".to_owned()));
    let one = draft.accept().unwrap().automations.remove(0);
    let numbered = |number| {
        let name = format!("it-{number}").parse().unwrap();
        Arc::new(Automation { name, ..one.clone() })
    };
    (0..AUTOMATIONS).map(numbered).collect()
}

/// One event each ten microseconds, for the automations in turn, from a hundred participants.
fn events(automations: &[Arc<Automation>]) -> Vec<Arc<Event>> {
    let event = |number: usize| {
        let who = Raw::of(&json!({ "who": format!("participant-{}", number % 100) }));
        Arc::new(Event {
            id: EventId(number as i64),
            automation: automations[number * 7919 % AUTOMATIONS].name.clone(),
            kind: EventKind::Webhook,
            at: begin().checked_add(SignedDuration::from_micros(10 * number as i64)).unwrap(),
            count: 1,
            detail: Detail::Webhook { hook: "h".parse().unwrap(), payload: who, headers: Raw::default() },
        })
    };
    (0..EVENTS).map(event).collect()
}

fn begin() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Each event is decided about, and each run that starts ends at once.
fn decide(automations: &[Arc<Automation>], events: &[Arc<Event>]) -> (Duration, usize, usize) {
    let standings: Vec<_> =
        automations.iter().map(|automation| (Arc::clone(automation), Standing::default())).collect();
    let (mut engine, _) = Engine::start(begin(), &standings, 16);
    let (mut started, mut dropped) = (0, 0);
    let mut todo: VecDeque<Input> = VecDeque::new();
    let clock = Instant::now();
    for event in events {
        if engine.next_wake().is_some_and(|wake| wake <= event.at) {
            todo.push_back(Input::Tick);
        }
        todo.push_back(Input::Accepted(Arc::clone(event)));
        while let Some(input) = todo.pop_front() {
            for command in engine.handle(event.at, input) {
                match command {
                    Command::Start { event } => {
                        started += 1;
                        todo.push_back(Input::RunFinished { event, outcome: Outcome::Done });
                    }
                    Command::Drop { .. } => dropped += 1,
                    _ => {}
                }
            }
        }
    }
    (clock.elapsed(), started, dropped)
}

fn bare(automations: &[Arc<Automation>], events: &[Arc<Event>]) -> Duration {
    let mut queues: HashMap<AutomationName, VecDeque<Arc<Event>>> =
        automations.iter().map(|automation| (automation.name.clone(), VecDeque::new())).collect();
    let clock = Instant::now();
    for event in events {
        queues.get_mut(&event.automation).unwrap().push_back(Arc::clone(event));
    }
    black_box(&queues);
    clock.elapsed()
}
