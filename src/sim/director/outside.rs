//! What comes to a daemon from outside: webhooks, and what goes wrong.

use std::sync::Arc;

use serde_json::Value;

use super::{Director, Hook, Planned, SEND_AGAIN};
use crate::{
    dispatch::Happened,
    domain::{AutomationName, Detail, EventKind, HookName, Raw},
    engine::Input,
    sim::{
        Faults,
        faults::Mishap,
        journal::{Fault, What},
        stage::{Micros, seconds},
    },
    store::{Acceptance, Delivery, NewEvent, StoreError},
};

impl Director {
    /// Sends a webhook's message at an instant.
    pub(in crate::sim) fn webhook(&mut self, at: Micros, hook: Hook) {
        let (again, late) = {
            let mut state = self.stage.lock();
            let share = state.dice.faults().repeated_webhooks;
            let again = state.dice.happens(share).then(|| state.dice.below(90_000_000));
            let late = if state.dice.happens(share) { state.dice.below(60_000_000) } else { 0 };
            (again, late)
        };
        if let Some(later) = again {
            self.plan(at + later, Planned::Webhook(hook.clone()));
        }
        self.plan(at + late, Planned::Webhook(hook));
    }

    /// Something goes wrong.
    pub(super) fn befall(&mut self, at: Micros, mishap: Mishap) {
        let mut state = self.stage.lock();
        if *state.dice.faults() == Faults::NONE {
            return;
        }
        let fault = match mishap {
            Mishap::ServerRestart(away) => {
                state.server_down_until = state.server_down_until.max(at + away);
                state.world.restart_server(seconds(at), seconds(away));
                Fault::ServerRestart(away)
            }
            Mishap::Crash { after, .. } => {
                if state.dead || self.daemon.is_none() {
                    return;
                }
                state.crash_in = Some(after);
                Fault::CrashAhead(after)
            }
            Mishap::ClockJump(by) => {
                state.skew += by;
                Fault::ClockJump(by)
            }
        };
        state.journal.add(at, What::Fault(fault));
        drop(state);
        if let Mishap::Crash { away, .. } = mishap {
            self.plan(at + away, Planned::Start);
        }
    }

    /// The daemon crashes at its next step, and starts again later.
    pub(in crate::sim) fn crash(&mut self) {
        let now = {
            let mut state = self.stage.lock();
            state.crash_in = Some(0);
            state.now
        };
        self.plan(now + SEND_AGAIN, Planned::Start);
    }

    /// A person starts an automation now.
    pub(in crate::sim) fn trigger(&mut self, automation: AutomationName, payload: Value) {
        let now = self.stage.lock().now;
        self.plan(now, Planned::Trigger(automation, payload));
    }

    /// What a person asked for is taken in, once there is a daemon.
    pub(super) fn start_by_hand(
        &mut self,
        at: Micros,
        automation: AutomationName,
        payload: Value,
    ) -> Result<(), StoreError> {
        let Some(daemon) = &self.daemon else {
            self.plan(at + SEND_AGAIN, Planned::Trigger(automation, payload));
            return Ok(());
        };
        let now = self.stage.lock().daemon_now();
        let detail = Detail::Manual { payload: payload.clone(), dry_run: false };
        let event = NewEvent { automation: automation.clone(), kind: EventKind::Manual, at: now, detail };
        match daemon.tools.store.accept_manual(event).wait() {
            Ok(event) => {
                self.stage.lock().happened.push(Happened::Input(Input::Accepted(Arc::new(event))));
                Ok(())
            }
            Err(_) if self.stage.lock().dead => {
                self.plan(at + SEND_AGAIN, Planned::Trigger(automation, payload));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A webhook's message arrives, its signature taken for right.
    pub(super) fn deliver(&mut self, at: Micros, hook: Hook) -> Result<(), StoreError> {
        let outcome = match &self.daemon {
            None => {
                self.plan(at + SEND_AGAIN, Planned::Webhook(hook.clone()));
                "nobody answers; it will come again".to_owned()
            }
            Some(daemon) => {
                let name = HookName::new(hook.automation.as_str());
                let Ok(name) = name else { return Ok(()) };
                let store = &daemon.tools.store;
                let now = {
                    let mut state = self.stage.lock();
                    state.step();
                    state.daemon_now()
                };
                let detail = Detail::Webhook {
                    hook: name.clone(),
                    payload: Raw::of(&hook.payload),
                    headers: Raw::of(&hook.headers),
                };
                let event = NewEvent {
                    automation: hook.automation.clone(),
                    kind: EventKind::Webhook,
                    at: now,
                    detail,
                };
                let delivery = Delivery { hook: name, messages: vec![hook.message.clone()] };
                match store.accept_webhook(event, delivery, |_| {}).wait() {
                    Ok(Acceptance::New(event)) => {
                        let id = event.id;
                        let answered = {
                            let mut state = self.stage.lock();
                            // Between the commit and the answer it may crash, and the answer may get lost.
                            state.step();
                            let share = state.dice.faults().lost_answers;
                            let lost = state.dice.happens(share);
                            if !state.dead {
                                state.happened.push(Happened::Input(Input::Accepted(event)));
                            }
                            !state.dead && !lost
                        };
                        if answered {
                            format!("taken as event {id}")
                        } else {
                            self.plan(at + SEND_AGAIN, Planned::Webhook(hook.clone()));
                            format!("committed as event {id}, and not answered; it will come again")
                        }
                    }
                    Ok(Acceptance::Duplicate(event)) => format!("known, as event {event}"),
                    Err(_) if self.stage.lock().dead => {
                        self.plan(at + SEND_AGAIN, Planned::Webhook(hook.clone()));
                        "not answered; it will come again".to_owned()
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let mut state = self.stage.lock();
        state.journal.add(at, What::Webhook { automation: hook.automation, outcome });
        Ok(())
    }
}
