//! How deeply values are nested. Rhai limits how large they are, but not this, and it copies, compares, prints and drops them by
//! functions that call themselves: a value that is nested without end would end the whole program with an overflow of the stack.
//!
//! Nothing in Rhai tells when a value is made. But a value grows deeper only by a script naming it, so variables are looked at
//! when they are read. One look in several is enough, since a look cannot miss many steps.

use std::sync::atomic::{AtomicU64, Ordering};

use rhai::{Array, Dynamic, FnPtr, Map};

/// The deepest that a variable may be nested: arrays, maps and the variables that closures have captured.
pub(super) const DEEPEST: usize = 500;
/// One of so many reads of variables is looked at, on average.
const LOOK_AT_ONE_OF: u64 = 16;
/// The most values of one variable that are looked at.
const BUDGET: usize = 4 * DEEPEST;
/// The most values of one array or map that are looked at.
const BREADTH: usize = 8;

/// Which reads are looked at: drawn, so that no loop of a script keeps step with it.
#[derive(Default)]
pub(super) struct Sampler(AtomicU64);

impl Sampler {
    /// Whether this one is.
    pub(super) fn looks(&self) -> bool {
        // Knuth's generator. Only one thread runs a script, so a lost step is no matter.
        let next = self.0.load(Ordering::Relaxed).wrapping_mul(6_364_136_223_846_793_005);
        let next = next.wrapping_add(1_442_695_040_888_963_407);
        self.0.store(next, Ordering::Relaxed);
        (next >> 33).is_multiple_of(LOOK_AT_ONE_OF)
    }
}

/// Whether a value is nested deeper than [`DEEPEST`], as far as that is seen by a look at some of each level.
pub(super) fn is_too_deep(value: &Dynamic) -> bool {
    Look { budget: BUDGET, shared: Vec::new() }.too_deep(value, 0)
}

struct Look {
    budget: usize,
    /// The shared variables that lead here: a closure that calls itself holds itself, which is no depth.
    shared: Vec<usize>,
}

impl Look {
    fn too_deep(&mut self, value: &Dynamic, level: usize) -> bool {
        if self.budget == 0 {
            return false;
        }
        self.budget -= 1;
        if level > DEEPEST {
            return true;
        }
        if value.is_shared() {
            let Some(inner) = value.read_lock::<Dynamic>() else { return false };
            let address = std::ptr::from_ref::<Dynamic>(&inner).addr();
            if self.shared.contains(&address) {
                return false;
            }
            self.shared.push(address);
            let too_deep = self.too_deep(&inner, level + 1);
            self.shared.pop();
            return too_deep;
        }
        if let Some(items) = value.read_lock::<Array>() {
            let ends = items.len().saturating_sub(BREADTH / 2).max(BREADTH / 2);
            let some = items.iter().take(BREADTH / 2).chain(items.iter().skip(ends));
            return some.into_iter().any(|item| self.too_deep(item, level + 1));
        }
        if let Some(map) = value.read_lock::<Map>() {
            return map.values().take(BREADTH).any(|item| self.too_deep(item, level + 1));
        }
        if let Some(function) = value.read_lock::<FnPtr>() {
            return function.curry().iter().take(BREADTH).any(|item| self.too_deep(item, level + 1));
        }
        false
    }
}
