//! Between the decision and the request: the effects are written down, and by the run's mode and the guards it is decided
//! whether anything leaves. There is no other place for that, so that no function of a script can forget it.

use jiff::SignedDuration;
use serde::Serialize;

use super::{Actor, Door, EffectError, Telling, Told, guard::claimed};
use crate::{
    domain::{Effect, EffectState, SessionName},
    store::{Claim, Limit, PlanHead},
};

/// How many calls one plan may hold. A call can be about any number of players.
const LARGEST_PLAN: u32 = 200;

/// Why a plan waits that no guard made.
pub(crate) const BY_MODE: &str = "the automation's mode is approve";

/// What is to be done now that the effects are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Send the request.
    Send,
    /// Nothing: this was a dry run, or they wait in a plan.
    Keep,
}

impl Door {
    /// Writes the rows of a call down; a plan keeps the call as JSON. `session` is the session it acts on, and how many
    /// players that has as far as it is known.
    pub(super) fn claim(
        &self,
        actor: &Actor,
        call: &impl Serialize,
        mut rows: Vec<Effect>,
        session: Option<(&SessionName, usize)>,
    ) -> Result<Way, EffectError> {
        if !rows.iter().any(|row| row.state == EffectState::Claimed) {
            let (now, trace) = (self.env.now(), actor.trace.take());
            self.store.record_effects(actor.run, rows, now, trace, None).wait()?;
            return Ok(Way::Keep);
        }
        if actor.is_live() {
            match self.claim_to_send(actor, &rows, session)? {
                None => return Ok(Way::Send),
                Some(why) => self.trip(actor, why)?,
            }
        }
        let kept = if actor.is_dry() { EffectState::Would } else { EffectState::Planned };
        for row in rows.iter_mut().filter(|row| row.state == EffectState::Claimed) {
            row.state = kept;
        }
        let (now, trace) = (self.env.now(), actor.trace.take());
        if kept == EffectState::Would {
            self.store.record_effects(actor.run, rows, now, trace, None).wait()?;
            return Ok(Way::Keep);
        }
        if actor.one_more_planned() > LARGEST_PLAN {
            return Err(EffectError::Halted(format!("a plan holds at most {LARGEST_PLAN} calls")));
        }
        let expires = SignedDuration::try_from(self.guard().plans_expire).unwrap_or(SignedDuration::MAX);
        let head = PlanHead {
            automation: actor.automation.clone(),
            reason: match actor.tripped() {
                Some(why) => format!("a guard stopped the run: {why}"),
                None => BY_MODE.to_owned(),
            },
            expires: now.saturating_add(expires).unwrap_or(jiff::Timestamp::MAX),
        };
        let call = serde_json::to_value(call).unwrap_or_default();
        self.store.plan_effects(actor.run, head, call, rows, now, trace).wait()?;
        Ok(Way::Keep)
    }

    /// The same for a notice, which consists in being written down: `None` where it is kept back, else what became of it.
    pub(super) fn claim_notice(
        &self,
        actor: &Actor,
        telling: &Telling,
        row: Effect,
    ) -> Result<Option<Told>, EffectError> {
        if !actor.is_live() {
            self.claim(actor, telling, vec![row], None)?;
            return Ok(None);
        }
        let notice = telling.notice(actor, self.env.now());
        let row = Effect { state: EffectState::Done, ..row };
        let told = self.store.tell(actor.run, row, notice, telling.within(), actor.trace.take());
        Ok(Some(told.wait()?))
    }

    /// Claims the rows, unless a guard says why not. What a person approved is not counted again.
    fn claim_to_send(
        &self,
        actor: &Actor,
        rows: &[Effect],
        session: Option<(&SessionName, usize)>,
    ) -> Result<Option<String>, EffectError> {
        let counted = session.filter(|_| !actor.is_approved() && rows.iter().any(|row| row.irreversible));
        if let Some((name, players)) = counted
            && let Some(why) = self.over_run(actor, rows, name, players)
        {
            return Ok(Some(why));
        }
        let rate = self.guard().max_actions;
        let limit = counted.map(|(name, _)| Limit { session: name.clone(), rate });
        let (now, trace) = (self.env.now(), actor.trace.take());
        match self.store.record_effects(actor.run, rows.to_vec(), now, trace, limit).wait()? {
            Claim::Written => {
                if let Some((name, _)) = session {
                    actor.acted_on().extend(claimed(rows, name));
                }
                Ok(None)
            }
            Claim::Over(lately) => Ok(session.map(|(name, _)| {
                format!(
                    "session {name} may see {rate} actions that cannot be taken back (`max_actions` in [guard]), and \
                     there were {lately}"
                )
            })),
        }
    }
}
