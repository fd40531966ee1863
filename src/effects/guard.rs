//! The limits on the harm that a script can do: what is not to be touched, when, and by how much.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Actor, Door, EffectError};
use crate::{
    api::{Call, Endpoint},
    domain::{Effect, EffectState, Held, Hold, Mode, PlayerName, SessionName, counted},
};

/// Players whom nobody acts on for now, each with the reason.
pub(super) type LeftAlone = HashMap<PlayerName, String>;

impl Door {
    /// Whether the run may write this, here and now. Gives the players of the session that are left alone. It looks once it is written
    /// down that the run has begun, which may take minutes while the disk is full.
    ///
    /// After the server came back, what cannot be taken back waits: for some minutes it does not know who is there. What is sent again is
    /// admitted again.
    pub(super) fn admit(&self, actor: &Actor, call: &Call) -> Result<LeftAlone, EffectError> {
        actor.begun.wait()?;
        let mut waited = None;
        loop {
            let guard = self.guard();
            let sessions = self.sessions_touched(actor, call)?;
            for session in &sessions {
                if let Some(pattern) = guard.protected_sessions.iter().find(|p| p.matches(session)) {
                    return Err(EffectError::Refused(format!(
                        "session {session} is protected: `protected_sessions` in [guard] names {pattern}"
                    )));
                }
            }
            let now = self.env.now();
            let left_alone = self.look_at_holds(actor, &sessions, now)?;
            if let Some(hours) = guard.quiet_at(now) {
                return Err(EffectError::Halted(format!("nothing is written in the quiet hours, {hours}")));
            }
            // Once for each time that the server came back, however the clock is set meanwhile.
            let frozen = self
                .client
                .back_since()
                .filter(|back| waited != Some(*back) && is_irreversible(call) && actor.mode == Mode::Live);
            let Some(back) = frozen else { return Ok(left_alone) };
            let freeze = SignedDuration::try_from(guard.freeze).unwrap_or(SignedDuration::MAX);
            let left = Duration::try_from(freeze - now.duration_since(back)).unwrap_or_default();
            if left.is_zero() {
                return Ok(left_alone);
            }
            // Then everything is looked at again: somebody may have pressed the red button meanwhile.
            self.env.sleep(left.min(guard.freeze), &actor.scope)?;
            waited = Some(back);
        }
    }

    /// The sessions that a call writes to: its own, one that it names, and the one that it parts from its room.
    fn sessions_touched(&self, actor: &Actor, call: &Call) -> Result<Vec<String>, EffectError> {
        let room = match (call.endpoint(), call.room_name()) {
            (Endpoint::RoomsDisassociate | Endpoint::RoomsClose, Some(room)) => {
                Some(self.read(&actor.scope, &Call::new(Endpoint::RoomsGet).room(room))?)
            }
            _ => None,
        };
        let named = |map: Option<&Map<String, Value>>| {
            map.and_then(|map| map.get("sname")).and_then(Value::as_str).map(str::to_owned)
        };
        let sessions =
            [call.session_name().map(ToString::to_string), named(call.body_fields()), named(room.as_ref())];
        Ok(sessions.into_iter().flatten().collect())
    }

    fn look_at_holds(
        &self,
        actor: &Actor,
        sessions: &[String],
        now: Timestamp,
    ) -> Result<LeftAlone, EffectError> {
        let mut left_alone = LeftAlone::new();
        let touched = |held: &SessionName| sessions.iter().any(|session| session == held.as_str());
        for Hold { held, reason, .. } in self.store.history().holds(now)? {
            let halted = |what: &str| EffectError::Halted(format!("{what}: {reason}"));
            match held {
                Held::Everything => return Err(halted("everything is paused")),
                // A person who approves its plan knows that it is held. The run that a guard has stopped goes on to tell
                // the rest of what it wanted.
                Held::Automation(name)
                    if name == actor.automation && !actor.is_approved() && actor.tripped().is_none() =>
                {
                    return Err(halted("this automation is held"));
                }
                Held::Session(held) if touched(&held) => {
                    return Err(halted(&format!("session {held} is held")));
                }
                Held::Player(held, player) if touched(&held) => {
                    left_alone.insert(player, reason);
                }
                Held::Automation(_) | Held::Session(_) | Held::Player(..) => {}
            }
        }
        Ok(left_alone)
    }

    /// The same for a request to another server.
    pub(super) fn admit_elsewhere(&self, actor: &Actor) -> Result<(), EffectError> {
        actor.begun.wait()?;
        self.look_at_holds(actor, &[], self.env.now()).map(|_| ())
    }

    /// Why a run may not act on so many players. `players` is how many the session has.
    pub(super) fn over_run(
        &self,
        actor: &Actor,
        rows: &[Effect],
        session: &SessionName,
        players: usize,
    ) -> Option<String> {
        let mut acted_on = actor.acted_on().clone();
        acted_on.extend(claimed(rows, session));
        let most = self.guard().players_per_run(players);
        (acted_on.len() > most).then(|| {
            format!(
                "one run may act on {} of {players} (`max_players_per_run` and `max_share_per_run` in \
                 [guard]), and this would make it {}",
                counted(most, "player", "players"),
                acted_on.len()
            )
        })
    }

    /// Stops the writes of a run and holds its automation until a person resumes it.
    pub(super) fn trip(&self, actor: &Actor, why: String) -> Result<(), EffectError> {
        let reason = format!("a guard stopped run {}: {why}", actor.run);
        tracing::error!(
            "{reason}. Nothing more of it is done; `uproctor plans` shows what it wanted, `uproctor resume {}` lets it go on",
            actor.automation
        );
        let held = Held::Automation(actor.automation.clone());
        self.store.hold(Hold { held, since: self.env.now(), until: None, reason }).wait()?;
        actor.trip(why);
        Ok(())
    }
}

/// The players of the rows that are about to be sent.
pub(super) fn claimed<'a>(
    rows: &'a [Effect],
    session: &'a SessionName,
) -> impl Iterator<Item = (SessionName, PlayerName)> + 'a {
    rows.iter()
        .filter(|row| row.irreversible && row.state == EffectState::Claimed)
        .filter_map(|row| PlayerName::new(row.player.as_deref()?).ok())
        .map(|player| (session.clone(), player))
}

/// Whether a call moves players or ends their part. Messages can be followed by another one, and fields keep their
/// history; but fields that say where a player is are a move.
pub(super) fn is_irreversible(call: &Call) -> bool {
    match call.endpoint() {
        Endpoint::PlayersAdvance
        | Endpoint::PlayersRevert
        | Endpoint::PlayersEnd
        | Endpoint::PlayersRedirect
        | Endpoint::PlayersDropout
        | Endpoint::PlayersGroup => true,
        // Less time can end a page at once; more can be taken away again.
        Endpoint::PlayersTimeout => {
            let delta = call.body_fields().and_then(|body| body.get("delta")?.as_f64());
            delta.is_some_and(|delta| delta < 0.0)
        }
        Endpoint::PlayersFields => {
            let fields = call.body_fields().and_then(|body| body.get("fields")?.as_object());
            let moves =
                |key: &String| key == "show_page" || key == "page_order" || key.starts_with("_uproot");
            fields.is_some_and(|fields| fields.keys().any(moves))
        }
        _ => false,
    }
}
