//! What answers are made of.

use serde_json::{Value, json};

use super::{Field, anything, instant, many, number, object, or_null, reference, switch, text, word};
use crate::{
    domain::{Class, EffectState},
    web::{
        api::table::{KINDS, OUTCOMES},
        board::DRAWN,
    },
};

pub(super) fn rows() -> Vec<Field> {
    vec![
        ("Automation", automation()),
        ("Event", object("An event and its run.", &event())),
        (
            "EventDetail",
            object(
                "An event and what came with it.",
                &[
                    event(),
                    vec![
                        ("count", number("How many events it stands for.")),
                        ("detail", anything("What came with it, by kind.")),
                    ],
                ]
                .concat(),
            ),
        ),
        (
            "Run",
            object(
                "A run.",
                &[
                    event(),
                    vec![
                        ("script", text("The script's file.")),
                        ("script_hash", text("SHA-256 of its text.")),
                        (
                            "trigger",
                            or_null(object(
                                "What started it.",
                                &[
                                    ("id", number("The event.")),
                                    ("at", instant("When it came.")),
                                    ("count", number("How many events it stands for.")),
                                    ("detail", anything("What came with it, by kind.")),
                                ],
                            )),
                        ),
                        ("trace", many(reference("TraceLine"))),
                        ("effects", many(reference("Effect"))),
                    ],
                ]
                .concat(),
            ),
        ),
        (
            "TraceLine",
            object(
                "One line of what a run did.",
                &[
                    ("at", instant("When.")),
                    ("kind", word(&["debug", "info", "warn", "error", "call", "wait"], "What it tells of.")),
                    ("text", text("The line.")),
                    ("millis", or_null(number("For a call: how long it took."))),
                    ("line", or_null(number("The line of the script that it comes from, from 1."))),
                ],
            ),
        ),
        (
            "Effect",
            object(
                "One write of a run.",
                &[
                    effect(),
                    vec![
                        ("claimed", instant("When it was written down.")),
                        ("settled", or_null(instant("When it was known what became of it."))),
                    ],
                ]
                .concat(),
            ),
        ),
        (
            "PlannedEffect",
            object(
                "One write that waits for a person.",
                &[effect(), vec![("irreversible", switch("Whether it moves a player or ends their part."))]]
                    .concat(),
            ),
        ),
        (
            "Plan",
            object(
                "What a run wanted to write, held for a person.",
                &[
                    ("run", number("The run that wanted it; it names the plan.")),
                    ("automation", text("Its automation.")),
                    ("made", instant("When it was made.")),
                    ("expires", instant("Until when it can be approved.")),
                    ("reason", text("Why it waits.")),
                    (
                        "state",
                        word(&["waiting", "approved", "rejected", "expired", "replaced"], "How it stands."),
                    ),
                    ("decided", or_null(instant("When that was decided."))),
                    ("note", or_null(text("By whom it was approved, or why it was rejected."))),
                    ("effects", many(reference("PlannedEffect"))),
                ],
            ),
        ),
        (
            "DeadLetter",
            object(
                "A run that needs a person.",
                &[
                    ("run", number("The run; it names the dead letter.")),
                    ("automation", text("Its automation.")),
                    ("at", instant("Since when.")),
                    (
                        "kind",
                        word(
                            &["failed", "halted", "interrupted", "uncertain", "tripped", "expired"],
                            "What happened.",
                        ),
                    ),
                    ("reason", text("Why.")),
                    ("state", word(&["open", "retried", "resumed", "discarded"], "How it stands.")),
                    ("closed", or_null(instant("When that was."))),
                    ("note", or_null(text("Why it was discarded."))),
                ],
            ),
        ),
        ("Held", held()),
        (
            "Hold",
            object(
                "Something that is paused.",
                &[
                    ("held", reference("Held")),
                    ("since", instant("Since when.")),
                    ("until", or_null(instant("Until when; null where somebody has to resume it."))),
                    ("reason", text("Why.")),
                ],
            ),
        ),
        ("Session", object("A session as observed.", &session())),
        (
            "SessionDetail",
            object(
                "A session and its players.",
                &[session(), vec![("players", many(reference("Player")))]].concat(),
            ),
        ),
        ("Player", player()),
        (
            "Intervention",
            object(
                "An entry of the log of interventions.",
                &[
                    ("seq", number("Its number, from 1, without gaps.")),
                    (
                        "hash",
                        text(
                            "SHA-256 of the hash before it and the entry: `uproctor audit --verify` walks the chain.",
                        ),
                    ),
                    ("entry", anything("The entry as it stands in the log; its instants are RFC 3339.")),
                ],
            ),
        ),
        (
            "Script",
            object(
                "A script that is in use.",
                &[
                    ("name", text("Its file.")),
                    ("hash", text("SHA-256 of its text.")),
                    ("since", or_null(instant("Since when this text is in use."))),
                    ("automations", many(text("An automation that runs it."))),
                ],
            ),
        ),
        (
            "Version",
            object(
                "A text that is or was in use.",
                &[
                    ("hash", text("SHA-256 of the text.")),
                    ("since", instant("When it was first in use.")),
                    ("in_use", switch("Whether it is in use now.")),
                ],
            ),
        ),
        (
            "Source",
            object(
                "The text of a version.",
                &[
                    ("name", text("The script.")),
                    ("hash", text("SHA-256 of the text.")),
                    ("source", text("The text.")),
                ],
            ),
        ),
    ]
}

