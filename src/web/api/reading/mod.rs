//! What can be read. All instants are milliseconds since 1970.

pub(super) mod automations;
pub(super) mod decisions;
pub(super) mod events;
pub(super) mod interventions;
pub(super) mod scripts;
pub(super) mod sessions;
pub(super) mod status;

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::asked::Asked;
use crate::{
    domain::Hold,
    store::{History, StoreError},
    web::{Routes, Shared, answer::Answer},
};

/// The state of everything at one instant, and what is asked of it.
pub(super) struct Reading {
    shared: Arc<Shared>,
    routes: Arc<Routes>,
    now: Timestamp,
    asked: Asked,
}

impl Reading {
    pub(super) fn of(shared: &Arc<Shared>, asked: Asked) -> Self {
        let now = shared.state.tools.env.now();
        Self { shared: Arc::clone(shared), routes: shared.state.routes.get(), now, asked }
    }

    fn history(&self) -> &History {
        &self.shared.state.history
    }

    /// Everything that is held.
    fn holds(&self) -> Result<Vec<Hold>, Answer> {
        read(self.history().holds(self.now))
    }
}

/// What the store said.
fn read<T>(result: Result<T, StoreError>) -> Result<T, Answer> {
    result.map_err(|error| super::not_read(&error))
}

fn not_found(why: impl Into<String>) -> Answer {
    Answer::error(StatusCode::NOT_FOUND, why)
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A hold.
pub(in crate::web) fn hold(hold: &Hold) -> Value {
    json!({
        "held": hold.held,
        "since": millis(hold.since),
        "until": hold.until.map(millis),
        "reason": hold.reason,
    })
}

/// A page of a list, and where the next one begins: after its last row, where it is full.
fn page(name: &str, rows: &[Value], limit: u32, cursor: &str) -> Value {
    let is_full = rows.len() >= limit as usize;
    let next = rows.last().map(|row| row[cursor].clone()).filter(|_| is_full);
    json!({ name: rows, "next": next })
}
