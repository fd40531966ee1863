//! Whether what a person names is there.

use serde::de::IgnoredAny;

use super::{
    Watch,
    read::{Entries, parse},
};
use crate::{
    api::{Call, Endpoint},
    domain::{Held, did_you_mean},
    environment::{Priority, Scope},
};

impl Watch {
    /// What speaks against a pause holding anybody yet: the server has no session or player of this name. It is asked now, whatever
    /// is observed; where it says nothing, nothing is known against the name.
    pub fn doubt(&self, held: &Held, scope: &Scope) -> Option<String> {
        let (session, player) = match held {
            Held::Session(session) => (session, None),
            Held::Player(session, player) => (session, Some(player)),
            Held::Everything | Held::Automation(_) => return None,
        };
        let sessions = self.names(&Call::new(Endpoint::SessionsList), scope)?;
        if !sessions.iter().any(|name| name == session.as_str()) {
            let instead = instead(session.as_str(), &sessions);
            return Some(format!("the server has no session {session}{instead}"));
        }
        let player = player?;
        let call = Call::new(Endpoint::PlayersList).session(session).query("fields", "id");
        let players = self.names(&call, scope)?;
        let is_there = players.iter().any(|name| name == player.as_str());
        let instead = || instead(player.as_str(), &players);
        (!is_there).then(|| format!("the session {session} has no player {player}{}", instead()))
    }

    /// What a list on the server is by. That there is nothing at all is not believed: a public demo says so too.
    fn names(&self, call: &Call, scope: &Scope) -> Option<Vec<String>> {
        let names = self.client.read_as(call, Priority::Read, scope, |body| {
            let Entries(rows) = parse::<Entries<'_, IgnoredAny>>(body)?;
            Ok(rows.into_iter().map(|(name, _)| name.into_owned()).collect::<Vec<_>>())
        });
        names.ok().filter(|names| !names.is_empty())
    }
}

/// A word that may have been meant, as the end of a sentence.
fn instead(word: &str, names: &[String]) -> String {
    let near = did_you_mean(word, names.iter().map(String::as_str));
    near.map(|name| format!(": did you mean {name}?")).unwrap_or_default()
}
