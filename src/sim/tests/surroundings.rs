//! What recipes need around them to have something to do: rooms and people in them, other servers, fields of players.

use serde_json::{Value, json};

use crate::sim::Rehearsal;

const PROLIFIC: &str = "https://api.prolific.com/api/v1/";

/// What a test would arrange for a recipe, in a session of this experiment.
pub(super) fn arranged(recipe: &str, experiment: &str) -> Value {
    let study = format!("{PROLIFIC}studies/STUDY/");
    let submissions: Vec<Value> = (1..=7)
        .map(|n| json!({"id": format!("s{n}"), "participant_id": format!("worker-{n}"), "status": "AWAITING REVIEW"}))
        .collect();
    let prolific = json!({
        &*study: {"status": "ACTIVE", "total_available_places": 7},
        format!("{study}submissions/"): {"results": submissions},
    });
    let everybody_finishes = |mut arranged: Value| {
        for share in ["stalls", "absent", "dropouts"] {
            arranged[share] = "0%".into();
        }
        arranged
    };
    match recipe {
        "step_stalled" => json!({"params": {"not_pages": ["dilemma/Decision", "market/Bid"]}}),
        "fill_and_advance" => json!({"params": {"defaults": {
            "dilemma/Decision": {"cooperate": false}, "market/Bid": {"bid": 0}, "survey/About": {"age": 0},
        }}}),
        "open_when_full" => json!({"params": {"config": experiment}, "rooms": {"lab": {}}}),
        // 17:55 and 18:00 in Berlin, and 4:00.
        "open_evening" => json!({
            "params": {"config": experiment, "players": 8}, "rooms": {"lab": {}}, "start": "2026-03-02T16:50:00Z",
        }),
        "empty_seats" => json!({
            "params": {"channel": "lab"}, "channels": ["lab"], "rooms": {"lab": {"labels": ["seat1", "seat2"]}},
            "start": "2026-03-02T16:50:00Z",
        }),
        "close_tests" => json!({"params": {"after": "1m"}, "start": "2026-03-02T02:50:00Z"}),
        "pause_recruiting" => json!({"params": {"places": 3}, "answers": prolific}),
        "top_up" => json!({"params": {"wanted": 7}, "answers": prolific}),
        "approve_submissions" => {
            everybody_finishes(json!({"params": {"code": "", "session": "mysession"}, "answers": prolific}))
        }
        "attention_checks" => everybody_finishes(json!({})),
        "slow_page" => json!({"params": {"channel": "lab", "factor": 1.5, "least": 2}, "channels": ["lab"]}),
        "treatment_balance" => json!({"params": {"channel": "lab", "most": 1}, "channels": ["lab"]}),
        "hourly_digest" | "server_watch" | "tell_blocked" => {
            json!({"params": {"channel": "lab"}, "channels": ["lab"]})
        }
        _ => json!({}),
    }
}

/// Who is where before it begins.
pub(super) fn prepare(rehearsal: &mut Rehearsal, recipe: &str, experiment: &str) {
    let mut set = |player: &str, fields: Value| rehearsal.set_fields(player, &fields).expect("a player");
    match recipe {
        "open_when_full" => {
            let labels: Vec<String> = (1..=14).map(|n| format!("seat{n}")).collect();
            rehearsal.wait_in_room("lab", &labels).expect("a room");
        }
        "close_tests" => {
            let made = json!({"config": experiment, "n_players": 4, "sname": "tested"});
            rehearsal.ask_as("POST", "sessions/", &made).expect("a session");
            let testing = json!({"testing": true});
            rehearsal.ask_as("PATCH", "sessions/tested/testing/", &testing).expect("a session");
            let room = json!({"name": "lab", "sname": "tested"});
            rehearsal.ask_as("POST", "rooms/", &room).expect("a room");
        }
        "approve_submissions" => {
            for n in 1..=7 {
                set(&format!("p{n}"), json!({"label": format!("worker-{n}.first")}));
            }
        }
        "top_up" => {
            for n in 1..=7 {
                set(&format!("p{n}"), json!({"label": format!("worker-{n}"), "_uproot_dropout": n == 3}));
            }
        }
        "attention_checks" => set("p1", json!({"check_colour": "red", "check_number": 1})),
        "treatment_balance" => {
            for n in 1..=4 {
                set(&format!("p{n}"), json!({"treatment": "treated"}));
            }
        }
        _ => {}
    }
}
