//! The ledger of writes: a row before the request leaves, settled when the answer is there.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Store, inbox::to_json, millis, runs, writer::Pending};
use crate::domain::{Effect, EffectState, RunId, TraceLine};

impl Store {
    /// Writes effects down before they are sent, or instead of being sent. They are settled at once unless their
    /// state is [`EffectState::Claimed`]. `trace` is what the run's trace held since it was last written.
    pub fn record_effects(
        &self,
        run: RunId,
        effects: Vec<Effect>,
        at: Timestamp,
        trace: (u32, Vec<TraceLine>),
    ) -> Pending<()> {
        self.writer.submit(move |connection| {
            runs::trace(connection, run, trace.0, &trace.1)?;
            effects.iter().zip(0_u32..).try_for_each(|(effect, row)| insert(connection, run, row, effect, at))
        })
    }

    /// Settles the claimed rows of one ordinal, or one of them: what became of it, and what the server said.
    pub fn settle_effects(
        &self,
        run: RunId,
        ordinal: u32,
        row: Option<u32>,
        state: EffectState,
        note: Option<String>,
        at: Timestamp,
    ) -> Pending<()> {
        self.writer.submit(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE effect SET state = ?3, note = coalesce(?4, note), settled = ?5
                     WHERE run = ?1 AND ordinal = ?2 AND state = 'claimed' AND (?6 IS NULL OR row = ?6)",
                )?
                .execute(params![run.0, ordinal, state.as_str(), note, millis(at), row])?;
            Ok(())
        })
    }
}

fn insert(
    connection: &Connection,
    run: RunId,
    row: u32,
    effect: &Effect,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let settled = (effect.state != EffectState::Claimed).then(|| millis(at));
    connection
        .prepare_cached(
            "INSERT INTO effect
                (run, ordinal, row, action, target, player, arguments, precondition, state, note, claimed, settled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            run.0,
            effect.ordinal,
            row,
            effect.action,
            effect.target,
            effect.player,
            to_json(&effect.arguments)?,
            effect.precondition.as_ref().map(to_json).transpose()?,
            effect.state.as_str(),
            effect.note,
            millis(at),
            settled,
        ])?;
    Ok(())
}
