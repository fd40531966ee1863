//! Fields with their whole history: the server only ever appends.

use indexmap::IndexMap;

use super::value::Py;

/// One change of a field.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// When, in seconds since 1970.
    pub(super) time: f64,
    /// Counts all changes of the server.
    pub(super) seq: u64,
    /// What it is since.
    pub(super) value: Py,
    /// Which line of the server's code did it: `module.function:line`.
    pub(super) context: &'static str,
}

/// The fields of one player, session or group, in the order in which they were first set.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    fields: IndexMap<String, Vec<Change>>,
    /// When anything was last set.
    changed: f64,
}

impl Storage {
    /// Appends a change.
    pub(super) fn set(&mut self, at: Stamp, field: &str, value: Py, context: &'static str) {
        let change = Change { time: at.time, seq: at.seq, value, context };
        self.changed = self.changed.max(at.time);
        match self.fields.get_mut(field) {
            Some(changes) => changes.push(change),
            None => {
                self.fields.insert(field.to_owned(), vec![change]);
            }
        }
    }

    /// The present value.
    pub(super) fn get(&self, field: &str) -> Option<&Py> {
        self.fields.get(field)?.last().map(|change| &change.value)
    }

    /// When anything was last set, in seconds since 1970.
    pub(super) fn changed(&self) -> f64 {
        self.changed
    }

    /// All changes of a field, oldest first.
    pub(super) fn changes(&self, field: &str) -> &[Change] {
        self.fields.get(field).map_or(&[], Vec::as_slice)
    }

    /// All fields with all their changes.
    pub(super) fn history(&self) -> impl Iterator<Item = (&str, &[Change])> {
        self.fields.iter().map(|(field, changes)| (field.as_str(), changes.as_slice()))
    }
}

/// The time and number of one change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) time: f64,
    pub(super) seq: u64,
}
