//! Something that happened and may start an automation.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{AutomationName, EventId, HookName, Raw, RunId};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A cron expression was due.
    Cron,
    /// A period was over.
    Every,
    /// A single instant was reached.
    At,
    /// A request came to `/hooks/NAME`.
    Webhook,
    /// A script's `poll()` gave an item that was not there before.
    Poll,
    /// A player was observed to be in a state.
    Player,
    /// A session was made, or everybody in it has finished.
    Session,
    /// Enough people wait in a room.
    Room,
    /// The uproot server went down, came up again, or was started anew.
    Server,
    /// A run of another automation failed.
    Run,
    /// The daemon has started.
    Daemon,
    /// A person asked for it: `uproctor trigger`.
    Manual,
    /// A person approved a plan, which is now carried out.
    Plan,
}

impl EventKind {
    /// The word that scripts, the store and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Every => "every",
            Self::At => "at",
            Self::Webhook => "webhook",
            Self::Poll => "poll",
            Self::Player => "player",
            Self::Session => "session",
            Self::Room => "room",
            Self::Server => "server",
            Self::Run => "run",
            Self::Daemon => "daemon",
            Self::Manual => "manual",
            Self::Plan => "plan",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came with the event, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// From the clock.
    Scheduled {
        /// The instant at which it was due.
        scheduled_at: Timestamp,
        /// How many earlier instants were missed and are made up for by this one.
        missed_count: u64,
    },
    /// From a webhook whose signature was right.
    Webhook {
        /// The name in its address.
        hook: HookName,
        /// The body: what the JSON says, or the fields of a form.
        payload: Raw,
        /// The request's headers in lower case, without the ones that carry secrets.
        headers: Raw,
    },
    /// From `poll()`.
    Poll {
        /// The item's key.
        key: String,
        /// The item as `poll()` gave it.
        item: Value,
    },
    /// From what was observed of the experiment, or of the daemon itself.
    Observed(Box<Observation>),
    /// From a person.
    Manual {
        /// What was given with `--payload`, or null.
        payload: Value,
        /// Whether the person asked for a dry run, whatever the automation's mode.
        dry_run: bool,
    },
    /// A plan that a person approved.
    Plan {
        /// The run that wanted it.
        run: RunId,
    },
}

/// Something that was observed to be so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What is so: `stalled`, `created`, `down`, `failed`, ...
    pub what: String,
    /// What overlap keys are looked up in: `session`, `player` (`SESSION/PLAYER`), `room`, `automation`, as far as it is about
    /// one.
    pub subject: Value,
    /// The rest of what the script sees of it, by kind.
    pub about: Map<String, Value>,
}

/// Something that happened, as the store keeps it and a script sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// The automation that it is for.
    pub automation: AutomationName,
    /// What kind of thing it is.
    pub kind: EventKind,
    /// When it was taken in.
    pub at: Timestamp,
    /// How many events it stands for: more than one where `debounce` gathered several into the last of them.
    pub count: u32,
    /// What came with it.
    pub detail: Detail,
}

impl Event {
    /// What the `event` map of one kind or another has.
    pub const PROPERTIES: [&str; 19] = [
        "kind",
        "id",
        "at",
        "automation",
        "count",
        "scheduled_at",
        "missed_count",
        "payload",
        "headers",
        "key",
        "item",
        "what",
        "session",
        "player",
        "counts",
        "room",
        "waiting",
        "since",
        "run",
    ];

    /// The `event` map that a script's `run(event)` gets: `kind`, `id`, `at` (RFC 3339), `automation`, `count`, and by kind
    /// `scheduled_at` and `missed_count`, `payload` and `headers`, `key` and `item`, or `what` with `session`, `player`, `counts`,
    /// `room`, `waiting`, `since`, `run`, as far as it is about one.
    pub fn to_script(&self) -> Value {
        let mut map = Map::new();
        map.insert("kind".into(), json!(self.kind.as_str()));
        map.insert("id".into(), json!(self.id));
        map.insert("at".into(), json!(self.at.to_string()));
        map.insert("automation".into(), json!(self.automation.as_str()));
        map.insert("count".into(), json!(self.count));
        match &self.detail {
            Detail::Scheduled { scheduled_at, missed_count } => {
                map.insert("scheduled_at".into(), json!(scheduled_at.to_string()));
                map.insert("missed_count".into(), json!(missed_count));
            }
            Detail::Webhook { payload, headers, .. } => {
                map.insert("payload".into(), payload.value().clone());
                map.insert("headers".into(), headers.value().clone());
            }
            Detail::Poll { key, item } => {
                map.insert("key".into(), json!(key));
                map.insert("item".into(), item.clone());
            }
            Detail::Observed(observation) => {
                map.insert("what".into(), json!(observation.what));
                map.extend(observation.about.clone());
            }
            Detail::Manual { payload, .. } => {
                map.insert("payload".into(), payload.clone());
            }
            Detail::Plan { run } => {
                map.insert("run".into(), json!(run));
            }
        }
        Value::Object(map)
    }

    /// The value in which an overlap key is looked up: the payload, the item, or what was observed; null for the clock.
    pub fn subject(&self) -> &Value {
        match &self.detail {
            Detail::Scheduled { .. } | Detail::Plan { .. } => &Value::Null,
            Detail::Webhook { payload, .. } => payload.value(),
            Detail::Manual { payload, .. } => payload,
            Detail::Poll { item, .. } => item,
            Detail::Observed(observation) => &observation.subject,
        }
    }
}
