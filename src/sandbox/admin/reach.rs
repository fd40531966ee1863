//! What reaches a player's browser: reloads, addresses, messages; and dropping out.

use serde_json::json;

use super::{
    Call,
    players::write_online,
    reply::{Answered, Refusal, ok, refuse, written},
    unames_of,
    writer::Writer,
};
use crate::{
    api::Generation,
    sandbox::{Push, Sandbox, context},
};

impl Sandbox {
    pub(super) fn reload(&mut self, call: &Call) -> Answered {
        let unames = unames_of(call)?;
        self.tell(call, &unames, &Push::Reload)?;
        ok(&json!({"reloaded": unames}))
    }

    pub(super) fn message(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, message) = (check.unames(), check.text("message"));
        check.done()?;
        self.tell(call, &unames, &Push::Message(message))?;
        ok(&json!({"messaged": unames}))
    }

    /// The address is looked at after the names since 0.8, and before them until then.
    pub(super) fn redirect(&mut self, call: &Call) -> Answered {
        let mut check = call.body.check()?;
        let (unames, url) = (check.unames(), check.text("url"));
        check.done()?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return refuse(400, "URL must start with http:// or https://");
        }
        self.tell(call, &unames, &Push::Redirect(url.clone()))?;
        ok(&json!({"redirected": unames, "url": url}))
    }

    /// Tells browsers something. Whether any is open nobody says, and before 0.8 nobody looks whether there are such
    /// players.
    fn tell(&mut self, call: &Call, unames: &[String], push: &Push) -> Result<(), Refusal> {
        let sname = self.session_name(call)?;
        self.check_players(&sname, unames)?;
        for uname in unames {
            self.push(call.now, &sname, uname, push.clone());
        }
        Ok(())
    }

    /// Marks players as dropouts. In 0.0.x the mark waits for an app that watches for dropouts; since 0.1 it counts at
    /// once, also for those who never came, and the pages of all are laid out anew.
    pub(super) fn mark_dropouts(&mut self, call: &Call) -> Answered {
        let unames = unames_of(call)?;
        let sname = self.session_name(call)?;
        self.check_players(&sname, &unames)?;
        if self.generation == Generation::Contract {
            for uname in &unames {
                if let Some(player) = self.player_mut(&sname, uname) {
                    player.marked = Some(call.now);
                }
            }
            return ok(&json!({"marked_dropout": unames}));
        }
        if unames.iter().any(|uname| self.player(&sname, uname).is_none()) {
            return Err(Refusal::Broken);
        }
        for uname in &unames {
            if let Some(player) = self.player_mut(&sname, uname) {
                player.presence.forget(call.now);
            }
            if self.player(&sname, uname).is_some_and(|player| player.page_order.is_empty()) {
                self.prepare(call.now, &sname, uname);
            } else {
                self.lay_out_anew(call.now, &sname, uname);
            }
            self.write(call.now, &sname, uname, "_uproot_dropout", true.into(), context::DROPOUT);
            self.handle_dropout(call.now, &sname, uname);
        }
        let session = self.session_named(&sname)?;
        let mut writer = Writer::default();
        writer.open(b'{');
        writer.key("marked_dropout");
        writer.value(&unames);
        write_online(&mut writer, session, call.now);
        writer.close(b'}');
        written(writer.finish())
    }
}
