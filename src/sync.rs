//! The core: change, link, merge, plan, guard. Pure and synchronous: no async, no I/O, no clock.

pub mod entity;
pub mod op;
pub mod reason;
