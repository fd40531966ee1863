//! What people are told, by scripts and by the rules of the configuration. Nothing leaves.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Director, LOOK, Micros, Planned};
use crate::{
    environment::Scope,
    notify::{Current, Notifier, Setup},
    script::Tools,
    sim::journal::What,
    store::StoreError,
};

/// How soon after something happened it is looked whether somebody is to be told, as in the daemon.
const SOON: Micros = 1_000_000;
/// How long later where there were too many messages for a channel.
const LATER: Micros = 10_000_000;

impl Director {
    /// Notes what scripts told people.
    pub(super) fn note_notices(&mut self) -> Result<(), StoreError> {
        let Some(daemon) = self.daemon.as_ref().filter(|_| !self.config.channels.is_empty()) else {
            return Ok(());
        };
        let new = daemon.tools.store.history().notices_after(self.told)?;
        let mut state = self.stage.lock();
        for row in new {
            self.told = row.id;
            if row.kind.is_some() {
                continue;
            }
            let both = [row.title.as_str(), row.text.as_str()];
            let text = both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
            let told = What::Told { channel: row.channel, run: row.run, text };
            let now = state.now;
            state.journal.add(now, told);
        }
        Ok(())
    }

    /// Whoever would send messages writes them into the journal.
    pub(super) fn notifier(&self, tools: &Arc<Tools>) -> Option<Notifier> {
        if self.config.channels.is_empty() {
            return None;
        }
        let stage = Arc::clone(&self.stage);
        let current = Current::new(Setup::of(&self.config));
        Some(Notifier::by(Arc::clone(tools), current, move |_, message, _| {
            let mut state = stage.lock();
            let now = state.now;
            state.journal.add(now, What::Message(message.clone()));
            Ok(())
        }))
    }

    /// Something was decided, of which there may be news.
    pub(super) fn look_for_news(&mut self) {
        let Some(daemon) = self.daemon.as_ref().filter(|_| !self.config.channels.is_empty()) else { return };
        // Where that cannot be read, the look finds out why.
        if !self.tell_planned && daemon.tools.store.history().has_something_to_tell().unwrap_or(true) {
            let now = self.stage.lock().now;
            self.tell_at(now + SOON);
        }
    }

    fn tell_at(&mut self, at: Micros) {
        if !std::mem::replace(&mut self.tell_planned, true) {
            self.plan(at, Planned::Tell);
        }
    }

    /// Tells what there is to tell.
    pub(super) fn tell(&mut self, at: Micros) -> Result<(), StoreError> {
        self.tell_planned = false;
        // After its next start the daemon looks again.
        let Some(daemon) = &mut self.daemon else { return Ok(()) };
        let Some(notifier) = &mut daemon.notifier else { return Ok(()) };
        let scope = Scope { deadline: Timestamp::MAX, cancel: daemon.cancel.clone() };
        let told = notifier.round(&scope).and_then(|()| daemon.tools.store.history().next_notice());
        let next = match told {
            Ok(next) => next,
            Err(_) if self.stage.lock().dead => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(next) = next {
            let wait = next.as_microsecond() - self.stage.lock().daemon_now().as_microsecond();
            self.tell_at(at + if wait > 0 { wait.clamp(SOON, LOOK) } else { LATER });
        }
        Ok(())
    }
}
