//! Real uproot servers and people who take part in an experiment on them.
//!
//! Tests are ordinary blocking functions: [`Server`] is a process with a project and a database of its own, the
//! [`Participant`]s' browsers live on a runtime in the background.

mod admin;
mod background;
mod browser;
mod experiment;
mod page;
mod participant;
mod seen;
mod server;
mod version;
mod wait;

pub(crate) use admin::post;
pub(crate) use background::{http, run, runtime};
pub(crate) use experiment::Experiment;
pub(crate) use page::Page;
pub(crate) use participant::{Habits, Participant};
pub(crate) use seen::Action;
pub(crate) use server::{Server, Shared};
pub(crate) use version::{Version, on_every_version};
pub(crate) use wait::{PATIENCE, wait_for, wait_until};
