//! The service manager: systemd is told when the daemon is ready, that it is well, and when it stops. Without one, nobody is told.
//!
//! The words are those of sd_notify(3): `READY=1`, `RELOADING=1`, `WATCHDOG=1`, `STOPPING=1` and a `STATUS=` for people.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use super::Pulse;
use crate::{config::Config, domain::counted, environment::Environment};

/// Tells that the daemon is ready, feeds the watchdog as long as its loop goes round, and tells at `stop` that it stops. `status` is
/// what `systemctl status` shows.
///
/// A store that cannot be written does not starve the watchdog: a full disk is not mended by a new start.
pub async fn accompany(env: Arc<dyn Environment>, pulse: Pulse, status: String, stop: CancellationToken) {
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
    // Thrice within the time that the manager allows, so that one feed may come late.
    let every = sd_notify::watchdog_enabled().map(|time| (time / 3).max(Duration::from_millis(10)));
    loop {
        let feed = async {
            match every {
                Some(every) => tokio::time::sleep(every).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = feed => {}
        }
        if pulse.turns(env.now()) {
            tell(&[NotifyState::Watchdog]);
        }
    }
    tell(&[NotifyState::Stopping, NotifyState::Status("runs under way get some time to end")]);
}

/// What `systemctl status` shows while all is well.
pub fn status(config: &Config) -> String {
    let automations = counted(config.automations.len(), "automation", "automations");
    format!("looks after {} with {automations}", config.uproot.url)
}

/// The configuration is being read again.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager cannot be told"),
    }
}

/// That is over.
pub(super) fn reloaded(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
