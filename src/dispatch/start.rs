//! The start: what the store says, and what is to be done first.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Dispatcher, Step, Waiting, Work, standing::standing};
use crate::{
    config::{Automation, Config},
    engine::{Engine, Input},
    script::{Library, Signal, Tools},
    store::StoreError,
};

impl Dispatcher {
    /// Closes what an earlier daemon left open, and gives the work to begin with.
    pub fn start(
        config: &Config,
        library: Library,
        tools: Arc<Tools>,
        cancel: CancellationToken,
        signal: Signal,
        waiting: Waiting,
    ) -> Result<(Self, Vec<Work>), StoreError> {
        let now = tools.env.now();
        let recovered = tools.store.recover(now).wait()?;
        if recovered.interrupted > 0 || !recovered.open.is_empty() {
            tracing::warn!(
                interrupted = recovered.interrupted,
                open = recovered.open.len(),
                "an earlier daemon ended in the middle of runs: they are not run again; look at `uproctor runs --failed`"
            );
        }
        tools.store.kv_sweep(now).wait()?;
        let automations: Vec<Arc<Automation>> = config.automations.iter().cloned().map(Arc::new).collect();
        let mut standings = Vec::with_capacity(automations.len());
        let mut step = Step::default();
        for automation in &automations {
            let (standing, hold) = standing(&tools.store, now, automation)?;
            standings.push((Arc::clone(automation), standing));
            step.hold(hold);
        }
        let (mut engine, commands) = Engine::start(now, &standings, config.daemon.workers);
        let automations =
            automations.into_iter().map(|automation| (automation.name.clone(), automation)).collect();
        let settling = !recovered.open.is_empty();
        if settling {
            engine.hold_back();
        }
        step.commands.extend(commands);
        step.inputs.extend(tools.store.history().holds(now)?.into_iter().map(Input::Hold));
        let mut dispatcher = Self {
            engine,
            tools,
            automations,
            library,
            cancel,
            signal,
            under_way: HashMap::new(),
            look_failure: None,
            poll_failures: HashMap::new(),
            held_back: settling.then(Vec::new),
            looked_at_plans: Timestamp::MIN,
        };
        if waiting == Waiting::Run {
            dispatcher.set_rules(now, config);
            dispatcher.tell_of_start(now, &mut step);
        }
        let events = if waiting == Waiting::Run { recovered.events } else { Vec::new() };
        step.inputs.extend(events.into_iter().map(|event| Input::Accepted(Arc::new(event))));
        let mut work = Vec::new();
        dispatcher.decide(now, step, |one| work.push(one))?;
        if settling {
            let (cancel, tools) = (dispatcher.cancel.clone(), Arc::clone(&dispatcher.tools));
            work.push(Work::Settle { open: recovered.open, cancel, tools });
        }
        Ok((dispatcher, work))
    }
}
