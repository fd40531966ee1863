//! A page comes into a participant's browser: what they make of it.

use serde_json::Value;

use rand::RngExt as _;

use super::{AGAIN, Act, FIRST_TAB, HELLO, HIDDEN, INITIALIZE, LATENCY, POLL, Participant, State, Turn};
use crate::sandbox::{
    Broken, FieldKind, Form, View,
    draw::{Purpose, around, between, draws, mix},
    happening::What,
};

/// What people write where a text is asked for.
const TEXTS: [&str; 6] = ["", "ok", "I do not know.", "It was fine, thanks.", "Fair is fair", "Why not?"];

impl Participant {
    /// What the server answers to a load or a form.
    pub(super) fn show(&mut self, turn: &mut Turn<'_>, answer: Option<Result<View, Broken>>) {
        match answer {
            None => self.agenda.set(Act::Load, turn.now + AGAIN),
            Some(Err(Broken)) => self.show_error(turn),
            Some(Ok(view)) if view.show_page == -1 => self.initialize(turn),
            Some(Ok(view)) => self.show_page(turn, view),
        }
    }

    /// The first page posts itself. Where that led nowhere, the person tries again later.
    fn initialize(&mut self, turn: &mut Turn<'_>) {
        self.connect(turn, HELLO);
        self.agenda.clear(Act::Expire);
        self.agenda.clear(Act::Poll);
        let posted = self.state == State::Initializing;
        if !posted || !self.agenda.has(Act::Submit) {
            self.agenda.set(Act::Submit, turn.now + if posted { AGAIN } else { INITIALIZE });
        }
        self.stalls_here = false;
        self.show_page = -1;
        self.state = State::Initializing;
        self.form.clear();
    }

    fn connect(&self, turn: &mut Turn<'_>, every: f64) {
        if let Some((sname, uname)) = &self.player {
            turn.sandbox.connect(turn.now, sname, uname, FIRST_TAB, self.interval(every));
        }
    }

    /// An error instead of a page: no script runs, so the browser is silent, and the person tries again now and then.
    fn show_error(&mut self, turn: &mut Turn<'_>) {
        for act in [Act::Submit, Act::Expire, Act::Poll] {
            self.agenda.clear(act);
        }
        self.close_tab(turn, FIRST_TAB);
        self.agenda.set(Act::Load, turn.now + AGAIN);
        if self.state != State::Broken {
            self.state = State::Broken;
            self.tell(turn, What::Broken);
        }
    }

    fn show_page(&mut self, turn: &mut Turn<'_>, view: View) {
        let was_broken = self.state == State::Broken;
        if was_broken && view.waits {
            // The page itself comes, and fails with its first question.
            let Some((sname, uname)) = &self.player else { return };
            if turn.sandbox.may_go_on(turn.now, sname, uname).is_err() {
                self.show_error(turn);
                return;
            }
        }
        self.connect(turn, if view.waits { POLL } else { HELLO });
        let busy = matches!(self.state, State::Thinking | State::Stalled | State::Waiting | State::Finished);
        let same = busy && view.show_page == self.show_page && *view.path == *self.path;
        self.plan_expiry(turn.now, view.remaining);
        if same {
            // Seen before: whoever was thinking thinks on, and whoever sent something unfit thinks again.
            if self.state == State::Thinking && !self.agenda.has(Act::Submit) {
                self.plan_thinking(turn);
            }
            if self.state == State::Waiting && !self.agenda.has(Act::Poll) {
                self.agenda.set(Act::Poll, turn.now + self.interval(POLL));
            }
            return;
        }
        self.agenda.clear(Act::Submit);
        self.agenda.clear(Act::Poll);
        self.show_page = view.show_page;
        self.path = view.path.into();
        self.form = view.form;
        self.messages = 0;
        self.race = None;
        self.stalls_here = false;
        let path = self.path.clone();
        if view.end {
            self.state = State::Finished;
            self.tell(turn, What::Finished);
            let mut rng = draws(self.profile.stream, Purpose::End, 0);
            self.agenda.set(Act::Leave, turn.now + around(&mut rng, 300.0, 0.5));
        } else if view.waits {
            self.state = State::Waiting;
            self.tell(turn, What::Waits { path });
            self.agenda.set(Act::Poll, turn.now + self.interval(POLL));
            self.plan_leaving(turn, 20.0);
        } else {
            self.state = State::Thinking;
            self.tell(turn, What::Page { path });
            let here =
                self.profile.stalls_on.as_ref().is_some_and(|spot| spot.is(self.show_page, &self.path));
            self.stalls_here = std::mem::take(&mut self.stalls_next) || here && !self.stalled;
            let thinks = self.plan_thinking(turn);
            self.plan_leaving(turn, thinks);
        }
    }

