//! One simulated participant and the browser in front of them, as a state machine: it does what is on its agenda, and
//! answers to what the server tells it. It knows nothing of the server but what a browser shows.

mod page;
mod react;

use std::sync::Arc;

use super::{
    Entered, Field, Form, Sandbox,
    agenda::{Act, Agenda},
    draw::{Purpose, between, draws},
    happening::{Happening, What},
    profile::{Link, Profile, Spot},
};

/// The tabs of one participant, as the server tells them apart.
const FIRST_TAB: u64 = 1;
const SECOND_TAB: u64 = 2;

/// Seconds between two hellos of a page.
const HELLO: f64 = 9.0;
/// Seconds between two questions of a wait page, each of which is a hello as well.
const POLL: f64 = 2.0;
/// How often a hidden tab may speak: browsers slow its timers down to this, in seconds.
const HIDDEN: f64 = 60.0;
/// Seconds between two attempts at a page or link that does not work.
const AGAIN: f64 = 30.0;
/// How long a browser takes from a word of the server to the next page, in seconds. Measured.
const RELOAD: f64 = 0.013;
/// How long the first page takes to post itself, in seconds.
const INITIALIZE: f64 = 0.1;
/// How much later than the server's a browser's clock runs out, in seconds.
const LATENCY: f64 = 0.05;

/// What a participant is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Has not come yet.
    Expected,
    /// Is in a room, or before it.
    Lobby,
    /// The browser posts the first page.
    Initializing,
    /// Is busy with a page.
    Thinking,
    /// Waits for others.
    Waiting,
    /// Has the page open and does nothing.
    Stalled,
    /// Has an error instead of a page.
    Broken,
    /// Sees the last page.
    Finished,
    /// Has closed everything and comes back.
    Away,
    /// Has closed everything.
    Gone,
}

/// One participant.
pub(super) struct Participant {
    profile: Profile,
    link: Link,
    /// Session and player, once there is a place.
    player: Option<(Arc<str>, Arc<str>)>,
    state: State,
    agenda: Agenda,
    /// The page in the browser: its index, path and form.
    show_page: i64,
    path: Arc<str>,
    form: Vec<Field>,
    /// Whether this page is the one to stall on; and whether that happened already, here or elsewhere.
    stalls_here: bool,
    stalled: bool,
    /// Whether a command says to stall on the next page.
    stalls_next: bool,
    /// Whether the leaving of the profile is planned or over.
    left: bool,
    /// Messages on this page so far.
    messages: u64,
    /// From when on this page and at how many more calls of an admin they race.
    race: Option<(f64, u64)>,
}

/// What a step works with.
pub(super) struct Turn<'a> {
    pub(super) now: f64,
    pub(super) sandbox: &'a mut Sandbox,
    pub(super) happenings: &'a mut Vec<Happening>,
}

impl Participant {
    /// Somebody who is expected `profile.arrives` seconds from `now`.
    pub(super) fn new(now: f64, profile: Profile, link: Link) -> Self {
        let mut agenda = Agenda::new();
        agenda.set(Act::Knock, now + profile.arrives.max(0.0));
        Self {
            profile,
            link,
            player: None,
            state: State::Expected,
            agenda,
            show_page: i64::MIN,
            path: "".into(),
            form: Vec::new(),
            stalls_here: false,
            stalled: false,
            stalls_next: false,
            left: false,
            messages: 0,
            race: None,
        }
    }

    /// Session and player, once there is a place.
    pub(super) fn player(&self) -> Option<&(Arc<str>, Arc<str>)> {
        self.player.as_ref()
    }

    /// They will stop on the page with this path, once they come to it.
    pub(super) fn stall_on(&mut self, path: &str) {
        self.profile.stalls_on = Some(Spot::Page(path.into()));
    }

    /// Will close all tabs for good on the page with this path.
    pub(super) fn leave_on(&mut self, path: &str) {
        self.profile.leaves_on = Some(Spot::Page(path.into()));
        self.profile.returns_after = None;
    }

