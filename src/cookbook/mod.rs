//! The cookbook: scripts that come with the program. The header of each says all about it: what it does, what it must not do, its
//! parameters, and its automation in the words of `config.toml`.

mod add;
mod page;
mod shelves;

#[cfg(test)]
mod tests;

pub use crate::script::{Parameter, Recipe};
pub use add::{Addition, beginning, with_blocks};
pub use page::pages;
pub use shelves::{Entry, Shelf, find, names, shelves};
