//! One table of probes that every server has to answer alike: what is asked, and what comes back.
//!
//! A probe is a few lines of a story: what there is, what is asked, what the answer is. Where the three
//! generations of the Admin API part, the line says what each gives. The real servers hold the table to the truth;
//! whatever else calls itself an uproot server is held to the table. The contract's own generation, 0.0.x, is not
//! published, so its column is what its documentation and its source say; only the sandbox is held to it.
//!
//! To hold another server to it: make a [`Subject`] of it, and give that to [`hold`] with a part of the table.

#![expect(clippy::needless_pass_by_value, reason = "a table is written in values, not in references to them")]

mod answer;
mod expect;
mod forms;
mod probe;
mod request;
pub(crate) mod sandbox;
mod shape;
mod subject;
mod table;

use std::collections::BTreeSet;

use uproctor::api::Generation;

use self::probe::{Probe, hold};
use self::subject::Subject;
use crate::support::{Server, Version, on_every_version};

/// Makes a test of each part for the sandbox, once in each of its generations.
macro_rules! on_every_generation {
    ($($part:ident),+) => {
        mod sandbox_contract {
            $(#[test] fn $part() { super::hold_sandbox(super::Generation::Contract, super::table::$part::probes()) })+
        }
        mod sandbox_toggling {
            $(#[test] fn $part() { super::hold_sandbox(super::Generation::Toggling, super::table::$part::probes()) })+
        }
        mod sandbox_newest {
            $(#[test] fn $part() { super::hold_sandbox(super::Generation::Newest, super::table::$part::probes()) })+
        }
    };
}

/// Makes a test of each part of the table for each server, and one table of all parts.
macro_rules! parts {
    ($($part:ident),+ $(,)?) => {
        $(fn $part(version: Version) {
            hold(&Subject::real(&Server::shared(version)), table::$part::probes());
        })+
        on_every_version!($($part),+);

        on_every_generation!($($part),+);

        fn whole_table() -> Vec<Probe> {
            [$(table::$part::probes()),+].into_iter().flatten().collect()
        }
    };
}

parts!(
    access,
    bodies,
    names,
    sessions,
    players,
    moves,
    reach,
    arranged,
    chat,
    code,
    unknown,
    data,
    exports,
    rooms,
    room_doors,
    room_sessions,
    system,
);

fn hold_sandbox(generation: Generation, probes: Vec<Probe>) {
    hold(&Subject::sandbox(generation), probes);
}

#[test]
fn every_probe_is_written_for_every_generation() {
    let mut names = BTreeSet::new();
    for probe in whole_table() {
        assert!(names.insert(probe.name()), "two probes are called {:?}", probe.name());
        for generation in Generation::ALL {
            probe.check(generation);
        }
    }
}
