//! Advance, revert and end: only for players who are still on the page that the run saw.
//!
//! On the server, advance is `show_page += 1` without any condition. So each player is read again just before, those who have moved
//! are left out, and those for whom a step would break something are refused. Where the answer is lost, the server's
//! history tells whether the step was made.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    Actor, Door, EffectError,
    claim::Way,
    guard::LeftAlone,
    history::Became,
    moves::{Moves, seconds},
    refusal::refusal,
    repeat::Repeats,
    row,
    sightings::Sighting,
};
use crate::{
    api::{ApiError, Call, Endpoint},
    domain::{Effect, EffectState, PlayerName, SessionName},
    environment::Scope,
};

/// For how long after the look at its players a step may still be sent. Whoever waits longer for a turn, behind an export for example,
/// looks again.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// Said where the answer cannot tell a step from the player's own submission.
pub(crate) const BY_WHOM: &str = "by this step or by the player at the same moment";

/// One call of a script, under way.
struct Step<'a> {
    actor: &'a Actor,
    endpoint: Endpoint,
    session: &'a SessionName,
    ordinal: u32,
    /// Until when what was seen counts.
    fresh_until: Option<Timestamp>,
    /// In the order of the ledger's rows.
    cases: Vec<Case>,
}

/// One player of a step.
struct Case {
    player: PlayerName,
    /// Where the player is, at the last look.
    now: Sighting,
    /// When they came there, in seconds since 1970 by the server's clock; or a time since when they have been there.
    since: f64,
    /// When that was seen, by the server's clock.
    looked: Option<f64>,
    state: Standing,
}

/// How a player's step stands.
#[derive(Clone, Debug, PartialEq)]
enum Standing {
    /// It is to be made.
    Going,
    /// It was made.
    Done,
    /// The player is not any more where the run saw them.
    Moved,
    /// It would break something.
    Refused(String),
    /// It was sent, and nobody knows.
    Uncertain,
}

/// What the server says about a session's players.
struct Look {
    players: Map<String, Value>,
    moves: Moves,
}

impl Door {
    pub(super) fn step(
        &self,
        actor: &Actor,
        call: &Call,
        left_alone: &LeftAlone,
    ) -> Result<Value, EffectError> {
        let Some(session) = call.session_name() else {
            return Err(EffectError::Bad("a step needs a session".to_owned()));
        };
        let mut seen = HashMap::new();
        for player in call.player_names() {
            let Some(sighting) = actor.sightings().of(session, player).cloned() else {
                return Err(EffectError::NotSeen {
                    session: session.to_string(),
                    player: player.to_string(),
                });
            };
            seen.insert(player, sighting);
        }
        let look = self.look(&actor.scope, session)?;
        let fresh_until = self.fresh();
        let mut cases = Vec::new();
        for player in call.player_names() {
            let Some(found) = look.players.get(player.as_str()) else {
                return Err(EffectError::UnknownPlayer {
                    session: session.to_string(),
                    player: player.to_string(),
                });
            };
            let now = Sighting::read(found);
            // The history was read after the list: a move in between shows there.
            let stays = seen.get(player).is_some_and(|seen| seen.holds(&now))
                && look.moves.of(player).last().is_none_or(|last| last.page == now.show_page);
            let standing = if let Some(why) = left_alone.get(player) {
                Standing::Refused(why.clone())
            } else if let Some(why) = self.moved_by_hand(session, player, &look.moves)? {
                Standing::Refused(why)
            } else if !stays {
                Standing::Moved
            } else {
                refusal(call.endpoint(), &now, found).map_or(Standing::Going, Standing::Refused)
            };
            cases.push(Case {
                player: player.clone(),
                since: look.moves.latest(player),
                looked: self.client.server_time().map(seconds),
                now,
                state: standing,
            });
            actor.sightings().spend(session, player);
        }
        let (ordinal, endpoint) = (actor.next_ordinal(), call.endpoint());
        let rows = cases.iter().map(|case| case.row(ordinal, call)).collect();
        let way = self.claim(actor, call, rows, Some((session, look.players.len())))?;
        let mut step = Step { actor, endpoint, session, ordinal, fresh_until, cases };
        if way == Way::Send {
            self.make(&mut step)?;
        }
        Ok(step.summary(way))
    }

    /// Reads where the players are, and how they came there.
    fn look(&self, scope: &Scope, session: &SessionName) -> Result<Look, EffectError> {
        let mut call = Call::new(Endpoint::PlayersList).session(session);
        for field in ["show_page", "page_order", "started", "_uproot_group"] {
            call = call.query("fields", field);
        }
        let players = self.read(scope, &call)?;
        Ok(Look { players, moves: self.moves(scope, session, None)? })
    }

    /// Until when a look that ends now counts.
    fn fresh(&self) -> Option<Timestamp> {
        self.env.now().checked_add(FRESH).ok()
    }

