//! Another configuration, while everything goes on.

use std::sync::Arc;

use super::{Dispatcher, Step, Work, standing::standing};
use crate::{
    config::{Automation, Config},
    engine::Standing,
    script::{Library, Tools},
    store::StoreError,
};

impl Dispatcher {
    /// From now on this configuration and these scripts hold. Runs and polls under way end as they began.
    pub fn reload(&mut self, config: &Config, library: Library) -> Result<Vec<Work>, StoreError> {
        let now = self.tools.env.now();
        let automations: Vec<Arc<Automation>> = config.automations.iter().cloned().map(Arc::new).collect();
        let mut standings = Vec::with_capacity(automations.len());
        let mut step = Step::default();
        for automation in &automations {
            let known = self.automations.get(&automation.name);
            let standing = if known.is_some_and(|known| known.is_same(automation)) {
                Standing::default()
            } else {
                let (standing, hold) = standing(&self.tools.store, now, automation)?;
                step.hold(hold);
                standing
            };
            standings.push((Arc::clone(automation), standing));
        }
        self.tools.door.set_guard(config.guard.clone());
        self.tools = Arc::new(Tools {
            http: config.http.clone(),
            channels: config.channels.clone(),
            exports: config.daemon.exports.clone(),
            ..Tools::clone(&self.tools)
        });
        self.automations =
            automations.into_iter().map(|automation| (automation.name.clone(), automation)).collect();
        self.library = library;
        step.commands = self.engine.reload(now, &standings, config.daemon.workers).into();
        self.set_rules(now, config);
        let mut work = Vec::new();
        self.decide(now, step, |one| work.push(one))?;
        Ok(work)
    }
}
