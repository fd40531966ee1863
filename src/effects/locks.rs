//! One write at a time for a player, across all automations: between the comparison and the answer nobody else acts.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    domain::{PlayerName, SessionName},
    environment::{Environment, Scope, Stopped},
};

type Held = Arc<Mutex<HashSet<(SessionName, PlayerName)>>>;

/// How long to wait before asking again. It goes through the environment, so that it also works in virtual time.
const AGAIN: Duration = Duration::from_millis(5);

#[derive(Default)]
pub(super) struct Locks(Held);

/// The locks on some players of a session; dropping it lets go of all of them.
pub(super) struct Locked {
    held: Held,
    players: Vec<(SessionName, PlayerName)>,
}

impl Locks {
    /// Waits until none of the players is being acted on, and takes them all at once.
    pub(super) fn take(
        &self,
        env: &dyn Environment,
        scope: &Scope,
        session: &SessionName,
        players: &[PlayerName],
    ) -> Result<Locked, Stopped> {
        let wanted: Vec<_> = players.iter().map(|player| (session.clone(), player.clone())).collect();
        loop {
            {
                let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if !wanted.iter().any(|player| held.contains(player)) {
                    held.extend(wanted.iter().cloned());
                    return Ok(Locked { held: Arc::clone(&self.0), players: wanted });
                }
            }
            env.sleep(AGAIN, scope)?;
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for player in &self.players {
            held.remove(player);
        }
    }
}