    /// Makes the steps of all who are going, and settles each.
    fn make(&self, step: &mut Step<'_>) -> Result<(), EffectError> {
        let mut repeats = Repeats::default();
        let mut doubt = None;
        let mut before_that: Option<ApiError> = None;
        loop {
            if let Some(error) = before_that.take()
                && let Err(why) = self.look_again(step)
            {
                let note = format!("{}; not sent again: {why}", not_sent(&error));
                for (row, _) in (0..).zip(&step.cases).filter(|(_, case)| case.is_going()) {
                    let (run, note) = (step.actor.run, Some(note.clone()));
                    self.settle(run, step.ordinal, Some(row), EffectState::Failed, note)?;
                }
                return Err(why);
            }
            let going = step.named(&Standing::Going);
            if going.is_empty() {
                let uncertain = step.named(&Standing::Uncertain);
                return match doubt {
                    Some(error) if !uncertain.is_empty() => Err(not_known(error, &uncertain)),
                    _ => Ok(()),
                };
            }
            let call = Call::new(step.endpoint).session(step.session).players(&going);
            let error = match self.client.write_fresh(&call, step.fresh_until, &self.last_scope(step.actor)) {
                Ok(answer) => {
                    let answer = answer.json().unwrap_or_default();
                    for (row, case) in (0..).zip(&mut step.cases).filter(|(_, case)| case.is_going()) {
                        let after = answer["info"][case.player.as_str()][2].as_i64();
                        let note = after.map(|after| came_of(step.endpoint, &case.now, after));
                        case.state = Standing::Done;
                        self.settle(step.actor.run, step.ordinal, Some(row), EffectState::Done, note)?;
                    }
                    continue;
                }
                Err(error) => error,
            };
            if error.may_have_acted() {
                let once_more = repeats.doubtful_once_more(&error) && !step.actor.scope.cancel.is_cancelled();
                self.find_out_all(step, &error, once_more)?;
                before_that = once_more.then(|| error.clone());
                doubt = Some(error);
                continue;
            }
            // It provably never left.
            if !repeats.wait_for_next(&*self.env, &error, &step.actor.scope) {
                let note = Some(not_sent(&error));
                self.settle(step.actor.run, step.ordinal, None, EffectState::Failed, note)?;
                return Err(error.into());
            }
            before_that = Some(error);
        }
    }

    /// Before it is sent again: somebody may have paused something meanwhile, and players may have moved on or been moved. Looks at
    /// those who are going, and settles those who are not any more.
    fn look_again(&self, step: &mut Step<'_>) -> Result<(), EffectError> {
        let call = Call::new(step.endpoint).session(step.session).players(&step.named(&Standing::Going));
        let left_alone = self.admit(step.actor, &call)?;
        let look = self.look(&step.actor.scope, step.session)?;
        step.fresh_until = self.fresh();
        for (row, case) in (0..).zip(&mut step.cases).filter(|(_, case)| case.is_going()) {
            let found = look.players.get(case.player.as_str()).cloned().unwrap_or_default();
            let now = Sighting::read(&found);
            if !case.now.holds(&now) {
                case.now = now;
                case.state = Standing::Moved;
            } else if let Some(why) = left_alone.get(&case.player) {
                case.state = Standing::Refused(why.clone());
            } else if let Some(why) = refusal(step.endpoint, &now, &found) {
                case.state = Standing::Refused(why);
            }
            if !case.is_going() {
                let why = case.why_not();
                self.settle(step.actor.run, step.ordinal, Some(row), EffectState::Refused, why)?;
            }
        }
        Ok(())
    }

    /// Finds out what became of steps whose answer was lost, and settles all but those that are tried once more.
    fn find_out_all(
        &self,
        step: &mut Step<'_>,
        error: &ApiError,
        once_more: bool,
    ) -> Result<(), EffectError> {
        for (row, case) in (0..).zip(&mut step.cases).filter(|(_, case)| case.is_going()) {
            let found = self.what_became_of(step.endpoint, step.session, &case.player, &case.now, case.since);
            let (standing, state, note) = match found {
                Became::Made(note) => (Standing::Done, EffectState::Done, note),
                Became::Moved(now) => {
                    case.now = now;
                    (Standing::Moved, EffectState::Refused, case.moved())
                }
                Became::Nothing if once_more => continue,
                Became::Nothing if error.pending => (
                    Standing::Uncertain,
                    EffectState::Uncertain,
                    format!("{}: so far it was not made, but it may still be", error.message),
                ),
                Became::Nothing => {
                    let why = format!("{}; the server did not do it", error.message);
                    (Standing::Refused(why.clone()), EffectState::Failed, why)
                }
                Became::Unclear(why) => {
                    (Standing::Uncertain, EffectState::Uncertain, format!("{}; {why}", error.message))
                }
            };
            case.state = standing;
            self.settle(step.actor.run, step.ordinal, Some(row), state, Some(note))?;
        }
        Ok(())
    }
}

