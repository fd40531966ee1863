//! What an automation may do to the world. Reads are always allowed; each kind of write is named in `allow`.

use std::fmt;

/// One kind of write that `allow` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(&'static str);

/// Every capability: the writes of the Admin API under their names there, then this program's own.
const ALL: &[&str] = &[
    "sessions.create",
    "sessions.active",
    "sessions.testing",
    "sessions.description",
    "sessions.settings",
    "sessions.initialize",
    "players.fields",
    "players.advance",
    "players.revert",
    "players.end",
    "players.reload",
    "players.redirect",
    "players.message",
    "players.dropout",
    "players.timeout",
    "players.group",
    "players.initialize",
    "chat.send",
    "chat.broadcast",
    "chat.replies",
    "pipelines.run",
    "rooms.create",
    "rooms.update",
    "rooms.open",
    "rooms.close",
    "rooms.capacity",
    "rooms.delete",
    "rooms.disassociate",
    "rooms.create_session",
    "http.post",
    "http.patch",
    "files.write",
    "notify.send",
    "system.dump_database",
    "system.archive_project",
];

impl Capability {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().copied().map(Self)
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|known| **known == name).copied().map(Self)
    }

    /// Whether it moves players or ends their part, which cannot be taken back.
    pub fn is_irreversible(self) -> bool {
        let steps = ["advance", "revert", "end", "redirect", "dropout", "timeout", "group"];
        self.0.strip_prefix("players.").is_some_and(|action| steps.contains(&action))
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Reads one entry of `allow`: a capability, or `players.*` for all of a group. The error is what to write
    /// instead, where something near is known.
    pub fn parse_entry(entry: &str) -> Result<Vec<Self>, Option<String>> {
        if let Some(group) = entry.strip_suffix(".*") {
            let all: Vec<Self> = Self::all().filter(|c| c.0.split('.').next() == Some(group)).collect();
            if !all.is_empty() {
                return Ok(all);
            }
        } else if let Some(found) = Self::named(entry) {
            return Ok(vec![found]);
        }
        // Scripts call some writes by another name than the API does; users will try that one.
        let dotted = entry.replace("::", ".");
        let other = match dotted.as_str() {
            "players.mark_dropout" => "players.dropout",
            "players.set_fields" => "players.fields",
            "sessions.set_active" | "sessions.toggle_active" => "sessions.active",
            "sessions.set_testing" | "sessions.toggle_testing" => "sessions.testing",
            "sessions.set_description" => "sessions.description",
            "sessions.set_settings" => "sessions.settings",
            "files.append" => "files.write",
            "notify" => "notify.send",
            other => other,
        };
        Err(super::did_you_mean(other, ALL.iter().copied()).map(str::to_owned))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
