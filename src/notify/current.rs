//! What notices need of the configuration; it can change while they are on their way.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::{Channels, Config, ConsoleSection, NotifyRule},
    schedule::Zone,
};

/// A shorter secret is not looked for in texts: it would be found in words.
const SHORTEST_SECRET: usize = 8;

/// See the module.
pub struct Setup {
    /// `[channel.NAME]`.
    pub channels: Channels,
    /// `[[notify]]`.
    pub rules: Vec<NotifyRule>,
    /// Where links lead.
    pub console: ConsoleSection,
    /// In which times of day are told.
    pub zone: Zone,
    secrets: Vec<SecretString>,
}

impl Setup {
    /// What a configuration says.
    pub fn of(config: &Config) -> Self {
        Self {
            channels: config.channels.clone(),
            rules: config.notify.clone(),
            console: config.console.clone(),
            zone: config.daemon.timezone.clone().unwrap_or_else(Zone::utc),
            secrets: config.secrets(),
        }
    }

    /// A text without any secret of the configuration, however it came into it.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            if secret.len() >= SHORTEST_SECRET && text.contains(secret) {
                text = text.replace(secret, "[secret]");
            }
        }
        text
    }
}

/// The setup that holds now.
#[derive(Clone)]
pub struct Current(Arc<RwLock<Arc<Setup>>>);

impl Current {
    /// This one holds at first.
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(setup))))
    }

    /// From now on this one holds.
    pub fn set(&self, setup: Setup) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(setup);
    }

    pub(super) fn get(&self) -> Arc<Setup> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
