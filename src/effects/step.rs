//! Advance, revert and end: only for players who are still on the page that the run saw.
//!
//! On the server, advance is `show_page += 1` without any condition. So each player is read again just before, those who have moved
//! are left out, and those for whom a step would break something are refused. Where the answer is lost, the server's
//! history tells whether the step was made.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    Actor, Door, EffectError, claim::Way, guard::LeftAlone, history::Became, moves::Moves, refusal::refusal,
    repeat::Repeats, row, sightings::Sighting,
};
use crate::{
    api::{ApiError, Call, Endpoint},
    domain::{Effect, EffectState, PlayerName, SessionName},
    environment::Scope,
};

/// Said where the answer cannot tell a step from the player's own submission.
pub(crate) const BY_WHOM: &str = "by this step or by the player at the same moment";

/// One player of a step.
struct Case {
    player: PlayerName,
    /// Where the player is, at the last look.
    now: Sighting,
    /// When they came there, in seconds since 1970 by the server's clock; or a time since when they have been there.
    since: f64,
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
        let mut cases = Vec::new();
        for player in call.player_names() {
            let Some(found) = look.players.get(player.as_str()) else {
                return Err(EffectError::UnknownPlayer {
                    session: session.to_string(),
                    player: player.to_string(),
                });
            };
            let now = Sighting::read(found);
            let stays = seen.get(player).is_some_and(|seen| seen.holds(&now));
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
                now,
                state: standing,
            });
            actor.sightings().spend(session, player);
        }
        let ordinal = actor.next_ordinal();
        let rows = cases.iter().map(|case| case.row(ordinal, call)).collect();
        let way = self.claim(actor, call, rows, look.players.len())?;
        if way == Way::Send {
            self.make(actor, call.endpoint(), session, ordinal, &mut cases)?;
        }
        let mut summary = summary(call.endpoint(), &cases, way);
        summary.insert("dry_run".to_owned(), json!(actor.is_dry()));
        let waits = way == Way::Keep && cases.iter().any(Case::is_going);
        if waits && !actor.is_dry() {
            summary.insert("planned".to_owned(), json!(true));
        }
        Ok(Value::Object(summary))
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

    /// Makes the steps of all who are going, and settles each.
    fn make(
        &self,
        actor: &Actor,
        endpoint: Endpoint,
        session: &SessionName,
        ordinal: u32,
        cases: &mut [Case],
    ) -> Result<(), EffectError> {
        let mut repeats = Repeats::default();
        let mut doubt = None;
        loop {
            let names = |wanted: Standing| -> Vec<PlayerName> {
                cases.iter().filter(|case| case.state == wanted).map(|case| case.player.clone()).collect()
            };
            let going = names(Standing::Going);
            if going.is_empty() {
                let Some(error) = doubt else { return Ok(()) };
                let players: Vec<String> =
                    names(Standing::Uncertain).iter().map(ToString::to_string).collect();
                if players.is_empty() {
                    return Ok(());
                }
                return Err(uncertain(error, &players));
            }
            let call = Call::new(endpoint).session(session).players(&going);
            let error = match self.client.write(&call, &self.last_scope(actor)) {
                Ok(answer) => {
                    let answer = answer.json().unwrap_or_default();
                    for (row, case) in (0..).zip(cases.iter_mut()).filter(|(_, case)| case.is_going()) {
                        let after = answer["info"][case.player.as_str()][2].as_i64();
                        let note = after.map(|after| came_of(endpoint, &case.now, after));
                        case.state = Standing::Done;
                        self.settle(actor.run, ordinal, Some(row), EffectState::Done, note)?;
                    }
                    continue;
                }
                Err(error) => error,
            };
            if error.may_have_acted() {
                self.find_out_all(actor, endpoint, session, ordinal, cases, &error, &mut repeats)?;
                doubt = Some(error);
                continue;
            }
            // It provably never left. Meanwhile players may have moved on.
            let again = repeats.wait_for_next(&*self.env, &error, &actor.scope)
                && self.look_again(actor, endpoint, session, ordinal, cases).is_ok();
            if !again {
                self.settle(actor.run, ordinal, None, EffectState::Failed, Some(not_sent(&error)))?;
                return Err(error.into());
            }
        }
    }

    /// Looks again at those who are going, and settles those who have moved.
    fn look_again(
        &self,
        actor: &Actor,
        endpoint: Endpoint,
        session: &SessionName,
        ordinal: u32,
        cases: &mut [Case],
    ) -> Result<(), EffectError> {
        let look = self.look(&actor.scope, session)?;
        for (row, case) in (0..).zip(cases).filter(|(_, case)| case.is_going()) {
            let found = look.players.get(case.player.as_str()).cloned().unwrap_or_default();
            let now = Sighting::read(&found);
            if !case.now.holds(&now) {
                case.now = now;
                case.state = Standing::Moved;
            } else if let Some(why) = refusal(endpoint, &now, &found) {
                case.state = Standing::Refused(why);
            }
            if !case.is_going() {
                self.settle(actor.run, ordinal, Some(row), EffectState::Refused, case.why_not())?;
            }
        }
        Ok(())
    }

    /// Finds out what became of steps whose answer was lost, and settles all but those that may be tried once more.
    #[expect(clippy::too_many_arguments, reason = "they are what one request is about")]
    fn find_out_all(
        &self,
        actor: &Actor,
        endpoint: Endpoint,
        session: &SessionName,
        ordinal: u32,
        cases: &mut [Case],
        error: &ApiError,
        repeats: &mut Repeats,
    ) -> Result<(), EffectError> {
        let once_more = repeats.doubtful_once_more(error) && !actor.scope.cancel.is_cancelled();
        for (row, case) in (0..).zip(cases).filter(|(_, case)| case.is_going()) {
            let found = self.what_became_of(endpoint, session, &case.player, &case.now, case.since);
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
            self.settle(actor.run, ordinal, Some(row), state, Some(note))?;
        }
        Ok(())
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
        effect.note = self.why_not();
        if effect.note.is_some() {
            effect.state = EffectState::Refused;
        }
        effect
    }
}

