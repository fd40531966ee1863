//! One player: the fields that the server itself works with, mirrored from its history, and the browser tabs.

use std::sync::Arc;

use super::{
    presence::Presence,
    storage::{Stamp, Storage},
    value::Py,
};

/// One player of a session.
#[derive(Clone, Debug)]
pub(super) struct Player {
    pub(super) name: Arc<str>,
    pub(super) id: u64,
    pub(super) storage: Storage,
    pub(super) presence: Presence,
    /// The page orders of a session are often the same; they are shared.
    pub(super) page_order: Arc<[String]>,
    pub(super) show_page: i64,
    pub(super) started: bool,
    pub(super) label: Arc<str>,
    pub(super) group: Option<Arc<str>>,
    /// What a form must bring along; with it anybody is this player.
    pub(super) key: Arc<str>,
    /// What the server remembers to have run: `INDEX:hook`.
    pub(super) ran: Vec<String>,
    /// Whether `ran` has grown since it was last written down: older forms do that when the page is shown.
    pub(super) ran_grew: bool,
    /// What a browser is to do that was not open; only the contract's own form keeps it.
    pub(super) queued: Vec<super::Push>,
    /// From when on the contract's own form finds a dropout that an admin marked.
    pub(super) marked: Option<f64>,
}

/// Where a player is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// Before the first page.
    Initialize,
    /// On a page or marker.
    At(&'a str),
    /// Behind the last page.
    End,
    /// Past the end or before the beginning: an admin wrote such a number.
    Nowhere,
}

impl Player {
    pub(super) fn place(&self) -> Place<'_> {
        match usize::try_from(self.show_page) {
            Err(_) if self.show_page == -1 => Place::Initialize,
            Err(_) => Place::Nowhere,
            Ok(at) if at < self.page_order.len() => Place::At(&self.page_order[at]),
            Ok(at) if at == self.page_order.len() => Place::End,
            Ok(_) => Place::Nowhere,
        }
    }

    /// The index behind the last page.
    pub(super) fn end(&self) -> i64 {
        i64::try_from(self.page_order.len()).unwrap_or(i64::MAX)
    }

    /// Sets a field. What the server reads itself is kept beside the history.
    pub(super) fn set(&mut self, at: Stamp, field: &str, value: Py, context: &'static str) {
        match (field, &value) {
            ("show_page", Py::Json(number)) => self.show_page = number.as_i64().unwrap_or(self.show_page),
            ("id", Py::Json(number)) => self.id = number.as_u64().unwrap_or(self.id),
            ("started", Py::Json(yes)) => self.started = yes.as_bool().unwrap_or(self.started),
            ("label", Py::Json(serde_json::Value::String(label))) => self.label = label.as_str().into(),
            ("page_order", Py::Texts(order)) => self.page_order = Arc::clone(order),
            ("page_order", Py::Json(serde_json::Value::Array(order))) => {
                let paths = order.iter().filter_map(|path| path.as_str().map(str::to_owned));
                self.page_order = paths.collect();
            }
            ("_uproot_group", Py::Group(_, group)) => self.group = Some(Arc::clone(group)),
            ("_uproot_group", Py::Json(serde_json::Value::Null)) => self.group = None,
            _ => {}
        }
        self.storage.set(at, field, value, context);
    }

    /// Whether the player was seen within the last `seconds`.
    pub(super) fn seen_within(&self, now: f64, seconds: f64) -> bool {
        self.presence.last_seen(now).is_some_and(|seen| now - seen <= seconds)
    }
}