fn automation() -> Value {
    let last = object(
        "Its last run.",
        &[
            ("run", number("The run.")),
            ("started", instant("When it started.")),
            (
                "outcome",
                word(&["running", "done", "skipped", "failed", "halted", "interrupted"], "How it stands."),
            ),
            ("took", number("How long it took, in milliseconds.")),
        ],
    );
    object(
        "An automation.",
        &[
            ("name", text("Its name.")),
            ("mode", word(&["dry-run", "approve", "live"], "Whether its writes are carried out.")),
            ("script", text("The script's file.")),
            (
                "triggers",
                many(object(
                    "What starts it.",
                    &[
                        ("kind", word(KINDS, "The kind of the events that come of it.")),
                        ("text", text("The rest, in words.")),
                    ],
                )),
            ),
            ("params", anything("What `param(name)` gives the script.")),
            ("allow", many(text("A kind of write that the script may make."))),
            ("next", or_null(instant("When a clock of it is due next."))),
            ("last_run", or_null(last)),
            ("paused", or_null(reference("Hold"))),
        ],
    )
}

fn event() -> Vec<Field> {
    vec![
        ("run", or_null(number("The run, if there was one."))),
        ("event", or_null(number("The event; null for a poll that failed."))),
        ("automation", text("The automation.")),
        (
            "about",
            or_null(text(
                "Whom or what the event is about: SESSION/PLAYER, a session, a room, the key of an item.",
            )),
        ),
        ("kind", word(KINDS, "What happened.")),
        ("at", instant("When it came.")),
        ("started", or_null(instant("When the run started."))),
        ("ended", or_null(instant("When the run ended."))),
        ("mode", or_null(word(&["dry-run", "approve", "live"], "Whether its writes were carried out."))),
        ("outcome", word(OUTCOMES, "How it stands, or how the run ended.")),
        ("reason", or_null(text("Why."))),
    ]
}

fn effect() -> Vec<Field> {
    use EffectState::{Claimed, Done, Failed, Planned, Refused, Uncertain, Would};
    let states = [Claimed, Done, Failed, Uncertain, Refused, Would, Planned].map(EffectState::as_str);
    vec![
        ("ordinal", number("The script's call among the run's writes, from 1.")),
        ("action", text("What was to be done, such as `players.advance`.")),
        ("target", or_null(text("The session, room or host."))),
        ("player", or_null(text("The player."))),
        ("arguments", json!({ "description": "The arguments." })),
        ("precondition", json!({ "description": "What had to be true, or null." })),
        ("state", word(&states, "What became of it.")),
        ("note", or_null(text("What the server said, or why it was not sent."))),
    ]
}

fn session() -> Vec<Field> {
    let counts: Vec<Field> = DRAWN.iter().map(|class| (class.as_str(), number("How many."))).collect();
    vec![
        ("name", text("Its name.")),
        ("created", or_null(instant("When it was made."))),
        ("looked", or_null(instant("When it was last looked at."))),
        ("alive", or_null(instant("When anybody was last heard of."))),
        ("size", number("How many players it has.")),
        ("counts", object("How many of them are in which state.", &counts)),
    ]
}

fn player() -> Value {
    let classes = DRAWN.map(Class::as_str);
    object(
        "A player as observed.",
        &[
            ("name", text("The name.")),
            ("label", text("The recruiter's label; mostly empty.")),
            ("class", word(&classes, "The state they are in.")),
            ("reason", text("Why, in words.")),
            ("page", text("The page they are on.")),
            (
                "page_kind",
                word(&["initialize", "page", "wait", "marker", "end"], "What kind of page that is."),
            ),
            ("show_page", number("The place in their page order, from 0; -1 before the first.")),
            ("pages", number("How many pages their order has.")),
            ("since", or_null(instant("Since when they are on the page."))),
            ("heard", or_null(instant("When they were last heard of."))),
            ("deadline", or_null(instant("Until when there is time on the page."))),
            ("mates", many(text("Another one of their group."))),
        ],
    )
}

/// What is paused: one of four shapes.
fn held() -> Value {
    let one = |name: &'static str, schema: Value| {
        let mut shape = object("", &[(name, schema)]);
        shape["additionalProperties"] = json!(false);
        shape
    };
    let mut pair = many(text(""));
    pair["minItems"] = json!(2);
    pair["maxItems"] = json!(2);
    json!({
        "description": "Everything, an automation, a session, or a player: `\"everything\"`, `{\"automation\": NAME}`, \
                        `{\"session\": NAME}`, `{\"player\": [SESSION, NAME]}`.",
        "oneOf": [
            { "type": "string", "enum": ["everything"] },
            one("automation", text("")),
            one("session", text("")),
            one("player", pair),
        ],
    })
}