fn summary(endpoint: Endpoint, cases: &[Case], way: Way) -> Map<String, Value> {
    let names = |wanted: &dyn Fn(&Standing) -> bool| -> Vec<&str> {
        cases.iter().filter(|case| wanted(&case.state)).map(|case| case.player.as_str()).collect()
    };
    let done = match endpoint {
        Endpoint::PlayersRevert => "reverted",
        Endpoint::PlayersEnd => "ended",
        _ => "advanced",
    };
    let refused: Map<String, Value> = cases
        .iter()
        .filter_map(|case| match &case.state {
            Standing::Refused(why) => Some((case.player.to_string(), json!(why))),
            _ => None,
        })
        .collect();
    // What only is written down looks to the script as if it had been done.
    let is_done = |standing: &Standing| match standing {
        Standing::Done => true,
        Standing::Going => way == Way::Keep,
        _ => false,
    };
    let mut summary = Map::new();
    summary.insert(done.to_owned(), json!(names(&is_done)));
    summary.insert("moved".to_owned(), json!(names(&|standing| *standing == Standing::Moved)));
    summary.insert("refused".to_owned(), Value::Object(refused));
    summary
}

fn uncertain(error: ApiError, players: &[String]) -> EffectError {
    let message = format!("{} ({})", error.message, players.join(", "));
    EffectError::Uncertain(ApiError { message, ..error })
}

/// What is said of a write that was given up before it left.
pub(super) fn not_sent(error: &ApiError) -> String {
    if error.sent { error.message.clone() } else { format!("not sent: {}", error.message) }
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
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_end_it_is_left_open_who_took_the_last_step() {
        let before = Sighting { show_page: 1, page_order: Some(json!(["a/One", "a/Two", "a/Three"])) };
        assert_eq!(came_of(Endpoint::PlayersAdvance, &before, 2), "a/Two -> a/Three");
        assert_eq!(came_of(Endpoint::PlayersAdvance, &before, 3), format!("a/Two -> End, {BY_WHOM}"));
        assert_eq!(came_of(Endpoint::PlayersEnd, &before, 3), "a/Two -> End");
    }
}
