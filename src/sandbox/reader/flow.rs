//! What must hold along a participant's way through the pages: who meets was grouped before, and what is read was asked
//! before.

use std::{collections::HashSet, ops::Range};

use super::{Places, unknown};
use crate::{
    config::reader::Source,
    sandbox::{Experiment, PageKind},
};

/// Walks every configuration, and every app that is in none of them.
pub(super) fn check(source: &Source<'_>, experiment: &Experiment, places: &Places) {
    let mut ways: Vec<Vec<String>> = experiment.configs.values().map(|config| config.apps.clone()).collect();
    for app in experiment.apps.keys() {
        if !ways.iter().flatten().any(|used| used == app) {
            ways.push(vec![app.clone()]);
        }
    }
    let mut told: HashSet<Range<usize>> = HashSet::new();
    for apps in ways {
        let mut grouped = false;
        let mut asked: Vec<&str> = Vec::new();
        for path in experiment.page_order(&apps, &mut |_| 0) {
            let Some(page) = experiment.page(&path) else { continue };
            match &page.kind {
                PageKind::Ordinary => {
                    let new = page.fields.iter().map(|field| field.name.as_str());
                    let new: Vec<&str> = new.filter(|field| !asked.contains(field)).collect();
                    asked.extend(new);
                }
                PageKind::Group { .. } => grouped = true,
                PageKind::Sync { .. } => {
                    let span = places.meetings.get(&path).cloned().unwrap_or(0..0);
                    if !grouped && told.insert(span.clone()) {
                        let message = format!("nobody has a group yet who comes to {path:?}");
                        let help = "put a page before it that makes groups: `{ wait = \"Name\", group = 2 }`";
                        source.error_help(span, message, help);
                    }
                    for read in places.reads.get(&path).into_iter().flatten() {
                        if !asked.contains(&read.value.as_str()) && told.insert(read.span.clone()) {
                            let message = format!("no page before {path:?} has a field `{}`", read.value);
                            unknown(source, read.span.clone(), message, asked.iter().copied());
                        }
                    }
                }
            }
        }
    }
}
