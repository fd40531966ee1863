//! What an admin arranges for players: deadlines, groups, and what else happens when they first come.

use std::{collections::HashSet, sync::Arc};

use rand::seq::SliceRandom as _;
use serde_json::{Value, json};

use super::{
    Call,
    reply::{Answered, Refusal, ok, refuse},
    unames_of,
};
use crate::sandbox::{Push, Sandbox, context, value::Py};

impl Sandbox {
    /// Moves the deadline of the page that each player is on; where there is none, there is one from now on.
    pub(super) fn adjust_timeouts(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, delta) = (check.unames(), check.float_or("delta", 60.0));
        check.done()?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        if !delta.is_finite() {
            return refuse(400, "Timeout adjustment must be finite");
        }
        for uname in &unames {
            let Some(player) = self.player(&sname, uname) else { return Err(Refusal::Broken) };
            let page = player.show_page.to_string();
            let mut all =
                self.field(&sname, uname, "_uproot_timeouts_until").map(Py::json).unwrap_or_default();
            let until = all.get(&page).and_then(Value::as_f64).unwrap_or(call.now) + delta;
            all[page] = json!(until);
            self.write(call.now, &sname, uname, "_uproot_timeouts_until", all.into(), context::DEADLINE);
            self.push(call.now, &sname, uname, Push::Deadline((until - call.now).max(0.0)));
        }
        ok(&json!({"adjusted": unames, "delta": delta}))
    }

    /// Groups players, whether they are in groups already or not. Before 0.8 an unknown name makes the server fail when
    /// those before it have been regrouped.
    pub(super) fn group_players(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, action) = (check.unames(), check.text("action"));
        let size = usize::try_from(check.number_or("group_size", 1, 1)).unwrap_or(usize::MAX);
        let (shuffle, reload) = (check.flag_or_no("shuffle"), check.flag_or_no("reload"));
        check.done()?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        let mut members: Vec<Arc<str>> = unames.iter().map(|uname| uname.as_str().into()).collect();
        if shuffle {
            members.shuffle(&mut self.rng);
        }
        let mut answer = json!({"action": action, "players": unames});
        match action.as_str() {
            "same_group" => {
                answer["group_name"] = json!(&*self.group(call.now, &sname, &members)?);
                answer["groups_created"] = json!(1);
            }
            "reset" => answer["players_reset"] = json!(self.ungroup(call.now, &sname, &members)?),
            "by_size" => {
                let number = members.len();
                if !number.is_multiple_of(size) {
                    return refuse(
                        400,
                        format!(
                            "Number of selected players ({number}) must be divisible by group size ({size})"
                        ),
                    );
                }
                let mut names = Vec::new();
                for part in members.chunks(size) {
                    names.push(self.group(call.now, &sname, part)?.to_string());
                }
                answer["groups_created"] = json!(names.len());
                answer["group_names"] = json!(names);
            }
            _ => return refuse(400, format!("Unknown action: {action}")),
        }
        for uname in unames.iter().filter(|_| reload) {
            self.push(call.now, &sname, uname, Push::Reload);
        }
        ok(&answer)
    }

    fn group(&mut self, now: f64, sname: &str, members: &[Arc<str>]) -> Result<Arc<str>, Refusal> {
        if members.iter().collect::<HashSet<_>>().len() != members.len() {
            return refuse(400, "Constraint violation: Group members must be unique");
        }
        if members.iter().any(|member| self.player(sname, member).is_none()) {
            return Err(Refusal::Broken);
        }
        self.create_group(now, sname, members).ok_or(Refusal::Broken)
    }

    fn ungroup(&mut self, now: f64, sname: &str, members: &[Arc<str>]) -> Result<usize, Refusal> {
        let mut count = 0;
        for member in members {
            let Some(player) = self.player(sname, member) else { return Err(Refusal::Broken) };
            if player.group.is_some() {
                self.write(now, sname, member, "_uproot_group", Py::NONE, context::UNGROUP);
                self.write(now, sname, member, "member_id", Py::NONE, context::UNGROUP);
                count += 1;
            }
        }
        Ok(count)
    }

    /// Lays out the pages of players, of those who have them too: whoever is under way in an order drawn at random is then
    /// on another page.
    pub(super) fn initialize_players(&mut self, call: &Call) -> Answered {
        let unames = unames_of(call)?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        for uname in &unames {
            let Some(player) = self.player(&sname, uname) else { return Err(Refusal::Broken) };
            if player.page_order.is_empty() {
                self.prepare(call.now, &sname, uname);
            } else {
                self.lay_out_anew(call.now, &sname, uname);
            }
        }
        ok(&json!({"initialized": unames}))
    }

    /// Lays out the pages of a player who has them already, in the order in which the apps write them down. What was drawn
    /// at random is lost.
    pub(super) fn lay_out_anew(&mut self, now: f64, sname: &str, uname: &str) {
        let apps = self.sessions.get(sname).map(|session| session.apps.clone()).unwrap_or_default();
        let order: Arc<[String]> = self.experiment.page_order(&apps, &mut |_| 0).into();
        self.write(now, sname, uname, "page_order", Py::Texts(order), context::PAGE_ORDER);
    }

    pub(super) fn initialize_session(&mut self, call: &Call) -> Answered {
        let sname = self.session_name(call)?;
        if self.session_named(&sname)?.initialized {
            return refuse(400, "Session already initialized");
        }
        self.set_session(call.now, &sname, "_uproot_initialized", true.into(), |session| {
            session.initialized = true;
        });
        ok(&json!({"initialized": true}))
    }
}
