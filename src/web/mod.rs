//! What is reached from outside over HTTP.

pub mod signature;
