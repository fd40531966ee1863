//! Who may log in now. Their file is watched by itself: a user who is removed is out, whatever is wrong with the rest of the configuration.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::SystemTime,
};

use crate::config::{Users, load_users};

/// How a file looks from outside: when it was changed, and how long it is. None where there is none.
type Look = Option<(SystemTime, u64)>;

/// The users that hold now.
pub(in crate::web) struct CurrentUsers {
    users: RwLock<Arc<Users>>,
    seen: Mutex<Look>,
}

impl CurrentUsers {
    /// Those of a file that was just read.
    pub(in crate::web) fn new(users: Users, file: &Path) -> Self {
        Self { users: RwLock::new(Arc::new(users)), seen: Mutex::new(look(file)) }
    }

    /// Who they are.
    pub(in crate::web) fn get(&self) -> Arc<Users> {
        Arc::clone(&self.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file anew if it has changed; says whether others may log in from now on. A file that does not read changes nothing.
    pub(in crate::web) fn refresh(&self, file: &Path) -> bool {
        let now = look(file);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return false;
        }
        *seen = now;
        let (users, problems) = load_users(file);
        if let Some(problem) = problems.first() {
            tracing::error!("who may log in stays as it was: {problem}");
            return false;
        }
        tracing::info!(
            users = users.people.len(),
            tokens = users.tokens.len(),
            "who may log in was read again"
        );
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(users);
        true
    }
}

fn look(file: &Path) -> Look {
    let file = std::fs::metadata(file).ok()?;
    Some((file.modified().ok()?, file.len()))
}
