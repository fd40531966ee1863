//! Which recipes there are, by what they are for. Their files are in `scripts/`, and in this program.

use std::path::Path;

use super::Recipe;
use crate::domain::Problem;

/// The recipes for one purpose.
#[derive(Clone, Copy, Debug)]
pub struct Shelf {
    /// What they are for.
    pub purpose: &'static str,
    /// Them.
    pub entries: &'static [Entry],
}

/// A recipe's files.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its script.
    pub script: &'static str,
    /// The tests beside it.
    pub test: &'static str,
}

macro_rules! entries {
    ($($name:literal),* $(,)?) => {
        &[$(Entry {
            name: $name,
            script: include_str!(concat!("../../scripts/", $name, ".rhai")),
            test: include_str!(concat!("../../scripts/", $name, ".test.rhai")),
        }),*]
    };
}

const SHELVES: &[Shelf] = &[
    Shelf {
        purpose: "Participants who take too long",
        entries: entries!["nudge", "reload_expired", "step_stalled"],
    },
    Shelf {
        purpose: "Participants who are gone, and those who wait for them",
        entries: entries![
            "tell_blocked",
            "fill_and_advance",
            "free_partners",
            "mark_dropouts",
            "returned",
            "mturk_returned"
        ],
    },
    Shelf { purpose: "Coming and leaving", entries: entries!["welcome", "leave_lobby", "completion"] },
    Shelf {
        purpose: "Sessions and rooms",
        entries: entries!["open_when_full", "open_evening", "close_tests"],
    },
    Shelf {
        purpose: "Recruiting and paying",
        entries: entries!["pause_recruiting", "top_up", "approve_submissions", "bonus_file"],
    },
    Shelf { purpose: "Data", entries: entries!["export_nightly", "attention_checks", "treatment_balance"] },
    Shelf {
        purpose: "Keeping an eye on things",
        entries: entries!["hourly_digest", "server_watch", "slow_page"],
    },
    Shelf { purpose: "In the lab", entries: entries!["step_together", "empty_seats"] },
];

/// All recipes, by what they are for.
pub fn shelves() -> impl Iterator<Item = &'static Shelf> {
    SHELVES.iter().filter(|shelf| !shelf.entries.is_empty())
}

/// Their names, shelf by shelf.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHELVES.iter().flat_map(|shelf| shelf.entries).map(|entry| entry.name)
}

/// The recipe with this name: that of its script or of its automation.
pub fn find(name: &str) -> Option<&'static Entry> {
    let name = name.trim_end_matches(".rhai").replace('-', "_");
    SHELVES.iter().flat_map(|shelf| shelf.entries).find(|entry| entry.name == name)
}

impl Entry {
    /// Its header. A test holds that each of them reads.
    pub fn recipe(&self) -> Result<Recipe, Problem> {
        Recipe::read(Path::new(&self.file()), self.script)
    }

    /// The name of its script.
    pub fn file(&self) -> String {
        format!("{}.rhai", self.name)
    }

    /// The name of the tests beside it.
    pub fn test_file(&self) -> String {
        format!("{}.test.rhai", self.name)
    }
}
