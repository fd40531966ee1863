//! `[watch]`: which sessions are observed, and how.

use std::time::Duration;

use super::reader::Section;
use crate::domain::Pattern;

/// `[watch]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSection {
    /// `sessions`: patterns of names; no others are observed. Default all.
    pub sessions: Vec<Pattern>,
    /// `every`: how often they are looked at. Default 5 s, at least 1 s.
    pub every: Duration,
    /// `patience`: who is there and has been on a page for longer counts as stalled. Default 2 min.
    pub patience: Duration,
}

impl WatchSection {
    /// What holds where the section says nothing.
    pub fn new() -> Self {
        let (every, patience) = (Duration::from_secs(5), Duration::from_mins(2));
        Self { sessions: vec![Pattern::new("*")], every, patience }
    }

    pub(super) fn read(section: Option<Section<'_, '_>>) -> Self {
        let mut read = Self::new();
        let Some(mut section) = section else { return read };
        if let Some(patterns) = section.texts("sessions") {
            read.sessions = patterns.into_iter().map(|text| Pattern::new(text.value)).collect();
        }
        if let Some(every) = section.duration("every", Duration::from_secs(1)) {
            read.every = every.value;
        }
        if let Some(patience) = section.duration("patience", Duration::from_secs(1)) {
            read.patience = patience.value;
        }
        section.finish();
        read
    }

    /// Whether a session is observed.
    pub fn covers(&self, session: &str) -> bool {
        self.sessions.iter().any(|pattern| pattern.matches(session))
    }
}

impl Default for WatchSection {
    fn default() -> Self {
        Self::new()
    }
}
