//! What is the same in all generations of the API, and what is not.

use uproctor::api::Generation;

/// Something for each generation.
#[derive(Clone, Debug)]
pub(super) struct Each<T> {
    contract: T,
    toggling: T,
    newest: T,
}

impl<T> Each<T> {
    /// The same until 0.8, and this since.
    pub(super) fn since_0_8(self, newest: T) -> Each<T> {
        Each { newest, ..self }
    }

    /// The same since 0.1, and this in 0.0.x.
    pub(super) fn before_0_1(self, contract: T) -> Each<T> {
        Each { contract, ..self }
    }

    pub(super) fn of(&self, generation: Generation) -> &T {
        match generation {
            Generation::Contract => &self.contract,
            Generation::Toggling => &self.toggling,
            Generation::Newest => &self.newest,
        }
    }
}

impl<T: Clone> From<T> for Each<T> {
    fn from(all: T) -> Each<T> {
        each(all.clone(), all.clone(), all)
    }
}

/// All three differ: 0.0.x, 0.1 to 0.7, and since 0.8.
pub(super) fn each<T>(contract: T, toggling: T, newest: T) -> Each<T> {
    Each { contract, toggling, newest }
}

/// It was one thing in 0.0.x and has been another since 0.1.
pub(super) fn since_0_1<T: Clone>(contract: T, later: T) -> Each<T> {
    each(contract, later.clone(), later)
}

/// It was one thing before 0.8 and has been another since.
pub(super) fn since_0_8<T: Clone>(before: T, newest: T) -> Each<T> {
    each(before.clone(), before, newest)
}

/// The names that a probe uses: `{S}` and `{R}` are its own session and room, `{last}` is the `last_update` of an
/// answer before, and words of the paths depend on the generation, as in the table of endpoints.
pub(super) struct Names {
    pub(super) session: String,
    pub(super) room: String,
    pub(super) last_update: String,
    pub(super) generation: Generation,
}

impl Names {
    /// Those of the probe of this number.
    pub(super) fn of(number: usize, generation: Generation) -> Names {
        let (session, room) = (format!("s{number}"), format!("r{number}"));
        Names { session, room, last_update: String::new(), generation }
    }

    /// Puts the names in their places.
    pub(super) fn fill(&self, text: &str) -> String {
        let (sessions, rooms) = match self.generation {
            Generation::Contract => ("session", "room"),
            Generation::Toggling | Generation::Newest => ("sessions", "rooms"),
        };
        let online = match self.generation {
            Generation::Contract | Generation::Toggling => "players/online/",
            Generation::Newest => "online-players/",
        };
        text.replace("{session}", &format!("{sessions}/{}", self.session))
            .replace("{room}", &format!("{rooms}/{}", self.room))
            .replace("{sessions}", sessions)
            .replace("{rooms}", rooms)
            .replace("{online}", online)
            .replace("{last}", &self.last_update)
            .replace("{S}", &self.session)
            .replace("{R}", &self.room)
    }
}
