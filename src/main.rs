//! The `uproctor` program: see [`uproctor`] for everything it does.

fn main() {}
