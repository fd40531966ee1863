//! Filled in with the scheduler tests.