    /// The place of the present page in the draws.
    pub(super) fn here(&self) -> u64 {
        self.show_page.unsigned_abs()
    }

    /// Plans when the form is sent, and says in how many seconds.
    fn plan_thinking(&mut self, turn: &mut Turn<'_>) -> f64 {
        let median = turn.sandbox.experiment().page(&self.path).map_or(0.0, |page| page.think.as_secs_f64());
        let mut rng = draws(self.profile.stream, Purpose::Think, self.here());
        let thinks = around(&mut rng, median * self.profile.pace, self.profile.spread).max(0.2);
        self.agenda.set(Act::Submit, turn.now + thinks);
        if self.profile.races && !self.stalls_here {
            self.plan_race(turn.now + thinks / 2.0);
        }
        thinks
    }

    /// Plans to race an admin, with one of the first calls after `from`.
    pub(super) fn plan_race(&mut self, from: f64) {
        let mut rng = draws(self.profile.stream, Purpose::Race, self.here());
        self.race = Some((from, rng.random_range(1..=3)));
    }

    /// The browser goes on by itself; a hidden one when it may speak next.
    pub(super) fn plan_expiry(&mut self, now: f64, remaining: Option<f64>) {
        self.agenda.clear(Act::Expire);
        if let Some(remaining) = remaining {
            let remaining = remaining + LATENCY;
            let wait = if self.profile.throttled { (remaining / HIDDEN).ceil() * HIDDEN } else { remaining };
            self.agenda.set(Act::Expire, now + wait);
        }
    }

    /// Plans the leaving, on its page, some time within `seconds`.
    fn plan_leaving(&mut self, turn: &mut Turn<'_>, seconds: f64) {
        let here = self.profile.leaves_on.as_ref().is_some_and(|spot| spot.is(self.show_page, &self.path));
        if here && !self.left {
            self.left = true;
            let mut rng = draws(self.profile.stream, Purpose::Leave, self.here());
            self.agenda.set(Act::Leave, turn.now + between(&mut rng, 0.1, 0.9) * seconds);
        }
    }

    /// Stops, with the page open.
    pub(super) fn stall(&mut self, turn: &mut Turn<'_>) {
        self.agenda.clear(Act::Submit);
        self.stalls_here = false;
        self.stalled = true;
        self.state = State::Stalled;
        self.tell(turn, What::Stalled);
        if self.profile.races {
            let mut rng = draws(self.profile.stream, Purpose::Race, mix(self.here(), 1));
            let idle = around(&mut rng, 240.0, 0.5);
            self.plan_race(turn.now + idle);
        }
    }

    /// Answers that the form takes.
    pub(super) fn answers(&self) -> Form {
        let mut rng = draws(self.profile.stream, Purpose::Answer, self.here());
        let mut form = Form::new();
        for field in &self.form {
            let answer = match &field.kind {
                FieldKind::Choice(choices) if choices.is_empty() => continue,
                FieldKind::Choice(choices) => choices[rng.random_range(0..choices.len())].clone(),
                FieldKind::Number(least, most) => Value::from(rng.random_range(*least..=*most.max(least))),
                FieldKind::Text => Value::from(TEXTS[rng.random_range(0..TEXTS.len())]),
            };
            form.insert(field.name.clone(), answer);
        }
        form
    }
}