impl Step<'_> {
    fn named(&self, standing: &Standing) -> Vec<PlayerName> {
        let named = self.cases.iter().filter(|case| case.state == *standing);
        named.map(|case| case.player.clone()).collect()
    }

    /// What the script gets: `{"advanced": [names], "moved": [names], "refused": {name: reason}, "dry_run": bool}`, with
    /// `"planned": true` where it waits for a person. What is only written down looks as if it had been done.
    fn summary(&self, way: Way) -> Value {
        let done = match self.endpoint {
            Endpoint::PlayersRevert => "reverted",
            Endpoint::PlayersEnd => "ended",
            _ => "advanced",
        };
        let kept = way == Way::Keep && self.cases.iter().any(Case::is_going);
        let refused = self.cases.iter().filter_map(|case| match &case.state {
            Standing::Refused(why) => Some((case.player.to_string(), json!(why))),
            _ => None,
        });
        let refused: Map<String, Value> = refused.collect();
        let mut summary = Map::new();
        let made = self.named(if kept { &Standing::Going } else { &Standing::Done });
        summary.insert(done.to_owned(), json!(made));
        summary.insert("moved".to_owned(), json!(self.named(&Standing::Moved)));
        summary.insert("refused".to_owned(), Value::Object(refused));
        summary.insert("dry_run".to_owned(), json!(self.actor.is_dry()));
        if kept && !self.actor.is_dry() {
            summary.insert("planned".to_owned(), json!(true));
        }
        Value::Object(summary)
    }
}

impl Case {
    fn is_going(&self) -> bool {
        self.state == Standing::Going
    }

    fn moved(&self) -> String {
        format!("moved: is now on {}", self.now.place(self.now.show_page))
    }

    fn why_not(&self) -> Option<String> {
        match &self.state {
            Standing::Moved => Some(self.moved()),
            Standing::Refused(why) => Some(why.clone()),
            _ => None,
        }
    }

    fn row(&self, ordinal: u32, call: &Call) -> Effect {
        let mut effect = row(ordinal, call, Some(self.player.as_str()));
        let page = self.now.place(self.now.show_page);
        effect.precondition =
            Some(json!({"show_page": self.now.show_page, "page": page, "since": self.since}));
        if let (Some(seen), Some(looked)) = (&mut effect.precondition, self.looked) {
            seen["looked"] = json!(looked);
        }
        effect.note = self.why_not();
        if effect.note.is_some() {
            effect.state = EffectState::Refused;
        }
        effect
    }
}

fn not_known(error: ApiError, players: &[PlayerName]) -> EffectError {
    let players: Vec<&str> = players.iter().map(PlayerName::as_str).collect();
    let message = format!("{} ({})", error.message, players.join(", "));
    EffectError::Uncertain(ApiError { message, ..error })
}

/// What is said of a write that was given up before it left.
pub(super) fn not_sent(error: &ApiError) -> String {
    if error.sent { error.message.clone() } else { not_sent_text(&error.message) }
}

pub(super) fn not_sent_text(why: &str) -> String {
    format!("not sent: {why}")
}

/// What a step came to, from the page before and the one that the answer tells.
pub(super) fn came_of(endpoint: Endpoint, before: &Sighting, after: i64) -> String {
    let end = i64::try_from(before.pages().len()).unwrap_or(i64::MAX);
    let moved = format!("{} -> {}", before.place(before.show_page), before.place(after));
    // At the end the server does nothing and says that it is done. Whoever submitted the last page at that very moment
    // got there alone.
    if endpoint == Endpoint::PlayersAdvance && after == end {
        return format!("{moved}, {BY_WHOM}");
    }
    if endpoint == Endpoint::PlayersAdvance && after > before.show_page + 1 {
        return format!("{moved}: the player moved on at the same moment too");
    }
    moved
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn at_the_end_it_is_left_open_who_took_the_last_step() {
        let before =
            Sighting { show_page: 1, page_order: Some(Arc::new(json!(["a/One", "a/Two", "a/Three"]))) };
        assert_eq!(came_of(Endpoint::PlayersAdvance, &before, 2), "a/Two -> a/Three");
        assert_eq!(came_of(Endpoint::PlayersAdvance, &before, 3), format!("a/Two -> End, {BY_WHOM}"));
        assert_eq!(came_of(Endpoint::PlayersEnd, &before, 3), "a/Two -> End");
        let before = Sighting { show_page: 0, page_order: before.page_order };
        let both = came_of(Endpoint::PlayersAdvance, &before, 2);
        assert_eq!(both, "a/One -> a/Three: the player moved on at the same moment too");
    }
}
