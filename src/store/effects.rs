//! The ledger of writes: a row before the request leaves, settled when the answer is there.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::{
    History, Store, StoreError, dead, inbox::to_json, instant, interventions, millis, runs, writer::Pending,
};
use crate::domain::{Effect, EffectState, EventId, PlayerName, Rate, RunId, SessionName, TraceLine};

/// How many irreversible effects a session may see within how long.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The session.
    pub session: SessionName,
    /// How many in how long.
    pub rate: Rate,
}

/// Whether effects were written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// They are.
    Written,
    /// They are not: with them the limit would be passed. There were so many lately.
    Over(usize),
}

/// A write whose outcome is not known, and the run that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenEffect {
    /// The run.
    pub run: RunId,
    /// Its event, if it was for one.
    pub event: Option<EventId>,
    /// Its automation.
    pub automation: String,
    /// Its place among the rows of its call.
    pub row: u32,
    /// The write.
    pub effect: Effect,
    /// When it was written down.
    pub claimed: Timestamp,
}

impl Store {
    /// Writes effects down before they are sent, or instead of being sent. They are settled at once unless their
    /// state is [`EffectState::Claimed`]. `trace` is what the run's trace held since it was last written.
    ///
    /// With a limit, nothing is written if the claimed ones among them would pass it. Counting and writing are one
    /// transaction, so that two runs cannot both be the last one below the limit.
    pub fn record_effects(
        &self,
        run: RunId,
        effects: Vec<Effect>,
        at: Timestamp,
        trace: (u32, Vec<TraceLine>),
        limit: Option<Limit>,
    ) -> Pending<Claim> {
        self.writer.submit(move |connection| {
            runs::trace(connection, run, trace.0, &trace.1)?;
            if let Some(limit) = &limit {
                let wanted = effects.iter().filter(|e| e.irreversible && e.state == EffectState::Claimed);
                let wanted = wanted.count();
                let lately = lately(connection, limit, at)?;
                if wanted > 0 && lately.saturating_add(wanted) > limit.rate.most {
                    return Ok(Claim::Over(lately));
                }
            }
            insert_all(connection, run, &effects, at)?;
            Ok(Claim::Written)
        })
    }

    /// Settles the claimed rows of one ordinal, or one of them: what became of it, and what the server said. What is
    /// uncertain becomes a dead letter.
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
            let settled: Vec<(u32, i64, Effect)> = connection
                .prepare_cached(
                    "UPDATE effect SET state = ?3, note = coalesce(?4, note), settled = ?5
                     WHERE run = ?1 AND ordinal = ?2 AND state = 'claimed' AND (?6 IS NULL OR row = ?6)
                     RETURNING ordinal, action, target, player, arguments, precondition, irreversible, state, note,
                        row, claimed",
                )?
                .query_map(params![run.0, ordinal, state.as_str(), note, millis(at), row], |row| {
                    Ok((row.get(9)?, row.get(10)?, effect(row)?))
                })?
                .collect::<Result<_, _>>()?;
            for (_, claimed, effect) in &settled {
                interventions::log_effect(connection, run, effect, *claimed, at)?;
            }
            if state == EffectState::Uncertain && !settled.is_empty() {
                dead::uncertain(connection, run, at, settled.iter().map(|(_, _, effect)| effect))?;
            }
            Ok(())
        })
    }
}

/// A step of a player that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct SentStep {
    /// What was done.
    pub action: String,
    /// From where.
    pub precondition: Option<Value>,
    /// How it stands.
    pub state: EffectState,
    /// How long it took until that was known, in seconds.
    pub took: f64,
}

