//! Advance, revert and end: only for players who are still on the page that the run saw.
//!
//! On the server, advance is `show_page += 1` without any condition. So each player is read again just before, those
//! who have moved are left out, and those for whom a step would break something are refused.

use serde_json::{Map, Value, json};

use super::{Actor, Door, EffectError, row, sightings::Sighting};
use crate::{
    api::{Call, Endpoint},
    domain::{Effect, EffectState, PlayerName, SessionName},
};

/// Said where the answer cannot tell a step from the player's own submission.
pub(crate) const BY_WHOM: &str = "by this step or by the player at the same moment";

enum Verdict {
    /// The step is made.
    Go(Sighting),
    /// The player is not any more where the run saw it.
    Moved(Sighting),
    /// The step would break something.
    Refuse(Sighting, String),
}

impl Door {
    pub(super) fn step(&self, actor: &Actor, call: &Call) -> Result<Value, EffectError> {
        let Some(session) = call.session_name() else {
            return Err(EffectError::Bad("a step needs a session".to_owned()));
        };
        for player in call.player_names() {
            if actor.sightings().of(session, player).is_none() {
                return Err(EffectError::NotSeen {
                    session: session.to_string(),
                    player: player.to_string(),
                });
            }
        }
        let now = self.look(actor, session)?;
        let mut verdicts = Vec::new();
        for player in call.player_names() {
            let Some(found) = now.get(player.as_str()) else {
                return Err(EffectError::UnknownPlayer {
                    session: session.to_string(),
                    player: player.to_string(),
                });
            };
            verdicts.push((player, judge(actor, call.endpoint(), session, player, found)));
        }
        let ordinal = actor.next_ordinal();
        let rows =
            verdicts.iter().map(|(player, verdict)| step_row(ordinal, call, player, verdict)).collect();
        let going: Vec<PlayerName> = verdicts
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Go(_)))
            .map(|(player, _)| (*player).clone())
            .collect();
        for (player, _) in &verdicts {
            actor.sightings().spend(session, player);
        }
        if going.is_empty() {
            self.store.record_effects(actor.run, rows, self.env.now(), actor.trace.take()).wait()?;
        } else {
            let narrowed = Call::new(call.endpoint()).session(session).players(&going);
            if let Some(answer) = self.send(actor, ordinal, &narrowed, rows)? {
                self.settle_each(actor, call.endpoint(), ordinal, &verdicts, &answer)?;
            }
        }
        Ok(self.summary(actor, call.endpoint(), &verdicts))
    }

    fn look(&self, actor: &Actor, session: &SessionName) -> Result<Map<String, Value>, EffectError> {
        let mut call = Call::new(Endpoint::PlayersList).session(session);
        for field in ["show_page", "page_order", "started", "_uproot_group"] {
            call = call.query("fields", field);
        }
        self.read(actor, &call)
    }

    /// Settles each player's row with what the answer says about it: the page before and after.
    fn settle_each(
        &self,
        actor: &Actor,
        call: Endpoint,
        ordinal: u32,
        verdicts: &[(&PlayerName, Verdict)],
        answer: &Value,
    ) -> Result<(), EffectError> {
        for (row, (player, verdict)) in (0_u32..).zip(verdicts) {
            let Verdict::Go(before) = verdict else { continue };
            let after = answer["info"][player.as_str()][2].as_i64();
            let note = after.map(|after| came_of(call, before, after));
            let at = self.env.now();
            self.store.settle_effects(actor.run, ordinal, Some(row), EffectState::Done, note, at).wait()?;
        }
        Ok(())
    }

    fn summary(&self, actor: &Actor, endpoint: Endpoint, verdicts: &[(&PlayerName, Verdict)]) -> Value {
        let names = |wanted: fn(&Verdict) -> bool| -> Vec<&str> {
            verdicts
                .iter()
                .filter(|(_, verdict)| wanted(verdict))
                .map(|(player, _)| player.as_str())
                .collect()
        };
        let done = match endpoint {
            Endpoint::PlayersRevert => "reverted",
            Endpoint::PlayersEnd => "ended",
            _ => "advanced",
        };
        let refused: Map<String, Value> = verdicts
            .iter()
            .filter_map(|(player, verdict)| match verdict {
                Verdict::Refuse(_, why) => Some((player.to_string(), json!(why))),
                _ => None,
            })
            .collect();
        let mut summary = Map::new();
        summary.insert(done.to_owned(), json!(names(|verdict| matches!(verdict, Verdict::Go(_)))));
        summary.insert("moved".to_owned(), json!(names(|verdict| matches!(verdict, Verdict::Moved(_)))));
        summary.insert("refused".to_owned(), Value::Object(refused));
        summary.insert("dry_run".to_owned(), json!(actor.is_dry()));
        Value::Object(summary)
    }
}

