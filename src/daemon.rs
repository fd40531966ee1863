//! The loop of the daemon: waits for something to happen, lets the dispatcher decide, and starts the work.

mod heartbeat;
mod reload;
mod service;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    dispatch::{Dispatcher, Happened, Waiting, Work},
    domain::RunId,
    engine::Input,
    environment::Environment,
    script::{Library, Nap, STACK, Tools},
    store::{ScriptVersion, Store, StoreError},
    supervisor::Threads,
};

pub use heartbeat::{Pulse, keep as keep_heartbeat};
pub use reload::{Files, Refused, Reload, Watch};
pub use service::{accompany, status};

/// The clock is looked at this often even when nothing is due: it may have been set.
const LOOK: Duration = Duration::from_mins(1);
/// How often it is seen to that the store can be written.
const CHECK: SignedDuration = SignedDuration::from_secs(30);
/// How long runs may go on after the daemon was told to stop.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long cancelled runs may take to end: a write that is under way is finished, and takes at most this long.
const LAST_PATIENCE: Duration = Duration::from_secs(155);
/// How much of what happened is decided about in one step.
const BATCH: usize = 1000;

type Naps = Arc<Mutex<HashMap<RunId, Timestamp>>>;

/// A daemon that has started: its store is recovered and its engine knows where everything stands.
pub struct Daemon {
    dispatcher: Dispatcher,
    store: Store,
    env: Arc<dyn Environment>,
    committed: mpsc::Receiver<Input>,
    reloads: mpsc::Receiver<Reload>,
    reload: mpsc::Sender<Reload>,
    /// Another configuration that is to hold from now on.
    reloading: Option<Reload>,
    happened: mpsc::UnboundedReceiver<Happened>,
    report: mpsc::UnboundedSender<Happened>,
    threads: Threads,
    /// The runs that sleep in `wait_for`, and until when.
    naps: Naps,
    /// Cancels the runs.
    cancel: CancellationToken,
    first: Vec<Work>,
    pulse: Pulse,
    /// When it was last seen to that the store can be written.
    checked: Timestamp,
}

