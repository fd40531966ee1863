//! Lines of a run's trace on their way into the store: they go with the next write, so that they cost no flush of
//! their own.

use std::sync::{Mutex, PoisonError};

use crate::domain::{TraceKind, TraceLine};

/// How many lines a run may leave; the last one says that there were more.
const MOST: u32 = 10_000;
/// How long a line may be, in bytes; the rest is cut.
const LONGEST: usize = 4096;

/// The lines that are not in the store yet, and the number of the first of them.
#[derive(Debug, Default)]
pub struct TraceBuffer(Mutex<(u32, Vec<TraceLine>)>);

impl TraceBuffer {
    /// Adds a line.
    pub fn push(&self, mut line: TraceLine) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = buffer.0.saturating_add(u32::try_from(buffer.1.len()).unwrap_or(MOST));
        if count > MOST {
            return;
        }
        if count == MOST {
            line.kind = TraceKind::Warn;
            line.text = format!("more than {MOST} lines: the rest of this run's log is not kept");
        }
        if line.text.len() > LONGEST {
            let cut = line.text.floor_char_boundary(LONGEST);
            line.text.truncate(cut);
            line.text.push_str(" ... (cut)");
        }
        buffer.1.push(line);
    }

    /// Takes what is there, to be written.
    pub fn take(&self) -> (u32, Vec<TraceLine>) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut buffer.1);
        let first = buffer.0;
        buffer.0 = first.saturating_add(u32::try_from(lines.len()).unwrap_or(MOST));
        (first, lines)
    }
}
