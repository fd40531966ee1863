//! The threads that do work: each has a name, and is joined once it has ended. One that does not end is left behind when the
//! daemon stops.

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
        self.join_the_ended();
        // Linux shows 15 bytes of a thread's name, and a name with a zero byte is refused.
        self.0.push(Builder::new().name(name.replace('\0', "")).stack_size(stack).spawn(work)?);
        Ok(())
    }

    /// How many are still at work.
    pub fn alive(&mut self) -> usize {
        self.join_the_ended();
        self.0.len()
    }

    fn join_the_ended(&mut self) {
        for thread in self.0.extract_if(.., |thread| thread.is_finished()) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!("the thread of {name} ended in a panic after its work");
            }
        }
    }
}
