//! The client as its users see it, before a scripted server.

mod answers;
mod exports;
mod reads;
mod requests;
mod world;
mod writes;
