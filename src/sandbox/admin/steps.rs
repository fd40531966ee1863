//! Steps that an admin makes for players: forward, back, to the end. None of them looks where the player was when the
//! admin decided.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Call,
    reply::{Answered, Refusal, refuse},
    unames_of,
};
use crate::{
    api::Generation,
    sandbox::{Push, Sandbox, context},
};

impl Sandbox {
    /// One page forward for each name, as often as it is given. Before the first page and at the end nothing happens.
    pub(super) fn advance(&mut self, call: &Call) -> Answered {
        self.step(call, context::ADVANCE, |at, end| Some(at + 1).filter(|next| at >= 0 && *next <= end))
    }

    /// To the end. Without a page order, before the first visit, that is the place of the first page.
    pub(super) fn put_to_end(&mut self, call: &Call) -> Answered {
        self.step(call, context::END, |at, end| Some(end).filter(|end| at < *end))
    }

    /// One page back for each name; since 0.9 each player moves once or nobody moves at all.
    pub(super) fn revert(&mut self, call: &Call) -> Answered {
        if self.generation == Generation::Newest {
            return self.revert_all_or_none(call);
        }
        self.step(call, context::REVERT, |at, end| Some(at - 1).filter(|_| at >= 0 && at <= end))
    }

    /// Goes through the names one by one. Before 0.8 an unknown one makes the server fail there: those before it have
    /// moved by then.
    fn step(
        &mut self,
        call: &Call,
        context: &'static str,
        target: impl Fn(i64, i64) -> Option<i64>,
    ) -> Answered {
        let unames = unames_of(call)?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        for uname in &unames {
            let Some(player) = self.player(&sname, uname) else { return Err(Refusal::Broken) };
            if let Some(to) = target(player.show_page, player.end()) {
                self.move_player(call.now, &sname, uname, to, context);
            }
        }
        self.places(&sname, call.now)
    }

    fn move_player(&mut self, now: f64, sname: &str, uname: &str, to: i64, context: &'static str) {
        self.write(now, sname, uname, "show_page", to.into(), context);
        let is_end = self.player(sname, uname).is_some_and(|player| player.end() == to);
        // Older forms do this when the participant loads the page.
        if is_end && self.generation == Generation::Newest {
            self.reach_end(now, sname, uname);
        }
        self.push(now, sname, uname, Push::Reload);
    }

    fn revert_all_or_none(&mut self, call: &Call) -> Answered {
        let unames = unames_of(call)?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        let mut targets: IndexMap<&str, i64> = IndexMap::new();
        for uname in &unames {
            let Some(player) = self.player(&sname, uname) else { return Err(Refusal::Broken) };
            if player.show_page >= 0 && player.show_page <= player.end() {
                let order = Arc::clone(&player.page_order);
                targets.insert(uname, previous(uname, &order, player.show_page)?);
            }
        }
        for (uname, to) in targets {
            self.write(call.now, &sname, uname, "show_page", to.into(), context::REVERT);
            self.push(call.now, &sname, uname, Push::Reload);
        }
        self.places(&sname, call.now)
    }
}

/// The page before, past markers that are never shown; but not past the start of a round or an app, nor back from the
/// end.
fn previous(uname: &str, order: &[String], at: i64) -> Result<i64, Refusal> {
    let refused = |why: String| refuse(400, format!("Constraint violation: Cannot revert {uname}{why}"));
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    if at >= order.len() {
        return refused(", who has reached the end".to_owned());
    }
    for (index, path) in (0_i64..).zip(order).take(at).collect::<Vec<_>>().into_iter().rev() {
        if matches!(path.as_str(), "#RoundStart" | "#RepeatStart") || path.ends_with("/#StartApp") {
            return refused(format!(" past {path}, the start of a round or an app"));
        }
        if !path.starts_with('#') {
            return Ok(index);
        }
    }
    Ok(-1)
}
