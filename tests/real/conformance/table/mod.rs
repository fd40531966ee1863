//! The table itself, in parts.

pub(super) mod access;
pub(super) mod arranged;
pub(super) mod bodies;
pub(super) mod chat;
pub(super) mod code;
pub(super) mod data;
pub(super) mod exports;
pub(super) mod moves;
pub(super) mod names;
pub(super) mod players;
pub(super) mod reach;
pub(super) mod room_doors;
pub(super) mod room_sessions;
pub(super) mod rooms;
pub(super) mod sessions;
pub(super) mod system;
pub(super) mod unknown;

use serde_json::{Map, Value, json};

use crate::conformance::expect::{Expect, refused};
use crate::conformance::forms::{Each, since_0_8};

/// The pages of the configuration `survey`.
const SURVEY: [&str; 4] = ["survey/#StartApp", "survey/Intro", "survey/Decision", "survey/Thanks"];

/// The pages of the configuration `pair`, which two play together.
const PAIR: [&str; 5] = ["pair/#StartApp", "pair/#Meet", "pair/Decide", "pair/#Together", "pair/Result"];

/// Where all players of a session are, in the order in which they were made, and who is online.
fn places(order: &[&str], players: &[(&str, i64)], online: &[&str]) -> Value {
    let info = players.iter().enumerate().map(|(id, (player, at))| {
        let pages = if *at < 0 { &[] } else { order };
        ((*player).to_owned(), json!([id, pages, at]))
    });
    let online: Map<String, Value> =
        online.iter().map(|player| ((*player).to_owned(), json!("<time>"))).collect();
    json!({"info": info.collect::<Map<_, _>>(), "online": online})
}

fn no_session() -> Each<Expect> {
    since_0_8(refused(400, "Invalid session"), refused(404, "Session not found"))
}

fn no_room() -> Each<Expect> {
    since_0_8(refused(400, "Invalid room"), refused(404, "Room not found"))
}

/// Since 0.8 every action looks for all players before it does anything.
fn no_player() -> Expect {
    refused(404, "Player 'ZZ' not found in session '{S}'")
}
