//! Every route of the API: the router and the OpenAPI document are made from this table.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{acts, asked::Asked, reading as read};
use crate::{
    domain::Role,
    web::{Shared, answer::Answer, auth::Who},
};

/// How many rows a list has where nothing else is asked for.
pub(super) const LIMIT: u32 = 100;
/// How many rows a list has at most.
const MOST: u32 = 1000;

/// How an address is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

/// What a part of a query may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// The number that `next` of an earlier answer gave.
    Cursor,
    /// How many rows, at most so many.
    Limit(u32),
}

/// A part of a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

/// Asks the daemon for something to be done.
pub(super) type Act = for<'a> fn(&'a Shared, &'a Who, &'a Asked) -> BoxFuture<'a, Result<Answer, Answer>>;

/// What answers.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Reads the store and what is observed.
    Read(fn(&read::Reading) -> Result<Value, Answer>),
    /// Has something done.
    Act(Act),
    /// The document itself.
    Document,
}

/// One address.
pub(super) struct Route {
    pub(super) method: Method,
    /// With the names of its parts in braces, as the router and OpenAPI both write it.
    pub(super) path: &'static str,
    /// The operation's name.
    pub(super) id: &'static str,
    /// Who may ask; none for everybody.
    pub(super) role: Option<Role>,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Parameter],
    /// The schema of the body.
    pub(super) body: Option<&'static str>,
    /// The status of the answer where all is well, and its schema.
    pub(super) answer: (u16, &'static str),
    /// The statuses of errors, beside those that every such address has.
    pub(super) errors: &'static [u16],
    pub(super) handler: Handler,
}

const BEFORE: Parameter = Parameter {
    name: "before",
    kind: Kind::Cursor,
    about: "Only rows before this one: what `next` of the answer before was.",
};
const LIMITED: Parameter =
    Parameter { name: "limit", kind: Kind::Limit(MOST), about: "How many rows at most." };
const PLANS_LIMITED: Parameter =
    Parameter { name: "limit", kind: Kind::Limit(LIMIT), about: "How many plans at most." };
const AUTOMATION: Parameter =
    Parameter { name: "automation", kind: Kind::Text, about: "Only of this automation." };
const ALL: Parameter =
    Parameter { name: "all", kind: Kind::Switch, about: "Also those that a person has decided about." };

/// The kinds of events.
pub(super) const KINDS: &[&str] = &[
    "cron", "every", "at", "webhook", "poll", "player", "session", "room", "server", "run", "daemon",
    "manual", "plan",
];
/// How events stand.
pub(super) const OUTCOMES: &[&str] =
    &["accepted", "running", "done", "skipped", "failed", "halted", "interrupted", "dropped"];

const EVENTS: &[Parameter] = &[
    AUTOMATION,
    Parameter { name: "kind", kind: Kind::Word(KINDS), about: "Only of this kind." },
    Parameter { name: "outcome", kind: Kind::Word(OUTCOMES), about: "Only those that stand so." },
    BEFORE,
    LIMITED,
];
const INTERVENTIONS: &[Parameter] = &[
    Parameter { name: "session", kind: Kind::Text, about: "Only on this session, room or host." },
    Parameter { name: "player", kind: Kind::Text, about: "Only on this player." },
    AUTOMATION,
    Parameter {
        name: "all",
        kind: Kind::Switch,
        about: "Also what was only wanted: dry runs, plans, refusals.",
    },
    BEFORE,
    LIMITED,
];

/// A route that reads.
const fn get(
    path: &'static str,
    id: &'static str,
    query: &'static [Parameter],
    answer: &'static str,
    errors: &'static [u16],
    read: fn(&read::Reading) -> Result<Value, Answer>,
    summary: &'static str,
) -> Route {
    let (role, handler) = (Some(Role::Viewer), Handler::Read(read));
    Route {
        method: Method::Get,
        path,
        id,
        role,
        summary,
        query,
        body: None,
        answer: (200, answer),
        errors,
        handler,
    }
}

