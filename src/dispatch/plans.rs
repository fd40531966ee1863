//! Plans that nobody approved in time.

use jiff::{SignedDuration, Timestamp};

use super::Dispatcher;
use crate::store::StoreError;

/// How often it is looked whether a plan has expired.
const LOOK_AT_PLANS: SignedDuration = SignedDuration::from_secs(1);

impl Dispatcher {
    /// Ends the plans that nobody approved in time. Where the store cannot be written to for the moment, they end a little later.
    pub(super) fn end_plans(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if now.duration_since(self.looked_at_plans).abs() < LOOK_AT_PLANS {
            return Ok(());
        }
        self.looked_at_plans = now;
        match self.end_those_over(now) {
            Err(error) if !error.is_final() => {
                tracing::warn!(%error, "plans whose time is over could not be ended, and are tried again");
                Ok(())
            }
            ended => ended,
        }
    }

    fn end_those_over(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.tools.store.history().next_expiry()?.is_some_and(|next| next <= now) {
            for run in self.tools.store.expire_plans(now).wait()? {
                let wanted = self.tools.store.history().run(run)?.map(|found| found.row);
                let (event, automation) = wanted.map(|row| (row.event, row.automation)).unzip();
                tracing::warn!(
                    run = run.0,
                    event = event.flatten(),
                    automation,
                    "a plan expired before anybody approved it: `uproctor dead` lists it"
                );
            }
        }
        Ok(())
    }
}
