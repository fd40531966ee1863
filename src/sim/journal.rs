//! Everything that happened in a rehearsal, in order. The same seed gives the same journal, byte for byte.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use bytes::Bytes;
use http::Method;

use super::stage::Micros;
use crate::{
    domain::{AutomationName, EventKind, Outcome as Ended, RunId},
    notify::Message,
    sandbox::{Happening, Outcome},
};

/// The most entries that are kept; what comes later is only counted.
const MOST: usize = 2_000_000;

/// See the module. What is summed up from it is kept beside the entries, and so is right also where there was no room for
/// all of them.
#[derive(Default)]
pub struct Journal {
    entries: Vec<Entry>,
    dropped: usize,
    outcome: Outcome,
    notes: Vec<Note>,
    began: BTreeMap<i64, Micros>,
    plans: BTreeMap<i64, PlanTimes>,
    messages: Vec<(Micros, Message)>,
}

/// When a plan came, and when it was decided.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlanTimes {
    pub(super) came: Micros,
    pub(super) decided: Option<Micros>,
}

/// One thing that happened.
pub struct Entry {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What happened.
pub enum What {
    /// A participant did something, or something was done to them.
    Participant(Happening),
    /// The daemon called the server, or another one.
    Call(Call),
    /// A run began.
    RunStarted {
        /// Its number.
        run: RunId,
        /// Whose it is.
        automation: AutomationName,
        /// What started it.
        kind: EventKind,
        /// The thread it runs on.
        actor: u64,
    },
    /// A script told people something.
    Told {
        /// Through which channel.
        channel: String,
        /// The run.
        run: Option<i64>,
        /// What.
        text: String,
    },
    /// A message would have gone out to people.
    Message(Message),
    /// A run ended.
    RunEnded {
        /// Its number.
        run: RunId,
        /// How.
        outcome: Ended,
        /// Why.
        reason: Option<String>,
    },
    /// A plan waits for a person.
    Planned {
        /// The run that wants it.
        run: RunId,
        /// Whose it is.
        automation: AutomationName,
        /// Why it waits.
        reason: String,
        /// What it wants, a line a write.
        wants: Vec<String>,
    },
    /// A plan does not wait any more.
    PlanDecided {
        /// The run that wanted it.
        run: RunId,
        /// `approved`, `rejected`, `expired` or `replaced`.
        state: String,
        /// By whom, or why.
        note: Option<String>,
    },
    /// Something went wrong, on purpose.
    Fault(Fault),
    /// A webhook came.
    Webhook {
        /// For which automation.
        automation: AutomationName,
        /// What became of it.
        outcome: String,
    },
}

/// What goes wrong at a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server starts again and is away for so many microseconds.
    ServerRestart(i64),
    /// The daemon will crash after so many more of its steps.
    CrashAhead(u64),
    /// The daemon crashes.
    Crash,
    /// The daemon's clock is set by so many microseconds.
    ClockJump(i64),
}

/// Something that came from outside of the experiment and of the automations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What kind of thing it was: the fault, or nothing for a webhook.
    pub fault: Option<Fault>,
    /// The line of the journal.
    pub text: String,
}

/// A call of the daemon.
pub struct Call {
    /// The thread that made it.
    pub actor: u64,
    /// The method.
    pub method: Method,
    /// The host, if it is not the uproot server.
    pub host: Option<String>,
    /// The path below the API's root.
    pub path: String,
    /// The query.
    pub query: Option<String>,
    /// The body.
    pub body: Option<Bytes>,
    /// The status, or what went wrong.
    pub outcome: String,
}

