//! Keeps up what the console shows: notices changes, and has the sessions looked at while somebody watches.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{environment::Scope, web::Shared};

/// How often it is looked whether anything has changed.
const LOOK: Duration = Duration::from_millis(500);
/// The longest that one look at the sessions may take.
const LONGEST: Duration = Duration::from_secs(60);

/// The console's own work.
pub struct Upkeep(pub(in crate::web) Arc<Shared>);

/// What was last seen: the commits of the store, the looks at the sessions.
type Seen = (i64, u64);

impl Upkeep {
    /// Goes on until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut seen = (0, 0);
        let mut looked = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let shared = Arc::clone(&self.0);
            let now = self.0.state.tools.env.now();
            let every = self.0.state.routes.get().config.watch.every;
            let watched = self.0.board.is_watched(now);
            let due = looked.is_none_or(|at| {
                !(0..every.as_millis() as i128).contains(&(now.as_millisecond() as i128 - at))
            });
            if watched && due {
                looked = Some(now.as_millisecond() as i128);
            }
            let token = stop.clone();
            let work = move || look(&shared, seen, watched, watched && due, token);
            if let Ok(now_seen) = tokio::task::spawn_blocking(work).await {
                if now_seen != seen && watched {
                    self.0.board.changed();
                }
                seen = now_seen;
            }
        }
    }
}

/// Looks whether anything has changed; samples the sessions if it was looked at them.
fn look(shared: &Shared, seen: Seen, watched: bool, due: bool, stop: CancellationToken) -> Seen {
    let tools = &shared.state.tools;
    if watched {
        tools.watch.show();
    }
    if due {
        let scope = Scope { cancel: stop, ..Scope::for_duration(tools.env.now(), LONGEST) };
        tools.watch.look_for_people(&scope);
    }
    let looks = tools.watch.looks();
    if looks != seen.1 {
        shared.board.sample(&tools.watch.seen(), tools.env.now());
    }
    // A store that cannot be read is told of elsewhere.
    let commits = if watched { shared.state.history.commits().unwrap_or(seen.0) } else { seen.0 };
    (commits, looks)
}
