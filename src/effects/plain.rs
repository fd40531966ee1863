//! Writes without a comparison of their own: sent as they are, and repeated as far as that can do no harm.

use serde_json::{Map, Value, json};

use super::{
    Actor, Door, EffectError,
    claim::Way,
    find_out::{Found, HIDDEN, switched},
    guard::LeftAlone,
    repeat::Repeats,
    row,
    sightings::Sighting,
    stand_in,
    step::not_sent,
    traces,
};
use crate::{
    api::{ApiError, Call, Endpoint, Repeat},
    domain::{Effect, EffectState, PlayerName},
};

impl Door {
    /// A write to players of a session: first it is made sure that it has them all. Those who are left alone are left out.
    pub(super) fn to_players(
        &self,
        actor: &Actor,
        call: &Call,
        left_alone: &LeftAlone,
    ) -> Result<Value, EffectError> {
        let session = self.check_players_exist(actor, call)?;
        let (out, going): (Vec<PlayerName>, Vec<PlayerName>) =
            call.player_names().iter().cloned().partition(|player| left_alone.contains_key(player));
        if out.is_empty() {
            return self.plain(actor, call, session);
        }
        // One place among the run's writes for all of them, so that a run that goes on in its place finds them there.
        let ordinal = actor.next_ordinal();
        let mut rows = rows(ordinal, call);
        for row in &mut rows {
            let why = row.player.as_deref().and_then(|player| PlayerName::new(player).ok());
            if let Some(why) = why.and_then(|player| left_alone.get(&player)) {
                row.state = EffectState::Refused;
                row.note = Some(why.clone());
            }
        }
        let going = call.clone().players(&going);
        let mut answer = if going.player_names().is_empty() {
            self.claim(actor, call, rows, None)?;
            Value::Object(Map::new())
        } else {
            self.keep_or_send(actor, ordinal, &going, rows, session)?
        };
        if let Some(answer) = answer.as_object_mut() {
            let refused: Map<String, Value> =
                out.iter().map(|player| (player.to_string(), json!(left_alone.get(player)))).collect();
            answer.insert("refused".to_owned(), Value::Object(refused));
        }
        Ok(answer)
    }

    /// A write: one row a player, or one row. `session` is how many players the session has, where that is known.
    pub(super) fn plain(&self, actor: &Actor, call: &Call, session: usize) -> Result<Value, EffectError> {
        let ordinal = actor.next_ordinal();
        self.keep_or_send(actor, ordinal, call, rows(ordinal, call), session)
    }

    fn keep_or_send(
        &self,
        actor: &Actor,
        ordinal: u32,
        call: &Call,
        mut rows: Vec<Effect>,
        session: usize,
    ) -> Result<Value, EffectError> {
        let before = if actor.is_dry() { None } else { self.before(&actor.scope, call)? };
        for row in &mut rows {
            let player = row.player.as_deref().and_then(|player| PlayerName::new(player).ok());
            let of_player = player.and_then(|player| traces::of(before.as_ref(), &player));
            row.precondition = of_player.or(before.as_ref()).cloned();
        }
        if call.endpoint() == Endpoint::PlayersRedirect {
            spare_who_is_at_the_end(actor, call, &mut rows);
        }
        match self.claim(actor, call, rows, call.session_name().map(|name| (name, session)))? {
            Way::Keep => Ok(stand_in::answer(call, actor.kept_key())),
            Way::Send => self.send(actor, ordinal, call, before.as_ref()),
        }
    }