impl Journal {
    pub(super) fn add(&mut self, at: Micros, what: What) {
        match &what {
            What::Participant(happening) => self.outcome.observe(happening),
            What::Fault(fault) => self.notes.push(Note { at, fault: Some(*fault), text: what.to_string() }),
            What::Webhook { .. } => self.notes.push(Note { at, fault: None, text: what.to_string() }),
            What::RunStarted { run, .. } => {
                self.began.insert(run.0, at);
            }
            What::Planned { run, .. } => {
                self.plans.insert(run.0, PlanTimes { came: at, decided: None });
            }
            What::PlanDecided { run, .. } => {
                self.plans.entry(run.0).or_default().decided = Some(at);
            }
            What::Message(message) => self.messages.push((at, message.clone())),
            What::Call(_) | What::Told { .. } | What::RunEnded { .. } => {}
        }
        if self.entries.len() < MOST {
            self.entries.push(Entry { at, what });
        } else {
            self.dropped += 1;
        }
    }

    /// Everything, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there was no room for.
    pub(super) fn dropped(&self) -> usize {
        self.dropped
    }

    /// What came of the participants; what still goes on is not in its sums yet.
    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Faults and webhooks.
    pub(super) fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// When each run began.
    pub(super) fn began(&self) -> &BTreeMap<i64, Micros> {
        &self.began
    }

    /// When each plan came and was decided, by the run that wanted it.
    pub(super) fn plans(&self) -> &BTreeMap<i64, PlanTimes> {
        &self.plans
    }

    /// What would have gone out to people.
    pub(super) fn messages(&self) -> &[(Micros, Message)] {
        &self.messages
    }

    /// As text, a line each, with times counted from `start`.
    pub fn text(&self, start: i64) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            let _ = writeln!(text, "{} {}", clock(entry.at - start), entry.what);
        }
        if self.dropped > 0 {
            let _ = writeln!(text, "and {} more", self.dropped);
        }
        text
    }
}

/// `H:MM:SS.mmm` since the start.
pub fn clock(micros: i64) -> String {
    let millis = micros / 1000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The title of a message; of one without, how it begins.
pub(super) fn headline(message: &Message) -> &str {
    if message.title.is_empty() { message.text.lines().next().unwrap_or_default() } else { &message.title }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Participant(happening) => write!(f, "{happening}"),
            Self::Call(call) => write!(f, "{call}"),
            Self::RunStarted { run, automation, kind, .. } => {
                write!(f, "run {run} of {automation} starts ({kind})")
            }
            Self::Told { channel, run, text } => {
                let run = run.map(|run| format!("  (run {run})")).unwrap_or_default();
                write!(f, "  told {channel}: {text}{run}")
            }
            Self::Message(message) => {
                write!(f, "{} gets ({}): {}", message.channel, message.kind, headline(message))
            }
            Self::RunEnded { run, outcome, reason: Some(reason) } => {
                write!(f, "run {run} {outcome}: {reason}")
            }
            Self::RunEnded { run, outcome, reason: None } => write!(f, "run {run} {outcome}"),
            Self::Planned { run, automation, reason, wants } => {
                write!(f, "plan {run} of {automation} waits ({reason}): {}", wants.join("; "))
            }
            Self::PlanDecided { run, state, note } => {
                let note = note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
                write!(f, "plan {run} {state}{note}")
            }
            Self::Fault(what) => write!(f, "fault: {what}"),
            Self::Webhook { automation, outcome } => write!(f, "webhook for {automation}: {outcome}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerRestart(away) => write!(f, "the server restarts, away for {} s", away / 1_000_000),
            Self::CrashAhead(steps) => write!(f, "the daemon is about to crash, {steps} steps from here"),
            Self::Crash => f.write_str("the daemon crashes"),
            Self::ClockJump(by) => write!(f, "the daemon's clock is set by {} s", by / 1_000_000),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {} ", self.method)?;
        if let Some(host) = &self.host {
            f.write_str(host)?;
        }
        f.write_str(&self.path)?;
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if let Some(body) = &self.body {
            write!(f, " {}", String::from_utf8_lossy(body))?;
        }
        write!(f, " -> {}", self.outcome)
    }
}
