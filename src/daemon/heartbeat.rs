//! The heartbeat: a monitor elsewhere is told again and again that the daemon is well, and raises the alarm when it is not
//! told any more.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use url::Url;

use crate::{
    config::Heartbeat,
    environment::{Environment, Request, Scope},
};

/// A daemon that has not been round its loop for so long is not well. It goes round at least once a minute.
const STALE: SignedDuration = SignedDuration::from_secs(150);
/// How long the monitor may take to answer.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// Whether the daemon is well: its loop goes round, and can write into the store.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Beats>);

#[derive(Debug, Default)]
struct Beats {
    /// When the loop last went round, in seconds since 1970.
    turned: AtomicI64,
    /// When it could last write into the store, in seconds since 1970.
    wrote: AtomicI64,
}

impl Pulse {
    /// The loop goes round.
    pub(super) fn turn(&self, now: Timestamp) {
        self.0.turned.store(now.as_second(), Ordering::Relaxed);
    }

    /// The store can be written.
    pub fn beat(&self, now: Timestamp) {
        self.turn(now);
        self.0.wrote.store(now.as_second(), Ordering::Relaxed);
    }

    /// When the store could last be written.
    pub fn wrote(&self) -> Timestamp {
        Timestamp::from_second(self.0.wrote.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN)
    }

    /// Whether the loop goes round.
    pub fn turns(&self, now: Timestamp) -> bool {
        let turned = Timestamp::from_second(self.0.turned.load(Ordering::Relaxed));
        turned.is_ok_and(|turned| !is_stale(turned, now))
    }

    /// Whether the store could be written lately.
    pub fn writes(&self, now: Timestamp) -> bool {
        !is_stale(self.wrote(), now)
    }
}

/// A clock that was set makes no difference for long.
fn is_stale(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() > STALE
}

/// Tells the monitor as long as the pulse is there, until the scope ends. Blocks.
pub fn keep(env: &dyn Environment, heartbeat: &Heartbeat, pulse: &Pulse, scope: &Scope) {
    // Whether the configuration's own check found an address, it is one.
    let Ok(url) = Url::parse(heartbeat.url.expose_secret()) else { return };
    let mut works = true;
    loop {
        let now = env.now();
        if pulse.writes(now) {
            let failed = tell(env, &url, scope).err();
            match &failed {
                Some(why) if works => tracing::error!("the heartbeat does not reach its monitor: {why}"),
                None if !works => tracing::info!("the heartbeat reaches its monitor again"),
                _ => {}
            }
            works = failed.is_none();
        }
        if env.sleep(heartbeat.every, scope).is_err() {
            return;
        }
    }
}

/// The error says why, and never to which address: whoever knows it can keep the alarm quiet.
fn tell(env: &dyn Environment, url: &Url, scope: &Scope) -> Result<(), String> {
    let request = Request {
        method: Method::GET,
        url: url.clone(),
        headers: HeaderMap::new(),
        body: None,
        lane: None,
        timeout: TIMEOUT,
        sees_it_through: false,
        fresh_until: None,
        max_answer: 64 * 1024,
    };
    match env.execute(request, scope) {
        Ok(answer) if answer.status < 300 => Ok(()),
        Ok(answer) => Err(format!("it answers with status {}", answer.status)),
        Err(error) if error.sent => Err("it gives no answer".to_owned()),
        Err(_) => Err("it cannot be reached".to_owned()),
    }
}