    /// Sends a call that was written down, and settles it.
    pub(super) fn send(
        &self,
        actor: &Actor,
        ordinal: u32,
        call: &Call,
        before: Option<&Value>,
    ) -> Result<Value, EffectError> {
        let settle = |state, note| self.settle(actor.run, ordinal, None, state, note);
        let mut repeats = Repeats::default();
        let mut before_that: Option<ApiError> = None;
        loop {
            if let Some(error) = before_that.take()
                && let Err(why) = self.admit_again(actor, call)
            {
                settle(EffectState::Failed, Some(format!("{}; not sent again: {why}", error.message)))?;
                return Err(why);
            }
            let error = match self.client.write(call, &self.last_scope(actor)) {
                Ok(answer) => {
                    let answer = answer.json().unwrap_or_default();
                    if let Some(why) = flipped_back(call, &answer) {
                        settle(EffectState::Uncertain, Some(why.clone()))?;
                        return Err(EffectError::Bad(why));
                    }
                    settle(EffectState::Done, None)?;
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if !error.may_have_acted() {
                if repeats.wait_for_next(&*self.env, &error, &actor.scope) {
                    before_that = Some(error);
                    continue;
                }
                settle(EffectState::Failed, Some(not_sent(&error)))?;
                return Err(error.into());
            }
            match self.find_out(call, before) {
                Found::Applied(answer) => {
                    let note = format!("{}; the server shows that it was done", error.message);
                    settle(EffectState::Done, Some(note))?;
                    return Ok(answer);
                }
                Found::Nothing
                    if repeats.doubtful_once_more(&error) && !actor.scope.cancel.is_cancelled() =>
                {
                    before_that = Some(error);
                }
                Found::Nothing if error.pending => {
                    let why = "so far it was not done, but it may still be";
                    return self.give_up(actor, ordinal, error, why);
                }
                Found::Nothing => {
                    let note = format!("{}; the server did not do it", error.message);
                    settle(EffectState::Failed, Some(note))?;
                    return Err(error.into());
                }
                // What nothing tells of may still be sent again where a second time changes nothing more.
                Found::Hidden if self.is_safe(call) => {
                    let again = repeats.wait_for_next_safe(&*self.env, &error, &actor.scope);
                    // What may have been done stays so, whatever keeps it from being sent again.
                    if !again || self.admit_again(actor, call).is_err() {
                        return self.give_up(actor, ordinal, error, "it can be done again");
                    }
                }
                Found::Hidden => return self.give_up(actor, ordinal, error, HIDDEN),
                Found::Unclear(why) => return self.give_up(actor, ordinal, error, &why),
            }
        }
    }

    /// Whether a call may be sent again: meanwhile somebody may have paused something.
    fn admit_again(&self, actor: &Actor, call: &Call) -> Result<(), EffectError> {
        let left_alone = self.admit(actor, call)?;
        match call.player_names().iter().find_map(|player| Some((player, left_alone.get(player)?))) {
            Some((player, why)) => Err(EffectError::Halted(format!("player {player} is held: {why}"))),
            None => Ok(()),
        }
    }

    fn is_safe(&self, call: &Call) -> bool {
        let generation = self.client.generation(&self.scope_to_find_out());
        generation.is_ok_and(|generation| call.endpoint().repeat(generation) == Repeat::Safe)
    }

    fn give_up(&self, actor: &Actor, ordinal: u32, error: ApiError, why: &str) -> Result<Value, EffectError> {
        let note = format!("{}; {why}", error.message);
        self.settle(actor.run, ordinal, None, EffectState::Uncertain, Some(note))?;
        Err(EffectError::Uncertain(error))
    }
}

/// Where somebody else flipped a session's `active` or `testing` between our look and our write, it is back where it was.
fn flipped_back(call: &Call, answer: &Value) -> Option<String> {
    if !matches!(call.endpoint(), Endpoint::SessionsActive | Endpoint::SessionsTesting) {
        return None;
    }
    let (key, wanted) = switched(call)?;
    let now = answer.get(key).and_then(Value::as_bool);
    let session = call.session_name()?;
    (now != Some(wanted)).then(|| {
        format!("session {session}, {key}: somebody else changed it at the same moment; it is now {now:?}")
    })
}

/// Sending away somebody whom the run has seen at the end takes nothing from them, so that the limits do not count it: a whole
/// session may finish within minutes.
fn spare_who_is_at_the_end(actor: &Actor, call: &Call, rows: &mut [Effect]) {
    let Some(session) = call.session_name() else { return };
    let seen = actor.sightings();
    for row in rows {
        let player = row.player.as_deref().and_then(|player| PlayerName::new(player).ok());
        let at_end = player.and_then(|player| seen.of(session, &player).map(Sighting::is_at_end));
        row.irreversible &= at_end != Some(true);
    }
}

/// The ledger's rows for a call: one a player, or one.
fn rows(ordinal: u32, call: &Call) -> Vec<Effect> {
    let makes_players = matches!(call.endpoint(), Endpoint::SessionsCreate | Endpoint::RoomsCreateSession);
    match call.player_names() {
        players if players.is_empty() || makes_players => vec![row(ordinal, call, None)],
        players => players.iter().map(|player| row(ordinal, call, Some(player.as_str()))).collect(),
    }
}
