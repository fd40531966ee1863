//! Keeps up what the console shows: notices changes, and has the sessions looked at while somebody watches.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{environment::Scope, web::Shared};

/// How often it is looked whether anything has changed.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is looked whether others may log in.
const PEOPLE: Duration = Duration::from_secs(1);
/// The longest that one look at the sessions may take.
const LONGEST: Duration = Duration::from_secs(60);

/// The console's own work.
pub struct Upkeep(pub(in crate::web) Arc<Shared>);

impl Upkeep {
    /// Goes on until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(changes(&self.0, &stop), looks(&self.0, &stop), people(&self.0, &stop));
    }
}

/// Waits; says whether to go on.
async fn wait(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}

/// Tells those who watch when there is something new: a commit to the store, or a look at the sessions.
async fn changes(shared: &Arc<Shared>, stop: &CancellationToken) {
    let mut seen = (0, 0);
    while wait(LOOK, stop).await {
        let shared = Arc::clone(shared);
        let work = move || {
            let watch = &shared.state.tools.watch;
            let watched = shared.board.viewers() > 0;
            let looks = watch.looks();
            if looks != seen.1 {
                shared.board.sample(&watch.seen(), shared.state.tools.env.now());
            }
            // A store that cannot be read is told of elsewhere.
            let commits = if watched { shared.state.history.commits().unwrap_or(seen.0) } else { seen.0 };
            if watched && (commits, looks) != seen {
                shared.board.changed();
            }
            (commits, looks)
        };
        seen = tokio::task::spawn_blocking(work).await.unwrap_or(seen);
    }
}

/// Takes up who may log in.
async fn people(shared: &Arc<Shared>, stop: &CancellationToken) {
    while wait(PEOPLE, stop).await {
        let shared = Arc::clone(shared);
        let work = move || {
            if shared.users.refresh(&shared.state.routes.get().config.console.users_file) {
                shared.board.changed();
            }
        };
        let _ = tokio::task::spawn_blocking(work).await;
    }
}

/// Looks at the sessions for those who watch, where no automation has them looked at. A server that hangs keeps nothing else.
async fn looks(shared: &Arc<Shared>, stop: &CancellationToken) {
    loop {
        let watched = shared.board.is_watched(shared.state.tools.env.now());
        let every = shared.state.routes.get().config.watch.every;
        if watched {
            let (tools, stop) = (Arc::clone(&shared.state.tools), stop.clone());
            let look = move || {
                tools.watch.show();
                let scope = Scope { cancel: stop, ..Scope::for_duration(tools.env.now(), LONGEST) };
                tools.watch.look_for_people(&scope);
            };
            // One that panicked is said by its thread, and the next may go well.
            let _ = tokio::task::spawn_blocking(look).await;
        }
        if !wait(if watched { every } else { LOOK }, stop).await {
            return;
        }
    }
}
