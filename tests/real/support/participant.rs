//! A participant, driven by a test and otherwise behaving as somebody with a browser would.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::background::runtime;
use super::browser::{Browser, Command, Link};
use super::seen::{History, Seen};
use super::wait::PATIENCE;
use super::{Action, Page, Server};

/// How a participant's browser behaves. The defaults are those of uproot's own script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// How often it says that it is there (wait pages do so every five seconds at least).
    pub(crate) hello: Duration,
    /// How often a wait page asks whether it may go on.
    pub(crate) invoke: Duration,
    /// Whether it reloads when told to.
    pub(crate) reloads: bool,
    /// Whether it submits a page whose time is up.
    pub(crate) keeps_time: bool,
    /// Whether it opens the pages' websockets; otherwise it only loads pages and sends forms.
    pub(crate) listens: bool,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            hello: Duration::from_secs(9),
            invoke: Duration::from_secs(2),
            reloads: true,
            keeps_time: true,
            listens: true,
        }
    }
}

/// One participant with one browser tab, closed until [`Participant::open`]. Gone when dropped.
pub(crate) struct Participant {
    label: String,
    seen: Arc<Seen>,
    commands: UnboundedSender<(Command, std::sync::mpsc::SyncSender<Result<(), String>>)>,
}

impl Participant {
    /// Somebody with the link of a player.
    pub(crate) fn of(server: &Server, session: &str, player: &str) -> Participant {
        Participant::with_habits(server, session, player, Habits::default())
    }

    pub(crate) fn with_habits(server: &Server, session: &str, player: &str, habits: Habits) -> Participant {
        Participant::of_url(&server.url(), session, player, habits)
    }

    /// As [`Participant::with_habits`], on whatever serves the pages of participants at this address.
    pub(crate) fn of_url(url: &str, session: &str, player: &str, habits: Habits) -> Participant {
        let link = Link::Player { session: session.to_owned(), player: player.to_owned() };
        Participant::behind(url, format!("{player} of {session}"), link, habits)
    }

    /// Somebody with the link of a room. The label may be empty where the room asks for none.
    pub(crate) fn in_room(server: &Server, room: &str, label: &str) -> Participant {
        Participant::in_room_of_url(&server.url(), room, label, Habits::default())
    }

    /// As [`Participant::in_room`], on whatever serves the pages of rooms at this address.
    pub(crate) fn in_room_of_url(url: &str, room: &str, label: &str, habits: Habits) -> Participant {
        let link = Link::Room { room: room.to_owned(), label: label.to_owned() };
        Participant::behind(url, format!("{label} in room {room}"), link, habits)
    }

    fn behind(url: &str, label: String, link: Link, habits: Habits) -> Participant {
        let seen = Arc::new(Seen::nothing());
        let (commands, receiver) = unbounded_channel();
        let browser = Browser::new(url.to_owned(), link, habits, Arc::clone(&seen));
        runtime().spawn(browser.live(receiver));
        Participant { label, seen, commands }
    }

    /// Follows the link, or loads the page again, and shows the page one arrives at.
    pub(crate) fn open(&self) -> Page {
        self.tell(Command::Open);
        self.page()
    }

    /// Sends the form of the page with these fields and shows the page that follows.
    pub(crate) fn submit(&self, fields: &[(&str, &str)]) -> Page {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.tell(Command::Submit(fields));
        self.page()
    }

    /// Loses the network: the websocket closes, the page stays.
    pub(crate) fn go_silent(&self) {
        self.tell(Command::Connected(false));
    }

    /// Has the network again, after [`Participant::go_silent`].
    pub(crate) fn come_back(&self) {
        self.tell(Command::Connected(true));
    }

    /// Says and does nothing any more while the connection stays, as a laptop that sleeps or a tab that hangs.
    pub(crate) fn freeze(&self) {
        self.tell(Command::Frozen(true));
    }

    /// Goes on after [`Participant::freeze`], with what came in the meantime.
    pub(crate) fn thaw(&self) {
        self.tell(Command::Frozen(false));
    }

    /// Closes the tab. [`Participant::open`] follows the link again.
    pub(crate) fn close(&self) {
        self.tell(Command::Close);
    }

    /// What is shown now.
    pub(crate) fn page(&self) -> Page {
        self.seen.read(History::page)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.page().is_end()
    }

    /// The paths of all pages that were shown, oldest first; a page that was loaded twice is there twice.
    pub(crate) fn visited(&self) -> Vec<String> {
        self.seen.read(|history| history.pages.iter().map(|page| page.path.clone()).collect())
    }

    /// The texts an experimenter sent.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.seen.read(|history| history.messages.clone())
    }

    /// What the browser was told to do.
    pub(crate) fn actions(&self) -> Vec<Action> {
        self.seen.read(|history| history.actions.clone())
    }

    /// Everything else that came through the websocket, such as `_uproot_AdminTimeoutChanged`.
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.seen.read(|history| history.entries.clone())
    }

    /// The session and the name of the player one has become.
    pub(crate) fn player(&self) -> (String, String) {
        self.page().owner.unwrap_or_else(|| panic!("{} is not a player (yet)", self.label))
    }

    /// Waits for a page to be shown.
    pub(crate) fn wait_for_page(&self, path: &str) {
        self.wait(&format!("the page {path}"), |history| history.page().path == path);
    }

    /// Waits for a message with exactly this text.
    pub(crate) fn wait_for_message(&self, text: &str) {
        self.wait(&format!("the message {text:?}"), |history| {
            history.messages.iter().any(|other| other == text)
        });
    }

    /// Waits until the browser was told to do so.
    pub(crate) fn wait_for_action(&self, action: &Action) {
        self.wait(&format!("the action {action:?}"), |history| history.actions.contains(action));
    }

    fn wait(&self, what: &str, is_so: impl Fn(&History) -> bool) {
        if let Err(history) = self.seen.wait(PATIENCE, is_so) {
            panic!("{} waited {PATIENCE:?} in vain for {what}; page: {:?}", self.label, history.page().path);
        }
    }

    fn tell(&self, command: Command) {
        let (done, result) = sync_channel(1);
        assert!(self.commands.send((command, done)).is_ok(), "the browser of {} is gone", self.label);
        match result.recv_timeout(PATIENCE) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("{} got no page: {error}", self.label),
            Err(_) => panic!("the browser of {} did not answer within {PATIENCE:?}", self.label),
        }
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        if thread::panicking() {
            let history = self.seen.read(Clone::clone);
            let pages: Vec<&str> = history.pages.iter().map(|page| page.path.as_str()).collect();
            eprintln!(
                "--- {} saw the pages {pages:?}, the messages {:?}, the actions {:?} and {:?}",
                self.label, history.messages, history.actions, history.entries
            );
        }
    }
}