impl History {
    /// The steps of a player that were sent, newest first, at most `most`.
    pub fn steps_of(
        &self,
        session: &SessionName,
        player: &PlayerName,
        most: u32,
    ) -> Result<Vec<SentStep>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT action, precondition, state, coalesce(settled, claimed) - claimed FROM effect
                     WHERE irreversible = 1 AND target = ?1 AND player = ?2
                        AND state IN ('claimed', 'done', 'uncertain')
                     ORDER BY claimed DESC LIMIT ?3",
                )?
                .query_map(params![session.as_str(), player.as_str(), most], |row| {
                    let precondition: Option<String> = row.get(1)?;
                    Ok(SentStep {
                        action: row.get(0)?,
                        precondition: precondition.and_then(|text| serde_json::from_str(&text).ok()),
                        state: state(row.get(2)?),
                        took: row.get::<_, i64>(3)? as f64 / 1000.0,
                    })
                })?
                .collect()
        })
    }

    /// The effects of a run that were done or refused, or may have been done: what a run that goes on in its place does not do again. With
    /// it count the runs in whose place it went on itself, those that went on in its place, and those that carried out their plans.
    pub fn settled_effects(&self, run: RunId) -> Result<Vec<Effect>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "WITH RECURSIVE chain (id) AS (
                        SELECT ?1
                        UNION
                        SELECT resumption.run FROM chain JOIN run ON run.id = chain.id
                        JOIN resumption ON resumption.event = run.event
                        UNION
                        SELECT later.id FROM chain JOIN resumption ON resumption.run = chain.id
                        JOIN run AS later ON later.event = resumption.event
                        UNION
                        SELECT carried.id FROM chain JOIN plan ON plan.run = chain.id AND plan.state = 'approved'
                        JOIN run ON run.id = chain.id
                        JOIN event ON event.automation = run.automation AND event.id > run.event
                            AND event.kind = 'plan' AND event.detail ->> '$.plan.run' = chain.id
                        JOIN run AS carried ON carried.event = event.id
                     )
                     SELECT {COLUMNS} FROM effect
                     WHERE run IN (SELECT id FROM chain) AND state IN ('done', 'uncertain', 'claimed', 'refused')
                     ORDER BY ordinal, row"
                ))?
                .query_map([run.0], effect)?
                .collect()
        })
    }
}

/// The columns that [`effect`] reads.
const COLUMNS: &str = "ordinal, action, target, player, arguments, precondition, irreversible, state, note";

/// Every write whose outcome is not known.
pub(super) fn open(connection: &Connection) -> rusqlite::Result<Vec<OpenEffect>> {
    connection
        .prepare(&format!(
            "SELECT {COLUMNS}, run, row, claimed,
                (SELECT event FROM run WHERE id = effect.run), (SELECT automation FROM run WHERE id = effect.run)
             FROM effect WHERE state = 'claimed' ORDER BY run, ordinal, row"
        ))?
        .query_map([], |row| {
            let claimed = instant(row.get(11)?);
            Ok(OpenEffect {
                run: RunId(row.get(9)?),
                event: row.get::<_, Option<i64>>(12)?.map(EventId),
                automation: row.get::<_, Option<String>>(13)?.unwrap_or_default(),
                row: row.get(10)?,
                effect: effect(row)?,
                claimed,
            })
        })?
        .collect()
}

pub(super) fn effect(row: &Row<'_>) -> rusqlite::Result<Effect> {
    let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::Null);
    let precondition: Option<String> = row.get(5)?;
    Ok(Effect {
        ordinal: row.get(0)?,
        action: row.get(1)?,
        target: row.get(2)?,
        player: row.get(3)?,
        arguments: json(row.get(4)?),
        precondition: precondition.map(json),
        irreversible: row.get(6)?,
        state: state(row.get(7)?),
        note: row.get(8)?,
    })
}

fn state(text: String) -> EffectState {
    serde_json::from_value(Value::String(text)).unwrap_or(EffectState::Uncertain)
}

fn lately(connection: &Connection, limit: &Limit, at: Timestamp) -> rusqlite::Result<usize> {
    let per = SignedDuration::try_from(limit.rate.per).unwrap_or(SignedDuration::MAX);
    let since = at.saturating_sub(per).unwrap_or(Timestamp::MIN);
    connection
        .prepare_cached(
            "SELECT count(*) FROM effect
             WHERE irreversible = 1 AND target = ?1 AND claimed > ?2 AND state IN ('claimed', 'done', 'uncertain')",
        )?
        .query_row(params![limit.session.as_str(), millis(since)], |row| row.get::<_, i64>(0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

pub(super) fn insert_all(
    connection: &Connection,
    run: RunId,
    effects: &[Effect],
    at: Timestamp,
) -> rusqlite::Result<()> {
    effects.iter().zip(0_u32..).try_for_each(|(effect, row)| insert(connection, run, row, effect, at))
}

fn insert(
    connection: &Connection,
    run: RunId,
    row: u32,
    effect: &Effect,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let is_open = effect.state == EffectState::Claimed;
    connection
        .prepare_cached(
            "INSERT INTO effect (run, ordinal, row, action, target, player, arguments, precondition, irreversible,
                state, note, claimed, settled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
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
            effect.irreversible,
            effect.state.as_str(),
            effect.note,
            millis(at),
            (!is_open).then(|| millis(at)),
        ])?;
    if is_open { Ok(()) } else { interventions::log_effect(connection, run, effect, millis(at), at) }
}
