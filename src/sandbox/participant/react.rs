//! What a participant does about what comes from outside: words of the server, calls of an admin that they happen to
//! race, and commands of an expectation script.

use rand::RngExt as _;

use super::{Act, Link, Participant, RELOAD, State, Turn};
use crate::sandbox::{
    Push,
    draw::{Purpose, around, between, draws, mix},
    happening::What,
};

impl Participant {
    /// The server tells the browser something.
    pub(in crate::sandbox) fn hear(&mut self, turn: &mut Turn<'_>, push: Push) {
        if matches!(self.state, State::Expected | State::Lobby | State::Broken | State::Away | State::Gone) {
            return;
        }
        match push {
            Push::Reload => self.agenda.set(Act::Load, turn.now + RELOAD),
            Push::Redirect(url) => {
                self.tell(turn, What::Redirected(url));
                self.close(turn, State::Gone);
            }
            Push::Deadline(remaining) => self.plan_expiry(turn.now, Some(remaining)),
            Push::Message(text) => {
                self.tell(turn, What::Message(text));
                self.messages += 1;
                let mut rng = draws(self.profile.stream, Purpose::Heed, mix(self.here(), self.messages));
                let heeds = rng.random::<f64>() < self.profile.heeds;
                if self.state == State::Stalled && heeds && !self.agenda.has(Act::Submit) {
                    self.agenda.set(Act::Submit, turn.now + around(&mut rng, 8.0, 0.5));
                }
            }
        }
    }

    /// An admin looked or stepped a moment ago: whoever races submits right now.
    pub(in crate::sandbox) fn race(&mut self, now: f64) {
        if !matches!(self.state, State::Thinking | State::Stalled) || self.stalls_here {
            return;
        }
        let Some((from, calls)) = self.race.filter(|(from, _)| now >= *from) else { return };
        if calls > 1 {
            self.race = Some((from, calls - 1));
            return;
        }
        self.race = None;
        let mut rng = draws(self.profile.stream, Purpose::Race, mix(self.here(), 2));
        self.agenda.set(Act::Submit, now + between(&mut rng, 0.002, 0.010));
    }

    /// Stalls: on this page, or on the next one where there is something to do.
    pub(in crate::sandbox) fn stall_now(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::Thinking => self.stall(turn),
            _ => self.stalls_next = true,
        }
    }

    /// Closes all tabs; for good, or to open them again some seconds later.
    pub(in crate::sandbox) fn leave_now(&mut self, turn: &mut Turn<'_>, returns_after: Option<f64>) {
        if !matches!(self.state, State::Away | State::Gone) {
            self.left = true;
            self.profile.returns_after = returns_after;
            self.leave(turn);
        }
    }

    /// Is there again: opens the link, or goes on after a stall.
    pub(in crate::sandbox) fn come_back(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::Away | State::Gone => {
                self.agenda.clear(Act::Return);
                self.state = State::Away;
                self.tell(turn, What::Returned);
                match (&self.player, &self.link) {
                    (None, Link::Player { .. } | Link::Room { .. }) => self.agenda.set(Act::Knock, turn.now),
                    (Some(_), _) => self.load(turn),
                }
            }
            State::Stalled => self.agenda.set(Act::Submit, turn.now + 1.0),
            State::Expected => self.agenda.set(Act::Knock, turn.now),
            _ => {}
        }
    }
}
