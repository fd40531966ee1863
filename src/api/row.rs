//! What a row of the table consists of, and how one is written down.

use std::time::Duration;

use http::Method;

use super::{
    endpoint::{Endpoint, Repeat},
    version::{Generation, ServerVersion},
};

/// What is known about one endpoint.
pub(super) struct Row {
    /// Which one; its position in the table is its number.
    pub(super) endpoint: Endpoint,
    /// `resource.action`.
    pub(super) name: &'static str,
    /// What it does, in a few words.
    pub(super) about: &'static str,
    /// Whether it changes anything.
    pub(super) is_write: bool,
    /// How safe a second sending is; `Toggle` only holds on servers that toggle.
    pub(super) repeat: Repeat,
    /// The first generation that has it.
    pub(super) since: Generation,
    /// Whether the body carries `unames`: never, the players it acts on, or names for players to be made.
    pub(super) unames: Unames,
    /// The query keys that it takes.
    pub(super) query: &'static [&'static str],
    /// How long and how large an answer may be.
    pub(super) limits: Limits,
    /// The route on each generation, oldest first; of those before `since` none counts.
    routes: [Route; 3],
    /// The route on 0.1.x, where it is not yet that of its generation.
    early: Option<Route>,
}

/// Method, path and form of the answer on one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The method.
    pub(super) verb: Verb,
    /// The path below `admin/api/v1/`, with places for names.
    pub(super) path: &'static str,
    /// What the answer is made of.
    pub(super) form: Form,
}

/// The methods the API uses, as something a table can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    /// The method as HTTP knows it.
    pub(super) fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }
}

/// What an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A JSON object.
    Object,
    /// Any JSON.
    Json,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON array of objects.
    JsonArray,
    /// A JSON object a line.
    JsonLines,
    /// A ZIP of tables, one of each format and kind of storage.
    Zip,
    /// What an app's own code gives: a JSON object a line, or a text.
    Result,
    /// Bytes that nobody here reads.
    File,
}

/// What a call does with the players it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unames {
    /// It takes none.
    No,
    /// It acts on them, and there must be at least one.
    Targets,
    /// It makes them; without, the server makes names up.
    New,
    /// It is about one, whom the path names.
    InPath,
}

/// How long and how large an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limits {
    /// 30 s and 16 MiB.
    Ordinary,
    /// 10 s and 16 MiB: the server itself waits for another one.
    Relayed,
    /// 120 s and 16 MiB: a session of 2000 players takes seconds to make.
    Create,
    /// 120 s and 128 MiB: what code of the experiment does is for its authors to say.
    Code,
    /// 30 s and 128 MiB: the whole history of 2000 players after an hour is some tens of megabytes.
    History,
    /// 10 minutes and 512 MiB.
    Export,
}

const MIB: usize = 1024 * 1024;

impl Limits {
    /// The longest the answer may take.
    pub(super) const fn timeout(self) -> Duration {
        Duration::from_secs(match self {
            Self::Ordinary | Self::History => 30,
            Self::Relayed => 10,
            Self::Create | Self::Code => 120,
            Self::Export => 600,
        })
    }

    /// The largest answer in bytes, after decompression.
    pub(super) const fn max_answer(self) -> usize {
        match self {
            Self::Ordinary | Self::Relayed | Self::Create => 16 * MIB,
            Self::History | Self::Code => 128 * MIB,
            Self::Export => 512 * MIB,
        }
    }
}

impl Row {
    /// The route on a server of this version, if that has one.
    pub(super) fn route(&self, version: &ServerVersion) -> Option<Route> {
        let generation = version.generation();
        let route = match self.early {
            Some(early) if version.has_page_times() && generation == Generation::Toggling => early,
            _ => self.routes[generation as usize],
        };
        (generation >= self.since).then_some(route)
    }

    /// The route on the newest generation.
    pub(super) fn newest(&self) -> Route {
        self.routes[Generation::Newest as usize]
    }

    /// A row for something that is only read.
    pub(super) const fn read(
        endpoint: Endpoint,
        name: &'static str,
        path: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            endpoint,
            name,
            about,
            is_write: false,
            repeat: Repeat::Safe,
            since: Generation::Contract,
            unames: Unames::No,
            query: &[],
            limits: Limits::Ordinary,
            routes: [Route { verb: Verb::Get, path, form: Form::Object }; 3],
            early: None,
        }
    }

    /// A row for something that changes the server.
    pub(super) const fn write(
        endpoint: Endpoint,
        name: &'static str,
        repeat: Repeat,
        (verb, path): (Verb, &'static str),
        about: &'static str,
    ) -> Self {
        let row = Self::read(endpoint, name, path, about);
        Self { is_write: true, repeat, routes: [Route { verb, path, form: Form::Object }; 3], ..row }
    }

    /// Older generations have no such endpoint.
    pub(super) const fn since(mut self, generation: Generation) -> Self {
        self.since = generation;
        self
    }

    /// The path since 0.1.0, where it is another than the contract's.
    pub(super) const fn since_0_1(mut self, path: &'static str) -> Self {
        self.routes[1].path = path;
        self.routes[2].path = path;
        self
    }

    /// The path since 0.8.0.
    pub(super) const fn since_0_8(mut self, path: &'static str) -> Self {
        self.routes[2].path = path;
        self
    }

    /// The form of the answer in 0.0.x, and since.
    pub(super) const fn forms(mut self, contract: Form, later: Form) -> Self {
        self.routes[0].form = contract;
        self.routes[1].form = later;
        self.routes[2].form = later;
        self
    }

    /// The query keys that it takes.
    pub(super) const fn query(mut self, keys: &'static [&'static str]) -> Self {
        self.query = keys;
        self
    }

    /// What it does with players.
    pub(super) const fn unames(mut self, unames: Unames) -> Self {
        self.unames = unames;
        self
    }

    /// Other limits than the ordinary ones.
    pub(super) const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The route on 0.1.x.
    pub(super) const fn early(mut self, route: Route) -> Self {
        self.early = Some(route);
        self
    }

    /// The method since 0.1.0.
    pub(super) const fn verb_since_0_1(mut self, verb: Verb) -> Self {
        self.routes[1].verb = verb;
        self.routes[2].verb = verb;
        self
    }
}
