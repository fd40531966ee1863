//! Every change of a session, its players and its groups, in the order in which the server keeps them.

use std::{borrow::Cow, sync::Arc};

use crate::{
    api::Generation,
    sandbox::{
        session::Session,
        storage::{Change, Storage},
        value::Py,
    },
};

/// One change, perhaps under another name and with another value than it was made.
#[derive(Clone, Debug)]
pub(super) struct Logged<'a> {
    /// Whose field it is: `player/S/A`.
    pub(super) storage: Arc<str>,
    pub(super) field: &'a str,
    pub(super) change: &'a Change,
    pub(super) data: Cow<'a, Py>,
}

impl Logged<'_> {
    /// `player`, `session` or `group`.
    pub(super) fn kind(&self) -> &str {
        self.storage.split('/').next().unwrap_or_default()
    }
}

/// All changes: the session's first, then the players', then the groups'; field by field in the order in which the
/// fields first came.
pub(super) fn log_of(session: &Session, generation: Generation, filters: bool) -> Vec<Logged<'_>> {
    let mut log = Vec::new();
    let mut add = |kind: &str, name: &str, storage| {
        let path: Arc<str> = match name {
            "" => format!("{kind}/{}", session.name).into(),
            name => format!("{kind}/{}/{name}", session.name).into(),
        };
        add_storage(&mut log, &path, storage, generation, filters);
    };
    add("session", "", &session.storage);
    for player in session.players.values() {
        add("player", &player.name, &player.storage);
    }
    for (name, phantom) in &session.phantoms {
        add("player", name, phantom);
    }
    for group in session.groups.values() {
        add("group", &group.name, &group.storage);
    }
    log
}

fn add_storage<'a>(
    log: &mut Vec<Logged<'a>>,
    path: &Arc<str>,
    storage: &'a Storage,
    generation: Generation,
    filters: bool,
) {
    for (field, changes) in storage.history() {
        for change in changes {
            let kept = if filters {
                filtered(path, field, &change.value, generation)
            } else {
                Some((field, Cow::Borrowed(&change.value)))
            };
            if let Some((field, data)) = kept {
                log.push(Logged { storage: Arc::clone(path), field, change, data });
            }
        }
    }
}

/// What reasonable filters make of a change; nothing for what only the server is interested in.
fn filtered<'a>(
    path: &str,
    field: &'a str,
    value: &'a Py,
    generation: Generation,
) -> Option<(&'a str, Cow<'a, Py>)> {
    if !field.starts_with("_uproot_") {
        return Some((field, Cow::Borrowed(value)));
    }
    let newest = generation == Generation::Newest;
    let owned = |field, value: Py| Some((field, Cow::Owned(value)));
    match (field, value) {
        ("_uproot_dropout" | "_uproot_settings", value) => Some((field, Cow::Borrowed(value))),
        ("_uproot_session", Py::Session(sname)) => owned("session", format!("session/{sname}").into()),
        ("_uproot_group", Py::Group(sname, gname)) => owned("group", format!("group/{sname}/{gname}").into()),
        // Only newer forms keep what is nobody's group, and who is in a session or group.
        ("_uproot_group", value) if newest => Some(("group", Cow::Borrowed(value))),
        ("_uproot_players", Py::Players(sname, unames)) if newest && !path.starts_with("player/") => {
            let players = unames.iter().map(|uname| format!("player/{sname}/{uname}"));
            owned("players", Py::Texts(players.collect()))
        }
        ("_uproot_groups", Py::Json(names)) if newest && path.starts_with("session/") => {
            let sname = path.strip_prefix("session/").unwrap_or_default();
            let names = names.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            owned("groups", Py::Texts(names.map(|gname| format!("group/{sname}/{gname}")).collect()))
        }
        _ => None,
    }
}
