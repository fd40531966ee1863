//! Reads the configuration again when it has changed, or when asked to, and puts it in the place of the old one if nothing
//! is wrong with it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use secrecy::ExposeSecret;
use tokio::{
    signal::unix::Signal,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use super::service;
use crate::{
    config::{self, Config, Heartbeat},
    domain::{AutomationName, counted},
    script::{self, Library},
};

/// How often the files are looked at. They are read once they look the same twice: an editor may be writing.
const LOOK: Duration = Duration::from_secs(2);

/// For the daemon's loop: what is to hold from now on.
pub struct Reload {
    pub(super) config: Arc<Config>,
    pub(super) library: Library,
    /// Told once it holds.
    pub(super) done: oneshot::Sender<()>,
}

/// The files of a configuration, each as it looks from outside: when it was changed, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl Files {
    /// The configuration and the scripts in use, as they look now.
    pub fn of(config: &Config) -> Self {
        let scripts = config.automations.iter().map(|a| config.daemon.scripts.join(&a.script));
        Self::look(scripts.chain([config.file.clone()]))
    }

    fn again(&self) -> Self {
        Self::look(self.0.keys().cloned())
    }

    fn look(paths: impl Iterator<Item = PathBuf>) -> Self {
        let look = |path: PathBuf| {
            let seen = std::fs::metadata(&path).and_then(|file| Ok((file.modified()?, file.len()))).ok();
            (path, seen)
        };
        Self(paths.map(look).collect())
    }
}

/// Why the files as they are now are not in force, if they are not: for whoever asks how the daemon does.
#[derive(Clone, Debug, Default)]
pub struct Refused(Arc<Mutex<Option<String>>>);

impl Refused {
    /// Why, in a sentence.
    pub fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, why: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// Watches over the configuration of a running daemon.
pub struct Watch<F> {
    /// What holds.
    pub config: Arc<Config>,
    /// Its scripts.
    pub library: Library,
    /// Its files, as they looked before they were read.
    pub files: Files,
    /// To the daemon's loop.
    pub reloads: mpsc::Sender<Reload>,
    /// Told why the files are not in force.
    pub refused: Refused,
    /// Told of each configuration that has begun to hold.
    pub taken: F,
}

impl<F: Fn(&Arc<Config>, &Library)> Watch<F> {
    /// Watches until `stop`. A signal of `asked` has the files read at once.
    pub async fn run(mut self, mut asked: Signal, stop: CancellationToken) {
        let mut changed = None;
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                _ = asked.recv() => true,
                () = tokio::time::sleep(LOOK) => false,
            };
            let now = self.files.again();
            if asked || now != self.files && changed.as_ref() == Some(&now) {
                service::reloading();
                if let Some(status) = self.read().await {
                    service::reloaded(&status);
                }
                changed = None;
            } else {
                changed = (now != self.files).then_some(now);
            }
        }
    }

    /// Reads everything anew, beside what holds. Each version is judged once, whatever is wrong with it. Gives what there is to say of
    /// it, unless the daemon stops.
    async fn read(&mut self) -> Option<String> {
        let seen = self.files.again();
        let file = self.config.file.clone();
        let read = tokio::task::spawn_blocking(move || script::prepare(config::load(&file)));
        let Ok((config, library, problems)) = read.await else { return None };
        // A script that the new version names may be what is wrong with it.
        self.files = Files::of(&config);
        self.files.0.extend(seen.0);
        let mut errors = 0;
        for problem in &problems {
            if problem.is_error() {
                errors += 1;
                tracing::error!("{problem}");
            } else {
                tracing::warn!("{problem}");
            }
        }
        if errors > 0 {
            let errors = counted(errors, "error", "errors");
            tracing::error!("{errors}: the configuration from before stays in force, all of it");
            let first = problems.iter().find(|problem| problem.is_error()).map(ToString::to_string);
            let first = first.unwrap_or_default();
            self.refused.set(Some(format!(
                "the configuration from before stays in use until this is mended: {first}"
            )));
            return Some(format!(
                "{} has errors: the configuration from before stays in use",
                self.config.file.display()
            ));
        }
        let config = Arc::new(config);
        let (done, is_done) = oneshot::channel();
        let reload = Reload { config: Arc::clone(&config), library: library.clone(), done };
        if self.reloads.send(reload).await.is_err() || is_done.await.is_err() {
            return None;
        }
        self.refused.set(None);
        (self.taken)(&config, &library);
        tell(&self.config, &self.library, &config, &library);
        let in_use = Files::of(&config);
        self.files.0.retain(|path, _| in_use.0.contains_key(path));
        (self.config, self.library) = (config, library);
        Some(service::status(&self.config))
    }
}

/// Says what is different now, and what is only so after the next start.
fn tell(old: &Config, old_scripts: &Library, new: &Config, new_scripts: &Library) {
    let hash = |library: &Library, script: &str| library.get(script).map(|script| script.hash.clone());
    let before: HashMap<_, _> = old.automations.iter().map(|a| (&a.name, a)).collect();
    let after: BTreeSet<&AutomationName> = new.automations.iter().map(|a| &a.name).collect();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for automation in &new.automations {
        match before.get(&automation.name) {
            None => added.push(&automation.name),
            Some(known) => {
                let same_text = hash(old_scripts, &known.script) == hash(new_scripts, &automation.script);
                if !known.is_same(automation) || !same_text {
                    changed.push(&automation.name);
                }
            }
        }
    }
    let removed: Vec<_> = old.automations.iter().map(|a| &a.name).filter(|n| !after.contains(n)).collect();
    tracing::info!(
        added = list(&added),
        removed = list(&removed),
        changed = list(&changed),
        "the configuration was read again and holds from now on"
    );
    for what in at_next_start(old, new) {
        tracing::warn!("`{what}` was changed: that takes effect at the next start");
    }
}

fn list(names: &[&AutomationName]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The settings that differ and cannot change while the daemon runs.
fn at_next_start(old: &Config, new: &Config) -> Vec<&'static str> {
    let beat = |config: &Config| {
        let heartbeat = config.daemon.heartbeat.as_ref();
        heartbeat.map(|Heartbeat { url, every }| (url.expose_secret().to_owned(), *every))
    };
    let differs = [
        ("uproot.url", old.uproot.url.to_string() != new.uproot.url.to_string()),
        ("uproot.token", old.uproot.token.expose_secret() != new.uproot.token.expose_secret()),
        ("daemon.listen", old.daemon.listen != new.daemon.listen),
        ("daemon.store", old.daemon.store != new.daemon.store),
        ("daemon.heartbeat", beat(old) != beat(new)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}
