//! What the configuration says about webhooks and automations, exchanged as a whole when it is read again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    config::{self, Config, Trigger},
    domain::{AutomationName, HookName},
    script::Library,
};

/// One webhook: how its messages are signed, and whom they are for.
#[derive(Clone, Debug)]
pub struct Hook {
    /// The automation that its events are for.
    pub automation: AutomationName,
    /// The trigger, as it is configured.
    pub webhook: config::Webhook,
}

/// Who may be asked for what.
#[derive(Clone)]
pub struct Routes {
    /// Every webhook.
    pub hooks: HashMap<HookName, Hook>,
    /// Every automation that `uproctor trigger` may name.
    pub automations: HashSet<AutomationName>,
    /// The configuration as a whole.
    pub config: Arc<Config>,
    /// Its scripts.
    pub library: Library,
}

impl Routes {
    /// Those of a configuration.
    pub fn of(config: &Arc<Config>, library: &Library) -> Self {
        let mut routes = Self {
            hooks: HashMap::new(),
            automations: HashSet::new(),
            config: Arc::clone(config),
            library: library.clone(),
        };
        for automation in &config.automations {
            routes.automations.insert(automation.name.clone());
            for trigger in &automation.triggers {
                if let Trigger::Webhook(webhook) = trigger {
                    let hook = Hook { automation: automation.name.clone(), webhook: webhook.clone() };
                    routes.hooks.insert(webhook.hook.clone(), hook);
                }
            }
        }
        routes
    }
}

/// The routes that hold now. A request that has begun keeps to those it began with.
#[derive(Clone)]
pub struct CurrentRoutes(Arc<RwLock<Arc<Routes>>>);

impl CurrentRoutes {
    /// These hold at first.
    pub fn new(routes: Routes) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(routes))))
    }

    /// From now on these hold.
    pub fn set(&self, routes: Routes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }

    pub(super) fn get(&self) -> Arc<Routes> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