    /// The name of the profile.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.profile.name
    }

    /// Whether they race admins.
    pub(super) fn races(&self) -> bool {
        self.profile.races
    }

    /// When the next act is due.
    pub(super) fn next_at(&self) -> f64 {
        self.agenda.next_at()
    }

    /// Does what is due.
    pub(super) fn step(&mut self, turn: &mut Turn<'_>) {
        match self.agenda.take(turn.now) {
            None => {}
            Some(Act::Knock) => self.knock(turn),
            Some(Act::Load) => self.load(turn),
            Some(Act::Submit) => self.submit(turn),
            Some(Act::Expire) => self.send(turn, &Form::new()),
            Some(Act::Poll) => self.poll(turn),
            Some(Act::Leave) => self.leave(turn),
            Some(Act::Return) => self.come_back(turn),
            Some(Act::OpenTab) => self.open_second_tab(turn),
            Some(Act::CloseTab) => self.close_tab(turn, SECOND_TAB),
        }
    }

    /// Says what happened.
    fn tell(&self, turn: &mut Turn<'_>, what: What) {
        let (session, player) = match &self.player {
            Some((session, player)) => (Arc::clone(session), Arc::clone(player)),
            None => ("".into(), Arc::clone(&self.profile.name)),
        };
        turn.happenings.push(Happening { at: turn.now, session, player, what });
    }

    /// Seconds between two words of this participant's browser, where the page wants `every`.
    fn interval(&self, every: f64) -> f64 {
        if self.profile.throttled { HIDDEN } else { every }
    }

    /// Opens the link for the first time, or again while a room is not open.
    fn knock(&mut self, turn: &mut Turn<'_>) {
        match &self.link {
            Link::Player { sname, uname } => self.player = Some((Arc::clone(sname), Arc::clone(uname))),
            Link::Room { room, label } => {
                let every = self.interval(HELLO);
                match turn.sandbox.enter_room(turn.now, room, label, FIRST_TAB, every) {
                    Entered::Player { sname, uname } => self.player = Some((sname, uname)),
                    Entered::Waiting => {
                        self.wait_outside(turn, self.interval(POLL), What::Lobby);
                        return;
                    }
                    Entered::Refused => {
                        self.wait_outside(turn, AGAIN, What::Refused);
                        return;
                    }
                }
            }
        }
        self.tell(turn, What::Joined);
        if self.profile.two_tabs {
            let mut rng = draws(self.profile.stream, Purpose::Tabs, 0);
            let opens = turn.now + between(&mut rng, 20.0, 180.0);
            self.agenda.set(Act::OpenTab, opens);
            self.agenda.set(Act::CloseTab, opens + between(&mut rng, 10.0, 90.0));
        }
        self.load(turn);
    }

    fn wait_outside(&mut self, turn: &mut Turn<'_>, again: f64, what: What) {
        self.agenda.set(Act::Knock, turn.now + again);
        if self.state != State::Lobby {
            self.state = State::Lobby;
            self.tell(turn, what);
        }
    }

    /// Loads the page.
    fn load(&mut self, turn: &mut Turn<'_>) {
        let Some((sname, uname)) = &self.player else { return };
        let answer = turn.sandbox.load(turn.now, sname, uname);
        self.show(turn, answer);
    }

    /// Done thinking.
    fn submit(&mut self, turn: &mut Turn<'_>) {
        if self.stalls_here {
            self.stall(turn);
            return;
        }
        let answers = self.answers();
        self.send(turn, &answers);
    }

    /// Sends the form.
    fn send(&mut self, turn: &mut Turn<'_>, form: &Form) {
        let Some((sname, uname)) = &self.player else { return };
        let answer = turn.sandbox.submit(turn.now, sname, uname, self.show_page, form);
        self.show(turn, answer);
    }

    /// Asks whether the wait page may go on.
    fn poll(&mut self, turn: &mut Turn<'_>) {
        let Some((sname, uname)) = &self.player else { return };
        match turn.sandbox.may_go_on(turn.now, sname, uname) {
            Ok(true) => self.send(turn, &Form::new()),
            Ok(false) => self.agenda.set(Act::Poll, turn.now + self.interval(POLL)),
            Err(broken) => self.show(turn, Some(Err(broken))),
        }
    }

    fn open_second_tab(&mut self, turn: &mut Turn<'_>) {
        let open = matches!(self.state, State::Thinking | State::Waiting | State::Stalled | State::Finished);
        let Some((sname, uname)) = self.player.as_ref().filter(|_| open) else { return };
        // The first tab finds out by itself where this one moved the player on.
        if turn.sandbox.load(turn.now, sname, uname).is_some_and(|answer| answer.is_ok()) {
            turn.sandbox.connect(turn.now, sname, uname, SECOND_TAB, self.interval(HELLO));
        }
    }

    fn close_tab(&mut self, turn: &mut Turn<'_>, tab: u64) {
        if let Some((sname, uname)) = &self.player {
            turn.sandbox.disconnect(turn.now, sname, uname, tab);
        }
    }

    /// Closes everything.
    fn leave(&mut self, turn: &mut Turn<'_>) {
        let finished = self.state == State::Finished;
        let returns_after = self.profile.returns_after.filter(|_| !finished);
        self.close(turn, State::Gone);
        if finished {
            return;
        }
        match returns_after {
            Some(seconds) => {
                self.state = State::Away;
                self.agenda.set(Act::Return, turn.now + seconds);
                self.tell(turn, What::Left);
            }
            None => self.tell(turn, What::DroppedOut),
        }
    }

    fn close(&mut self, turn: &mut Turn<'_>, state: State) {
        self.close_tab(turn, FIRST_TAB);
        self.close_tab(turn, SECOND_TAB);
        if let (None, Link::Room { room, label }) = (&self.player, &self.link) {
            turn.sandbox.leave_room(turn.now, room, label, FIRST_TAB);
        }
        self.agenda.clear_all();
        self.state = state;
    }
}