fn judge(
    actor: &Actor,
    endpoint: Endpoint,
    session: &SessionName,
    player: &PlayerName,
    found: &Value,
) -> Verdict {
    let now = Sighting {
        show_page: found["show_page"].as_i64().unwrap_or(-1),
        page_order: Some(found["page_order"].clone()),
    };
    let stays = actor.sightings().of(session, player).is_some_and(|seen| seen.holds(&now));
    let refusal = refusal(endpoint, &now, found);
    match refusal {
        _ if !stays => Verdict::Moved(now),
        Some(why) => Verdict::Refuse(now, why),
        None => Verdict::Go(now),
    }
}

fn refusal(endpoint: Endpoint, now: &Sighting, found: &Value) -> Option<String> {
    let pages = now.pages();
    let last = i64::try_from(pages.len()).unwrap_or(i64::MAX);
    if pages.is_empty() {
        return Some("has never opened the experiment, so there are no pages to step through".to_owned());
    }
    if now.show_page < 0 {
        return Some("has not begun yet".to_owned());
    }
    if now.show_page >= last {
        return Some("has finished already".to_owned());
    }
    let at = usize::try_from(now.show_page).unwrap_or_default();
    if endpoint == Endpoint::PlayersRevert
        && let Some(why) = nothing_before(pages.get(..at).unwrap_or_default())
    {
        return Some(why);
    }
    let page = pages.get(at).copied().unwrap_or_default();
    if endpoint == Endpoint::PlayersAdvance && is_wait_page(page) && found["_uproot_group"].is_null() {
        return Some(format!(
            "waits on {page} and has no group: past it, later pages of the group would fail; use players::end or \
             players::redirect"
        ));
    }
    None
}

/// Why there is no way back past these pages. Markers are never shown, and what the start of an app or a round set does
/// not run in reverse. Newer servers then refuse the whole call, older ones step onto the marker.
fn nothing_before(pages: &[&str]) -> Option<String> {
    for page in pages.iter().rev() {
        if page.ends_with("/#StartApp") || matches!(*page, "#RoundStart" | "#RepeatStart") {
            return Some(format!("is on the first page after {page}, and there is no way back past it"));
        }
        if !page.starts_with('#') {
            return None;
        }
    }
    Some("is on the first page".to_owned())
}

/// `app/#Name`, except the two that are no wait pages.
fn is_wait_page(page: &str) -> bool {
    match page.split_once("/#") {
        Some((app, name)) => {
            !app.is_empty() && !app.starts_with('#') && !matches!(name, "StartApp" | "LandingPage")
        }
        None => false,
    }
}

fn step_row(ordinal: u32, call: &Call, player: &PlayerName, verdict: &Verdict) -> Effect {
    let mut effect = row(ordinal, call, Some(player.as_str()));
    let (now, state, note) = match verdict {
        Verdict::Go(now) => (now, EffectState::Claimed, None),
        Verdict::Moved(now) => {
            (now, EffectState::Refused, Some(format!("moved: is now on {}", place(now, now.show_page))))
        }
        Verdict::Refuse(now, why) => (now, EffectState::Refused, Some(why.clone())),
    };
    let page = place(now, now.show_page);
    effect.precondition = Some(json!({"show_page": now.show_page, "page": page}));
    effect.state = state;
    effect.note = note;
    effect
}

/// What a step came to, from the page before and the one that the answer tells.
fn came_of(endpoint: Endpoint, before: &Sighting, after: i64) -> String {
    let end = i64::try_from(before.pages().len()).unwrap_or(i64::MAX);
    let moved = format!("{} -> {}", place(before, before.show_page), place(before, after));
    // At the end the server does nothing and says that it is done. Whoever submitted the last page at that very moment
    // got there alone.
    if endpoint == Endpoint::PlayersAdvance && after == end {
        return format!("{moved}, {BY_WHOM}");
    }
    moved
}

fn place(sighting: &Sighting, at: i64) -> String {
    let pages = sighting.pages();
    match usize::try_from(at) {
        Err(_) => "Initialize".to_owned(),
        Ok(at) => pages.get(at).map_or_else(|| "End".to_owned(), |page| (*page).to_owned()),
    }
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

    #[test]
    fn nobody_goes_back_past_the_start_of_an_app_or_a_round() {
        let free: [&[&str]; 3] =
            [&["a/#StartApp", "a/One"], &["a/One", "#{", "#}"], &["a/#StartApp", "a/#Wait"]];
        for pages in free {
            assert_eq!(nothing_before(pages), None, "{pages:?}");
        }
        let stopped: [&[&str]; 4] = [
            &[],
            &["a/#StartApp"],
            &["a/One", "b/#StartApp", "#{"],
            &["a/#StartApp", "a/One", "#RoundStart"],
        ];
        for pages in stopped {
            assert!(nothing_before(pages).is_some(), "{pages:?}");
        }
    }
}