impl Daemon {
    /// Recovers the store and builds the engine. `committed` brings what webhooks and commands wrote into the store.
    pub fn start(
        config: &Config,
        library: Library,
        tools: &Arc<Tools>,
        committed: mpsc::Receiver<Input>,
    ) -> Result<Self, StoreError> {
        let (report, happened) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        let waits = report.clone();
        let naps = Naps::default();
        let kept = Arc::clone(&naps);
        let signal = Arc::new(move |nap: Nap| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let input = match nap.until {
                Some(until) => {
                    kept.insert(nap.run, until);
                    Input::Waiting
                }
                None => {
                    kept.remove(&nap.run);
                    Input::Resumed
                }
            };
            // Nobody listens any more once the daemon has stopped.
            let _ = waits.send(Happened::Input(input));
        });
        let env = Arc::clone(&tools.env);
        keep_versions(&tools.store, &library, env.now());
        let (dispatcher, first) =
            Dispatcher::start(config, library, Arc::clone(tools), cancel.clone(), signal, Waiting::Run)?;
        let (reload, reloads) = mpsc::channel(1);
        // The recovery has just written into the store.
        let (pulse, now) = (Pulse::default(), env.now());
        pulse.beat(now);
        Ok(Self {
            dispatcher,
            store: tools.store.clone(),
            env,
            committed,
            reloads,
            reload,
            reloading: None,
            happened,
            report,
            threads: Threads::new("work", STACK),
            naps,
            cancel,
            first,
            pulse,
            checked: now,
        })
    }

    /// Where to send another configuration.
    pub fn reloads(&self) -> mpsc::Sender<Reload> {
        self.reload.clone()
    }

    /// Whether it is well.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Runs until `stop` is cancelled, on this thread, which must not be one of the runtime's. Runs that are under way
    /// then get some time to end, until `hurry` is cancelled too.
    pub fn run(
        mut self,
        runtime: &Handle,
        stop: &CancellationToken,
        hurry: &CancellationToken,
    ) -> Result<(), StoreError> {
        for one in std::mem::take(&mut self.first) {
            begin(one, &mut self.threads, &self.report);
        }
        while !stop.is_cancelled() {
            let happened = runtime.block_on(self.next(stop));
            if let Err(error) = self.go_round(happened) {
                // What is under way is still let to its end.
                let _ = self.finish(runtime, hurry);
                return Err(error);
            }
        }
        self.finish(runtime, hurry)
    }

    /// Decides about what happened and begins what follows.
    fn go_round(&mut self, happened: Vec<Happened>) -> Result<(), StoreError> {
        let (threads, report) = (&mut self.threads, &self.report);
        self.dispatcher.handle_and_begin(happened, |one| begin(one, threads, report))?;
        if let Some(Reload { config, library, done }) = self.reloading.take() {
            keep_versions(&self.store, &library, self.env.now());
            for one in self.dispatcher.reload(&config, library)? {
                begin(one, &mut self.threads, &self.report);
            }
            // Nobody waits for it any more while the daemon stops.
            let _ = done.send(());
        }
        self.look_after_the_store()
    }

    /// Sees now and then that the store can be written and is still ours, also where nothing happens. One that is full or
    /// locked may be written again later.
    fn look_after_the_store(&mut self) -> Result<(), StoreError> {
        let now = self.env.now();
        self.pulse.turn(now);
        if now.duration_since(self.checked).abs() < CHECK {
            return Ok(());
        }
        self.checked = now;
        match self.store.check().wait() {
            Ok(()) => self.pulse.beat(now),
            Err(error) if error.is_final() => return Err(error),
            // The writer has said what is wrong.
            Err(_) => {}
        }
        Ok(())
    }

    /// What happens next: everything that is there already, or the next tick.
    async fn next(&mut self, stop: &CancellationToken) -> Vec<Happened> {
        let wait = match self.dispatcher.next_wake() {
            Some(at) => until(self.env.now(), at).min(LOOK),
            None => LOOK,
        };
        let mut happened = Vec::new();
        tokio::select! {
            () = stop.cancelled() => return happened,
            () = tokio::time::sleep(wait) => {}
            Some(one) = self.happened.recv() => happened.push(one),
            Some(input) = self.committed.recv() => happened.push(Happened::Input(input)),
            Some(reload) = self.reloads.recv() => self.reloading = Some(reload),
        }
        while happened.len() < BATCH {
            if let Ok(one) = self.happened.try_recv() {
                happened.push(one);
            } else if let Ok(input) = self.committed.try_recv() {
                happened.push(Happened::Input(input));
            } else {
                break;
            }
        }
        happened.push(Happened::Input(Input::Tick));
        happened
    }

    /// How many runs sleep for longer than they would be waited for.
    fn sleeping_past(&self, deadline: Timestamp) -> usize {
        let naps = self.naps.lock().unwrap_or_else(PoisonError::into_inner);
        naps.values().filter(|until| **until > deadline).count()
    }

    /// Lets the runs end, first by themselves, then cancelled. New events stay in the store for the next start.
    fn finish(mut self, runtime: &Handle, hurry: &CancellationToken) -> Result<(), StoreError> {
        for (patience, cancel) in [(PATIENCE, false), (LAST_PATIENCE, true)] {
            if cancel {
                self.cancel.cancel();
            }
            let deadline =
                self.env.now().saturating_add(jiff::SignedDuration::try_from(patience).unwrap_or_default());
            let deadline = deadline.unwrap_or(Timestamp::MAX);
            loop {
                let mut ended = Vec::new();
                while let Ok(one) = self.happened.try_recv() {
                    ended.push(one);
                }
                // What the engine would start now stays accepted in the store; only the ends are written down.
                let ended: Vec<_> =
                    ended.into_iter().filter(|one| !matches!(one, Happened::Input(_))).collect();
                // A store that fails now cannot be helped; the next start marks the runs as interrupted.
                if let Err(error) = self.dispatcher.close(ended) {
                    tracing::error!(%error, "how runs ended could not be written down");
                }
                let at_work = self.threads.at_work();
                let left = until(self.env.now(), deadline);
                if at_work == 0 {
                    return self
                        .dispatcher
                        .close(std::iter::from_fn(|| self.happened.try_recv().ok()).collect());
                }
                if left.is_zero()
                    || !cancel && (hurry.is_cancelled() || self.sleeping_past(deadline) >= at_work)
                {
                    break;
                }
                runtime.block_on(async { tokio::time::sleep(left.min(Duration::from_millis(20))).await });
            }
        }
        tracing::warn!(
            "runs that do not end are left behind; they are marked as interrupted at the next start"
        );
        Ok(())
    }
}

/// Begins work on a thread that has nothing else to do, which reports its end.
fn begin(work: Work, threads: &mut Threads, report: &mpsc::UnboundedSender<Happened>) {
    let (name, stub) = (work.name(), work.stub());
    let to = report.clone();
    let started = threads.start(move || {
        let _ = to.send(work.carry_out());
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread for {name}");
        let _ = report.send(stub.failed(format!("the system has no thread for it: {error}")));
    }
}

/// Keeps the texts of all scripts. Without them the daemon acts as well; only nobody can read them later.
fn keep_versions(store: &Store, library: &Library, now: Timestamp) {
    let version = |script: &Arc<crate::script::Script>| ScriptVersion {
        name: script.name.clone(),
        hash: script.hash.clone(),
        source: script.source.clone(),
    };
    if let Err(error) = store.keep_scripts(library.all().map(version).collect(), now).wait() {
        tracing::error!(%error, "the texts of the scripts are not kept");
    }
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
