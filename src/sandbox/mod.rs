//! An uproot server as a state machine: no clock, no network, no files. It is what a rehearsal runs against, what
//! `uproctor sandbox` and `uproctor demo` serve, and what the tests of faults and crashes stand on.
//!
//! Everything comes in with the time at which it comes: requests to the Admin API (`admin/`) and what browsers do
//! (`browser.rs`). The dangerous habits of the real servers are kept, since they are what scripts must survive.

mod admin;
mod agenda;
mod browser;
mod by_hand;
mod context;
mod draw;
mod encode;
mod experiment;
mod export;
mod happening;
mod moves;
mod outcome;
mod pages;
mod participant;
mod player;
mod population;
mod presence;
mod profile;
mod reader;
mod rooms;
mod scenario;
mod serve;
mod session;
mod storage;
mod value;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use indexmap::IndexMap;
use rand::RngExt as _;
use rand_pcg::Pcg64Mcg;
use secrecy::SecretString;

pub use browser::{Broken, Entered, Form, View};
pub use experiment::{App, Config, Experiment, Field, FieldKind, OnDropout, Page, PageKind, RoomPlan, Step};
pub use happening::{Happening, What};
pub use outcome::{Fate, Idle, Outcome, PlayerOutcome, Spell, Totals, Visit};
pub use population::{Mix, population};
pub use profile::{Link, Profile, Spot};
pub use scenario::{Loaded, Named, Participants, Scenario, ShareError, parse_share};
pub use serve::{Answer, serve};
pub use world::World;

use crate::api::Generation;
use session::{Room, Session};
use storage::Stamp;

/// The server.
pub struct Sandbox {
    experiment: Arc<Experiment>,
    generation: Generation,
    /// What requests to the Admin API have to bring along.
    token: SecretString,
    sessions: IndexMap<Arc<str>, Session>,
    rooms: IndexMap<String, Room>,
    /// Draws names and keys.
    rng: Pcg64Mcg,
    /// Where the draws come from.
    seed: u64,
    /// Counts changes.
    seq: u64,
    /// What browsers are to be told, in order.
    pushes: Vec<(Arc<str>, Arc<str>, Push)>,
    /// When the contract's own form last looked for dropouts.
    watched: f64,
}

/// What the server tells an open browser.
#[derive(Clone, Debug, PartialEq)]
pub enum Push {
    /// Load the page again.
    Reload,
    /// Go to another address.
    Redirect(String),
    /// A message from the admin.
    Message(String),
    /// The page's time is over in so many seconds.
    Deadline(f64),
}

impl Sandbox {
    /// A server with an experiment and no sessions. Its Admin API wants `token`; `seed` decides every name and order that
    /// it draws.
    pub fn new(experiment: Arc<Experiment>, generation: Generation, token: SecretString, seed: u64) -> Self {
        let rooms = experiment.rooms.iter().map(|(name, plan)| (name.clone(), Room::planned(plan))).collect();
        Self {
            experiment,
            generation,
            token,
            sessions: IndexMap::new(),
            rooms,
            rng: Pcg64Mcg::new(u128::from(seed) << 64 | 0x5eed),
            seed,
            seq: 0,
            pushes: Vec::new(),
            watched: 0.0,
        }
    }

    /// What it offers.
    pub fn experiment(&self) -> &Arc<Experiment> {
        &self.experiment
    }

    /// Which form of the API it speaks.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Takes what browsers are to be told: session, player, what.
    pub fn take_pushes(&mut self) -> Vec<(Arc<str>, Arc<str>, Push)> {
        std::mem::take(&mut self.pushes)
    }

    /// The process ends and starts again: data survive, everything that was only in memory is lost. Browsers are back
    /// within one or two seconds.
    pub fn restart(&mut self, now: f64) {
        for (_, session) in &mut self.sessions {
            for (_, player) in &mut session.players {
                let delay = 1.0 + f64::from(self.rng.random_range(0..1000)) / 1000.0;
                player.presence.restart(now, delay);
                player.queued.clear();
                player.marked = None;
            }
        }
        for (_, room) in &mut self.rooms {
            for (_, waiting) in &mut room.waiting {
                waiting.restart(now, 1.5);
            }
        }
        self.pushes.clear();
    }

    /// The number and time of the next change.
    fn stamp(&mut self, now: f64) -> Stamp {
        self.seq += 1;
        Stamp { time: now, seq: self.seq }
    }

    /// A name of five characters, as the server makes them, that `taken` does not know.
    fn token(&mut self, length: usize, taken: &dyn Fn(&Self, &str) -> bool) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        loop {
            let token: String =
                (0..length).map(|_| char::from(LETTERS[self.rng.random_range(0..LETTERS.len())])).collect();
            if !taken(self, &token) {
                return token;
            }
        }
    }

    /// A random UUID of version 4.
    fn uuid(&mut self) -> String {
        let mut bits: u128 = self.rng.random();
        bits = bits & !(0xf000 << 64) | 0x4000 << 64;
        bits = bits & !(0xc000 << 48) | 0x8000 << 48;
        let hex = format!("{bits:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// Tells a player's browser something. The contract's own form keeps it for a browser that is closed; later ones
    /// lose it.
    fn push(&mut self, now: f64, sname: &str, uname: &str, push: Push) {
        let keeps = self.generation == Generation::Contract;
        let Some(session) = self.sessions.get_mut(sname) else { return };
        let name = Arc::clone(&session.name);
        let Some(player) = session.players.get_mut(uname) else { return };
        if player.presence.is_open(now) {
            self.pushes.push((name, Arc::clone(&player.name), push));
        } else if keeps {
            player.queued.push(push);
        }
    }
}
