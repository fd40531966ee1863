//! The answers and the bodies of requests.

use serde_json::{Value, json};

use super::{Field, instant, list, many, number, object, or_null, paged, reference, switch, text};

pub(super) fn answers() -> Vec<Field> {
    vec![
        ("Error", object("What went wrong, and what to do.", &[("error", text("A sentence."))])),
        ("Document", json!({ "type": "object", "description": "An OpenAPI document." })),
        ("Status", status()),
        ("Automations", list("automations", "Automation")),
        ("Events", paged("events", "Event")),
        ("Plans", paged("plans", "Plan")),
        ("DeadLetters", paged("dead", "DeadLetter")),
        ("Holds", list("holds", "Hold")),
        ("Sessions", list("sessions", "Session")),
        ("Interventions", paged("interventions", "Intervention")),
        ("Scripts", list("scripts", "Script")),
        ("Versions", list("versions", "Version")),
        (
            "Accepted",
            object(
                "It will be run.",
                &[("event", number("The event: `/events/{event}` tells what came of it."))],
            ),
        ),
        ("Decided", object("It is done.", &[("event", or_null(number("The event that follows from it.")))])),
        (
            "Paused",
            object(
                "It is paused.",
                &[
                    ("hold", reference("Hold")),
                    (
                        "note",
                        or_null(text(
                            "What speaks against it holding anybody yet: that the server has no session or player of this name.",
                        )),
                    ),
                ],
            ),
        ),
        ("Resumed", object("It goes on.", &[("was_held", switch("Whether it was paused."))])),
        ("Link", object("A key to log in with.", &[("key", text("It works once, within ten minutes."))])),
    ]
}

pub(super) fn bodies() -> Vec<Field> {
    let body = |about: &str, needed: &[&str], fields: &[Field]| {
        let mut schema = object(about, fields);
        schema["required"] = json!(needed);
        schema["additionalProperties"] = json!(false);
        schema
    };
    let reason = ("reason", text("Why, in at most 1000 characters: it is shown wherever it matters."));
    vec![
        ("Reason", body("Why.", &["reason"], std::slice::from_ref(&reason))),
        (
            "Trigger",
            body(
                "What to run it with.",
                &[],
                &[
                    (
                        "payload",
                        json!({ "description": "What the script gets as `event.payload`: anything." }),
                    ),
                    ("dry_run", switch("Write nothing, whatever the automation's mode is.")),
                ],
            ),
        ),
        (
            "Pause",
            body(
                "What to pause.",
                &["held", "reason"],
                &[
                    ("held", reference("Held")),
                    reason,
                    ("for", text("For how long, such as `1h 30m`; without it, until somebody resumes.")),
                ],
            ),
        ),
        ("Resume", body("What is to go on.", &["held"], &[("held", reference("Held"))])),
    ]
}

fn status() -> Value {
    let server = object(
        "The uproot server.",
        &[
            ("url", text("Its address.")),
            ("answered", or_null(instant("When it last answered."))),
            ("took", or_null(number("How long that took, in milliseconds."))),
            ("failing", or_null(text("What goes wrong, if its last requests failed."))),
            ("clock_skew", or_null(number("By how much its clock is ahead of ours, in milliseconds."))),
        ],
    );
    let numbers = |about: &str, names: &[&'static str]| {
        object(about, &names.iter().map(|name| (*name, number("How many."))).collect::<Vec<_>>())
    };
    object(
        "How everything does.",
        &[
            ("version", text("Of uproctor.")),
            ("now", instant("The daemon's clock.")),
            ("started", instant("When the daemon was started.")),
            ("ready", switch("Whether events are taken and acted on.")),
            ("not_ready", many(text("What is wrong."))),
            ("refused", or_null(text("Why a change of the configuration or of a script is not in force."))),
            ("paused", or_null(reference("Hold"))),
            ("server", server),
            ("automations", numbers("Automations, by mode.", &["live", "approve", "dry-run"])),
            (
                "queue",
                numbers(
                    "Events that wait for their turn, runs under way, and writes of which nothing was heard yet.",
                    &["waiting", "running", "claimed"],
                ),
            ),
            ("people", numbers("What waits for a person, and what is paused.", &["plans", "dead", "holds"])),
            (
                "store",
                numbers("Bytes of the store, and what is in it.", &["bytes", "events", "interventions"]),
            ),
        ],
    )
}
