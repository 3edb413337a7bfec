//! What tests from outside stand on: the real program in a project of its own, the look-alikes, and a client for what they hold.

pub mod daemon;
pub mod http;
pub mod program;
pub mod systems;