/// A route that has something done, by an operator.
const fn post(
    path: &'static str,
    id: &'static str,
    body: Option<&'static str>,
    answer: (u16, &'static str),
    errors: &'static [u16],
    act: Act,
    summary: &'static str,
) -> Route {
    let (role, handler) = (Some(Role::Operator), Handler::Act(act));
    Route { method: Method::Post, path, id, role, summary, query: &[], body, answer, errors, handler }
}

/// Every address.
#[rustfmt::skip]
pub(super) static ROUTES: &[Route] = &[
    get("/api/v1/status", "status", &[], "Status", &[], read::status::status,
        "How the daemon, the uproot server, the queue and the store do"),
    get("/api/v1/automations", "automations", &[], "Automations", &[], read::automations::all,
        "The automations, in the order of the configuration"),
    get("/api/v1/automations/{automation}", "automation", &[], "Automation", &[404], read::automations::one,
        "One automation"),
    post("/api/v1/automations/{automation}/trigger", "trigger", Some("Trigger"), (202, "Accepted"), &[404],
        acts::trigger, "Run an automation once, now; by an admin, unless it is a dry run"),
    get("/api/v1/events", "events", EVENTS, "Events", &[], read::events::list,
        "Events and their runs, newest first: what ran, and what did not and why"),
    get("/api/v1/events/{event}", "event", &[], "EventDetail", &[404], read::events::one,
        "One event, and what came of it"),
    get("/api/v1/runs/{run}", "run", &[], "Run", &[404], read::events::run,
        "One run: what started it, its log, and each of its writes"),
    get("/api/v1/plans", "plans", &[ALL, BEFORE, PLANS_LIMITED], "Plans", &[], read::decisions::plans,
        "The plans that wait for a person, newest first"),
    get("/api/v1/plans/{run}", "plan", &[], "Plan", &[404], read::decisions::plan,
        "One plan; it is named by the run that wanted it"),
    post("/api/v1/plans/{run}/approve", "approve", None, (200, "Decided"), &[409], acts::approve,
        "Carry a plan out"),
    post("/api/v1/plans/{run}/reject", "reject", Some("Reason"), (200, "Decided"), &[409], acts::reject,
        "Drop a plan: nothing of it is done"),
    get("/api/v1/dead", "dead", &[ALL, BEFORE, LIMITED], "DeadLetters", &[], read::decisions::dead,
        "The runs that need a person, newest first"),
    post("/api/v1/dead/{run}/retry", "retry", None, (200, "Decided"), &[409], acts::retry,
        "Run the event of a dead letter once more, from the beginning"),
    post("/api/v1/dead/{run}/resume", "resume_run", None, (200, "Decided"), &[409], acts::resume_run,
        "Run it once more, but do nothing again that was done or may have been"),
    post("/api/v1/dead/{run}/discard", "discard", Some("Reason"), (200, "Decided"), &[409], acts::discard,
        "Close a dead letter: nothing more is to be done"),
    get("/api/v1/holds", "holds", &[], "Holds", &[], read::decisions::holds, "What is paused, oldest first"),
    post("/api/v1/pause", "pause", Some("Pause"), (200, "Paused"), &[404], acts::pause,
        "Pause everything, an automation, a session or a player"),
    post("/api/v1/resume", "resume", Some("Resume"), (200, "Resumed"), &[], acts::resume,
        "Let go on what was paused"),
    get("/api/v1/sessions", "sessions", &[], "Sessions", &[], read::sessions::all,
        "The sessions that are observed, by name. Asking keeps them observed for 30 seconds"),
    get("/api/v1/sessions/{session}", "session", &[], "SessionDetail", &[404], read::sessions::one,
        "One session, with each of its players as observed"),
    get("/api/v1/interventions", "interventions", INTERVENTIONS, "Interventions", &[], read::interventions::list,
        "The log of interventions, newest first: what was done to whom, when and why"),
    get("/api/v1/scripts", "scripts", &[], "Scripts", &[], read::scripts::all, "The scripts that are in use"),
    get("/api/v1/scripts/{script}/versions", "versions", &[], "Versions", &[404], read::scripts::versions,
        "The versions of a script, newest first, at most 100"),
    get("/api/v1/scripts/{script}/versions/{hash}", "version", &[], "Source", &[404], read::scripts::source,
        "The text of a version: what a run did can be read beside the very text that did it"),
    Route {
        role: Some(Role::Admin),
        ..post("/api/v1/link", "link", None, (200, "Link"), &[], acts::link,
            "Make a key that logs in to the console once, within ten minutes, as an admin: `login?key=KEY`")
    },
    Route {
        role: None,
        handler: Handler::Document,
        ..get("/api/v1/openapi.json", "openapi", &[], "Document", &[], read::status::status, "This document")
    },
];
