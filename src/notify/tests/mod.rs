//! Each service as its documentation has it, over real HTTP on this machine, and notices in virtual time.

mod mail;
mod rules;
mod services;
mod shapes;
mod together;
mod world;
