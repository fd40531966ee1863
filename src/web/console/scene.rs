//! What a page is made of: the state of everything, at one instant.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use maud::{Markup, html};

use super::place::{Place, way_back};
use crate::{
    config::Config,
    domain::{AutomationName, Held, Hold},
    schedule::Zone,
    script::{Library, Tools},
    store::{History, StoreError},
    web::board::Board,
};

/// What a page is made of.
pub(super) struct Scene {
    pub(super) place: Place,
    /// The address of the page and what stands behind it, without a slash before it.
    pub(super) address: String,
    pub(super) now: Timestamp,
    pub(super) zone: Zone,
    /// By how much the server's clock is ahead of ours, in seconds.
    pub(super) ahead: f64,
    pub(super) config: Arc<Config>,
    pub(super) library: Library,
    pub(super) tools: Arc<Tools>,
    pub(super) history: Arc<History>,
    pub(super) board: Arc<Board>,
    /// Why a change of the configuration is not in force.
    pub(super) refused: Option<String>,
}

impl Scene {
    /// The address of the page without what stands behind the `?`.
    pub(super) fn path(&self) -> &str {
        self.address.split('?').next().unwrap_or_default()
    }

    /// The address of another page, from here. `to` has no slash before it.
    pub(super) fn link(&self, to: &str) -> String {
        format!("{}{to}", way_back(self.path()))
    }

    /// The same for a page whose address may be empty, which as a link would mean this page.
    pub(super) fn link_or_here(&self, to: &str) -> String {
        let link = self.link(to);
        if link.is_empty() { "./".to_owned() } else { link }
    }

    /// Everything that is held.
    pub(super) fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.history.holds(self.now)
    }

    /// The hold of an automation alone.
    pub(super) fn hold_of<'h>(&self, holds: &'h [Hold], name: &AutomationName) -> Option<&'h Hold> {
        holds.iter().find(|hold| hold.held == Held::Automation(name.clone()))
    }

    /// How many automations there are of each mode, live ones first.
    pub(super) fn modes(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        let order = ["live", "approve", "dry-run"];
        for automation in &self.config.automations {
            let mode = automation.mode.to_string();
            if let Some(at) = order.iter().position(|word| *word == mode) {
                *counts.entry(at).or_default() += 1;
            }
        }
        counts.into_iter().map(|(at, count)| (order[at], count)).collect()
    }

    /// An instant of the server's clock, in seconds, as one of ours in milliseconds: what the browser counts up is right then.
    pub(super) fn ours(&self, at: f64) -> i64 {
        ((at - self.ahead) * 1000.0) as i64
    }

    /// A form that is one button. `what` is what to ask of the daemon, and `fields` what goes with it.
    pub(super) fn button(&self, what: &str, fields: &[(&str, &str)], word: &str, look: &str) -> Markup {
        self.form(what, fields, &html! { button class=(look) { (word) } })
    }

    /// A form with its fields and its buttons.
    pub(super) fn form(&self, what: &str, fields: &[(&str, &str)], content: &Markup) -> Markup {
        html! {
            form.act method="post" action=(self.link(&format!("do/{what}"))) {
                input type="hidden" name="back" value=(self.address);
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                (content)
            }
        }
    }
}
