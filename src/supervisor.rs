//! The threads that do work: each has a name, is joined, and ends when the daemon does.

use std::thread::{Builder, JoinHandle};

/// Threads under way.
#[derive(Default)]
pub struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Starts a thread with a stack of `stack` bytes. The error is the system's: there is no room for one more.
    pub fn start(
        &mut self,
        name: &str,
        stack: usize,
        work: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        self.0.retain(|thread| !thread.is_finished());
        // Linux shows 15 bytes of a thread's name, and a name with a zero byte is refused.
        self.0.push(Builder::new().name(name.replace('\0', "")).stack_size(stack).spawn(work)?);
        Ok(())
    }

    /// How many are still at work.
    pub fn alive(&mut self) -> usize {
        self.0.retain(|thread| !thread.is_finished());
        self.0.len()
    }
}
