//! The queue for a server that does one thing at a time.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::environment::Priority;

/// One request under way at a time; of those that wait, the one with the highest priority is next, and among equals
/// the one that came first.
#[derive(Default)]
pub(super) struct Lane {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    busy: bool,
    arrivals: u64,
    waiting: BinaryHeap<Waiting>,
}

struct Waiting {
    place: Reverse<(Priority, u64)>,
    turn: oneshot::Sender<Turn>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

/// The right to send a request. Dropping it is what lets the next one go, also while it is on its way to somebody
/// who has stopped waiting.
pub(super) struct Turn(Arc<Lane>);

impl Lane {
    pub(super) async fn turn(self: &Arc<Self>, priority: Priority) -> Turn {
        let receiver = {
            let mut state = self.state();
            if !state.busy {
                state.busy = true;
                return Turn(Arc::clone(self));
            }
            let (turn, receiver) = oneshot::channel();
            state.arrivals += 1;
            let place = Reverse((priority, state.arrivals));
            state.waiting.push(Waiting { place, turn });
            receiver
        };
        match receiver.await {
            Ok(turn) => turn,
            // Only if the lane itself went away, which cannot be while `self` is borrowed.
            Err(_) => Turn(Arc::clone(self)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            let next = state.waiting.pop();
            state.busy = next.is_some();
            next
        };
        if let Some(next) = next {
            // If it has stopped waiting, the turn comes back in the error, is dropped, and goes to the next.
            let _ = next.turn.send(Turn(Arc::clone(&self.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_highest_priority_is_next_and_who_left_holds_nobody_up() {
        let lane = Arc::new(Lane::default());
        let first = lane.turn(Priority::Export).await;
        let mut export = Box::pin(lane.turn(Priority::Export));
        let mut gone = Box::pin(lane.turn(Priority::Effect));
        let mut effect = Box::pin(lane.turn(Priority::Effect));
        for waiting in [&mut export, &mut gone, &mut effect] {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        drop(gone);
        drop(first);
        assert!(futures_util::poll!(&mut export).is_pending(), "an export went before an effect");
        let turn = effect.await;
        drop(turn);
        let _turn = export.await;
    }
}
